"""What a dish gives its pools, and whether it can: the seam between `migralab.spec.pool` and the mechanisms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from migralab.core.errors import RequestError, UnknownIdError
from migralab.engine.mechanism import Mechanism
from migralab.mechanisms.biogenesis.fate import Fate
from migralab.mechanisms.pools.carrier import Carrier
from migralab.mechanisms.pools.compartment import Compartment, Tissue
from migralab.mechanisms.recipients.add_back import AddBack
from migralab.mechanisms.signals.cargo import Cargo
from migralab.mechanisms.signals.medium import Medium
from migralab.spec.experiment import Experiment, Location
from migralab.spec.loader import ExperimentFile
from migralab.spec.pool import carried_rate

_BARRIER = "phenotype.barrier"
_MEDIA = ("signals.diffusing", "signals.matrix-bound")


def refuse_misfit(experiment: Experiment, file: ExperimentFile | None) -> None:
    """Refuse pools that collect what this dish cannot give them.

    Raises
    ------
    RequestError
        With file and line where the experiment comes from a file.
    """
    for place, problem in _misfits(experiment):
        raise file.error(place, problem) if file else RequestError(problem)


def _misfits(experiment: Experiment) -> Iterator[tuple[Location, str]]:
    cues = [name.partition("@")[2] or "cue" for name in experiment.mechanisms if name.partition("@")[0] in _MEDIA]
    populations = [experiment.dish.population, *experiment.populations]
    if Compartment.name in experiment.mechanisms and not experiment.pools:
        yield ("mechanisms", Compartment.name), f"{Compartment.name} comes by itself with 'pools', and there are none."
    if carried_rate(experiment.pools) and Fate.name not in experiment.mechanisms:
        name = next(iter(carried_rate(experiment.pools)))
        problem = f"pool '{name}' carries migrasomes off, which {Fate.name} does. Add it to the mechanisms."
        yield ("pools", name, "collects", "migrasomes"), problem
    for name, pool in experiment.pools.items():
        for cue in pool.collects.cues:
            if cue not in cues:
                yield ("pools", name, "collects", "cues", cue), str(UnknownIdError("cue in the medium", cue, cues))
        for substance, sheet in pool.collects.through_barrier.items():
            here: Location = ("pools", name, "collects", "through_barrier", substance)
            if sheet.permeability is None and _BARRIER not in experiment.mechanisms:
                yield here, f"write the permeability of the barrier, or let the cells be one: add {_BARRIER}."
            if sheet.population is not None and sheet.population not in populations:
                yield (*here, "population"), str(UnknownIdError("population", sheet.population, populations))


def make_fate(experiment: Experiment, parameters: Any, dt: float) -> Any:  # its columns hang on the pools
    """Return `biogenesis.fate`, with the flow that carries migrasomes off where a pool collects them."""
    rates = carried_rate(experiment.pools)
    if not rates:
        return Fate(parameters, dt)
    cargo = any(name in experiment.mechanisms for name in (Cargo.name, AddBack.name))
    return Fate(parameters, dt, Carrier({name: rates.get(name, 0.0) for name in experiment.pools}, cargo=cargo))


def make_compartment(experiment: Experiment, parameters: Any, dt: float, others: Sequence[Mechanism]) -> Any:
    """Return the pools of an experiment, joined to the other mechanisms of its dish."""
    found = [getattr(m, "medium", None) for m in others]
    media = {medium.species.name: medium for medium in found if isinstance(medium, Medium)}
    tissue = Tissue(
        cells=experiment.dish.cells,
        cargo=any(name in experiment.mechanisms for name in (Cargo.name, AddBack.name)),
        populations=(experiment.dish.population, *experiment.populations), media=media,
    )  # fmt: skip
    return Compartment(parameters, dt, experiment.pools, tissue)
