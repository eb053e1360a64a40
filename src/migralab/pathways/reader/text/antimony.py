"""Antimony text -> SBML text, through libantimony."""

from __future__ import annotations

import re
from typing import Any

from migralab.pathways.reader.text.guard import check_antimony
from migralab.pathways.reader.text.source import Source, without_rules

_LINE = re.compile(r"^Error in model string, line (\d+):\s*", re.MULTILINE)
_LOOP = re.compile(r"Loop detected: (\w+)'s definition \((.*?)\) either")


def to_sbml(source: Source) -> str:
    """Return the SBML of an Antimony text.

    Raises
    ------
    PathwayError
        If the text is wrong, with its line, or asks for what must not be.
    """
    import antimony

    check_antimony(source)
    try:
        if antimony.loadAntimonyString(source.text) < 0:
            raise _syntax_error(source, antimony)
        main = antimony.getMainModuleName()
        sbml = antimony.getSBMLString(main) if main else None
        if not sbml:
            raise source.refuse("there is no model in it; write reactions, rules or values")
        return str(sbml)
    finally:
        antimony.clearPreviousLoads()
        antimony.freeAll()


def _syntax_error(source: Source, antimony: Any) -> Exception:
    try:
        message = str(antimony.getLastError() or "")
    except UnicodeDecodeError:  # it quotes half a character
        message = "it cannot be read"
    found = _LINE.search(message)
    line = int(found.group(1)) if found else None
    detail = " ".join(_LINE.sub("", message).split())
    if loop := _LOOP.search(detail):
        return source.refuse(
            f"algebraic loop: {loop.group(1)} := {loop.group(2)} needs itself, at once or by way of others; "
            "give one of them a start value and a rate rule",
            line=line,
            element=f"'{loop.group(1)}'",
        )
    words = message.rpartition("Error message(s) from libSBML:")[2]
    detail = without_rules(words) if words != message else detail[:400] or "it cannot be read"
    return source.refuse(f"this is not right in Antimony: {detail}", line=line)
