"""Traced fibres against true ones: how much was found, how much of what was found is real, and the length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from migralab.imaging.score.matching import fibre_points, near_polygon, read_outline

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

TOLERANCE_UM = 0.35
_STEP_UM = 0.1
_BODY_MARGIN_UM = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FibreScore:
    """Lengths in um, outside cell bodies and their margin of 0.5 um.

    Parameters
    ----------
    true_um, recalled_um
        Length of the true fibres, and of what of it lies within the tolerance of a traced one.
    found_um, right_um
        Length of the traced fibres, and of what of it lies within the tolerance of a true one.
    vesicle_um
        Length of the true fibres inside migrasomes, which is in `true_um` and not asked for by `recalled_um`.
    """

    true_um: float
    recalled_um: float
    found_um: float
    right_um: float
    vesicle_um: float

    @property
    def recall(self) -> float:
        """Share of the true length, outside migrasomes, that was found."""
        return self.recalled_um / max(self.true_um - self.vesicle_um, 1e-9)

    @property
    def precision(self) -> float:
        """Share of the traced length that is real; 1 where nothing was traced."""
        return self.right_um / self.found_um if self.found_um > 0 else 1.0

    @property
    def length_ratio(self) -> float:
        """Traced over true length."""
        return self.found_um / max(self.true_um, 1e-9)


def score_fibres(
    paths: Sequence[Floats], truth: Mapping[str, pd.DataFrame], *, tolerance_um: float = TOLERANCE_UM
) -> FibreScore:
    """Compare traced fibres with the true ones.

    Parameters
    ----------
    paths
        Traced fibres, each (n, 2) as x and y in um. A path through a migrasome counts whole.
    truth
        Tables ``fibres``, and where there are such ``cells`` and ``migrasomes``.
    tolerance_um
        Greatest distance between a traced and a true fibre.
    """
    true, weight = fibre_points(truth["fibres"], _STEP_UM)
    found, found_weight = _along(paths)
    outside, found_outside = _outside_bodies(true, truth), _outside_bodies(found, truth)
    true, weight = true[outside], weight[outside]
    found, found_weight = found[found_outside], found_weight[found_outside]
    inside = _in_vesicles(true, truth)
    recalled = (_distance(true, found) <= tolerance_um) & ~inside
    right = _distance(found, true) <= tolerance_um
    return FibreScore(
        true_um=float(weight.sum()),
        recalled_um=float(weight[recalled].sum()),
        found_um=float(found_weight.sum()),
        right_um=float(found_weight[right].sum()),
        vesicle_um=float(weight[inside].sum()),
    )


def pool_fibres(scores: Sequence[FibreScore]) -> FibreScore:
    """Return the sums over images."""
    return FibreScore(**{name: float(sum(getattr(s, name) for s in scores)) for name in FibreScore.__slots__})


def _along(paths: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Points along the paths and the length that each stands for."""
    ends = [np.hstack([path[:-1], path[1:]]) for path in paths if len(path) > 1]
    if not ends:
        return np.empty((0, 2)), np.empty(0)
    import pandas as pd

    return fibre_points(pd.DataFrame(np.concatenate(ends), columns=["x0_um", "y0_um", "x1_um", "y1_um"]), _STEP_UM)


def _distance(points: Floats, others: Floats) -> Floats:
    if not len(others) or not len(points):
        return np.full(len(points), np.inf)
    return np.asarray(KDTree(others).query(points)[0])


def _outside_bodies(points: Floats, truth: Mapping[str, pd.DataFrame]) -> NDArray[np.bool_]:
    out = np.ones(len(points), bool)
    if "cells" in truth and len(points):
        for row in truth["cells"].itertuples():
            out &= ~near_polygon(read_outline(str(row.outline_um)), points, _BODY_MARGIN_UM)
    return out


def _in_vesicles(points: Floats, truth: Mapping[str, pd.DataFrame]) -> NDArray[np.bool_]:
    inside = np.zeros(len(points), bool)
    if "migrasomes" in truth:
        for x, y, diameter in truth["migrasomes"][["x_um", "y_um", "diameter_um"]].to_numpy(np.float64):
            inside |= np.hypot(points[:, 0] - x, points[:, 1] - y) <= diameter / 2
    return inside
