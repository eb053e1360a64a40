"""Things that are not migrasomes, strewn over a field at random: debris, free vesicles, bright puncta."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from migralab.microscope.body import CellBody
from migralab.microscope.light.camera import generator_for
from migralab.microscope.scene_file.document import ScatterPart
from migralab.microscope.specimen import Dots, Field, Tubes, Vesicles, dots_of, join, spheres_of

Floats = NDArray[np.float64]

_CLEAR_UM = 1.0  # from fibres and cells, where that is possible within a few tries
_TRIES = 20
# as the generator of evidence/imaging.md section 3 (E): puncta of 0.12 um and 8 times the fibre's density
_PUNCTUM_UM, _PUNCTUM_BRIGHT = 0.12, 8.0
_DEBRIS_UM, _DEBRIS_SPREAD = 0.3, 0.4
_FREE_UM, _FREE_SPREAD = 0.571, 0.37  # purified migrasomes, geometric mean and spread (D, Zhao 2019 S1g)
_FIRST_ID = 1_000_000


def strew(
    scatter: ScatterPart, field: Field, cells: tuple[CellBody, ...], tubes: Tubes, *, key: int
) -> tuple[Dots, Vesicles]:
    """Return dots and free vesicles at random places away from fibres and cells, and puncta on the fibres.

    Parameters
    ----------
    scatter
        How many of each.
    field
        Where, um.
    cells, tubes
        What to keep away from.
    key
        Seed; each kind has its own draws.
    """
    debris = _draw(scatter.debris, field, cells, tubes, generator_for(key, "strewn/debris"))
    free = _draw(scatter.free, field, cells, tubes, generator_for(key, "strewn/free"))
    puncta = _draw(scatter.puncta, field, cells, tubes, generator_for(key, "strewn/puncta"))
    on = _on_tubes(scatter.puncta_on_fibres, tubes, generator_for(key, "strewn/on-fibres"))
    small = np.concatenate([puncta, on])
    draw = generator_for(key, "strewn/sizes")
    bits = dots_of(debris, _DEBRIS_UM * np.exp(_DEBRIS_SPREAD * draw.normal(0, 1, len(debris))), kind="debris")
    bits = dataclasses.replace(bits, brightness=2 * np.exp(0.5 * draw.normal(0, 1, len(debris))))
    dots = dots_of(small, np.full(len(small), _PUNCTUM_UM), kind="punctum", brightness=_PUNCTUM_BRIGHT)
    size = _FREE_UM * np.exp(_FREE_SPREAD * draw.normal(0, 1, len(free)))
    loose = spheres_of(free, size, kind="free", attachment="free")
    return join(bits, dots), dataclasses.replace(loose, migrasome_id=_FIRST_ID + np.arange(len(free)))


def _draw(count: int, field: Field, cells: tuple[CellBody, ...], tubes: Tubes, draw: np.random.Generator) -> Floats:
    x0, y0, x1, y1 = field
    found = np.empty((0, 2))
    for attempt in range(_TRIES):
        places = draw.uniform([x0, y0], [x1, y1], (count - len(found), 2))
        if attempt < _TRIES - 1:
            places = places[_from_tubes(places, tubes) > _CLEAR_UM]
            for cell in cells:
                places = places[~_inside(places, cell.outline)]
        found = np.concatenate([found, places])
    return found


def _inside(places: Floats, outline: Floats) -> NDArray[np.bool_]:
    """Which places lie in a closed outline: a ray from them crosses its edges an odd number of times."""
    x, y = places[:, :1], places[:, 1:]
    ahead = np.roll(outline, -1, axis=0)
    spans = (outline[:, 1] > y) != (ahead[:, 1] > y)
    rise = np.where(ahead[:, 1] == outline[:, 1], 1.0, ahead[:, 1] - outline[:, 1])
    crossing = outline[:, 0] + (y - outline[:, 1]) / rise * (ahead[:, 0] - outline[:, 0])
    return np.asarray((spans & (x < crossing)).sum(axis=1) % 2 == 1)


def _from_tubes(places: Floats, tubes: Tubes) -> Floats:
    """Distance of each place to the nearest tube."""
    nearest = np.full(len(places), math.inf)
    for x0, y0, x1, y1 in tubes.ends:
        start, span = np.array([x0, y0]), np.array([x1 - x0, y1 - y0])
        share = np.clip((places - start) @ span / max(float(span @ span), 1e-12), 0, 1)
        away = np.hypot(*(places - start - share[:, None] * span).T)
        nearest = np.minimum(nearest, away)
    return nearest


def _on_tubes(count: int, tubes: Tubes, draw: np.random.Generator) -> Floats:
    """Return places on tubes, evenly along their length."""
    if not (count and len(tubes.ends)):
        return np.empty((0, 2))
    length = np.hypot(tubes.ends[:, 2] - tubes.ends[:, 0], tubes.ends[:, 3] - tubes.ends[:, 1])
    row = draw.choice(len(length), count, p=length / length.sum())
    share = draw.random(count)[:, None]
    return np.asarray(tubes.ends[row, :2] * (1 - share) + tubes.ends[row, 2:] * share, np.float64)
