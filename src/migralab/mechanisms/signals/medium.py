"""What the signals in the medium share: one species on a grid per dish, its sources, its sinks and its books.

Not a mechanism: `Diffusing` and `MatrixBound` each own one. All that lasts is in the state.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.core.memory import free_memory
from migralab.core.units import MOLECULES_PER_UM3_AND_NANOMOLAR
from migralab.engine.mechanism import Accounts, GridField, State
from migralab.engine.table import Column
from migralab.mechanisms.signals.exchange import GIVEN, INITIAL, LOST, OUTSIDE, TAKEN, Step
from migralab.physics.field.exponential import ExponentialSolver
from migralab.physics.field.grid import Grid
from migralab.physics.field.implicit import ImplicitSolver
from migralab.physics.field.points import MOVING, as_box, box_of, sample_gradient
from migralab.physics.field.transform import next_fast_size

Floats = NDArray[np.float64]

# Of state and scratch while a step is made, in a plain box and where something stands in it; upper bounds of what
# benchmarks/fields.py measures
BYTES_PER_VOXEL, BYTES_WITH_OBSTACLES = 120, 300

MEDIUM_READS = frozenset(
    {f"migrasomes.{c}" for c in ("released", "x", "y", "dish")}
    | {f"beads.{c}" for c in ("released", "x", "y", "dish")}
    | {f"cells.{c}" for c in ("position", "alive", "dish")}
)
"""What every medium reads of the state."""

BEADS = (  # a table that is empty unless `signals.bead` fills it
    Column(path="beads.x", dtype="float64", unit="um", meaning="position"),
    Column(path="beads.y", dtype="float64", unit="um", meaning="position"),
    Column(path="beads.dish", dtype="int32", unit="", meaning="dish in which it lies"),
    Column(path="beads.released", dtype="float64", unit="molecules", meaning="cue that it has given off so far"),
)


def ligand_columns(name: str) -> tuple[Column, ...]:
    """Return what a free cue presents to receptors; each way of presenting it adds its part."""
    return (
        Column(path=f"cells.{name}_ligand", dtype="float64", unit="molecules/um3",
               meaning=f"free {name} at the receptors, with that of a bath"),
        Column(path=f"cells.{name}_ligand_gradient", dtype="float64", unit="molecules/um4", shape=(2,),
               meaning="its gradient"),
    )  # fmt: skip


def held_columns(name: str) -> tuple[Column, ...]:
    """Return what surfaces present of a cue: the ground under a cell, and the vesicles that it touches."""
    return (
        Column(path=f"cells.{name}_ground", dtype="float64", unit="1/um2", meaning=f"{name} on the ground under it"),
        Column(path=f"cells.{name}_ground_gradient", dtype="float64", unit="1/um3", shape=(2,),
               meaning="its gradient"),
        Column(path=f"cells.{name}_touched", dtype="float64", unit="molecules",
               meaning=f"{name} on vesicles of others where they touch it"),
        Column(path=f"cells.{name}_touched_area", dtype="float64", unit="um2", meaning="area of that contact"),
        Column(path=f"cells.{name}_touched_pull", dtype="float64", unit="molecules", shape=(2,),
               meaning="sum of these molecules times unit vectors to their vesicles"),
    )  # fmt: skip


def sink_column(name: str) -> Column:
    """Return what recipients add to the clearance of a cue."""
    return Column(path=f"cells.{name}_clearance", dtype="float64", unit="um3/s", meaning=f"added clearance of {name}")


def secreted_columns(name: str) -> tuple[Column, Column]:
    """Return what cells secrete of a cue, and how much of that its field has taken over."""
    return (
        Column(path=f"cells.{name}_secreted", dtype="float64", unit="molecules", inherit="share",
               meaning=f"{name} that it has secreted so far"),
        Column(path=f"cells.{name}_secreted_given", dtype="float64", unit="molecules", inherit="share",
               meaning=f"secreted {name} given to its field"),
    )  # fmt: skip


def add_ligand(state: State, name: str, ligand: Floats, gradient: Floats) -> None:
    """Add to what receptors see, molecules/um3 and molecules/um4, (n,) and (n, 2)."""
    cells = state["cells"]
    cells[f"{name}_ligand"][:] += np.maximum(ligand, 0.0)  # zeros that went through transforms may be -1e-17
    cells[f"{name}_ligand_gradient"][:] += gradient


@dataclass(frozen=True, slots=True, kw_only=True)
class Species:
    """A substance in the medium.

    Parameters
    ----------
    name
        Of its fields and columns.
    owner
        Mechanism, for messages.
    diffusivity, decay
        um2/s; 1/s.
    background
        Concentration everywhere at the start, and at open walls for ever, molecules/um3.
    clearance
        Volume of medium that every cell frees of it, um3/s.
    share
        Of the released soluble cargo that is this substance.
    voxel
        Edge of a voxel, um.
    """

    name: str
    owner: str
    diffusivity: float
    decay: float
    background: float
    clearance: float
    share: float
    voxel: float


class Medium:
    """A species on a grid in every dish. Grid and solver follow from the state's space and are kept as scratch."""

    def __init__(self, species: Species) -> None:
        self.species = species
        self._grid: Grid | None = None
        self._solver: ExponentialSolver | ImplicitSolver | None = None
        self.obstacle: NDArray[np.bool_] | None = None
        self._nearest: NDArray[np.int64] | None = None
        self._beside: NDArray[np.int64] | None = None
        self._scratch: Floats | None = None

    @property
    def writes(self) -> frozenset[str]:
        """Paths of its arrays and of the columns that it alone sets."""
        n = self.species.name
        arrays = {f"fields.{n}{end}" for end in ("", "_modes", "_history", "_books")}
        others = {f"cells.{n}_clearance", f"cells.{n}_secreted"} | {column.path for column in BEADS} | self.adds
        return frozenset(arrays | {column.path for column in self.columns} - others)

    @property
    def adds(self) -> frozenset[str]:
        """Paths to which others may add too: what receptors see."""
        return frozenset(column.path for column in ligand_columns(self.species.name))

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns that it needs in the state."""
        n = self.species.name
        recorded = ("cue_nM",) if n == "cue" else ()  # the tables know the one substance of most experiments
        return (
            Column(path=f"cells.{n}", dtype="float64", unit="molecules/um3", meaning=f"{n} at the cell", file=recorded),
            Column(path=f"cells.{n}_taken", dtype="float64", unit="molecules", meaning=f"{n} taken up so far",
                   inherit="share"),
            sink_column(n),
            *ligand_columns(n),
            Column(path=f"cells.{n}_rate", dtype="float64", unit="molecules/s", meaning="uptake at the last step",
                   inherit="reset"),
            Column(path=f"cells.{n}_from", dtype="float64", unit="um", meaning="where it was at the last step",
                   shape=(2,), fill=np.nan, inherit="reset"),
            Column(path=f"migrasomes.{n}_given", dtype="float64", unit="molecules", meaning=f"{n} given to its field"),
            *BEADS,
            Column(path=f"beads.{n}_given", dtype="float64", unit="molecules", meaning=f"{n} given to its field"),
            *secreted_columns(n),
        )  # fmt: skip

    # ---- the grid -----------------------------------------------------------------------------------------------
    def grid(self, state: State) -> Grid:
        """Return the grid in this state's space, with fast numbers of voxels where walls allow any."""
        if self._grid is None:
            first = state.space.grid(self.species.voxel)
            ny, nx = first.shape[-2:]
            self._grid = state.space.grid(self.species.voxel, (next_fast_size(nx), next_fast_size(ny)))
            self.obstacle = state.space.obstacle(self._grid)
        return self._grid

    def solver(self, state: State) -> ExponentialSolver | ImplicitSolver:
        """Return the scheme of this space: exponential in a plain box, implicit where something stands in it."""
        if self._solver is None:
            s, grid = self.species, self.grid(state)
            values: Any = tuple(tuple(s.background if e == "fixed" else 0.0 for e in ends) for ends in grid.walls)
            if self.obstacle is None:
                self._solver = ExponentialSolver(grid, s.diffusivity, s.decay, wall_values=values)
            else:
                self._solver = ImplicitSolver(grid, s.diffusivity, s.decay, self.obstacle, values)
        return self._solver

    def _refuse(self, state: State) -> None:
        s, grid = self.species, self.grid(state)
        reach = math.sqrt(s.diffusivity / s.decay) if s.decay > 0 else math.inf
        widest = max(grid.spacing)
        if reach < widest:
            raise RequestError(
                f"{s.owner}: the diffusion length sqrt(D/decay) = {reach:.3g} um is shorter than a voxel of "
                f"{widest:.3g} um, so the field cannot show it. Lower {s.owner}.voxel to {reach / 3:.2g} um or less, "
                f"or lower {s.owner}.decay."
            )
        each = BYTES_PER_VOXEL if self.obstacle is None else BYTES_WITH_OBSTACLES
        needed, free = grid.voxels * len(state.dishes) * each, free_memory()
        if needed > free:
            raise RequestError(
                f"{s.owner}: a grid of {' x '.join(map(str, grid.shape[::-1]))} voxels in {len(state.dishes)} "
                f"dish{'es' if len(state.dishes) > 1 else ''} needs {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB "
                f"are free. Raise {s.owner}.voxel above {s.voxel:g} um, or take fewer cells or a smaller margin."
            )

    def found(self, state: State) -> None:
        """Lay out the arrays of every dish.

        Raises
        ------
        RequestError
            If the grid cannot show the diffusion length or does not fit the memory.
        """
        self._refuse(state)
        n, grid, dishes = self.species.name, self.grid(state), len(state.dishes)
        start = np.full(grid.shape, self.species.background)
        if self.obstacle is not None:
            start[self.obstacle] = 0.0
        solver = self.solver(state)
        state.fields[n] = np.broadcast_to(start, (dishes, *grid.shape)).copy()
        if isinstance(solver, ExponentialSolver):
            modes = solver.start(start).modes
            state.fields[f"{n}_modes"] = np.broadcast_to(modes, (dishes, *modes.shape)).copy()
            state.fields[f"{n}_history"] = np.zeros((dishes, *modes.shape), modes.dtype)
        books = np.zeros((dishes, 7))
        books[:, INITIAL] = start.sum() * grid.voxel_volume
        state.fields[f"{n}_books"] = books
        cells = state["cells"]
        cells[f"{n}_from"][:] = cells["position"]
        cells[n][:] = self.species.background

    def scratch(self, grid: Grid) -> Floats:
        """Return an array of zeros for the source of a tick, always the same memory."""
        if self._scratch is None:
            self._scratch = np.empty(grid.shape)
        self._scratch.fill(0.0)
        return self._scratch

    def nearest_fluid(self) -> NDArray[np.int64]:
        """Return for every voxel, flat, the nearest one that holds fluid."""
        if self._nearest is None:
            from scipy.ndimage import distance_transform_edt

            if self.obstacle is None:
                raise TypeError("a space without obstacles has fluid everywhere")
            place = distance_transform_edt(self.obstacle, return_distances=False, return_indices=True)
            self._nearest = np.ravel_multi_index(tuple(place), self.obstacle.shape).reshape(-1)
        return self._nearest

    # ---- a step -------------------------------------------------------------------------------------------------
    def step(self, state: State, dt: float, *, parts: int = 1, beside: Callable[[float], None] | None = None) -> None:
        """Release, spread, decay and take up in every dish, and let the living cells feel the result.

        Parameters
        ----------
        parts
            Equal parts into which the tick is cut.
        beside
            Called with half the length of a part before and after each: what else changes the concentration.
        """
        n, cells = self.species.name, state["cells"]
        dish_of, x, y, given = self._collect(state)
        clearance = self.species.clearance + cells[f"{n}_clearance"]
        own = [np.flatnonzero(cells["alive"] & (cells["dish"] == dish)) for dish in range(len(state.dishes))]
        for part in range(parts):
            if beside is not None:
                beside(dt / parts / 2)
            for dish, rows in enumerate(own):
                here = dish_of == dish
                step = Step(self, state, dish, rows, clearance[rows], (part / parts, (part + 1) / parts))
                step.run((x[here], y[here], given[here] / parts), dt / parts, stirred=beside is not None)
            if beside is not None:
                beside(dt / parts / 2)
        cells[f"{n}_from"][:] = cells["position"]
        found, gradient = self.feel(state, state.fields[n])
        cells[n][cells["alive"]] = found[cells["alive"]]
        add_ligand(state, n, found, gradient)

    def feel(self, state: State, values: Floats) -> tuple[Floats, Floats]:
        """Return a field of every dish at its living cells, which lie on the ground, and its gradient.

        Parameters
        ----------
        values
            (dishes, [z,] y, x).

        Returns
        -------
        tuple
            (n,) in the unit of the field and (n, 2) per um; 0 for cells that are not there.
        """
        cells, box = state["cells"], box_of(self.grid(state))
        found, gradient = np.zeros(cells.n), np.zeros((cells.n, 2))
        for dish, layer in enumerate(values):
            rows = np.flatnonzero(cells["alive"] & (cells["dish"] == dish))
            if not len(rows):
                continue
            place, here, slope = cells["position"][rows], np.empty(len(rows)), np.empty((len(rows), 2))
            points = np.zeros(len(rows)), place[:, 1].copy(), place[:, 0].copy()
            sample_gradient(points, self._without_obstacle(as_box(layer)[:1]), box, MOVING, here, slope)
            found[rows], gradient[rows] = here, slope
        return found, gradient

    def _without_obstacle(self, ground: Floats) -> Floats:
        """Return the lowest layer with what lies in an obstacle taken from the nearest fluid: no step at its wall."""
        if self.obstacle is None:
            return ground
        if self._beside is None:
            from scipy.ndimage import distance_transform_edt

            blocked = as_box(self.obstacle)[0]
            place = distance_transform_edt(blocked, return_distances=False, return_indices=True)
            self._beside = np.ravel_multi_index(tuple(place), blocked.shape).reshape(-1)
        filled: Floats = ground.reshape(-1)[self._beside].reshape(ground.shape)
        return filled

    def _collect(self, state: State) -> tuple[NDArray[Any], Floats, Floats, Floats]:
        """Return dish, x, y and molecules of all that was released and secreted since the last step."""
        name, found = f"{self.species.name}_given", [self._collect_secreted(state)]
        for table in ("migrasomes", "beads"):
            givers = state[table]
            given = self.species.share * givers["released"] - givers[name]
            rows = np.flatnonzero(given > 0)
            found.append((givers["dish"][rows], givers["x"][rows], givers["y"][rows], given[rows]))
            givers[name][rows] += given[rows]
        dish, x, y, given = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return dish, x, y, given

    def _collect_secreted(self, state: State) -> tuple[NDArray[Any], Floats, Floats, Floats]:
        """Return the same of cells, which give off along their way: the middle of it stands for the whole."""
        cells, n = state["cells"], self.species.name
        due = cells[f"{n}_secreted"] - cells[f"{n}_secreted_given"]
        rows = np.flatnonzero(due > 0)
        end, start = cells["position"][rows], cells[f"{n}_from"][rows]
        place = 0.5 * (np.where(np.isnan(start), end, start) + end)
        cells[f"{n}_secreted_given"][rows] = cells[f"{n}_secreted"][rows]
        return cells["dish"][rows], place[:, 0], place[:, 1], due[rows]

    def enter_initial(self, state: State, density: Floats) -> None:
        """Enter in the books what else was there at the start, per dish: sums of molecules/um3 over voxels."""
        state.fields[f"{self.species.name}_books"][:, INITIAL] += density * self.grid(state).voxel_volume

    def shown(self, state: State) -> GridField:
        """Return the concentration for the tables, in nM."""
        n, grid = self.species.name, self.grid(state)
        return GridField(
            name=n, unit="nM", meaning=f"concentration of the free {n}", values=state.fields[n],
            factor=1.0 / MOLECULES_PER_UM3_AND_NANOMOLAR, spacing=grid.spacing, origin=grid.origin,
            depth=grid.depth if len(grid.shape) == 2 else None, obstacle=self.obstacle,
        )  # fmt: skip

    def shown_on_ground(self, state: State, name: str) -> GridField:
        """Return what is bound to the ground for the tables, molecules per um2."""
        grid, values = self.grid(state), state.fields[name]
        flat = len(grid.shape) == 2
        layer = values if flat else values[:, 0]
        obstacle = self.obstacle if flat or self.obstacle is None else self.obstacle[0]
        return GridField(
            name=name, unit="1/um^2", meaning=f"{self.species.name} bound to the ground", values=layer,
            factor=grid.depth if flat else grid.spacing[0], spacing=grid.spacing[-2:], origin=grid.origin[-2:],
            depth=self.grid(state).depth if flat else grid.spacing[0], obstacle=obstacle,
        )  # fmt: skip

    def account(self, state: State) -> Accounts:
        """Return where the molecules are, per dish."""
        n, books = self.species.name, state.fields[f"{self.species.name}_books"]
        held = state.fields[n].reshape(len(books), -1).sum(axis=1) * self.grid(state).voxel_volume
        places = {"given": GIVEN, "outside": OUTSIDE, "taken up": TAKEN, "lost": LOST, "initial": INITIAL}
        return {(n, place): books[:, k].copy() for place, k in places.items()} | {(n, "medium"): held}
