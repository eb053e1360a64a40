"""How a gradient changes during a spin: its solute diffuses and settles. SI; theory: docs/theory/isolation.md."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def layered(edges: Floats, volumes: Floats, values: Floats) -> Floats:
    """Return the mean of layers in every cell of a tube, (n,).

    Parameters
    ----------
    edges
        (n + 1,) borders of cells as volume from the top.
    volumes, values
        Of the layers from the top.
    """
    bounds = np.concatenate([[0.0], np.cumsum(volumes)])
    amount = np.concatenate([[0.0], np.cumsum(volumes * values)])
    return np.asarray(np.diff(np.interp(edges, bounds, amount)) / np.diff(edges))


def evolve_solute(
    start: Floats, radii: Floats, mobility: Callable[[Floats], tuple[Floats, Floats]], times: Floats, substeps: int
) -> Floats:
    """Return the solute in a tube of constant width at every time, (k, n), kg/m3: the Lamm equation (eq-lamm).

    ``dc/dt = -d/dr (s omega^2 r c - D dc/dr)``, nothing passes the ends. Conservative finite volumes, implicit in
    time (backward Euler, so that steps of a gradient do not ring), coefficients of the last state.

    Parameters
    ----------
    start, radii
        (n,) concentrations and (n + 1,) radii of the borders of the cells, m.
    mobility
        Gives ``s omega^2`` (1/s) and D (m2/s) at the borders from the concentrations there.
    times
        (k,), s, ascending from 0 or more.
    substeps
        Steps between two times.
    """
    from scipy.linalg import solve_banded  # heavy to import

    width = np.diff(radii)
    between = radii[1:-1]
    gap = 0.5 * (width[1:] + width[:-1])
    kept = np.empty((len(times), len(start)))
    state, now = np.array(start, np.float64), 0.0
    for k, end in enumerate(times):
        dt = (end - now) / substeps
        for _ in range(substeps if dt > 0 else 0):
            rate, diffusion = mobility(0.5 * (state[1:] + state[:-1]))
            drift = 0.5 * rate * between
            up, down = drift + diffusion / gap, drift - diffusion / gap  # flux = up * left + down * right
            bands = np.zeros((3, len(state)))
            bands[1] = 1.0
            bands[1, :-1] += dt * up / width[:-1]
            bands[1, 1:] -= dt * down / width[1:]
            bands[0, 1:] = dt * down / width[:-1]
            bands[2, :-1] = -dt * up / width[1:]
            state = solve_banded((1, 1), bands, state)
        kept[k], now = state, float(end)
    return kept
