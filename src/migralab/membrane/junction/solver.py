"""Equilibria of a triangulated membrane: Newton along the normals, with volume and tension as unknowns where wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, eigsh, splu

from migralab.physics.membrane.surface.energy import normal_hessian, surface_energy
from migralab.physics.membrane.surface.mesh import Mesh, colours, neighbour_matrix, relaxed, vertex_normals

Array = NDArray[Any]
Floats = NDArray[np.float64]

DIFFERENCE = 1e-5  # step of the central difference of the exact gradient, in tube radii
TIGHT = 1e-8  # largest normal force per area of a solved surface, in kappa/R^3
STERN = 10.0  # weight of a missed volume in the merit of a step
FAR = 0.25  # longest move of a vertex in one step, in tube radii


@dataclass(frozen=True, slots=True)
class Derivatives:
    """Energy parts and their slopes along the normals of every vertex; whole surface, so twice the half above z = 0."""

    bending: float
    area: float
    volume: float
    d_bending: Floats
    d_area: Floats
    d_volume: Floats
    share: Floats


class Surface:
    """A mesh with its gauge: every vertex moves along its own normal, so n unknowns and no sliding within the surface.

    Lengths in tube radii, energies in kappa. The gauge is renewed after each step (`regauge`).
    """

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.patch = np.unique(mesh.triangles[mesh.arm < 0])
        n = len(mesh.x)
        near = neighbour_matrix(mesh.triangles, n) + sparse.identity(n, format="csr")
        self.x = mesh.x.copy()
        self.normals = vertex_normals(self.x, mesh.triangles, mesh.mirrors)
        self.free = ~mesh.held
        self.rows, self.columns = (near @ near).nonzero()
        self.colour = colours(mesh.triangles, n)
        inner = self.free[self.rows] & self.free[self.columns]
        self.rows, self.columns = self.rows[inner], self.columns[inner]
        place = np.cumsum(self.free) - 1
        self._at = place[self.rows], place[self.columns]
        self._pick = self.colour[self.columns], self.rows
        self.unknowns = int(self.free.sum())
        self._work = np.empty((n, 3)), np.empty(n), np.empty((n, 3)), np.empty((n, 3)), np.empty((n, 3))

    def derivatives(self, moved: Floats | None = None) -> Derivatives:
        """Return energy parts and slopes at the vertices, or at `moved` (n, 3)."""
        x = self.x if moved is None else moved
        parts = surface_energy(x, self.mesh.triangles, self.mesh.mirrors, *self._work)
        bend, area, volume = (2.0 * np.sum(g * self.normals, axis=1) for g in self._work[2:])
        stored, whole, space = (2.0 * part for part in parts)
        return Derivatives(stored, whole, space, bend, area, volume, 2.0 * self.areas())

    def areas(self) -> Floats:
        """Return a third of the area of the triangles around each vertex (n,)."""
        corner = self.x[self.mesh.triangles]
        size = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1) / 6.0
        share = np.zeros(len(self.x))
        for at in range(3):
            np.add.at(share, self.mesh.triangles[:, at], size)
        return share

    def hessian(self, tension: float, pressure: float) -> sparse.csc_matrix:
        """Return the second derivative of ``B + tension A - pressure V`` for the free vertices."""
        columns = np.empty((self.colour.max() + 1, len(self.x)))
        normal_hessian(
            self.x, self.normals, self.mesh.triangles, self.mesh.mirrors, self.colour, self.free,
            tension, pressure, DIFFERENCE, columns,
        )  # fmt: skip
        n = self.unknowns
        matrix = sparse.csc_matrix((2.0 * columns[self._pick], self._at), shape=(n, n))
        return ((matrix + matrix.T) / 2.0).tocsc()

    def moved(self, step: Floats) -> Floats:
        """Return positions (n, 3) after the free vertices went by `step` along their normals."""
        by = np.zeros(len(self.x))
        by[self.free] = step
        return np.asarray(self.x + by[:, None] * self.normals)

    def regauge(self, rounds: int) -> None:
        """Spread the vertices within the surface and take their normals anew."""
        if rounds:
            self.x = relaxed(self.x, self.mesh.triangles, self.mesh.mirrors, self.mesh.held, rounds)
        self.normals = vertex_normals(self.x, self.mesh.triangles, self.mesh.mirrors)


@dataclass(frozen=True, slots=True)
class Held:
    """What is held while the shape is sought: tension, and a pressure or a volume (dimensionless)."""

    tension: float
    pressure: float = 0.0
    volume: float | None = None


def force_density(surface: Surface, d: Derivatives, tension: float, pressure: float) -> Floats:
    """Return the normal force per area (kappa/R^3) left on each free vertex: 0 in equilibrium."""
    left = (d.d_bending + tension * d.d_area - pressure * d.d_volume)[surface.free]
    return np.asarray(left / d.share[surface.free])


def bordered_solve(
    matrix: sparse.csc_matrix, columns: Floats, rows: Floats, right: Floats, extra: Floats
) -> tuple[Floats, Floats]:
    """Solve ``[H C; R 0] (u, q) = (right, extra)`` for columns C (n, k), rows R (k, n)."""
    n, k = columns.shape
    if k == 0:
        return np.asarray(splu(matrix).solve(right)), np.zeros(0)
    whole = sparse.bmat([[matrix, sparse.csc_matrix(columns)], [sparse.csc_matrix(rows), None]], format="csc")
    both = splu(whole).solve(np.r_[right, extra])
    return both[:n], both[n:]


def _merit(d: Derivatives, held: Held, pressure: float) -> float:
    """Return the augmented Lagrangian that judges a step: energy, multiplier, and the square of the volume missed."""
    value = d.bending + held.tension * d.area - pressure * d.volume
    return value if held.volume is None else value + STERN * (held.volume - d.volume) ** 2


def settle(surface: Surface, held: Held, steps: int = 150) -> tuple[bool, float, int]:
    """Descend to a minimum at given tension; returns (found, pressure, steps taken).

    Damped Newton, which is an implicit gradient flow: ``(H + mu M) u = -force`` with M the vertex areas, mu lowered
    after a step that lowers the energy and raised after one that does not. With a volume, each step also meets the
    volume to first order and the pressure is its multiplier (eq-surface-newton).
    """
    damping, pressure = 1.0, held.pressure
    d = surface.derivatives()
    matrix: sparse.csc_matrix | None = None
    for taken in range(1, steps + 1):
        closed = held.volume is not None
        if matrix is None:
            matrix = surface.hessian(held.tension, pressure)
        free = surface.free
        mass = sparse.diags(d.share[free])
        slope = d.d_bending + held.tension * d.d_area
        borders, miss = np.zeros((0, surface.unknowns)), np.zeros(0)
        if held.volume is None:
            slope = slope - pressure * d.d_volume
        else:
            borders, miss = d.d_volume[free][None], np.array([held.volume - d.volume])
        step, lagrange = bordered_solve((matrix + damping * mass).tocsc(), -borders.T, borders, -slope[free], miss)
        aim = float(lagrange[0]) if closed else pressure
        far = float(np.abs(step).max())
        scale = min(1.0, FAR / max(far, 1e-12))
        position = surface.moved(scale * step)
        trial = surface.derivatives(position)
        before = _merit(d, held, aim)
        after = _merit(trial, held, aim)
        if not np.isfinite(after) or after > before + 1e-9 * abs(before):
            damping = max(4.0 * damping, 1e-3)
            if damping > 1e8:
                return False, pressure, taken
            continue
        pressure = aim
        surface.x = position
        damping = 0.0 if damping < 1e-4 else damping / (6.0 if scale == 1.0 else 1.0)
        surface.regauge(2 if far > 0.02 else 0)
        d = surface.derivatives()
        matrix = None
        left = float(np.abs(force_density(surface, d, held.tension, pressure)).max())
        if not np.isfinite(left) or d.volume > 1e4:
            return False, pressure, taken
        if left < TIGHT and (held.volume is None or abs(d.volume - held.volume) < 1e-9 * held.volume):
            return True, pressure, taken
    return False, pressure, steps


def softest_modes(
    surface: Surface, tension: float, pressure: float, *, closed: bool, count: int = 2
) -> tuple[Floats, Floats]:
    """Return the lowest stiffnesses per area (kappa/R^4) and their modes (unknowns, count), within what is held."""
    matrix = surface.hessian(tension, pressure)
    d = surface.derivatives()
    mass = d.share[surface.free]
    shift = -3.0
    root = np.sqrt(mass)
    scaled = (sparse.diags(1.0 / root) @ matrix @ sparse.diags(1.0 / root)).tocsc()
    border = (d.d_volume[surface.free] / root)[:, None] if closed else np.zeros((len(mass), 0))
    border = border / np.linalg.norm(border, axis=0)
    n = len(mass)
    shifted = (scaled - shift * sparse.identity(n)).tocsc()
    solver = splu(shifted)
    inner = solver.solve(border) if border.shape[1] else border
    stiff = np.linalg.inv(border.T @ inner)

    def inverse(vector: Floats) -> Floats:
        y = solver.solve(np.asarray(vector).ravel())
        return np.asarray(y - inner @ (stiff @ (border.T @ y)))

    operator = LinearOperator((n, n), matvec=inverse, dtype=float)
    start = np.random.default_rng(0).normal(size=n)
    start -= border @ (border.T @ start)
    values, modes = eigsh(operator, k=count, which="LA", v0=start)
    order = np.argsort(1.0 / values)
    return (shift + 1.0 / values)[order], (modes / root[:, None])[:, order]


def follow(
    surface: Surface, tension: float, pressure: float, *, volume: float | None, swell: float, tries: int = 12
) -> tuple[bool, float, float, int]:
    """Let the junction swell by a given volume and find the tension; returns (found, tension, pressure, steps).

    The tension is an unknown, the volume under the patch between the arms is held (eq-surface-follow): such a branch
    passes a fold, where the tension has its maximum, without notice, and shows the unstable shapes behind it.
    Without a volume the arms are long: pressure = tension - 1/2, which holds their radius (eq-arm-pressure).
    """
    patch = surface.patch
    control = np.zeros(len(surface.x))
    free = surface.free
    start = surface.derivatives()
    control[patch] = start.d_volume[patch]
    row = control[free]
    gone = 0.0
    for taken in range(1, tries + 1):
        d = surface.derivatives()
        slope = (d.d_bending + tension * d.d_area - pressure * d.d_volume)[free]
        matrix = surface.hessian(tension, pressure)
        if volume is None:
            columns = (d.d_area - d.d_volume)[free][:, None]
            rows, extra = row[None], np.array([swell - gone])
        else:
            columns = np.column_stack([d.d_area[free], -d.d_volume[free]])
            rows, extra = np.vstack([row, d.d_volume[free]]), np.array([swell - gone, volume - d.volume])
        step, more = bordered_solve(matrix, columns, rows, -slope, extra)
        far = float(np.abs(step).max())
        if not np.isfinite(far):
            return False, tension, pressure, taken
        scale = min(1.0, 0.5 / far)
        surface.x = surface.moved(scale * step)
        gone += scale * float(row @ step)
        tension += scale * more[0]
        pressure = tension - 0.5 if volume is None else pressure + scale * more[1]
        d = surface.derivatives()
        left = float(np.abs(force_density(surface, d, tension, pressure)).max())
        if left < TIGHT and (volume is None or abs(d.volume - volume) < 1e-9 * volume):
            return True, tension, pressure, taken
        if left > 1e3:
            return False, tension, pressure, taken
    return False, tension, pressure, tries
