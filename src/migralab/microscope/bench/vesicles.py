"""Migrasomes on the fibres of a bench specimen, and what looks like them: debris and puncta."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from migralab.microscope.bench.recipe import BenchRecipe, Layout, Objects
from migralab.microscope.bench.room import Room

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TRIES = 400


def _sizes(draw: np.random.Generator, recipe: BenchRecipe, count: int) -> Floats:
    """Log-normal diameters within the limits, largest first: they are the hardest to place."""
    found = np.empty(0)
    while len(found) < count:
        more = draw.lognormal(math.log(recipe.diameter_median), recipe.diameter_spread, 4 * count + 4)
        found = np.concatenate([found, more[(more >= recipe.diameter_least) & (more <= recipe.diameter_most)]])
    return np.sort(found[:count])[::-1]


def draw_migrasomes(draw: np.random.Generator, room: Room, recipe: BenchRecipe, count: int) -> Objects:
    """Place migrasomes at tips, forks and on shafts; where a kind has no place left, on shafts."""
    tips, forks = round(recipe.tip * count), round(recipe.junction * count)
    kinds = np.array(["tip"] * tips + ["junction"] * forks + ["shaft"] * (count - tips - forks))
    draw.shuffle(kinds)
    at = {
        "tip": [(f.path[-1], f.cell) for f in room.fibres],
        "junction": [(f.path[i], f.cell) for f in room.fibres for i in f.forks],
    }
    for places in at.values():
        draw.shuffle(places)
    rows, owners = [], []
    for size, kind in zip(_sizes(draw, recipe, count), kinds, strict=True):
        found = _take(room, at.get(str(kind), []), size / 2, recipe)
        place, owner, where = (*found, str(kind)) if found else (*_shaft_place(draw, room, size / 2), "shaft")
        spot, _ = _claim(room, place, owner, size)
        rows.append((*spot, float(size), where))
        owners.append(owner)
    return _vary(draw, Layout.objects(rows, recipe.density_median, 1.0), recipe, np.array(owners, np.int64))


def _take(
    room: Room, places: list[tuple[Floats, int]], radius: float, recipe: BenchRecipe
) -> tuple[Floats, int] | None:
    """Take the first place from the list where an object of this radius fits."""
    for number, (place, owner) in enumerate(places):
        if room.clear_of_round(place, radius, recipe.apart_um) and room.clear_of_cells(place[None], radius + 1.0):
            del places[number]
            return place, owner
    return None


def _shaft_place(draw: np.random.Generator, room: Room, radius: float) -> tuple[Floats, int]:
    """Find a place on a fibre, away from tips, forks, cells and other objects; with less room if there is none."""
    ends = [f.path[-1] for f in room.fibres] + [f.path[i] for f in room.fibres for i in f.forks]
    for attempt in range(4 * _TRIES):
        fibre = room.fibres[int(draw.integers(len(room.fibres)))]
        place = fibre.path[int(draw.integers(1, len(fibre.path) - 1))]
        gap = max(1.5 * (1 - attempt / (2 * _TRIES)), 0.3)
        apart = np.hypot(*(np.array(ends) - place).T).min() > radius + gap
        if apart and room.clear_of_cells(place[None], radius + 1.0) and room.clear_of_round(place, radius, gap):
            break
    return place, fibre.cell


def _free_place(draw: np.random.Generator, room: Room, radius: float) -> tuple[Floats, int]:
    """Find a place away from fibres, cells and other objects."""
    tree = KDTree(room.fibre_points())
    for _ in range(20 * _TRIES):
        place = draw.uniform(radius + 1.0, room.side - radius - 1.0, 2)
        off_fibres = tree.query(place)[0] > radius + 1.5 and room.clear_of_round(place, radius, 1.0)
        if off_fibres and room.clear_of_cells(place[None], radius + 1.5):
            break
    return place, -1


def draw_debris(draw: np.random.Generator, room: Room, recipe: BenchRecipe, count: int) -> Objects:
    """Place vesicles like the migrasomes, away from every fibre."""
    rows = []
    for size in _sizes(draw, recipe, count):
        spot, _ = _claim(room, *_free_place(draw, room, size / 2), size)
        rows.append((*spot, float(size), "free"))
    owner = np.full(count, -1, np.int64)
    return _vary(draw, Layout.objects(rows, recipe.density_median, 1.0), recipe, owner)


def _vary(draw: np.random.Generator, objects: Objects, recipe: BenchRecipe, owner: Ints) -> Objects:
    count = len(objects.diameter)
    return dataclasses.replace(
        objects,
        density=objects.density * draw.lognormal(0.0, recipe.density_spread, count),
        lumen=draw.lognormal(0.0, recipe.lumen_spread, count),
        owner=owner,
    )


def place_puncta(draw: np.random.Generator, room: Room, recipe: BenchRecipe, count: int, *, on_fibres: bool) -> Objects:
    """Place bright points too small for a migrasome, on fibres or away from them."""
    place = _shaft_place if on_fibres else _free_place
    found = [_claim(room, *place(draw, room, recipe.punctum_um / 2), recipe.punctum_um) for _ in range(count)]
    where = "shaft" if on_fibres else "free"
    rows = [(*spot, recipe.punctum_um, where) for spot, _ in found]
    objects = Layout.objects(rows, recipe.punctum_density, 0.0)
    return dataclasses.replace(objects, owner=np.array([owner for _, owner in found], np.int64))


def _claim(room: Room, place: Floats, owner: int, diameter: float) -> tuple[tuple[float, float], int]:
    """Mark a place as taken."""
    spot = (float(place[0]), float(place[1]))
    room.round_ones.append((*spot, diameter / 2))
    return spot, owner
