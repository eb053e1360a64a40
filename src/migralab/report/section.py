"""The tables of a report as rows of words, ready for the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migralab.measure import Readout, Readouts
from migralab.measure.power import MARK
from migralab.report import wording
from migralab.report.content import Report
from migralab.report.figures.figure import Figure
from migralab.report.figures.picture import draw_picture
from migralab.spec.parameter import TAG_MEANING, Parameter
from migralab.spec.rules.rule import Rule

_KEY_NUMBERS = (
    ("count.per_cell", "migrasomes per cell"),
    ("count.positive_cells", "share of cells with migrasomes"),
    ("count.per_100um_intact", "migrasomes per 100 µm of intact fibre"),
    ("junction.per_100um", "junctions per 100 µm of fibre"),
    ("diameter.mean", "mean diameter"),
    ("lifetime.median", "median lifetime"),
)
_IMAGE_READOUTS = (
    "count.per_cell", "attached.share", "count.per_100um_intact", "fibre.length_intact", "junction.per_100um",
    "tip.per_100um", "junction.per_tip", "place.tip", "place.junction", "place.shaft", "diameter.mean", "diameter.sd",
    "spacing.variance_ratio",
)  # fmt: skip
_ROLES = (
    ("predicted", "Predicted", "The published number set no parameter. Only these count as success or failure."),
    (
        "consequence",
        "Not yet measured by anyone",
        "Follows from the mechanism; no paper tests it, so it scores nothing.",
    ),
    ("calibrated", "Calibrated", "The published number was used to set a parameter, so agreement is no success."),
    ("by-construction", "By construction", "Follows from a sign that was put in; scores nothing."),
)
_WORDS = {
    "pass": ("✓", "passes"), "fail": ("✗", "FAILS"), "inconclusive": ("?", "inconclusive"), "none": ("–", "not judged"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictGroup:
    """Verdicts of one role, failing ones first."""

    role: str
    title: str
    meaning: str
    rows: tuple[dict[str, Any], ...]
    tally: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMicrograph:
    """A measured micrograph as it stands in the page; a row is what was measured, and the simulation's value."""

    picture: Figure
    overlay: Figure | None
    rows: tuple[tuple[dict[str, str], str], ...]
    note: str


def list_key_numbers(report: Report) -> list[dict[str, str]]:
    """Return the numbers that stand at the top."""
    shown = report.shown
    return [_row(shown[key], name) for key, name in _KEY_NUMBERS if key in shown and shown[key].known]


def list_readouts(report: Report) -> list[dict[str, str]]:
    """Return every readout of the arm that is described."""
    return [_row(readout, wording.description(key)) for key, readout in report.shown.items()]


def _row(readout: Readout, name: str) -> dict[str, str]:
    power = [part for part in readout.note.split("; ") if part.startswith(MARK)]
    return {
        "id": readout.id,
        "name": name,
        "value": wording.number(readout.value) if readout.known else "not known",
        "unit": wording.unit(readout.unit),
        "interval": wording.interval(readout.low, readout.high),
        "n": wording.replicates(readout),
        "power": power[0][len(MARK) :] if power else "",
        "method": wording.prose(readout.method),
        "note": "; ".join(part for part in readout.note.split("; ") if part and not part.startswith(MARK)),
    }


def list_verdicts(rows: Sequence[Mapping[str, Any]]) -> list[VerdictGroup]:
    """Return verdicts by role; within a role, what fails stands first."""
    rank = {"fail": 0, "inconclusive": 1, "pass": 2, "none": 3}
    groups = []
    for role, title, meaning in _ROLES:
        own = [_verdict(row) for row in rows if _role(row) == role]
        if own:
            own.sort(key=lambda row: rank[row["verdict"]])
            tally = {word: sum(row["verdict"] == word for row in own) for word in rank}
            groups.append(VerdictGroup(role=role, title=title, meaning=meaning, rows=tuple(own), tally=tally))
    return groups


def _role(row: Mapping[str, Any]) -> str:
    if row.get("grade") == "by-construction":
        return "by-construction"
    return str(row.get("role") or "by-construction")


def _verdict(row: Mapping[str, Any]) -> dict[str, Any]:
    verdict = str(row.get("verdict") or "none")
    mark, word = _WORDS.get(verdict, _WORDS["none"])
    ends = row.get("interval") or (None, None)
    unit = wording.unit(str(row.get("unit") or ""))
    observed = row.get("observed")
    return {
        "id": str(row.get("id", "")),
        "statement": wording.prose(row.get("statement") or row.get("id", "")),
        "grade": str(row.get("grade", "")),
        "verdict": verdict if verdict in _WORDS else "none",
        "mark": mark,
        "word": word,
        "observed": "" if observed is None else f"{wording.number(observed)} {unit}".strip(),
        "interval": wording.interval(*ends),
        "expected": wording.prose(row.get("expected") or ""),
        "beyond": wording.beyond(dict(row)) if verdict in ("fail", "inconclusive") else "",
        "source": wording.prose(row.get("source") or ""),
        "seeds": row.get("seeds") or "",
        "laboratories": row.get("share_of_laboratories"),
        "note": wording.prose(row.get("note") or ""),
    }


def list_parameters(report: Report) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the parameters in use by mechanism: value, unit, range, source, tag and what they were set by."""
    by_mechanism = report.parameters if report.parameters is not None else report.experiment.mechanisms
    listed = [(name, [_parameter(key, p) for key, p in own.items()]) for name, own in by_mechanism.items() if own]
    rules = [_rule(name, rule) for name, rule in report.experiment.rules.items()]
    return [*listed, ("rules of cells", rules)] if rules else listed


def _rule(name: str, rule: Rule) -> dict[str, Any]:
    tag = rule.source.tag
    return {
        "name": name, "value": "", "unit": "", "range": "", "source": rule.source.key,
        "locator": wording.prose(rule.source.locator), "tag": tag, "estimate": tag == "E", "meaning": TAG_MEANING[tag],
        "calibrated": wording.prose(rule.calibrated_on), "note": wording.prose(f"{rule}. {rule.note}".strip()),
    }  # fmt: skip


def _parameter(name: str, parameter: Parameter) -> dict[str, Any]:
    tag = parameter.source.tag
    return {
        "name": name.replace("_", " "),
        "value": wording.number(parameter.value),
        "unit": wording.unit(parameter.unit),
        "range": wording.interval(parameter.low, parameter.high) if parameter.low is not None else "",
        "source": parameter.source.key,
        "locator": wording.prose(parameter.source.locator),
        "tag": tag,
        "estimate": tag == "E",
        "meaning": TAG_MEANING[tag],
        "calibrated": wording.prose(parameter.calibrated_on),
        "note": wording.prose(parameter.note),
    }


def show_micrographs(report: Report) -> list[ShownMicrograph]:
    """Return measured micrographs with their overlays, and their numbers beside the simulated ones."""
    shown = []
    for index, item in enumerate(report.micrographs, start=1):
        overlay = None
        if item.overlay is not None:
            data = item.overlay if isinstance(item.overlay, bytes) else Path(item.overlay).read_bytes()
            overlay = Figure(
                data=data, mime="image/png", title="What was found",
                alt=f"Micrograph {index} with what was found drawn in.",
                caption="What was found, drawn over the image, so that every count can be checked by eye.",
            )  # fmt: skip
        found = item.readouts or Readouts()
        rows = tuple(_beside(report, found[key]) for key in _IMAGE_READOUTS if key in found and found[key].known)
        shown.append(
            ShownMicrograph(
                picture=draw_picture(item.picture, title="As taken"), overlay=overlay, rows=rows, note=item.note
            )
        )
    return shown


def _beside(report: Report, readout: Readout) -> tuple[dict[str, str], str]:
    simulated = report.shown.get(readout.id)
    words = wording.value_with_interval(simulated, with_unit=False) if simulated is not None else "–"
    return _row(readout, wording.description(readout.id)), words


def list_budget(report: Report) -> list[tuple[str, str]]:
    """Return each substance of the shown run with where its molecules are at the end; empty where nobody counts."""
    budget = report.run.tables.get("budget") if report.run is not None else None
    if budget is None:
        return []
    found: dict[str, list[str]] = {}
    rows = zip(budget["frame"], budget["substance"], budget["place"], budget["molecules"], strict=True)
    for frame, what, place, amount in rows:
        if frame == budget["frame"][-1] and amount:
            found.setdefault(str(what), []).append(f"{place} {amount:,.0f}")
    return [(what.replace("_", " "), ", ".join(places)) for what, places in found.items()]


def list_provenance(report: Report) -> list[tuple[str, str]]:
    """Return what is needed to make the shown run again."""
    rows = [("Experiment", f"{report.experiment.id} ({report.experiment.status})")]
    if report.run is not None:
        made = report.run.provenance
        rows += [
            ("Arm", report.label(made.arm)), ("Dish (seed)", str(made.seed)), ("Key", made.key), ("Ended", made.status),
            ("Field", f"{wording.number(made.field_area_um2 / 1e6)} mm²"),
            ("Frames", f"{len(made.frames_min)} in {wording.number(made.frames_min[-1] / 60)} h"),
        ]  # fmt: skip
        rows += [(f"Version of {name}", version) for name, version in (made.versions or {}).items()]
    if report.observations is not None and report.observations.notes:
        rows.append(("Notes", "; ".join(report.observations.notes)))
    return rows
