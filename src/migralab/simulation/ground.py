"""The dish of an experiment as a `Space`: quantities become um, and the seeded area gets its shape."""

from __future__ import annotations

import math

from migralab.physics.field.grid import FIXED, NO_FLUX, PERIODIC, Ends
from migralab.physics.space import Space
from migralab.spec.experiment import Dish
from migralab.spec.geometry import Box, Cavity, Chamber, OpenPlane, PeriodicPlane, Slit, Vessel

_ENDS: dict[str, Ends] = {"open": FIXED, "closed": NO_FLUX, "periodic": PERIODIC}


def space_of(dish: Dish) -> Space:
    """Return where the cells of a dish live and its molecules spread; its area is cells over density."""
    area, plan = dish.cells / dish.density_per_um2, dish.geometry
    side = math.sqrt(area)
    square, depth = (side, side), plan.depth_um
    match plan:
        case OpenPlane() | Slit():
            return Space(seeded=square, margin=(plan.margin_um,) * 2, depth=depth)
        case PeriodicPlane():
            return Space(seeded=square, walls=(PERIODIC, PERIODIC), depth=depth)
        case Chamber():
            return Space(seeded=square, walls=(NO_FLUX, NO_FLUX), confines=(True, True), depth=depth)
        case Cavity():
            width = math.sqrt(4 * area / (math.pi * plan.aspect))
            return Space(seeded=(plan.aspect * width, width), walls=(NO_FLUX, NO_FLUX), depth=depth, ellipse=True)
        case Vessel():
            ends = _ENDS[plan.ends]
            return Space(
                seeded=(area / plan.width_um, plan.width_um), walls=(ends, NO_FLUX),
                confines=(plan.ends == "closed", True), depth=depth,
            )  # fmt: skip
        case Box():
            margin = plan.margin_um if plan.sides == "open" else 0.0
            return Space(
                seeded=square, margin=(margin, margin), walls=(_ENDS[plan.sides],) * 2,
                confines=(plan.sides == "closed",) * 2, depth=depth, lid="fixed" if plan.lid == "open" else "no-flux",
            )  # fmt: skip
