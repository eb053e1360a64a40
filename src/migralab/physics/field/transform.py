"""From concentrations to the modes of the Laplacian and back, for any mixture of walls. By scipy.fft."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.physics.field.grid import FIXED, NO_FLUX, PERIODIC, Ends, Grid

Floats = NDArray[np.float64]
Modes = NDArray[Any]  # real between walls, complex along a periodic axis

# Values at voxel centres, walls at faces: cosines of type II between two no-flux ends, sines of type II between two
# fixed ones, type IV where the ends differ
_BASIS: dict[Ends, tuple[str, int]] = {
    NO_FLUX: ("cosine", 2),
    FIXED: ("sine", 2),
    ("no-flux", "fixed"): ("cosine", 4),
    ("fixed", "no-flux"): ("sine", 4),
}


def _axes_by_basis(grid: Grid) -> list[tuple[tuple[str, int], tuple[int, ...]]]:
    found: dict[tuple[str, int], list[int]] = {}
    for axis, ends in enumerate(grid.walls):
        if ends != PERIODIC:
            found.setdefault(_BASIS[ends], []).append(axis)
    return [(basis, tuple(axes)) for basis, axes in found.items()]


def to_modes(values: Floats, grid: Grid, workers: int = 1, *, overwrite: bool = False) -> Modes:
    """Return the modes of a field (eq-modes).

    Parameters
    ----------
    values
        Array of the grid's shape.
    workers
        Threads of the transform; the result is bitwise the same for any number.
    overwrite
        Whether `values` may be destroyed.
    """
    from scipy import fft

    modes: Modes = values
    for (kind, order), axes in _axes_by_basis(grid):
        transform = fft.dctn if kind == "cosine" else fft.dstn
        modes = transform(modes, type=order, axes=axes, workers=workers, overwrite_x=overwrite or modes is not values)
    if grid.periodic_axes:
        modes = fft.rfftn(modes, axes=grid.periodic_axes, workers=workers)
    return modes


def from_modes(modes: Modes, grid: Grid, out: Floats, workers: int = 1) -> Floats:
    """Write the field that has these modes to `out` and return it: the inverse of `to_modes`.

    Between walls everything happens inside `out`; fresh memory would cost as much as the transform.
    """
    from scipy import fft

    values: Any = out
    if grid.periodic_axes:
        lengths = [grid.shape[axis] for axis in grid.periodic_axes]
        values = fft.irfftn(modes, s=lengths, axes=grid.periodic_axes, workers=workers)
    else:
        np.copyto(out, modes)
    for (kind, order), axes in _axes_by_basis(grid):
        transform = fft.idctn if kind == "cosine" else fft.idstn
        values = transform(values, type=order, axes=axes, workers=workers, overwrite_x=True)
    if values is not out and not np.shares_memory(values, out):
        np.copyto(out, values)
    return out


def next_fast_size(size: int) -> int:
    """Return the next number of voxels that transforms quickly (474 voxels take three times as long as 480)."""
    from scipy import fft

    return int(fft.next_fast_len(size, real=True))
