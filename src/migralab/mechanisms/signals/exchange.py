"""A tick of a medium in one dish: sources, the field's own step, uptake, and the books."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import BreakdownError
from migralab.core.kernel import threads_for
from migralab.engine.mechanism import State
from migralab.physics.field.exponential import ExponentialSolver, FieldArrays
from migralab.physics.field.implicit import ImplicitSolver
from migralab.physics.field.points import MOVING, RESTING, Points, as_box, box_of, deposit, sample, take_up

if TYPE_CHECKING:
    from migralab.mechanisms.signals.medium import Medium

Floats = NDArray[np.float64]

STIFF = 0.5  # uptake rate x step beyond which a step is cut: the schemes need it below about 1
MOST_PARTS = 256  # parts of a tick; more would mean that the tick is wrong for this uptake

VOXELS_PER_ENTITY = 30  # a voxel is that much less work than a cell, where it is asked whether threads are worth it

# Columns of the books of a dish: molecules since the start, then what the two-step scheme must know of its last step
GIVEN, OUTSIDE, TAKEN, LOST, INITIAL, STEP, CELLS = range(7)


class Step:
    """One species, one dish, one tick or a part of it.

    Parameters
    ----------
    own, clearance
        Rows of the dish's cells, and the um3/s that each clears.
    span
        Part of the tick, as shares of it from 0 to 1: cells go straight from where they were to where they are.
    """

    def __init__(
        self, medium: Medium, state: State, dish: int, own: NDArray[np.int64], clearance: Floats,
        span: tuple[float, float],
    ) -> None:  # fmt: skip
        self.medium, self.state, self.dish, self.own, self.clearance = medium, state, dish, own, clearance
        self.name, self.grid, self.solver = medium.species.name, medium.grid(state), medium.solver(state)
        self.box, self.density = box_of(self.grid), 1.0 / self.grid.voxel_volume
        cells = state["cells"]
        self.start, self.end = cells[f"{self.name}_from"][own], cells["position"][own]
        self.start = np.where(np.isnan(self.start), self.end, self.start)
        way = self.end - self.start
        self.start, self.end = self.start + span[0] * way, self.end if span[1] == 1.0 else self.start + span[1] * way
        self.books = state.fields[f"{self.name}_books"][dish]
        self.concentration = state.fields[self.name][dish]
        # Uptake may be extrapolated from the step before only if the same cells took part in it
        self.who = float(np.bitwise_xor.reduce(cells["key"][own]) >> np.uint64(11)) if len(own) else 0.0

    def run(self, sources: tuple[Floats, Floats, Floats], dt: float, *, stirred: bool) -> None:
        """Make the tick and enter it in the books; `sources` are x, y and molecules."""
        with threads_for(self.grid.voxels // VOXELS_PER_ENTITY):
            self._run(sources, dt, stirred=stirred)

    def _run(self, sources: tuple[Floats, Floats, Floats], dt: float, *, stirred: bool) -> None:
        before, given = self._molecules(), sources[2]
        source, inside = self._source(*sources, dt)
        if isinstance(self.solver, ImplicitSolver):
            taken = self._implicit(dt, source)
        else:
            if stirred:
                # Zeros that went through transforms may be -1e-17
                np.maximum(self.concentration, 0.0, out=self.concentration)
                self._modes()[...] = self.solver.start(self.concentration).modes
            taken = self._exponential(dt, source)
        self.books[GIVEN] += given.sum()
        self.books[OUTSIDE] += given.sum() - inside
        self.books[TAKEN] += taken
        self.books[LOST] += before + inside - taken - self._molecules()

    def _molecules(self) -> float:
        return float(self.concentration.sum()) / self.density

    def _modes(self) -> NDArray[Any]:
        modes: NDArray[Any] = self.state.fields[f"{self.name}_modes"][self.dish]
        return modes

    def _points(self, position: Floats) -> Points:
        # Cells and migrasomes lie on the ground: the lowest voxels of a box
        return np.zeros(len(position)), np.ascontiguousarray(position[:, 1]), np.ascontiguousarray(position[:, 0])

    def _source(self, x: Floats, y: Floats, given: Floats, dt: float) -> tuple[Floats | None, float]:
        """Return molecules/(um3 s) of this tick, and how many molecules fell into the field."""
        if not len(x):
            return None, 0.0
        # Beyond an open rim the medium is endless and the molecules are gone. A vesicle beyond a closed wall sticks
        # out of it by the width of a rear: it gives to the voxel at the wall
        inside = np.ones(len(x), bool)
        if any("fixed" in ends for ends in self.grid.walls[-2:]):
            lead = (np.zeros(len(x)),) * (len(self.grid.shape) - 2)
            inside = self.grid.contains(*lead, y, x)
        amount = np.where(inside, given, 0.0)
        field = self.medium.scratch(self.grid)
        deposit((np.zeros(len(x)), y, x), amount / dt, as_box(field), self.box, self.density, RESTING)
        return self._out_of_obstacle(field), float(amount.sum())

    def _uptake(self, position: Floats) -> Floats:
        """Return the rate at which each voxel is cleared, 1/s."""
        field = np.zeros(self.grid.shape)
        deposit(self._points(position), self.clearance, as_box(field), self.box, self.density, MOVING)
        return self._out_of_obstacle(field)

    def _exponential(self, dt: float, source: Floats | None) -> float:
        """Cut the tick into parts that the uptake allows, make them, and return what was taken up."""
        if not self.clearance.any():
            self._attempt(dt, 1, source)
            return 0.0
        # Steps of a third or more: a number of parts that wavers from tick to tick would start the two-step scheme anew
        stiffness = float(self._uptake(self.end).max()) * dt / STIFF
        whole = 1 << max(0, math.ceil(math.log2(max(stiffness, 1.0))))
        parts = 3 * whole // 4 if whole >= 4 and stiffness <= 0.75 * whole else whole
        while parts <= MOST_PARTS:
            if (taken := self._attempt(dt, parts, source)) is not None:
                return taken
            parts *= 2
        s = self.medium.species
        raise BreakdownError(
            f"{s.owner}: the uptake of {self.name} is too strong for a step of {dt:g} s: it would have to be cut into "
            f"{parts} parts, and at most {MOST_PARTS} are made. Lower {s.owner}.clearance, raise {s.owner}.voxel "
            f"(now {s.voxel:g} um), or shorten {s.owner}.interval and dish.step to {dt * MOST_PARTS / parts:.2g} s."
        )

    def _attempt(self, dt: float, parts: int, source: Floats | None) -> float | None:
        """Make the tick in this many parts; return None, with everything as before, if it went below zero."""
        solver, cells, n = self.solver, self.state["cells"], self.name
        if not isinstance(solver, ExponentialSolver):
            raise TypeError("a space with obstacles has no modes")
        held = self.concentration.copy() if self.clearance.any() else None
        rate, taken = cells[f"{n}_rate"][self.own], np.zeros(len(self.own))
        history = self.state.fields[f"{n}_history"][self.dish]
        known = self.books[STEP] == dt / parts and self.books[CELLS] == self.who
        field = FieldArrays(self.concentration, self._modes(), history.copy() if known else None)
        here = self._points(self.start)
        for part in range(parts):
            there = self._points(self.start + (part + 1) / parts * (self.end - self.start))
            rate, more = self._part(solver, field, dt / parts, (here, there), source, rate)
            here = there
            taken += more
        if held is not None and not solver.is_positive(field):
            self.concentration[...] = held
            self._modes()[...] = solver.start(np.maximum(held, 0.0)).modes
            return None
        self.books[STEP] = 0.0 if field.history is None else dt / parts
        self.books[CELLS] = self.who
        if field.history is not None:
            history[...] = field.history
        cells[f"{n}_rate"][self.own] = rate
        cells[f"{n}_taken"][self.own] += taken
        return float(taken.sum())

    def _part(
        self, solver: ExponentialSolver, field: FieldArrays, dt: float, places: tuple[Points, Points],
        source: Floats | None, before: Floats,
    ) -> tuple[Floats, Floats]:  # fmt: skip
        """Advance by one part of the tick; return the uptake rate at its start and what was taken, by cell."""
        if not self.clearance.any():
            solver.advance(field, dt, source=source, spend=True)
            return before, np.zeros(len(self.own))
        rates = [np.zeros(len(self.own)), np.zeros(len(self.own))]

        def react(stage: int, concentration: Floats, rate: Floats) -> None:
            take_up(
                places[stage], self.clearance, as_box(concentration), self.box, self.density, MOVING, as_box(rate),
                rates[stage],
            )  # fmt: skip

        two_steps = field.history is not None
        solver.advance(field, dt, source=source, reaction=react, scheme="ab2")
        # What the cells get is what the field loses, weight by weight
        taken = 1.5 * rates[0] - 0.5 * before if two_steps else 0.5 * (rates[0] + rates[1])
        return rates[0], dt * taken

    def _implicit(self, dt: float, source: Floats | None) -> float:
        solver = self.solver
        if not isinstance(solver, ImplicitSolver):
            raise TypeError("a plain box is not solved implicitly")
        uptake = (self._uptake(self.start), self._uptake(self.end)) if self.clearance.any() else None
        done = solver.advance(self.concentration, dt, source=source, uptake=uptake)
        share = np.zeros(len(self.own))
        sample(self._points(self.end), as_box(done.concentration), self.box, MOVING, share)
        share *= self.clearance
        taken, total = float(np.sum(done.taken)), float(share.sum())
        if total > 0:
            self.state["cells"][f"{self.name}_taken"][self.own] += share * (taken / total)
        self.concentration[...] = done.concentration
        return taken

    def _out_of_obstacle(self, field: Floats) -> Floats:
        """Hand what lies in an obstacle to the nearest voxel of fluid, in place; nothing is lost."""
        if self.medium.obstacle is None:
            return field
        flat, obstacle = field.reshape(-1), self.medium.obstacle
        where = np.flatnonzero((flat != 0) & obstacle.reshape(-1))
        if len(where):
            np.add.at(flat, self.medium.nearest_fluid()[where], flat[where])
            flat[where] = 0.0
        return field
