"""What the other populations of a dish change, and whether all of its cells find room."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from migralab.core.errors import RequestError, SpecError, UnknownIdError
from migralab.mechanisms.registry import kinds_for
from migralab.spec.arms.arm import split_path
from migralab.spec.experiment import Experiment
from migralab.spec.loader import ExperimentFile
from migralab.spec.parameter import MechanismParameters, Parameter

MOST_OF_THE_GROUND = 0.9  # discs that fill more of a plane than this cannot part: the densest packing has 0.907


def population_changes(
    mechanism: str, kind: type[MechanismParameters], experiment: Experiment, file: ExperimentFile | None
) -> list[dict[str, Parameter]]:
    """Return what each of the other populations changes of one mechanism, in their order.

    Raises
    ------
    RequestError
        If a parameter does not exist, or is one that all cells of a dish share; with its place in the file.
    """
    kinds = kinds_for([mechanism], experiment.pathways)
    varies: frozenset[str] = getattr(kinds.get(mechanism.partition("@")[0]), "varies", frozenset())
    found = []
    for population, own in experiment.populations.items():
        changes: dict[str, Parameter] = {}
        for path, parameter in own.changes.items():
            owner, key = split_path(path, experiment.mechanisms)
            if owner != mechanism:
                continue
            if key not in varies:
                problem = _problem(population, mechanism, key, set(kind.model_fields), varies)
                place = ("populations", population, "changes", path)
                raise file.error(place, problem) if file else RequestError(problem)
            changes[key] = parameter
        found.append(changes)
    return found


def parameters_of_population(
    population: str,
    mechanism: str,
    kind: type[MechanismParameters],
    own: dict[str, Parameter],
    file: ExperimentFile | None,
) -> MechanismParameters:
    """Return the parameters of a mechanism in one population.

    Raises
    ------
    SpecError
        If a value has the wrong dimension or is impossible; with its place in the file.
    """
    try:
        return kind(**own)
    except ValidationError as error:
        told = [str(item.get("ctx", {}).get("error") or item["msg"]) for item in error.errors(include_url=False)]
        message = f"{mechanism} in '{population}': {' '.join(told)}"
        if file is None:
            raise SpecError(message) from None
        # The message begins with the parameter's name
        key = next((name for name in own if told[0].startswith(f"{name}:") or told[0].startswith(f"{name} ")), "")
        raise file.error(("populations", population, "changes", f"{mechanism}.{key}"), message) from None


def _problem(population: str, mechanism: str, key: str, known: set[str], varies: frozenset[str]) -> str:
    if key not in known:
        return str(UnknownIdError(f"parameter of {mechanism}", key, known))
    allowed = f"What may differ there: {', '.join(sorted(varies))}." if varies else "None of its parameters may differ."
    return f"{mechanism}.{key} is the same for all cells of a dish; '{population}' cannot have its own. {allowed}"


LAYERS = 4  # cells that were poured on an open plane spread; a heap deeper than this is a mistake


def refuse_crowd(experiment: Experiment, diameter: NDArray[np.float64], area: float, *, bounded: bool) -> None:
    """Refuse more cells than the ground holds side by side, or in a heap where they can spread beyond it.

    Parameters
    ----------
    diameter
        Of a cell of each population, um.
    area
        Seeded ground, um2.
    bounded
        Whether the ground ends where the seeded part ends.

    Raises
    ------
    RequestError
        With the room that they need and the room there is.
    """
    dish, others = experiment.dish, experiment.populations.values()
    counts = np.array([dish.cells, *(own.cells for own in others)])
    needed = float(np.sum(counts * np.pi / 4 * diameter**2))
    if needed > (MOST_OF_THE_GROUND if bounded else LAYERS) * area:
        widths = ", ".join(f"{d:g}" for d in diameter)
        raise RequestError(
            f"'{experiment.id}': its {counts.sum()} cells need {needed:.3g} um2 side by side "
            f"(motility.contact.diameter {widths} um), and its ground is {area:.3g} um2. "
            f"Take fewer cells, a lower dish.density (now {dish.density}), or a smaller diameter."
        )
