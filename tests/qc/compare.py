"""Two readings of one entry compared. ``python -m tests.qc.compare [ID]`` prints how far they agree.

What counts as agreement:

- **sourced** numbers are equal within rounding: 5 %, or 10 % where either was read off a figure or computed (tags D,
  FIG, C); or the first value lies in the range that the second reader gives with a source. Where the second reader
  found no source at all, that is a disagreement, whatever the range.
- **estimates**, and what was computed here (tags E, C), lie in the second reader's range; or the two ranges overlap
  and the values (the middle of a range on a logarithmic scale, where there is no value) differ by a factor of 3 at
  most. Numbers of rules are always compared so: a source gives a rule's direction.
- **limits** of a claim hold the published number that the second reader read, or overlap with its range.
- **directions** are the same; a ratio above or below 1 is a direction too.

A disagreement is listed in the entry: a `note` at the number, the rule or the claim that says what the second reader
read (it holds the words "second reader"), or `status: disputed`.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from migralab.catalog.catalog import entry_ids, load
from migralab.core import units
from migralab.core.errors import UnitError
from migralab.spec.experiment import Experiment
from tests.qc.reading import Reading, ReadingFile, read_reading
from tests.qc.sheet import Row, rows_of

EQUAL, READ_OFF = 0.05, 0.10
ROUGH = ("D", "FIG", "C")
FACTOR = 3.0
Span = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One row: ``agree``, ``disagree`` or ``unread``, in words what differs, and whether the entry says so."""

    id: str
    outcome: str
    words: str = ""
    noted: bool = False


def compare(experiment: Experiment, reading: ReadingFile) -> list[Compared]:
    """Return the comparison of every row of an entry."""
    return [_row(row, reading.readings.get(row.id)) for row in rows_of(experiment)]


def problems(experiment: Experiment, reading: ReadingFile | None) -> list[str]:
    """Return what is wrong with an entry as its status stands; nothing if all is well."""
    if reading is None:
        wrong = experiment.status in ("reviewed", "disputed")
        return [f"{experiment.id} is {experiment.status} and has no reading; it is provisional"] if wrong else []
    rows = compare(experiment, reading)
    found = []
    if experiment.status != "disputed":
        found += [
            f"{row.id}: {row.words}; write a note with the words 'second reader' there, or status: disputed"
            for row in rows
            if row.outcome == "disagree" and not row.noted
        ]
    if experiment.status == "reviewed":
        found += [f"{row.id} was not read; the entry is provisional" for row in rows if row.outcome == "unread"]
    return found


def _row(row: Row, answer: Reading | None) -> Compared:
    if answer is None or not answer.answered:
        return Compared(id=row.id, outcome="unread", noted=row.noted)
    try:
        words = _difference(row, answer)
    except UnitError as error:
        words = f"the units do not fit: {error}"
    return Compared(id=row.id, outcome="disagree" if words else "agree", words=words, noted=row.noted)


def _difference(row: Row, answer: Reading) -> str:
    """Return in words how an answer differs from the row; empty if it does not."""
    if row.kind == "direction":
        got = answer.direction or _direction(answer.value)
        return "" if got == row.direction else f"the entry says {row.direction}, the second reader {got}"
    value, low, high = (_in_unit(number, answer.unit, row.unit) for number in (answer.value, answer.low, answer.high))
    span = (low, high) if low is not None and high is not None else None
    if value is None and span is None:
        return "the second reader gave no number"
    said = f"the second reader {_words(value, span)} {row.unit}".rstrip() + f" ({answer.locator})"
    judge = {"limits": _against_limits, "estimate": _against_estimate, "sourced": _against_source}[row.kind]
    return judge(row, value, span, said, answer)


def _against_source(row: Row, value: float | None, span: Span | None, said: str, answer: Reading) -> str:
    first = f"the entry says {row.value:g} {row.unit}".rstrip() + f" [{row.tag}]"
    if not answer.found:
        return f"{first}, and the second reader found no source"
    equal = value is not None and _equal(row.value, value, row.tag, answer.tag or "")
    return "" if equal or _inside(row.value, span) else f"{first}, {said}"


def _against_estimate(row: Row, value: float | None, span: Span | None, said: str, answer: Reading) -> str:
    first = f"the entry says {row.value:g} {row.unit}".rstrip() + f" [{row.tag}]"
    return "" if _estimates_agree(row, value, span) else f"{first}, {said}"


def _against_limits(row: Row, value: float | None, span: Span | None, said: str, answer: Reading) -> str:
    if row.low is None or row.high is None:
        return ""
    limits = f"the claim allows {row.low:g} to {row.high:g} {row.unit}".rstrip()
    if not answer.found:
        return f"{limits}, and the second reader found no source"
    if value is not None:
        return "" if row.low <= value <= row.high else f"{limits}, {said}"
    return "" if span is not None and span[0] <= row.high and row.low <= span[1] else f"{limits}, {said}"


def _estimates_agree(row: Row, value: float | None, span: Span | None) -> bool:
    if _inside(row.value, span):
        return True
    if span is not None:
        own = (row.value if row.low is None else row.low, row.value if row.high is None else row.high)
        if own[1] < span[0] or span[1] < own[0]:
            return False
    middle = value if value is not None else math.sqrt(max(0.0, span[0] * span[1])) if span is not None else 0.0
    if row.value == middle:
        return True
    if row.value * middle <= 0:
        return False
    return abs(math.log(row.value / middle)) <= math.log(FACTOR) * (1 + 1e-12)


def _equal(a: float, b: float, *tags: str) -> bool:
    within = READ_OFF if any(tag in ROUGH for tag in tags) else EQUAL
    return abs(a - b) <= within * max(abs(a), abs(b)) * (1 + 1e-12)


def _inside(value: float, span: Span | None) -> bool:
    if span is None:
        return False
    slack = 1e-9 * max(abs(end) for end in span)
    return span[0] - slack <= value <= span[1] + slack


def _in_unit(number: float | None, unit: str, wanted: str) -> float | None:
    if number is None or units.spell(unit) == units.spell(wanted):
        return number
    return units.to_internal(number, unit, like=wanted) / units.to_internal(1.0, wanted)


def _direction(ratio: float | None) -> str:
    if ratio is None:
        return "nothing"
    return "increase" if ratio > 1 else "decrease" if ratio < 1 else "alike"


def _words(value: float | None, span: Span | None) -> str:
    reach = "" if span is None else f"{span[0]:g} to {span[1]:g}"
    return reach if value is None else f"{value:g}" + (f" ({reach})" if reach else "")


def report(entries: Iterable[str]) -> str:
    """Return how far the readings of entries agree, as text."""
    lines = [f"{'entry':<24} {'status':<12} rows  read  agree  differ  of these noted"]
    details: list[str] = []
    for entry in entries:
        experiment = load(entry).experiment
        reading = read_reading(entry)
        if reading is None:
            lines.append(f"{entry:<24} {experiment.status:<12} {len(rows_of(experiment)):>4}  no second reading")
            continue
        rows = compare(experiment, reading)
        counts = Counter(row.outcome for row in rows)
        differ = [row for row in rows if row.outcome == "disagree"]
        read = len(rows) - counts["unread"]
        noted = sum(row.noted for row in differ)
        found = f"{len(rows):>4}  {read:>4}  {counts['agree']:>5}  {len(differ):>6}  {noted}"
        lines.append(f"{entry:<24} {experiment.status:<12} {found}")
        details += [f"{entry}: {row.id}: {row.words}{' (noted)' if row.noted else ''}" for row in differ]
        gone = sorted(set(reading.readings) - {row.id for row in rows})
        details += [f"{entry}: {name}: read, and no longer in the entry" for name in gone]
    return "\n".join([*lines, "", *(details or ["no disagreement"])]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(report(sys.argv[1:] or entry_ids()))
