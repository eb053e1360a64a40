"""What a second reader is asked about an entry: one row per sourced number, rule and published threshold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from migralab.core.errors import MigralabError
from migralab.measure.registry import find_observable
from migralab.report.catalogue.numbers import numbers_of
from migralab.spec.claim import Claim
from migralab.spec.experiment import Experiment
from migralab.spec.rules.sentence import read_sentence

NOTED = "second reader"  # what a note says where the two readings differ
ESTIMATED = ("E", "C")  # what was computed here has no source to be found either
GRAINS = ("interval", "voxel")  # of the computation, not of the biology: no evidence speaks of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question, and what the first reader wrote: that part is never printed on a sheet.

    `kind` says how answers are compared: ``sourced`` and ``estimate`` numbers, ``limits`` that hold a published
    number, and ``direction``.
    """

    id: str
    kind: str
    what: str
    where: str
    unit: str = ""
    cited: str = ""
    value: float | None = field(default=None, repr=False)
    low: float | None = field(default=None, repr=False)
    high: float | None = field(default=None, repr=False)
    direction: str = field(default="", repr=False)
    tag: str = field(default="", repr=False)
    noted: bool = field(default=False, repr=False)


def rows_of(experiment: Experiment) -> list[Row]:
    """Return every question about an entry, in the order of the file."""
    return [*_numbers(experiment), *_rules(experiment), *_claims(experiment)]


def has_note(text: str) -> bool:
    return NOTED in text.lower()


def _cited(key: str) -> str:
    return "" if key == "migralab" else key


def _numbers(experiment: Experiment) -> Iterator[Row]:
    for number in numbers_of(experiment):
        p = number.parameter
        if number.path.rpartition(".")[2] in GRAINS:
            continue
        yield Row(
            id=number.path, kind="estimate" if p.source.tag in ESTIMATED else "sourced",
            what=number.description or number.quantity, where=number.where, unit=p.unit, cited=_cited(p.source.key),
            value=p.value, low=p.low, high=p.high, tag=p.source.tag, noted=has_note(p.note),
        )  # fmt: skip


def _rules(experiment: Experiment) -> Iterator[Row]:
    for name, rule in experiment.rules.items():
        where = f"population {rule.population}" if rule.population else "all cells"
        yield from _sentence(f"rules.{name}", rule.text, where, _cited(rule.source.key), noted=has_note(rule.note))
    for arm in experiment.arms:
        for name, text in arm.rules.items():
            if text is not None:
                yield from _sentence(f"arms.{arm.id}.rules.{name}", text, f"arm {arm.id}", "", noted=has_note(arm.note))


def _sentence(place: str, text: str, where: str, cited: str, *, noted: bool) -> Iterator[Row]:
    """Yield the numbers of a rule. A source gives its direction; its numbers are always compared as estimates."""
    rule = read_sentence(text)
    if rule.sets:
        return
    says = f"'{rule.signal}' {'raises' if rule.raises else 'lowers'} '{rule.behaviour}'"
    asked = [
        ("value", rule.value, "" if rule.fold else rule.unit, "factor at saturation" if rule.fold else "at saturation"),
        ("half_max", rule.half_max, rule.half_max_unit, "signal at which half of the effect is there"),
        ("hill", rule.hill, "", "Hill exponent"),
    ]
    if rule.base is not None:
        asked.insert(0, ("base", rule.base, rule.unit, "without the signal"))
    for name, value, unit, meaning in asked:
        what = f"{says}: {meaning}"
        yield Row(
            id=f"{place}.{name}", kind="estimate", what=what, where=where, unit=unit, cited=cited, value=value, tag="E",
            noted=noted,
        )  # fmt: skip


def _claims(experiment: Experiment) -> Iterator[Row]:
    labels = {arm.id: arm.label or arm.id for arm in experiment.arms}
    for claim in experiment.claims:
        if claim.source.key == "migralab" or claim.comparison is None:
            continue
        yield from _published(claim, labels)
        if claim.laboratory is not None:
            own = claim.laboratory
            for name, value in (("cells", own.cells), ("experiments", own.experiments)):
                yield Row(
                    id=f"claims.{claim.id}.laboratory.{name}", value=float(value),
                    kind="estimate" if own.source.tag in ESTIMATED else "sourced",
                    what=f"published number of {name}{' per arm' if name == 'cells' else ''}",
                    where=_arms(claim.comparison.arms, labels), cited=_cited(own.source.key), tag=own.source.tag,
                    noted=has_note(claim.note),
                )  # fmt: skip


def _published(claim: Claim, labels: dict[str, str]) -> Iterator[Row]:
    comparison = claim.comparison
    if comparison is None:
        return
    what, own_unit = _readout(comparison.readout)
    unit = comparison.unit or own_unit
    where = _arms(comparison.arms, labels)
    common = {"cited": _cited(claim.source.key), "tag": claim.source.tag, "noted": has_note(claim.note)}
    place = f"claims.{claim.id}"
    if comparison.kind in ("interval", "ratio", "exponent", "rescue"):
        asked = {
            "interval": ("", unit),
            "ratio": (", first arm over the second", ""),
            "exponent": (", slope of its logarithm against that of the dose", ""),
            "rescue": (", share of the loss that comes back (control, mutant, rescued)", ""),
        }
        words, unit = asked[comparison.kind]
        yield Row(
            id=place, kind="limits", what=what + words, where=where, unit=unit, low=comparison.low,
            high=comparison.high, **common,
        )  # fmt: skip
    elif comparison.kind in ("sign", "order"):
        words = ", first arm against the second" if comparison.kind == "sign" else ", each arm against the one before"
        yield Row(
            id=place, kind="direction", what=f"{what}{words}: increase, decrease or alike", where=where,
            direction=comparison.direction, **common,
        )  # fmt: skip
        if comparison.published is not None:
            yield Row(
                id=f"{place}.published", kind="sourced", what=f"{what}{words}: ratio", where=where,
                value=comparison.published, **common,
            )  # fmt: skip
    elif comparison.kind == "equivalence":
        words = f"{what}, first arm against the second: increase, decrease or alike"
        yield Row(id=place, kind="direction", what=words, where=where, direction="alike", **common)
    else:
        later = _readout(comparison.later)[0]
        words = f"which comes first (before or after): {what}, as against: {later}"
        yield Row(id=place, kind="direction", what=words, where=where, direction="before", **common)


def _readout(name: str) -> tuple[str, str]:
    """Return what a readout is, and its unit; its options (population, time, place) stay in brackets."""
    try:
        found = find_observable(name).observable
    except MigralabError:
        return name, ""
    options = name.partition("[")[2].rstrip("]")
    return found.description + (f" [{options}]" if options else ""), found.unit


def _arms(arms: Iterable[str], labels: dict[str, str]) -> str:
    return "; ".join(labels[arm] for arm in arms)
