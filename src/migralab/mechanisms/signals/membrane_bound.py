"""A cue that stays on the membrane of the vesicle: only contact reads it. Theory: docs/theory/contact.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.mechanisms.signals.cargo import MEMBRANE_PROTEIN
from migralab.mechanisms.signals.medium import held_columns
from migralab.physics.signals.contact import feel_vesicles
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """How far a cell reaches, and how much of a vesicle lies against it."""

    reach: Parameter = quantity(
        10.5, "um", source=estimate("half a cell of 20 um, and the radius of a vesicle of 1 um"), low=5.0, high=20.0,
        minimum=0.01, description="distance of centres below which a cell touches a vesicle",
    )  # fmt: skip
    contact_share: Parameter = quantity(
        0.25, "", source=estimate("a sphere that a soft membrane lies against"), low=0.05, high=0.5, minimum=1e-3,
        maximum=1.0, description="share of a vesicle's membrane that lies against the cell that touches it",
    )  # fmt: skip
    interval: Parameter = quantity(
        1.0, "min", source=estimate("a cell hardly moves in it"), minimum=1e-6, description="time between two looks"
    )


def _columns(species: str) -> tuple[Column, ...]:
    first, file = ("", ("touched_ligand",)) if species == "cue" else (f"{species}_", ())
    return (
        Column(path=f"cells.{first}touched_ligand", dtype="float64", unit="molecules", file=file,
               meaning="membrane protein on the vesicles of others that the cell touches"),
        Column(path=f"cells.{first}touched_towards", dtype="float64", unit="molecules", shape=(2,),
               meaning="sum of molecules times unit vectors to them"),
        *held_columns(species),
    )  # fmt: skip


class MembraneBound:
    """Each cell feels the membrane protein of the vesicles of others that it touches, and where they lie."""

    parameters: ClassVar[type[Parameters]] = Parameters
    phase: ClassVar[Phase] = Phase.EXCHANGE
    columns: tuple[Column, ...] = _columns("cue")
    reads: ClassVar[frozenset[str]] = frozenset(
        {f"migrasomes.{c}" for c in ("cargo", "loaded_area", "alive", "x", "y", "cell", "dish")}
        | {"cells.position", "cells.dish", "cells.alive", "cells.population"}
    )
    creates: ClassVar[frozenset[str]] = frozenset()
    varies: ClassVar[frozenset[str]] = frozenset({"reach"})
    name = "signals.membrane-bound"

    def __init__(self, parameters: Parameters, dt: float, species: str = "cue") -> None:
        p = parameters.internal()
        if species != "cue":
            self.name = f"{type(self).name}@{species}"
        self.columns = _columns(species)
        self._names = tuple(column.name for column in self.columns[:2])
        self.writes = frozenset(column.path for column in self.columns[:2])
        self._seen = tuple(column.path for column in self.columns[-3:])
        self.adds = frozenset(self._seen)
        self._reach, self._share = parameters.varied("reach"), p["contact_share"]
        self.every = ticks_in(p["interval"], dt)

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Feel, and present it to the receptors (eq-touched)."""
        cells, vesicles = state["cells"], state["migrasomes"]
        rows = np.flatnonzero(vesicles["alive"] & (vesicles["cargo"][:, MEMBRANE_PROTEIN] > 0))
        place = np.column_stack([vesicles["x"][rows], vesicles["y"][rows]])
        ligand, area = vesicles["cargo"][rows, MEMBRANE_PROTEIN], vesicles["loaded_area"][rows]
        found, pull, touched = (np.where(cells["alive"], values.T, 0.0).T for values in feel_vesicles(
            cells["position"], cells["dish"], cells["id"], place, vesicles["dish"][rows], vesicles["cell"][rows],
            np.column_stack([ligand, area]), self._reach[cells["population"]],
        ))  # fmt: skip
        cells[self._names[0]][:], cells[self._names[1]][:] = found, pull
        for path, values in zip(self._seen, (found, touched, pull), strict=True):
            state.column(path)[:] += self._share * values
