"""What a bench specimen holds, and how its objects are kept."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.microscope.body import CellBody

Floats = NDArray[np.float64]
Texts = NDArray[np.str_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchRecipe:
    """What a bench specimen of 102.4 um holds (evidence/imaging.md section 3; spreads and distances are E).

    Parameters
    ----------
    cells, endosomes
        Cells, and endosomes of each.
    fibres
        Least and greatest number of main fibres.
    fibre_um, branch_um
        Least and greatest length of main fibres and of branches, um.
    total_um
        Length of all fibres, um.
    tube_um
        Diameter of a fibre, um.
    migrasomes
        How many.
    tip, junction
        Shares of them at tips and at branch points; the others are on shafts.
    diameter_median, diameter_spread, diameter_least, diameter_most
        Log-normal diameters, um, drawn again where outside the limits.
    density_median, density_spread
        Log-normal membrane density relative to the fibre's.
    lumen_spread
        Log-normal spread of the light from inside.
    debris, puncta, fibre_puncta
        Free vesicles, free puncta, puncta on fibres.
    punctum_um, punctum_density
        Diameter of a punctum, um, and its membrane density relative to the fibre's.
    apart_um, fibre_gap_um
        Least distance between the rims of vesicles, and between fibres, um.
    """

    cells: int = 2
    endosomes: int = 25
    fibres: tuple[int, int] = (6, 10)
    fibre_um: tuple[float, float] = (20.0, 58.0)
    branch_um: tuple[float, float] = (6.0, 22.0)
    total_um: float = 480.0
    tube_um: float = 0.07
    migrasomes: int = 34
    tip: float = 44 / 102
    junction: float = 18 / 102
    diameter_median: float = 1.0
    diameter_spread: float = 0.45
    diameter_least: float = 0.4
    diameter_most: float = 3.0
    density_median: float = 1.5
    density_spread: float = 0.3
    lumen_spread: float = 0.5
    debris: int = 25
    puncta: int = 24
    fibre_puncta: int = 12
    punctum_um: float = 0.12
    punctum_density: float = 8.0
    apart_um: float = 0.6
    fibre_gap_um: float = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """Round objects: centres (n, 2) and diameters in um, density, light inside, where they sit, owner."""

    centre: Floats
    diameter: Floats
    density: Floats
    lumen: Floats
    place: Texts
    owner: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A specimen: field, cells, straight pieces of fibre (n, 4) with their owners, vesicles and look-alikes."""

    field: tuple[float, float, float, float]
    cells: tuple[CellBody, ...]
    pieces: Floats
    owner: Ints
    migrasomes: Objects
    lookalikes: dict[str, Objects]

    @classmethod
    def empty(cls, field: tuple[float, float, float, float]) -> Layout:
        """Return a field without anything in it."""
        nothing = cls.objects([], 1.0, 1.0)
        return cls(
            field=field,
            cells=(),
            pieces=np.empty((0, 4)),
            owner=np.empty(0, np.int64),
            migrasomes=nothing,
            lookalikes={},
        )

    @staticmethod
    def objects(rows: list[tuple[float, float, float, str]], density: float, lumen: float) -> Objects:
        """Return objects from x, y, diameter and place, all of one density and filling."""
        count = len(rows)
        table = np.array([row[:3] for row in rows], np.float64).reshape(-1, 3)
        return Objects(
            centre=table[:, :2],
            diameter=table[:, 2],
            density=np.full(count, density),
            lumen=np.full(count, lumen),
            place=np.array([row[3] for row in rows], np.str_),
            owner=np.zeros(count, np.int64),
        )

    def with_parts(self, *, migrasomes: Objects, pieces: Floats) -> Layout:
        """Return the same field with these vesicles and fibres."""
        owner = np.zeros(len(pieces), np.int64)
        return dataclasses.replace(self, migrasomes=migrasomes, pieces=pieces, owner=owner)
