"""Lines, vesicles and bodies joined to one network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.imaging.detect.cells import CellBody
from migralab.imaging.detect.network import Network, bridge_gaps, build_network, clean_network, reach_bodies
from migralab.imaging.detect.scene import Vesicle
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.noise import Mask
from migralab.imaging.signal.windows import largest_within

RIM_UM = 0.3
"""The outline of a body is a line itself: no fibre is traced within this distance of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """Pixels of cells and vesicles by the number of their node, what each is, and the radii of vesicles (pixels)."""

    labels: NDArray[np.int32]
    centres: dict[int, tuple[float, float, str, int]]
    radii: dict[int, float]


def lay_regions(
    bodies: NDArray[np.int32],
    cells: tuple[CellBody, ...],
    vesicles: tuple[Vesicle, ...],
    *,
    psf_um: float,
    pixel_um: float,
) -> Regions:
    """Give each cell with its margin and each vesicle with its blur a number."""
    regions = largest_within(bodies, max(1, round((RIM_UM + 0.2) / pixel_um)))
    centres = {c.cell_id + 1: (c.x_um / pixel_um, c.y_um / pixel_um, "cell", c.cell_id) for c in cells}
    radii: dict[int, float] = {}
    first = len(cells) + 1
    for index, vesicle in enumerate(vesicles):
        radius = vesicle.diameter_um / 2 / pixel_um + max(1.0, 1.2 * psf_um / pixel_um)
        box = np.s_[
            max(int(vesicle.y - radius), 0) : int(vesicle.y + radius) + 2,
            max(int(vesicle.x - radius), 0) : int(vesicle.x + radius) + 2,
        ]
        inside = _distances(box, bodies.shape, vesicle) <= radius
        regions[box][inside & (regions[box] == 0)] = first + index
        centres[first + index] = (vesicle.x, vesicle.y, "vesicle", index)
        radii[first + index] = radius
    return Regions(labels=regions, centres=centres, radii=radii)


def connect(
    skeleton: Mask, regions: Regions, bodies: NDArray[np.int32], usable: Mask, pixel_um: float,
    settings: AnalysisSettings,
) -> Network:  # fmt: skip
    """Join lines, vesicles and bodies to one cleaned network."""
    lines = bridge_gaps(skeleton, regions.labels, pixel_um, settings)
    network = build_network(lines, regions.labels, regions.centres, usable)
    clean_network(network, regions.radii, pixel_um, settings)
    reach_bodies(network, bodies, round(2 * (RIM_UM + 0.2) / pixel_um) + 2)
    return network


def _distances(box: tuple[slice, slice], shape: tuple[int, ...], vesicle: Vesicle) -> NDArray[np.float64]:
    """Distance of the pixels of a window from the vesicle's centre, pixels."""
    rows, columns = (np.arange(*part.indices(size)) for part, size in zip(box, shape, strict=True))
    return np.asarray(np.hypot(rows[:, None] - vesicle.y, columns[None, :] - vesicle.x))
