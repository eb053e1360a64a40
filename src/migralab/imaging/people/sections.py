"""From profiles in a section to spheres: how many there are, and of what size.

Theory: docs/theory/imaging-statistics.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError

Floats = NDArray[np.float64]
_FINE = 32  # sizes within a class: a class stands for all of its sizes, not for its upper end
_RESAMPLES = 200
_SEED = 20191022


@dataclass(frozen=True, slots=True, kw_only=True)
class Spheres:
    """Spheres behind the profiles of a section.

    Parameters
    ----------
    edges
        (k + 1,) classes of diameter, um.
    per_um2
        (k,) spheres per um2 of section and um of depth, that is per um3 where the profiles are per um2; in spheres
        per um of depth where no area was given.
    share, share_low, share_high
        (k,) share of each class and its 95 % interval.
    mean_um, mean_interval
        Mean diameter and its 95 % interval.
    sd_um
        Standard deviation of the diameter.
    total
        Sum of `per_um2`.
    n
        Profiles that were used.
    note
        What the reader must know.
    """

    edges: Floats
    per_um2: Floats
    share: Floats
    share_low: Floats
    share_high: Floats
    mean_um: float
    mean_interval: tuple[float, float]
    sd_um: float
    total: float
    n: int
    note: str


def abercrombie(profiles: float, *, section_um: float, mean_um: float, lost_cap_um: float = 0.0) -> float:
    """Return how many spheres a count of profiles stands for (eq-abercrombie): ``n t / (t + D - 2 c)``.

    A sphere shows in every section that it reaches into, so counting profiles counts large ones more than once.

    Parameters
    ----------
    profiles
        Profiles counted, a number or a number per area.
    section_um
        Thickness t of the section.
    mean_um
        Mean diameter D of the spheres (not of the profiles) across the section.
    lost_cap_um
        Height c of a cap too small to be seen or that falls out of the section.

    Raises
    ------
    RequestError
        If a length is not above 0, or caps are taller than half a sphere.
    """
    if not (section_um > 0 and mean_um > 0 and 0 <= lost_cap_um < mean_um / 2):
        raise RequestError(
            f"section = {section_um:g}, mean = {mean_um:g} and lost cap = {lost_cap_um:g} um: both lengths must be "
            "above 0 and a cap below half the mean diameter."
        )
    return profiles * section_um / (section_um + mean_um - 2 * lost_cap_um)


def unfold_profiles(
    profiles: Floats,
    *,
    section_um: float = 0.0,
    classes: int = 12,
    largest_um: float | None = None,
    smallest_um: float = 0.0,
    area_um2: float | None = None,
) -> Spheres:
    """Return the sizes of spheres from the diameters of their profiles in a section (eq-unfolding).

    Non-negative least squares over classes of diameter (Wicksell 1925, Saltykov 1967), each class weighted by its
    Poisson error. A sphere of diameter D shows a profile larger than x in a section of thickness t if its middle lies
    in a layer ``t + sqrt(D^2 - x^2)`` thick; in a thick section it is seen with its full diameter.

    Parameters
    ----------
    profiles
        Diameters (n,) of the profiles, um.
    section_um
        Thickness of the section, 0 for one much thinner than the spheres.
    classes
        Number of classes; few profiles need few.
    largest_um
        Upper end of the classes; the largest profile by default.
    smallest_um
        Profiles below it cannot be seen: they are left out, as are spheres below it.
    area_um2
        Area of section that was looked at.

    Raises
    ------
    RequestError
        If there are fewer profiles than classes, or the numbers make no sense.
    """
    seen = np.asarray(profiles, np.float64)
    seen = seen[seen > smallest_um]
    top = float(seen.max() * (1 + 1e-9)) if largest_um is None and len(seen) else largest_um
    if len(seen) < classes or classes < 2 or section_um < 0 or top is None or top <= smallest_um:
        raise RequestError(
            f"{len(seen)} profiles above {smallest_um:g} um cannot be unfolded into {classes} classes up to {top} um. "
            "Give more profiles than classes, at least 2 classes, and a section that is not negative."
        )
    if (seen > top).any():
        raise RequestError(f"Profiles of up to {seen.max():g} um lie beyond the largest class, {top:g} um.")
    edges = np.linspace(smallest_um, top, classes + 1)
    kernel = _kernel(edges, section_um)
    counts = np.histogram(seen, edges)[0].astype(np.float64)
    found = _solve(kernel, counts)
    rng = np.random.Generator(np.random.Philox(key=_SEED))
    again = np.stack([_solve(kernel, rng.poisson(counts).astype(np.float64)) for _ in range(_RESAMPLES)])
    again = again[again.sum(axis=1) > 0]
    share = again / again.sum(axis=1, keepdims=True)
    middle = (edges[1:] + edges[:-1]) / 2
    low, high = np.quantile(share, [0.025, 0.975], axis=0)
    means = np.quantile(share @ middle, [0.025, 0.975])
    mean, sd = _moments(found, middle)
    return Spheres(
        edges=edges, per_um2=found / (area_um2 or 1.0), share=found / found.sum(), share_low=low, share_high=high,
        mean_um=mean, mean_interval=(float(means[0]), float(means[1])), sd_um=sd,
        total=float(found.sum() / (area_um2 or 1.0)), n=len(seen), note=_say(section_um, smallest_um),
    )  # fmt: skip


def _kernel(edges: Floats, section_um: float) -> Floats:
    """Return the profiles in class i (row) for one sphere per um of depth in class j (column)."""
    inner = (np.arange(_FINE) + 0.5) / _FINE
    sizes = edges[:-1, None] + np.diff(edges)[:, None] * inner  # (class, size within it)
    limit = np.sqrt(np.maximum(sizes[None] ** 2 - edges[:, None, None] ** 2, 0.0))
    layer = (limit + section_um * (sizes[None] > edges[:, None, None])).mean(axis=-1)
    return np.asarray(layer[:-1] - layer[1:], np.float64)


def _solve(kernel: Floats, counts: Floats) -> Floats:
    from scipy.optimize import nnls

    weight = 1 / np.sqrt(np.maximum(counts, 1.0))
    found, _ = nnls(kernel * weight[:, None], counts * weight)
    return np.asarray(found, np.float64)


def _moments(found: Floats, middle: Floats) -> tuple[float, float]:
    if not found.sum() > 0:
        return math.nan, math.nan
    mean = float(found @ middle / found.sum())
    return mean, math.sqrt(max(float(found @ (middle - mean) ** 2 / found.sum()), 0.0))


def _say(section_um: float, smallest_um: float) -> str:
    parts = ["spheres at random depth, taken as independent"]
    if smallest_um > 0:
        parts.append(f"spheres below {smallest_um:g} um are unknown, and small caps of larger ones were left out")
    if section_um == 0:
        parts.append("section taken as infinitely thin")
    return "; ".join(parts)
