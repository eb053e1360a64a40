"""Read a study: one that ships, or a file of the user, every mistake in it named with its line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from migralab.core.errors import Place, RequestError, SpecError, UnknownIdError
from migralab.isolation.diagnosis.document.given import in_unit
from migralab.isolation.diagnosis.document.study import Group, Study
from migralab.spec.document import Places, parse_document, read_document
from migralab.spec.loader import Problem, problems_error, validate_document
from migralab.spec.parameter import Parameter, Source

_FOLDER = files("migralab.isolation.diagnosis").joinpath("studies")
MOST_SUBJECTS = 5_000
"""Subjects a group that may be planned."""
_MOST_VISITS = 2000
_BLOCKS = ("biology", "urine", "assay", "test", "courses", "prospective", "model")
SUMMARY = "summary.json"
"""File in a folder of `migralab isolate` that has the share of migrasomes kept under ``recovery``."""


def study_ids() -> list[str]:
    """Return the ids of the studies that ship."""
    return sorted(item.name.removesuffix(".yaml") for item in _FOLDER.iterdir() if item.name.endswith(".yaml"))


def read_study(name: str | Path) -> Study:
    """Read a study that ships, by its id, or a file.

    A file may say ``like: ID``: what it does not state is then taken from that study, number by number.

    Raises
    ------
    UnknownIdError
        If it is neither an id nor looks like a file.
    SpecError
        One message with every problem as ``file:line (path): what, what is allowed``.
    """
    path = Path(name)
    if path.suffix.lower() in {".yaml", ".yml"} or path.exists():
        data, places = read_document(path)
        return _check(_like(data, places, str(path)), places, str(path))
    return _check(*_shipped(str(name)), f"{name}.yaml")


def _shipped(name: str) -> tuple[dict[str, Any], Places]:
    if name not in study_ids():
        raise UnknownIdError("study", name, study_ids())
    return parse_document(_FOLDER.joinpath(f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")


def _like(data: dict[str, Any], places: Places, file: str) -> dict[str, Any]:
    """Fill in what the file does not state from the study that it names."""
    data = dict(data)
    base = data.pop("like", None)
    if base is None:
        return data
    try:
        below = _shipped(str(base))[0]
        full = _over(below, _with_range(data, below))
    except UnknownIdError as error:
        raise SpecError(str(error), Place(file, places.get(("like",)), "like")) from None
    parts = [key for key in _BLOCKS if key in below and key not in data]
    if parts:
        full["taken"] = f"{', '.join(parts)}: not stated in {Path(file).name}, so taken from {base}"
    # what it asks, and what it says of its own numbers, is not what this study asks
    return full | {key: data.get(key, "") for key in ("question", "note")}


def _with_range(data: dict[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Give a fold ``from`` an entry the range that the study below states, unless the file has its own."""
    fold = next(group["fold"] for group in base["groups"] if not group.get("control"))
    groups = data.get("groups")
    if not isinstance(groups, list):
        return data

    def ranged(group: Any) -> Any:
        asked = group.get("from") if isinstance(group, dict) else None
        if not isinstance(asked, dict) or "range" in asked:
            return group
        return {**group, "from": {**asked, "range": [fold["low"], fold["high"]]}}

    return {**data, "groups": [ranged(group) for group in groups]}


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another; a number is taken whole, with its source, from one of them."""
    result = dict(base)
    for key, value in own.items():
        below = base.get(key)
        parts = isinstance(value, dict) and isinstance(below, dict) and not {"value"} & (set(value) | set(below))
        result[key] = _over(below, value) if parts and below is not None else value
    return result


def _check(data: dict[str, Any], places: Places, file: str) -> Study:
    missing = f" Give it, or begin the file with 'like: {study_ids()[0]}' to take it from there."
    study = validate_document(Study, data, file, places, missing=missing)
    if problems := list(contradictions(study)):
        raise problems_error(problems, file, data, places)
    return _with_recovery(study, Path(file).parent, Place(file, places.get(("assay", "recovery_from"))))


NO_EFFECT = (
    "a fold of 1 is no difference, which no number of subjects can show: whatever were claimed would come from what "
    "the groups differ in besides. Give another fold."
)


def contradictions(study: Study) -> Iterator[Problem]:
    """Yield what is wrong with a study although each of its fields is possible by itself."""
    ids = [group.id for group in study.groups]
    for number, group in enumerate(study.groups):
        if group.id in ids[:number]:
            yield ("groups", number, "id"), f"the id '{group.id}' stands twice. Give each group its own."
        if group.n < 2:
            yield ("groups", number, "n"), f"n = {group.n} is fewer than 2: one subject has no spread. Plan at least 2."
        if group.n > MOST_SUBJECTS:
            yield ("groups", number, "n"), f"n = {group.n} is more than {MOST_SUBJECTS:,}, the most that is simulated."
        yield from _differences(number, group)
    if len(study.groups) != 2 or sum(group.control for group in study.groups) != 1:
        got = f"are {len(study.groups)} groups" if len(study.groups) != 1 else "is 1 group"
        yield (
            ("groups",),
            f"a study compares two groups, one of them with 'control: true'; there {got}, "
            f"{sum(group.control for group in study.groups)} of them a control.",
        )
    if (study.assay.recovery is None) == (study.assay.recovery_from is None):
        yield ("assay", "recovery"), "give recovery (a share, 0 to 1) or recovery_from (a folder of isolate); not both."
    yield from _too_few(study)
    yield from _visits(study)


def _visits(study: Study) -> Iterator[Problem]:
    if study.courses is None:
        return
    interval, follow_up = (
        in_unit(own.value, own.unit, "day") for own in (study.courses.interval, study.courses.follow_up)
    )
    if not 1 <= follow_up / interval <= _MOST_VISITS:
        yield (
            ("courses", "follow_up"),
            f"visits every {study.courses.interval} for {study.courses.follow_up} are not 1 to {_MOST_VISITS:,}. "
            "Change the interval or the follow-up.",
        )
    elif study.courses.confirmed > follow_up / interval:
        yield (
            ("courses", "confirmed"),
            f"{study.courses.confirmed} readings in a row are more than the visits within the follow-up. Write for "
            "example confirmed: 2.",
        )


def _differences(number: int, group: Group) -> Iterator[Problem]:
    if not group.control:
        if group.take_from is None and group.fold.value == 1:
            yield ("groups", number, "fold"), NO_EFFECT
        if group.take_from is not None and "fold" in group.model_fields_set:
            yield ("groups", number, "from"), "give fold, or from (a catalogue entry); not both."
        if group.take_from is not None and not _is_range(group.take_from.span):
            yield (
                ("groups", number, "from"),
                "state between which the fold of patients may lie, for example range: [1.2, 5]; dishes of a model "
                "cannot tell it.",
            )
        return
    for key in ("fold", "take_from", "lost", "background_fold", "creatinine_fold"):
        if key in group.model_fields_set:
            name = "from" if key == "take_from" else key
            text = f"'{name}' says how patients differ from controls; write it in the other group."
            yield ("groups", number, name), text


def _is_range(span: tuple[float, float] | None) -> bool:
    return span is not None and 0 < span[0] <= span[1] < math.inf


def _too_few(study: Study) -> Iterator[Problem]:
    if study.model is None:
        return
    least = min(group.n for group in study.groups)
    if least < study.model.parameters:
        names = ", ".join(study.model.predictors)
        yield (
            ("model", "predictors"),
            f"a model with {names} has {study.model.parameters} parameters, but the smaller group has "
            f"{least} {study.subjects}: fewer {study.subjects} than parameters. Take "
            f"{len(study.model.predictors) * study.model.events_per_variable} a group or more, or fewer predictors.",
        )


def refuse_contradictions(study: Study, what: str) -> None:
    """Refuse a study that was changed from outside its file.

    Raises
    ------
    RequestError
        Naming `what` changed it.
    """
    if problems := [message for _, message in contradictions(study)]:
        raise RequestError(f"{what}: {problems[0]}")


def _with_recovery(study: Study, beside: Path, place: Place) -> Study:
    """Return the study with the recovery that an isolation found."""
    if study.assay.recovery_from is None:
        return study
    file = beside / study.assay.recovery_from / SUMMARY
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))["recovery"]
        if not isinstance(kept, int | float) or isinstance(kept, bool) or not 0 < kept <= 1:
            raise SpecError(f"{file}: recovery = {kept!r} is no share above 0 and at most 1.", place)
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        text = f"{file} has no number under 'recovery'. Name the folder that 'migralab isolate -o' wrote."
        raise SpecError(text, place) from None
    source = Source(key="migralab isolate", locator=str(file), tag="C")
    assay = study.assay.model_copy(update={"recovery": Parameter(value=kept, source=source)})
    return study.model_copy(update={"assay": assay})
