"""Draw a whole bench specimen."""

from __future__ import annotations

import numpy as np

from migralab.microscope.bench.cells import draw_cells
from migralab.microscope.bench.fibres import draw_fibres
from migralab.microscope.bench.recipe import BenchRecipe, Layout
from migralab.microscope.bench.room import Room
from migralab.microscope.bench.vesicles import draw_debris, draw_migrasomes, place_puncta

_FULL_UM = 102.4  # side of the field that the counts are given for


def lay_out(draw: np.random.Generator, side_um: float, recipe: BenchRecipe, *, look: int) -> Layout:
    """Draw a specimen; counts go with the area of the field.

    Parameters
    ----------
    draw
        Source of chance.
    side_um
        Side of the field, um.
    recipe
        What there is in a field of 102.4 um.
    look
        Key of the drawing of the cells.
    """
    share = (side_um / _FULL_UM) ** 2
    cells = draw_cells(draw, side_um, max(1, round(recipe.cells * share)), recipe, look)
    room = Room(side=side_um, outlines=[cell.outline for cell in cells], fibres=[], round_ones=[])
    draw_fibres(draw, room, cells, recipe, share)
    migrasomes = draw_migrasomes(draw, room, recipe, round(recipe.migrasomes * share))
    debris = draw_debris(draw, room, recipe, round(recipe.debris * share))
    free = place_puncta(draw, room, recipe, round(recipe.puncta * share), on_fibres=False)
    on = place_puncta(draw, room, recipe, round(recipe.fibre_puncta * share), on_fibres=True)
    pieces = [np.hstack([f.path[:-1], f.path[1:]]) for f in room.fibres]
    return Layout(
        field=(0.0, 0.0, side_um, side_um),
        cells=cells,
        pieces=np.concatenate(pieces),
        owner=np.repeat([f.cell for f in room.fibres], [len(p) for p in pieces]).astype(np.int64),
        migrasomes=migrasomes,
        lookalikes={
            "debris": debris,
            "punctum": free,
            "fibre_punctum": on,
        },
    )
