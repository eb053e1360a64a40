"""What is wrong in a file beyond its form: every arm and variant compiled, every reference looked up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from migralab.core.errors import RequestError, SpecError, UnknownIdError
from migralab.spec.arms.variant import Variant, Way
from migralab.spec.bibtex import BibEntry
from migralab.spec.loader import ExperimentFile
from migralab.spec.parameter import Parameter

Location = tuple[str | int, ...]
NO_REFERENCE = ("migralab", "user")


def refuse_wrong(file: ExperimentFile) -> None:
    """Raise for the first mistake that compiling an arm, an explanation, a way or a key estimate would tell.

    Raises
    ------
    SpecError
        With file, line and path.
    """
    _refuse_unknown_sources(file)
    _refuse_lone_explanation(file)
    refuse_readouts(file)
    _refuse_arms(file)
    _refuse_variants(file)
    _refuse_key_estimates(file)


def references_of(file: ExperimentFile) -> Mapping[str, BibEntry]:
    """Return the bibliography of the catalogue, and ``references.bib`` beside the file, if there is one."""
    from migralab.catalog.bibliography import bibliography
    from migralab.spec.bibtex import parse_bibtex

    beside = Path(file.name).parent / "references.bib"
    if Path(file.name).is_file() and beside.is_file():
        return {**parse_bibtex(beside.read_text(encoding="utf-8"), str(beside)), **bibliography()}
    return bibliography()


def _refuse_unknown_sources(file: ExperimentFile) -> None:
    known = references_of(file)
    for place, key in _keys_in(file.data):
        if key not in known and key not in NO_REFERENCE:
            hint = str(UnknownIdError("reference", key, known)) if _has_near(key, known) else f"No reference '{key}'."
            raise file.error(
                place, f"{hint} Put it into references.bib beside the file, or write migralab for an estimate of yours."
            )


def _has_near(key: str, known: Mapping[str, object]) -> bool:
    import difflib

    return bool(difflib.get_close_matches(key, known, n=1, cutoff=0.4))


def _keys_in(part: object, place: Location = ()) -> Iterator[tuple[Location, str]]:
    """Yield the citation keys that stand in a document, each with its place: what has a key and a tag is a source."""
    if isinstance(part, Mapping):
        if isinstance(part.get("key"), str) and "tag" in part:
            yield (*place, "key"), part["key"]
        for name, own in part.items():
            yield from _keys_in(own, (*place, name))
    elif isinstance(part, list | tuple):
        for index, own in enumerate(part):
            yield from _keys_in(own, (*place, index))


def _refuse_lone_explanation(file: ExperimentFile) -> None:
    found = file.experiment.explanations
    if len(found) == 1:
        name = next(iter(found))
        raise file.error(
            ("explanations", name), f"'{name}' stands alone: two explanations are rivals; write the other."
        )
    empty = [name for name, own in found.items() if _is_empty(own)]
    if len(empty) > 1:
        text = f"{' and '.join(empty)} change nothing, so they are one explanation"
        raise file.error(("explanations", empty[1]), text)
    for name, own in found.items():
        if not (own.statement or own.note):
            raise file.error(("explanations", name), f"'{name}' has no statement: what does it hold to be true?")


def _is_empty(own: Variant) -> bool:
    return not (own.changes or own.replaces or own.without or own.rules)


def refuse_readouts(file: ExperimentFile) -> None:
    """Raise for the first readout of a file that nothing measures; SpecError with its line."""
    from migralab.measure.registry import find_observable

    for index, readout in enumerate(file.experiment.readouts):
        try:
            find_observable(readout)
        except RequestError as error:
            raise file.error(("readouts", index), str(error)) from None


def _refuse_arms(file: ExperimentFile) -> None:
    from migralab.simulation.compile import compile_experiment

    experiment = file.experiment
    ids = [experiment.control.id, *(arm.id for arm in experiment.arms if not arm.control)]
    for name in ids:
        try:
            compile_experiment(file, name)
        except RequestError as error:
            index = [arm.id for arm in experiment.arms].index(name)
            changes = experiment.arm(name).changes
            raise _placed(file, error, ("arms", index), changes, f"arm '{name}'") from None


def _refuse_variants(file: ExperimentFile) -> None:
    experiment = file.experiment
    for name, own in experiment.explanations.items():
        _refuse_variant(file, own, ("explanations", name), f"explanation '{name}'")
    if (ways := experiment.signalling) is not None:
        for way, own in ways.ways.items():
            _refuse_variant(file, own, ("signalling", "ways", way), f"way '{way}'")


def _refuse_variant(file: ExperimentFile, own: Variant, place: Location, what: str) -> None:
    """Compile every arm that can be done under a variant, as carried and with the most."""
    from migralab.simulation.compile import compile_experiment
    from migralab.spec.change import apply_variant

    loads: tuple[bool, ...] = (False, True) if isinstance(own, Way) and own.most else (False,)
    for most in loads:
        changes = {**own.changes, **(own.most if isinstance(own, Way) and most else {})}
        try:
            changed = apply_variant(file.experiment, own, most=most)
            for arm in sorted(changed.arms, key=lambda arm: not arm.control):
                compile_experiment(changed, arm.id)
        except RequestError as error:
            raise _placed(file, error, place, changes, what, field="most" if most else "changes") from None


def _placed(
    file: ExperimentFile, error: RequestError, place: Location, changes: Mapping[str, Parameter], what: str, *,
    field: str = "changes",
) -> RequestError:  # fmt: skip
    """Return the error with the place of the change that it is about; one that has its line is left as it is."""
    if isinstance(error, SpecError) and error.place is not None:
        in_base = error.place.path.removeprefix("mechanisms.")
        if in_base not in changes and len(error.place.path.split(".")) > 2:  # more than a mechanism
            return error
    text = str(error)
    if isinstance(error, SpecError) and error.place is not None:
        text = text.removeprefix(f"{error.place}: ")
    named = [path for path, value in changes.items() if _is_about(text, path, value)]
    where = (*place, field, named[0]) if named else place
    text = text if what.rsplit(maxsplit=1)[-1] in text else f"{text} ({what})"
    return file.error(where, text)


def _is_about(text: str, path: str, value: Parameter) -> bool:
    name = path.rpartition(".")[2]
    return (
        path in text
        or f"'{name}'" in text
        or f"{name} " in text
        or f"{name}:" in text
        or (str(value) in text and bool(value.unit))
    )


def _refuse_key_estimates(file: ExperimentFile) -> None:
    from migralab.checks.sweep import value_in
    from migralab.simulation.compile import compile_experiment

    if not file.experiment.key_estimates:
        return
    resolved = compile_experiment(file).experiment
    for index, path in enumerate(file.experiment.key_estimates):
        try:
            value_in(resolved, path)
        except RequestError as error:
            raise file.error(("key_estimates", index), str(error)) from None
