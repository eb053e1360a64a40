"""Agreement between observers, and of observers with the program: who marked the same vesicles, and how alike.

Theory: docs/theory/imaging-statistics.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.imaging.people.kappa import Kappa, cohen_kappa, detection_kappa
from migralab.imaging.people.limits import Limits, limits_of_agreement
from migralab.measure.statistics.interval import bootstrap
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TOLERANCE_UM = 0.3
_FEWEST = 5  # images below which an interval over images is not stated (E)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two observers agree; neither is the truth.

    Parameters
    ----------
    both, only_first, only_second
        Objects that both marked, and that one marked alone.
    f1, f1_interval
        ``2 both / (2 both + only_first + only_second)`` with its 95 % interval over images (NaN for fewer than 5).
    kappa
        Cohen's kappa of marking a candidate; unknown unless somebody else's candidates give the negatives.
    kappa_attachment
        Cohen's kappa of tip, junction, shaft or free on objects that both marked and named.
    counts
        Bland-Altman of the counts per image, second minus first.
    diameters
        Bland-Altman of the diameters of objects that both measured, um, second minus first.
    images
        One row per image: counts, matches, F1, mean difference of diameters.
    pairs
        One row per matched pair: image, frame, both places and diameters, distance.
    notes
        What the reader must know.
    """

    both: int
    only_first: int
    only_second: int
    f1: float
    f1_interval: tuple[float, float]
    kappa: Kappa
    kappa_attachment: Kappa
    counts: Limits
    diameters: Limits
    images: pd.DataFrame
    pairs: pd.DataFrame
    notes: tuple[str, ...] = ()


def match_objects(
    first: Floats, second: Floats, *, diameters: tuple[Floats, Floats] | None = None, tolerance_um: float = TOLERANCE_UM
) -> Ints:
    """Return pairs (n, 2) of rows that mark the same object: as many as can be, then as near as can be.

    Parameters
    ----------
    first, second
        Places (n, 2) and (m, 2), um.
    diameters
        Their diameters, um, NaN where unknown.
    tolerance_um
        Largest distance; half the larger of the two diameters is allowed where that is more.
    """
    from scipy.optimize import linear_sum_assignment

    if not len(first) or not len(second):
        return np.empty((0, 2), np.int64)
    distance = np.hypot(*(first[:, None] - second[None]).transpose(2, 0, 1))
    allowed = np.full(distance.shape, tolerance_um)
    if diameters is not None:
        one, other = (np.nan_to_num(part, nan=0.0) for part in diameters)
        allowed = np.maximum(allowed, np.maximum(one[:, None], other[None]) / 2)
    near = distance <= allowed
    # a pair too far apart costs more than all allowed ones together, so that their number is greatest
    cost = np.where(near, distance / allowed, 1.0 + min(distance.shape))
    rows, columns = linear_sum_assignment(cost)
    kept = near[rows, columns]
    return np.stack([rows[kept], columns[kept]], axis=1).astype(np.int64)


def compare_observers(
    first: Mapping[str, Observations],
    second: Mapping[str, Observations],
    *,
    candidates: Mapping[str, Observations] | None = None,
    tolerance_um: float = TOLERANCE_UM,
) -> Agreement:
    """Compare two sets of marks of the same images: two persons, one person twice, or a person and the program.

    Parameters
    ----------
    first, second
        Observations by image name, the same names in both.
    candidates
        What a third observer, or the program at a low threshold, offered in the same images. Candidates that
        neither of the two marked are the negatives of kappa.
    tolerance_um
        See `match_objects`.

    Raises
    ------
    DataError
        If the two do not cover the same images.
    """
    import pandas as pd

    names = _shared_images(first, second, candidates)
    pairs = pd.concat([_pairs(name, first[name], second[name], tolerance_um) for name in names], ignore_index=True)
    images = pd.DataFrame([_row(name, first[name], second[name], pairs[pairs["image"] == name]) for name in names])
    both, one, other = (images[c].to_numpy(np.float64) for c in ("both", "only_first", "only_second"))
    negatives = None
    if candidates is not None:
        negatives = sum(_count_refused(candidates[n], first[n], second[n], tolerance_um) for n in names)
    measured = pairs[pairs["diameter_first_um"].notna() & pairs["diameter_second_um"].notna()]
    notes = () if len(names) >= _FEWEST else (f"{len(names)} images: no interval over images below {_FEWEST}.",)
    return Agreement(
        both=int(both.sum()),
        only_first=int(one.sum()),
        only_second=int(other.sum()),
        f1=float(_f1(both.sum(), one.sum(), other.sum())),
        f1_interval=bootstrap(_f1, both, one, other) if len(names) >= _FEWEST else (np.nan, np.nan),
        kappa=detection_kappa(int(both.sum()), int(one.sum()), int(other.sum()), negatives),
        kappa_attachment=_kappa_attachment(pairs),
        counts=limits_of_agreement(images["first"].to_numpy(np.float64), images["second"].to_numpy(np.float64)),
        diameters=limits_of_agreement(
            measured["diameter_first_um"].to_numpy(np.float64),
            measured["diameter_second_um"].to_numpy(np.float64),
            group=measured["image"].to_numpy(str),
        ),
        images=images,
        pairs=pairs,
        notes=notes,
    )


def _shared_images(*sets: Mapping[str, Observations] | None) -> list[str]:
    first = sets[0] or {}
    for other in sets[1:]:
        if other is not None and (strange := sorted(set(first) ^ set(other))):
            raise DataError(
                f"Image '{strange[0]}' was not seen by all. Compare the same images; an image in which nothing was "
                "marked needs an empty table, not a missing one."
            )
    if not first:
        raise DataError("There are no images to compare. Give the observations of each observer by image name.")
    return list(first)


def _f1(both: Floats | float, one: Floats | float, other: Floats | float) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2 * both / np.asarray(2 * both + one + other, np.float64), np.float64)


def _pairs(name: str, first: Observations, second: Observations, tolerance_um: float) -> pd.DataFrame:
    """Match frame by frame."""
    import pandas as pd

    one, other = first["migrasomes"], second["migrasomes"]
    rows: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    for frame in sorted(set(one["frame"]) & set(other["frame"])):
        left, right = one[one["frame"] == frame], other[other["frame"] == frame]
        found = match_objects(
            _places(left),
            _places(right),
            diameters=(left["diameter_um"].to_numpy(np.float64), right["diameter_um"].to_numpy(np.float64)),
            tolerance_um=tolerance_um,
        )
        rows.append((left.iloc[found[:, 0]], right.iloc[found[:, 1]]))
    joined = {
        f"{column}_{side}{ending}": np.concatenate(
            [pair[k][f"{column}{ending}"].to_numpy() for pair in rows] or [np.empty(0)]
        )
        for k, side in enumerate(("first", "second"))
        for column, ending in (("x", "_um"), ("y", "_um"), ("diameter", "_um"), ("attachment", ""))
    }
    frames = np.concatenate([pair[0]["frame"].to_numpy() for pair in rows] or [np.empty(0)]).astype(np.int64)
    table = pd.DataFrame({"image": np.full(len(frames), name, dtype=object), "frame": frames, **joined})
    table["distance_um"] = np.hypot(
        table["x_first_um"].to_numpy(np.float64) - table["x_second_um"].to_numpy(np.float64),
        table["y_first_um"].to_numpy(np.float64) - table["y_second_um"].to_numpy(np.float64),
    )
    return table


def _places(table: pd.DataFrame) -> Floats:
    return table[["x_um", "y_um"]].to_numpy(np.float64)


def _row(name: str, first: Observations, second: Observations, pairs: pd.DataFrame) -> dict[str, object]:
    one, other, both = len(first["migrasomes"]), len(second["migrasomes"]), len(pairs)
    shift = (pairs["diameter_second_um"] - pairs["diameter_first_um"]).to_numpy(np.float64)
    shift = shift[np.isfinite(shift)]
    return {
        "image": name,
        "first": one,
        "second": other,
        "both": both,
        "only_first": one - both,
        "only_second": other - both,
        "f1": float(_f1(both, one - both, other - both)),
        "diameter_difference_um": float(shift.mean()) if len(shift) else np.nan,
    }


def _count_refused(offered: Observations, first: Observations, second: Observations, tolerance_um: float) -> int:
    """Return how many candidates neither of the two marked."""
    left = 0
    for frame in sorted(set(offered["migrasomes"]["frame"])):
        at = [seen["migrasomes"][seen["migrasomes"]["frame"] == frame] for seen in (offered, first, second)]
        taken: set[int] = set()
        for marks in at[1:]:
            diameters = (at[0]["diameter_um"].to_numpy(np.float64), marks["diameter_um"].to_numpy(np.float64))
            found = match_objects(_places(at[0]), _places(marks), diameters=diameters, tolerance_um=tolerance_um)
            taken |= set(found[:, 0].tolist())
        left += len(at[0]) - len(taken)
    return left


def _kappa_attachment(pairs: pd.DataFrame) -> Kappa:
    one, other = pairs["attachment_first"].astype(str), pairs["attachment_second"].astype(str)
    named = (one != "unknown") & (other != "unknown")
    words = ("tip", "junction", "shaft", "free")
    table = np.array([[int(((one == a) & (other == b) & named).sum()) for b in words] for a in words])
    return cohen_kappa(table, negatives="objects that both marked and named; those that one marked alone are left out")
