"""Diagrams: the shape at each point of a plane of two properties, converged or flagged; docs/theory/membrane.md."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError, UnknownIdError
from migralab.core.kernel import threads
from migralab.membrane.problem import Domain, Fibre, Load, scaled
from migralab.membrane.shape import NO_SWELLING, ROUND, ShapeKind, fibre_part, mesh
from migralab.membrane.status import Status
from migralab.physics.membrane import starts
from migralab.physics.membrane.newton import CONVERGED
from migralab.physics.membrane.profile import GLOBALS, Problem
from migralab.physics.membrane.starts import RUNAWAY, improve_row, search_row

Floats = NDArray[np.float64]

SEGMENTS = (40, 60)
AXES = {
    "stiffness_ratio": ("times the fibre", "domain"),
    "area": ("um^2", "domain"),
    "line_tension": ("pN", "domain"),
    "gaussian_ratio": ("kappa", "domain"),
    "domain_curvature": ("1/um", "domain"),
    "tension": ("pN/um", "fibre"),
    "bending": ("pN um", "fibre"),
    "pressure": ("Pa", "load"),
}
"""What a diagram can have along an axis: its unit, and what it belongs to."""
KINDS = tuple(ShapeKind)
STATUSES = tuple(Status)
_FIELD = {"domain_curvature": "spontaneous_curvature"}
_CLOSED = 4  # the neck is closed: status beside those of `newton` and `starts`

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Axis:
    """One property that varies along an axis.

    Parameters
    ----------
    name
        One of `AXES`.
    values
        In the unit that `AXES` tells, ascending or descending.
    """

    name: str
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.name not in AXES:
            raise UnknownIdError("axis", self.name, AXES)
        if not self.values:
            raise RequestError(f"The axis {self.name} has no value; give at least one.")

    @property
    def unit(self) -> str:
        """Unit of the values."""
        return AXES[self.name][0]


@dataclass(frozen=True, eq=False)
class PhaseDiagram:
    """Shapes over two properties.

    Attributes
    ----------
    x, y
        The axes; all arrays are (values of y, values of x).
    kind, status
        Index into `KINDS` and `STATUSES`. Where the status is not converged, numbers are nan.
    radius, length, neck_radius, neck_angle, energy, domain_tension, volume
        As in `Shape`; um, rad, pN um, pN/um, um3.
    minima
        How many minima were met there; more than one means that history decides which shape is seen.
    stiffness, size
        k, and the square root of a: the radius of a ball of the domain's area over that of the fibre. The criterion
        compares them.
    newton_steps
        In all.
    """

    x: Axis
    y: Axis
    kind: NDArray[np.int8]
    status: NDArray[np.int8]
    radius: Floats
    length: Floats
    neck_radius: Floats
    neck_angle: Floats
    energy: Floats
    domain_tension: Floats
    volume: Floats
    minima: NDArray[np.int8]
    stiffness: Floats
    size: Floats
    newton_steps: int

    @property
    def aspect(self) -> Floats:
        """Length over width."""
        return self.length / (2.0 * self.radius)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the long table, one row a point, with units in the names."""
        grid_x, grid_y = np.meshgrid(self.x.values, self.y.values)
        return {
            _column(self.x.name): grid_x.ravel(),
            _column(self.y.name): grid_y.ravel(),
            "status": np.array([str(s) for s in STATUSES])[self.status.ravel()],
            "shape": np.array([str(k) for k in KINDS])[self.kind.ravel()],
            "diameter_um": 2.0 * self.radius.ravel(),
            "length_um": self.length.ravel(),
            "aspect": self.aspect.ravel(),
            "neck_diameter_um": 2.0 * self.neck_radius.ravel(),
            "neck_angle_deg": np.degrees(self.neck_angle.ravel()),
            "energy_pN_um": self.energy.ravel(),
            "domain_tension_uN_per_m": self.domain_tension.ravel(),
            "volume_um3": self.volume.ravel(),
            "minima": self.minima.ravel(),
        }


def _column(name: str) -> str:
    unit = {"area": "um2", "tension": "uN_per_m", "bending": "pN_um", "pressure": "Pa", "line_tension": "pN",
            "domain_curvature": "per_um"}.get(name)  # fmt: skip
    return f"{name}_{unit}" if unit else name


def phase_diagram(
    fibre: Fibre,
    domain: Domain,
    load: Load | None = None,
    *,
    x: Axis,
    y: Axis,
    segments: tuple[int, int] = SEGMENTS,
    progress: Progress | None = None,
) -> PhaseDiagram:
    """Return the shape of least energy at each point; results do not depend on the number of threads.

    Each shape is searched from all starts, from its neighbour in the row, and then once more from its four
    neighbours, so that a branch that is found anywhere is tried beside it.

    Parameters
    ----------
    fibre, domain, load
        What does not vary; a held length or volume is not offered here.
    x, y
        What varies. With `tension` on an axis the fibre's radius varies with it.
    progress
        Is told the share that is done.

    Raises
    ------
    RequestError
        If a value makes no sense for itself. A pressure that nothing can hold is a status of its point.
    """
    load = load or Load()
    if load.volume is not None or load.half_length is not None:
        raise RequestError("A diagram holds pressure and tension, not volume or length; ask for single shapes instead.")
    if x.name == y.name:
        raise RequestError(f"Both axes are {x.name}; a diagram needs two properties.")
    shape = (len(y.values), len(x.values))
    numbers, scale = np.full((*shape, len(Problem._fields)), np.nan), np.empty((*shape, 2))
    units = np.ones((*shape, 2))
    refused = np.zeros(shape, bool)
    for j, i in np.ndindex(shape):
        own = _with(_with((fibre, domain, load), x, x.values[i]), y, y.values[j])
        try:
            problem, units[j, i] = scaled(*own)
        except RequestError:  # each part makes sense for itself, together nothing can hold them
            refused[j, i] = True
            problem, units[j, i] = scaled(*own[:2], Load())
        numbers[j, i], scale[j, i] = problem, fibre_part(problem)
    found = _search(numbers, scale, refused, segments, progress)
    return _diagram(x, y, numbers, units, refused, found)


def _with(parts: tuple[Fibre, Domain, Load], axis: Axis, value: float) -> tuple[Fibre, Domain, Load]:
    fibre, domain, load = parts
    change: dict[str, Any] = {_FIELD.get(axis.name, axis.name): float(value)}
    owner = AXES[axis.name][1]
    if owner == "fibre":
        return replace(fibre, **change), domain, load
    return (fibre, replace(domain, **change), load) if owner == "domain" else (fibre, domain, replace(load, **change))


def _search(
    numbers: Floats, scale: Floats, refused: NDArray[np.bool_], segments: tuple[int, int], progress: Progress | None
) -> tuple[NDArray[Any], ...]:
    weight, border = mesh(segments)
    shape = refused.shape
    n = len(weight)
    psi, whole, kept = np.zeros((*shape, n + 1)), np.zeros((*shape, GLOBALS)), np.full((*shape, starts.KEPT), np.nan)
    status, several = np.full(shape, -1, np.int64), np.zeros(shape, np.int64)
    rows = range(shape[0])

    def first(row: int) -> None:
        search_row(
            numbers[row], scale[row], weight, border, psi[row], whole[row], kept[row], status[row], several[row]
        )  # fmt: skip

    _side_by_side(first, rows, 0.0, 0.8, progress)
    status[refused] = -1
    better = psi.copy(), whole.copy(), kept.copy(), status.copy()

    def again(row: int) -> None:
        improve_row(row, numbers, scale, weight, border, psi, whole, status, *better, several)

    _side_by_side(again, rows, 0.8, 1.0, progress)
    return better[2], better[3], several


def _side_by_side(
    work: Callable[[int], None], rows: range, begin: float, end: float, progress: Progress | None
) -> None:
    """Do the rows on as many threads as the kernels may use; compiled code lets go of the interpreter."""
    with ThreadPoolExecutor(max_workers=threads()) as pool:
        for done, _ in enumerate(pool.map(work, rows), start=1):
            if progress is not None:
                progress(begin + (end - begin) * done / len(rows))


def _diagram(
    x: Axis, y: Axis, numbers: Floats, units: Floats, refused: NDArray[np.bool_], found: tuple[NDArray[Any], ...]
) -> PhaseDiagram:
    kept, code, several = found
    um, energy = units[..., 0], units[..., 1]
    code = np.where(refused, RUNAWAY, code)
    neck = kept[..., starts.NECK]
    closed = (neck > 0.0) & (neck < starts.THINNEST) & (kept[..., starts.WIDEST] > NO_SWELLING)
    code = np.where(closed & (code != RUNAWAY), _CLOSED, code)
    good = code == CONVERGED
    status = np.full(code.shape, STATUSES.index(Status.not_converged), np.int8)
    status[good] = STATUSES.index(Status.converged)
    status[(code == RUNAWAY) | (code == _CLOSED)] = STATUSES.index(Status.no_equilibrium)
    value = np.where(good[..., None], kept, np.nan)
    radius, length = value[..., starts.WIDEST], value[..., starts.LENGTH]
    stiffness, size = numbers[..., 0], np.sqrt(numbers[..., 8] / (2.0 * np.pi))
    with np.errstate(invalid="ignore"):
        aspect = length / (2.0 * radius)
        kind = np.select(
            [~good | (radius < NO_SWELLING * numbers[..., 7]), aspect < 1.0, aspect <= ROUND],
            [KINDS.index(ShapeKind.none), KINDS.index(ShapeKind.sleeve), KINDS.index(ShapeKind.sphere)],
            KINDS.index(ShapeKind.sausage),
        ).astype(np.int8)
    return PhaseDiagram(
        x=x, y=y, kind=kind, status=status, radius=radius * um, length=length * um,
        neck_radius=value[..., starts.NECK] * um, neck_angle=value[..., starts.ANGLE],
        energy=value[..., starts.ENERGY] * energy, domain_tension=value[..., starts.TENSION] * energy / um**2,
        volume=value[..., starts.VOLUME] * um**3, minima=several.astype(np.int8), stiffness=stiffness, size=size,
        newton_steps=int(np.nansum(kept[..., starts.STEPS])),
    )  # fmt: skip
