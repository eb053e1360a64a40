"""Where a model comes from, and how a refusal names the place in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from migralab.core.errors import PathwayError, Place
from migralab.pathways.expression import Expression
from migralab.pathways.wording import write_formula

_COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|#[^\n]*|"[^"\n]*"', re.DOTALL)
_LONGEST, _LONGEST_OF_OTHERS = 120, 400
_NAME = re.compile(r"[A-Za-z_]\w*")
_SIGNS = {"reaction": re.compile(r"->|=>"), "event": re.compile(r"\bat\b")}
_KINDS = {
    "speciesReference": "species reference",
    "assignmentRule": "assignment rule for",
    "rateRule": "rate rule for",
    "initialAssignment": "initial assignment of",
    "functionDefinition": "function",
    "unitDefinition": "unit",
    "eventAssignment": "event assignment of",
    "localParameter": "local parameter",
    "kineticLaw": "kinetic law",
    "algebraicRule": "algebraic rule",
}


def without_comments(text: str) -> str:
    """Return Antimony text with comments and quoted text blanked, every line in its place."""
    return _COMMENT_OR_TEXT.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


@dataclass(frozen=True)
class Source:
    """A text with the name that messages call it by.

    Parameters
    ----------
    language
        ``"Antimony"`` or ``"SBML"``.
    """

    file: str
    text: str
    language: str
    flattened: list[str] = field(default_factory=list)

    @cached_property
    def _lines(self) -> dict[str, int]:
        """Return the line (from 1) where each name of an Antimony text stands first."""
        lines: dict[str, int] = {}
        for number, line in enumerate(without_comments(self.text).split("\n"), start=1):
            for found in _NAME.finditer(line):
                lines.setdefault(found.group(), number)
        return lines

    def line_of(self, name: str) -> int | None:
        """Return the line where a name stands first in an Antimony text."""
        return self._lines.get(name) if self.language == "Antimony" else None

    def _nameless(self, element: Any) -> int | None:
        """Return the line of a reaction or event without a name: the third arrow is that of the third reaction."""
        kind, around = element.getElementName(), element
        while around is not None and kind not in _SIGNS:
            around = around.getParentSBMLObject()
            kind = around.getElementName() if around is not None else "event"
        if around is None:
            return None
        plain = without_comments(self.text)
        places = [found.start() for found in _SIGNS[kind].finditer(plain)]
        siblings = around.getParentSBMLObject()
        same = [number for number in range(siblings.size()) if siblings.get(number) == around]
        if len(places) != siblings.size() or not same:
            return None
        return plain.count("\n", 0, places[same[0]]) + 1

    def refuse(self, message: str, *, line: int | None = None, element: str = "") -> PathwayError:
        """Return the error to raise."""
        return PathwayError(f"{Place(self.file, line, element)}: {message}")

    def refuse_at(self, element: Any, message: str) -> PathwayError:
        """Return the error to raise about an element of libsbml's tree."""
        name = element_name(element)
        line: int | None = None
        if self.language == "Antimony":
            line = next((found for own in endings(name) if (found := self.line_of(own))), None)
            line = line or self._nameless(element)
        elif not self.flattened:  # after flattening, lines are those of a text that nobody has seen
            line = element.getLine() or None
        return self.refuse(message, line=line, element=describe(element))


def endings(name: str) -> list[str]:
    """Return a name and what may have been its name in the model that it was written out from: a_b, b."""
    parts = name.split("_")
    return [name, *("_".join(parts[first:]) for first in range(1, len(parts)) if parts[first])]


def element_name(element: Any) -> str:
    """Return the id of an element, or of what it is about, or of the nearest element around it that has one."""
    if element.getElementName() == "model":
        return str(element.getIdAttribute())
    while element is not None and element.getElementName() not in {"sbml", "model"}:
        kind = element.getElementName()
        if kind in {"assignmentRule", "rateRule", "eventAssignment"}:
            return str(element.getVariable())
        if kind == "initialAssignment":
            return str(element.getSymbol())
        if element.getIdAttribute():
            return str(element.getIdAttribute())
        element = element.getParentSBMLObject()
    return ""


def describe(element: Any) -> str:
    """Return ``reaction 'J1'``, ``assignment rule for 'x'`` and the like."""
    kind = element.getElementName()
    name = element_name(element)
    if kind in {
        "kineticLaw",
        "trigger",
        "delay",
        "priority",
        "speciesReference",
        "eventAssignment",
        "stoichiometryMath",
    }:
        around = element
        while around is not None and around.getElementName() not in {"reaction", "event", "model"}:
            around = around.getParentSBMLObject()
        owner = describe(around) if around is not None and around.getElementName() != "model" else ""
        own = f" '{name}'" if kind == "eventAssignment" else ""
        if kind == "speciesReference":
            own = f" '{element.getIdAttribute() or element.getSpecies()}'"
        return f"{_KINDS.get(kind, kind)}{own} of {owner}" if owner else f"{_KINDS.get(kind, kind)}{own}"
    return f"{_KINDS.get(kind, kind)} '{name}'" if name else str(_KINDS.get(kind, kind))


def in_words(formula: Expression) -> str:
    """Return a formula as people write it, cut to what a message can hold."""
    text = write_formula(formula)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def without_rules(message: str) -> str:
    """Return the part of libsbml's message that is about this model, and not the rule of its specification."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    reference = next((number for number, line in enumerate(lines) if line.startswith("Reference:")), -1)
    own = " ".join(lines[reference + 1 :] or lines[-1:])
    return own if len(own) <= _LONGEST_OF_OTHERS else f"{own[:_LONGEST_OF_OTHERS]}..."
