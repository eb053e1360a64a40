"""One step in time: Newton for the shape and its flows, then tetraspanin diffuses on the new shape."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from migralab.core.kernel import kernel
from migralab.physics.membrane.flow import (
    AREA,
    AX,
    BAND,
    PSI,
    RAD,
    SIZE,
    VOL,
    Friction,
    Surroundings,
    assemble,
    occupancy,
)
from migralab.physics.membrane.flow_energy import Material, P, free_energy, mixing, segment

Floats = NDArray[np.float64]
TOLERANCE = 1e-9
NEWTON_STEPS = 14


class State(NamedTuple):
    """Shape and content of a half profile at one instant.

    Parameters
    ----------
    y
        (n + 1, 9) psi, r, x, liquid, membrane and multipliers (pressure in column 7; minus the tension in column 8).
    length, force
        Arc length, um, and multiplier of the span, pN.
    tetraspanin
        (n + 1,) tetraspanin up to each node, um2.
    """

    y: Floats
    length: float
    force: float
    tetraspanin: Floats

    @property
    def phi(self) -> Floats:
        """Occupancy of each segment."""
        return np.diff(self.tetraspanin) / np.diff(self.y[:, AREA])


def mechanical_step(
    old: State, guess: State, weights: Floats, dt: float, material: Material, friction: Friction, around: Surroundings,
    entering: float,
) -> State | None:  # fmt: skip
    """Return the state after the membrane and the liquid have moved for `dt` s, or None without convergence.

    `entering` is the occupancy of membrane that comes in at the far end. Implicit in shape and forces, explicit in the
    occupancy that the moving membrane carries and in the friction coefficients (eq-minimising-movement).
    """
    n = weights.size
    size = SIZE * (n + 1)
    phi = old.phi
    carried = np.empty(n + 1)
    carried[1:-1] = 0.5 * (phi[1:] + phi[:-1])
    carried[0] = 0.0
    carried[-1] = entering
    y, length, force = guess.y.copy(), guess.length, guess.force
    y[0, [PSI, AX, VOL, AREA]] = 0.0
    y[n, PSI] = 0.0
    if not around.liquid:
        y[n, VOL] = old.y[n, VOL]
    if not around.membrane:
        y[n, AREA] = old.y[n, AREA]
    residual, band, border = np.empty(size), np.empty((3 * BAND + 1, size), order="F"), np.empty(size)
    end = SIZE * n + AX
    for _ in range(NEWTON_STEPS):
        by_length, by_length2, _cost = assemble(
            y, length, force, old.y, old.length, old.tetraspanin, carried, weights, dt, material, friction, around,
            residual, band, border,
        )  # fmt: skip
        right = np.zeros((size, 3), order="F")
        right[:, 0] = -residual
        right[:, 1] = border
        right[end, 2] = 1.0
        _lu, _pivots, solved, info = lapack.dgbsv(BAND, BAND, band, right, overwrite_ab=True, overwrite_b=True)
        if info != 0 or not np.isfinite(solved).all():
            return None
        # Border: rows of the arc length and of the span, for the unknowns (d length, d force)
        a11, a12 = by_length2 - border @ solved[:, 1], -border @ solved[:, 2]
        a21, a22 = -solved[end, 1], -solved[end, 2]
        b1, b2 = -by_length - border @ solved[:, 0], around.span - y[n, AX] - solved[end, 0]
        det = a11 * a22 - a12 * a21
        if det == 0.0 or not math.isfinite(det):
            return None
        d_length, d_force = (b1 * a22 - a12 * b2) / det, (a11 * b2 - a21 * b1) / det
        change = (solved[:, 0] - solved[:, 1] * d_length - solved[:, 2] * d_force).reshape(n + 1, SIZE)
        worst = max(np.abs(change[:, PSI]).max() / 0.4, (np.abs(change[:, RAD]) / y[:, RAD]).max() / 0.3)
        worst = max(worst, abs(d_length) / length / 0.1)
        scale = min(1.0, 1.0 / worst) if worst > 0.0 else 1.0
        y += scale * change
        length += scale * d_length
        force += scale * d_force
        if not (y[:, RAD].min() > 0.0 and np.diff(y[:, AREA]).min() > 0.0):
            return None
        if scale == 1.0 and worst < TOLERANCE * 10:
            moved = y[:, AREA] - old.y[:, AREA]
            return State(y, length, force, old.tetraspanin + carried * moved)
    return None


@kernel
def diffusion_system(
    t: Floats, start: Floats, y: Floats, length: float, weights: Floats, mobility: Floats, potential: float, dt: float,
    material: Material, gradient: Floats, band: Floats,
) -> float:  # fmt: skip
    """Write gradient (n + 1,) and (n + 1, 3) upper band of the second derivatives; return energy plus friction."""
    n = weights.size
    gradient[:] = 0.0
    band[:] = 0.0
    total = 0.0
    g, H = np.empty(5), np.empty((5, 5))
    before, held_before = 0.0, 1.0
    for i in range(n):
        held = y[i + 1, AREA] - y[i, AREA]
        phi = (t[i + 1] - t[i]) / held
        if not 0.0 < phi < 1.0:
            return np.inf
        total += segment(y[i, PSI], y[i + 1, PSI], y[i, RAD], y[i + 1, RAD], length * weights[i], phi, material, g, H)
        f, df, ddf = mixing(phi, material)
        total += held * f
        slope, bend = g[P] / held + df, H[P, P] / held**2 + ddf / held
        gradient[i] -= slope
        gradient[i + 1] += slope
        band[i, 0] += bend
        band[i + 1, 0] += bend
        band[i, 1] -= bend
        if i > 0:
            each = math.pi * material.gradient * y[i, RAD] / (0.5 * length * (weights[i - 1] + weights[i]))
            step = phi - before
            d = (1.0 / held_before, -1.0 / held - 1.0 / held_before, 1.0 / held)
            total += each * step * step
            for k in range(3):
                gradient[i - 1 + k] += 2.0 * each * step * d[k]
                for j in range(k, 3):
                    band[i - 1 + k, j - k] += 2.0 * each * d[k] * d[j]
        before, held_before = phi, held
    for i in range(1, n + 1):
        if mobility[i] > 0.0:
            drop = (t[i] - start[i]) / (dt * mobility[i])
            gradient[i] += drop
            band[i, 0] += 1.0 / (dt * mobility[i])
            total += 0.5 * drop * (t[i] - start[i])
    if mobility[n] > 0.0:
        gradient[n] -= potential
        total -= potential * t[n]
    else:
        gradient[n] = 0.0
        band[n, 0] = 1.0
        band[n - 1, 1] = 0.0
        band[n - 2, 2] = 0.0
    gradient[0] = 0.0
    band[0, 0], band[0, 1], band[0, 2] = 1.0, 0.0, 0.0
    return total


@kernel
def solve_symmetric(band: Floats, right: Floats) -> bool:
    """Solve a symmetric system of two off-diagonals in place by L D L; False if a pivot is not positive."""
    n = right.size
    for i in range(n):
        pivot = band[i, 0]
        if not pivot > 0.0:
            return False
        for k in range(1, 3):
            if i + k < n:
                factor = band[i, k] / pivot
                right[i + k] -= factor * right[i]
                band[i + k, 0] -= factor * band[i, k]
                if k == 1 and i + 2 < n:
                    band[i + 1, 1] -= factor * band[i, 2]
    for i in range(n - 1, -1, -1):
        for k in range(1, 3):
            if i + k < n:
                right[i] -= band[i, k] * right[i + k]
        right[i] /= band[i, 0]
    return True


@kernel
def diffuse(
    start: Floats, y: Floats, length: float, weights: Floats, mobility: Floats, potential: float, dt: float,
    material: Material, out: Floats,
) -> bool:  # fmt: skip
    """Let tetraspanin diffuse for `dt` s on a shape at rest (eq-tetraspanin-diffusion).

    Parameters
    ----------
    start, out
        (n + 1,) tetraspanin up to each node, um2; `out` is written.
    mobility
        (n + 1,) flux per drop of potential between neighbouring segments, um4/(s pN); 0 at the far end closes it.
    potential
        Of the reservoir, pN/um.

    Returns
    -------
    True if Newton converged to a state of lower energy.
    """
    n = weights.size
    gradient, band, trial = np.empty(n + 1), np.empty((n + 1, 3)), np.empty(n + 1)
    out[:] = start
    first = diffusion_system(out, start, y, length, weights, mobility, potential, dt, material, gradient, band)
    if not np.isfinite(first):
        return False
    value = first
    for _ in range(40):
        right = -gradient
        if not solve_symmetric(band, right):
            return False
        size = 0.0
        for i in range(n):
            held = y[i + 1, AREA] - y[i, AREA]
            size = max(size, abs(right[i + 1] - right[i]) / held)
        scale = 1.0
        found = False
        for _half in range(12):
            trial[:] = out + scale * right
            new = diffusion_system(trial, start, y, length, weights, mobility, potential, dt, material, gradient, band)
            if new <= value + 1e-12 * abs(value):
                found = True
                break
            scale *= 0.5
        if not found:
            return size < 1e-7
        out[:] = trial
        value = new
        if size * scale < 1e-11:
            return True
    return False


def mobilities(
    state: State, weights: Floats, diffusivity: float, material: Material, far: float, *, open_end: bool
) -> Floats:
    """Return (n + 1,) flux per drop of potential: ``2 pi r D phi (1 - phi) / thermal`` over the gap (eq-mobility)."""
    phi = state.phi
    middle = np.concatenate([[0.0], 0.5 * (phi[1:] + phi[:-1]), phi[-1:]])
    gap = np.concatenate(
        [[1.0], 0.5 * state.length * (weights[1:] + weights[:-1]), [max(far, state.length * weights[-1])]]
    )
    out: Floats = 2.0 * np.pi * state.y[:, RAD] * diffusivity * middle * (1.0 - middle) / (material.thermal * gap)
    out[0] = 0.0
    if not open_end:
        out[-1] = 0.0
    return out


def energy(state: State, weights: Floats, material: Material) -> float:
    """Return the free energy of the half profile, pN um (eq-membrane-free-energy)."""
    y = state.y
    return free_energy(y[:, PSI], y[:, RAD], state.length, weights, np.diff(y[:, AREA]), state.phi, material)


def shape_state(psi: Floats, r0: float, length: float, weights: Floats, phi: Floats) -> State:
    """Return the state that a (n + 1,) angle, the radius at the mirror plane and an arc length describe."""
    h, m = length * weights, 0.5 * (psi[1:] + psi[:-1])
    y: Any = np.zeros((weights.size + 1, SIZE))
    y[:, PSI] = psi
    y[:, RAD] = r0 - np.concatenate([[0.0], np.cumsum(h * np.sin(m))])
    rm = 0.5 * (y[1:, RAD] + y[:-1, RAD])
    y[1:, AX] = np.cumsum(h * np.cos(m))
    y[1:, VOL] = np.cumsum(np.pi * rm**2 * h * np.cos(m))
    y[1:, AREA] = np.cumsum(2.0 * np.pi * rm * h)
    tetraspanin = np.concatenate([[0.0], np.cumsum(np.diff(y[:, AREA]) * phi)])
    return State(y, length, 0.0, tetraspanin)


__all__ = ["State", "diffuse", "energy", "mechanical_step", "mobilities", "occupancy", "shape_state"]
