"""Networks inside the cells are joined to the mechanisms of a dish: signals to read, molecules to take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from migralab.core.errors import RequestError
from migralab.engine.mechanism import Mechanism
from migralab.engine.rules import Signal
from migralab.mechanisms.registry import kinds_for
from migralab.spec.experiment import Experiment
from migralab.spec.loader import ExperimentFile
from migralab.spec.parameter import MechanismParameters
from migralab.spec.pathway import ROOM


def place_of(mechanism: str, experiment: Experiment) -> tuple[str, ...]:
    """Return where an experiment speaks of a mechanism: a pathway of its own stands under ``pathways``."""
    own = mechanism.removeprefix(ROOM)
    return ("pathways", own) if own in experiment.pathways else ("mechanisms", mechanism)


def make_pathways(
    experiment: Experiment,
    parameters: Mapping[str, MechanismParameters],
    others: Sequence[Mechanism],
    file: ExperimentFile | None = None,
) -> list[Mechanism]:
    """Return the networks of an experiment, which read what the other mechanisms, and each other, offer.

    Parameters
    ----------
    experiment
        Of one arm.
    parameters
        By mechanism.
    others
        The other mechanisms of the dish.
    file
        Where it stands, for the line of a mistake.

    Raises
    ------
    RequestError
        With file and line where there is a file: a signal that nobody brings or that does not fit, two of one name,
        two networks that take the same molecules.
    """
    names = [name for name in parameters if name.startswith(ROOM)]
    kinds = kinds_for(names, experiment.pathways)
    for name, problem in (*_clashes(names, kinds, others), *_quarrels(names, kinds)):
        raise file.error(place_of(name, experiment), problem) if file else RequestError(problem)
    offered = {signal.name.lower(): signal for signal in _signals([*others, *(kinds[name] for name in names)])}
    made: list[Mechanism] = []
    for name in names:
        try:
            made.append(kinds[name](parameters[name], experiment.dish.step_s, offered))
        except RequestError as error:
            raise file.error(place_of(name, experiment), str(error)) if file else error from None
    return made


def _signals(makers: Sequence[Any]) -> Iterator[Signal]:
    for maker in makers:
        yield from getattr(maker, "signals", ())


def _clashes(names: Sequence[str], kinds: Mapping[str, Any], others: Sequence[Mechanism]) -> Iterator[tuple[str, str]]:
    """Yield (mechanism, problem) of signals that would have one name."""
    known = {signal.name.lower() for signal in _signals(others)}
    for name in names:
        for signal in kinds[name].signals:
            if signal.name.lower() in known:
                yield (
                    name, f"{name} shows '{signal.name}', and there is a signal of that name already, another "
                    "mechanism's or another output's. Give it another one under outputs."
                )  # fmt: skip
            known.add(signal.name.lower())


def _quarrels(names: Sequence[str], kinds: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (mechanism, problem) of networks that take what another takes."""
    takers: dict[str, str] = {}
    for name in names:
        for cargo in sorted(kinds[name].grasps):
            if cargo in takers:
                yield (
                    name, f"{takers[cargo]} and {name} both take the delivered {cargo.replace('_', ' ')}, and what "
                    "arrives goes to one. Put both into one model, or write 'takes: {VARIABLE: null}' for one of them "
                    "under pathways."
                )  # fmt: skip
            takers[cargo] = name
