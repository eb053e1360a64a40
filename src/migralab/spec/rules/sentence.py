"""The sentence in which a rule is written, as data.

    <signal> raises|lowers <behaviour> [from <base>] to <value> [<unit>], half-max <x> [<unit>], Hill <n>
    <signal> raises|lowers <behaviour> <n>-fold, half-max <x> [<unit>], Hill <n>
    <signal> sets <behaviour>

The last is for a signal that is a level itself, 1 at rest: the behaviour is so many times its base. ``increases``
and ``decreases`` say the same as raises and lowers. Signals and behaviours are those of the mechanisms of an
experiment, so whether they exist is found out where these are known; everything else is checked here.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from migralab.core import units
from migralab.core.errors import UnitError

EXAMPLE = "contact with migrasome raises migration speed from 0.5 to 0.8 um/min, half-max 2, Hill 4"
LARGEST_HILL = 20.0  # steeper is a switch, which no measured dose response shows

_VERBS = {"raises": True, "increases": True, "lowers": False, "decreases": False}
_SETS = "sets"
_VERB = re.compile(rf"\s(?P<verb>{'|'.join((*_VERBS, _SETS))})\s", re.IGNORECASE)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_VALUES = re.compile(
    rf"(?P<from>\bfrom\s+)|(?P<to>\bto\s+(?={_NUMBER}))|(?P<fold>(?={_NUMBER}\s*-?\s*fold\b))|(?P<comma>,)",
    re.IGNORECASE,
)
_HALF_MAX = re.compile(r"(?:with\s+)?(?:a\s+)?half-max(?:imum)?\s+(?:of\s+|at\s+)?", re.IGNORECASE)
_HILL = re.compile(r"(?:and\s+)?(?:with\s+)?(?:a\s+)?Hill\s+(?:power\s+|exponent\s+)?(?:of\s+)?", re.IGNORECASE)


class SentenceError(ValueError):
    """A sentence that is no rule: what is wrong, at which words, and how a rule reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A rule taken apart.

    Parameters
    ----------
    signal, behaviour
        Names as written, in one spacing.
    raises
        Whether the signal raises the behaviour.
    base
        Value without the signal, in `unit`; None where the sentence leaves it to the parameters.
    value
        Value at saturation of the signal in `unit`, or, if `fold`, over the value without it.
    unit
        Unit of `base` and `value`.
    fold
        Whether `value` is a factor.
    half_max, half_max_unit
        Signal at which half of the effect is there.
    hill
        Exponent: how switch-like the response is.
    sets
        Whether the signal is a factor on the behaviour; the numbers mean nothing then.
    """

    signal: str
    behaviour: str
    raises: bool
    base: float | None
    value: float
    unit: str
    fold: bool
    half_max: float
    half_max_unit: str
    hill: float
    sets: bool = False

    def __str__(self) -> str:
        """Return the sentence in its plainest form."""
        if self.sets:
            return f"{self.signal} sets {self.behaviour}"
        verb = "raises" if self.raises else "lowers"
        start = "" if self.base is None else f" from {self.base:.12g}"
        change = f"{self.value:.12g}-fold" if self.fold else f"to {self.value:.12g} {self.unit}".rstrip()
        half = f"{self.half_max:.12g} {self.half_max_unit}".rstrip()
        return f"{self.signal} {verb} {self.behaviour}{start} {change}, half-max {half}, Hill {self.hill:.12g}"


def read_sentence(text: str) -> Sentence:
    """Take a sentence apart.

    Raises
    ------
    SentenceError
        If it does not follow the grammar, a unit is unknown, the half-max or the Hill exponent is impossible, or
        verb and numbers contradict each other.
    """
    verb = _VERB.search(text)
    if verb is None:
        raise _stuck(text, 0, "no verb was found; it is raises, lowers, increases, decreases or sets")
    signal, words = _plain(text[: verb.start()]), _Words(text, verb.end())
    if not signal:
        raise _stuck(text, 0, "no signal stands before the verb")
    behaviour = _plain(words.until_values())
    if not behaviour:
        raise _stuck(text, verb.end(), "no behaviour stands after the verb")
    if verb["verb"].lower() == _SETS:
        words.end("")
        return Sentence(
            signal=signal, behaviour=behaviour.removesuffix("."), raises=True, base=None, value=1.0, unit="", fold=True,
            half_max=1.0, half_max_unit="", hill=1.0, sets=True,
        )  # fmt: skip
    base, value, unit, fold = words.values()
    half_max, half_max_unit = words.after(_HALF_MAX, "', half-max <number>'")
    hill, hill_unit = words.after(_HILL, "', Hill <number>'")
    words.end(hill_unit)
    found = Sentence(
        signal=signal, behaviour=behaviour, raises=_VERBS[verb["verb"].lower()], base=base, value=value, unit=unit,
        fold=fold, half_max=half_max, half_max_unit=half_max_unit, hill=hill,
    )  # fmt: skip
    _check(found)
    return found


def _plain(words: str) -> str:
    return " ".join(words.split())


def _stuck(text: str, position: int, wanted: str) -> SentenceError:
    rest = text[position:].strip()
    where = f"at '{rest}'" if rest else f"after '{text.strip()}'"
    return SentenceError(f"this does not read as a rule: {where} {wanted}. A rule reads: '{EXAMPLE}'.")


class _Words:
    """The part of a sentence behind its verb, read from left to right."""

    def __init__(self, text: str, position: int) -> None:
        self.text, self.position = text, position

    def until_values(self) -> str:
        """Return the words up to the first number that belongs to a value."""
        found = _VALUES.search(self.text, self.position)
        end = found.start() if found else len(self.text)
        words, self.position = self.text[self.position : end], end
        return words

    def values(self) -> tuple[float | None, float, str, bool]:
        """Return base, value, unit, and whether the value is a factor."""
        base, base_unit = None, ""
        found = _VALUES.match(self.text, self.position)
        if found and found["from"] is not None:
            self.position = found.end()
            base = self.number()
            base_unit = self.unit(r"\s+to\s|,")
            self.blanks()
            found = _VALUES.match(self.text, self.position)
        if found and found["fold"] is not None and base is None:
            value = self.number()
            self.position = re.compile(r"\s*-?\s*fold\b").match(self.text, self.position).end()  # type: ignore[union-attr]  # it was seen
            return None, value, "", True
        if not found or found["to"] is None:
            wanted = "'to <number> <unit>'" if base is not None else "'to <number> <unit>' or '<number>-fold'"
            raise _stuck(self.text, self.position, f"{wanted} was expected")
        self.position = found.end()
        value = self.number()
        unit = self.unit(r",")
        if base is not None and base_unit and base_unit != unit:
            try:
                base = units.to_internal(base, base_unit, like=unit) / units.to_internal(1.0, unit)
            except UnitError as error:
                raise SentenceError(str(error)) from None
        return base, value, unit, False

    def after(self, words: re.Pattern[str], wanted: str) -> tuple[float, str]:
        """Return the number and the unit of a clause that begins with a comma and `words`."""
        start = self.position
        self.blanks()
        if self.text[self.position : self.position + 1] == ",":
            self.position += 1
            self.blanks()
        found = words.match(self.text, self.position)
        if found is None:
            raise _stuck(self.text, start, f"{wanted} was expected")
        self.position = found.end()
        return self.number(), self.unit(r",|\s+and\s")

    def number(self) -> float:
        """Return the number at this place."""
        self.blanks()
        found = re.compile(_NUMBER).match(self.text, self.position)
        if found is None:
            raise _stuck(self.text, self.position, "a number was expected")
        after = self.text[found.end() : found.end() + 2]
        if re.match(r",\d", after):
            raise _stuck(self.text, self.position, "a number has a comma; write 0.5 with a point")
        self.position = found.end()
        value = float(found[0])
        if not math.isfinite(value):
            raise _stuck(self.text, found.start(), "a number is too large")
        return value

    def unit(self, stop: str) -> str:
        """Return the unit at this place, up to `stop`, in plain letters; empty if there is none."""
        found = re.compile(stop).search(self.text, self.position)
        end = found.start() if found else len(self.text)
        unit = units.spell(self.text[self.position : end].rstrip().removesuffix("."))
        try:
            units.to_internal(1.0, unit)
        except UnitError:
            raise _stuck(self.text, self.position, "a unit was expected, and this is none that is known") from None
        self.position = end
        return unit

    def blanks(self) -> None:
        """Step over blanks."""
        while self.text[self.position : self.position + 1].isspace():
            self.position += 1

    def end(self, unit: str) -> None:
        """Refuse a unit of the Hill exponent, and words after the sentence."""
        self.blanks()
        rest = self.text[self.position :].strip(" .")
        if rest or unit:
            raise _stuck(self.text, self.position, f"the rule should have ended ('{rest or unit}' is left over)")


def _check(rule: Sentence) -> None:
    if rule.half_max <= 0.0:
        raise SentenceError(
            f"half-max {rule.half_max:g} is impossible: it is the signal at half effect, so it is above 0."
        )
    if not 0.0 < rule.hill <= LARGEST_HILL:
        raise SentenceError(f"Hill {rule.hill:g} is impossible: it is above 0 and at most {LARGEST_HILL:g}.")
    if rule.fold and rule.value < 0.0:
        raise SentenceError(f"{rule.value:g}-fold is impossible: a factor is 0 or more.")
    base = 1.0 if rule.fold else rule.base
    if base is not None and (rule.value <= base if rule.raises else rule.value >= base):
        verb, where = ("raises", "above") if rule.raises else ("lowers", "below")
        change = f"{rule.value:g}-fold" if rule.fold else f"from {base:g} to {rule.value:g} {rule.unit}".rstrip()
        raise SentenceError(f"'{verb}' and '{change}' contradict each other: the end must lie {where} the start.")
