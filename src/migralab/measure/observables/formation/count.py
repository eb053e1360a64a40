"""Counts as the field reports them: per cell, per 100 um of fibre, per mm2, and their spread over cells."""

from __future__ import annotations

import numpy as np

from migralab.core.errors import RequestError
from migralab.measure.power import state_power
from migralab.measure.readout import NAN
from migralab.measure.statistics.interval import bootstrap, wilson_interval
from migralab.measure.statistics.negative_binomial import find_shape, fit_shape
from migralab.measure.view import Estimate, Floats, Ints, View, join, missing, within

WHICH = ("all", "attached", "detached", "stabilised")
NO_CELLS = "no cells in this frame, so nothing can be counted per cell"
LAID_UNKNOWN = "laid length is unknown: an image shows only the fibres that are still there"
LIVES_UNKNOWN = "lives of migrasomes are unknown: a single image, or a film without tracks"
_ZERO_UPPER = 3.688879454113936  # exact 95 % upper end of a Poisson mean where none was seen


def select(view: View, which: str, min_diameter_um: float = 0.0) -> Ints:
    """Return the owners of the migrasomes that are counted.

    Parameters
    ----------
    view
        Frame of an experiment.
    which
        ``all`` on the ground, ``attached`` to their cell, ``detached``, or ``stabilised`` by tetraspanin.
    min_diameter_um
        Smallest diameter that counts, um; those of unknown diameter count.
    """
    if which not in WHICH:
        raise RequestError(f"which = '{which}' is no choice of migrasomes. Allowed: {', '.join(WHICH)}.")
    keep = np.ones(len(view.owners), bool)
    if which == "stabilised":
        keep = view.word("stage") == "stabilised"
    elif which == "attached":
        keep = view.flag("attached")
    elif which == "detached":
        # An image in which nothing is known about the place says False for want of knowledge
        keep = ~view.flag("attached") & (view.simulated | (view.word("attachment") != "unknown"))
    if min_diameter_um > 0:
        keep = keep & ~(np.nan_to_num(view.value("diameter_um"), nan=np.inf) < min_diameter_um)
    return view.owners[keep]


def count_per_cell(view: View, *, which: str = "all", min_diameter_um: float = 0.0) -> Estimate:
    """Return migrasomes per cell: all in the field over all cells in the field."""
    if not view.n_cells:
        return missing(NO_CELLS)
    counts = view.per_cell(select(view, which, min_diameter_um))
    return _per_cell(view, counts, f"{which} migrasomes on the ground over cells{_cut(min_diameter_um)}")


def count_formed_per_cell(view: View) -> Estimate:
    """Return migrasomes per cell that were ever formed, gone or not."""
    if not view.n_cells:
        return missing(NO_CELLS)
    formed = _formed(view)
    if formed is None:
        return missing(LIVES_UNKNOWN)
    return _per_cell(view, formed, "migrasomes ever formed over cells")


def _per_cell(view: View, counts: tuple[Floats, float], method: str) -> Estimate:
    return _rate(view, counts, (np.ones(view.n_cells), 0.0), 1.0, method)


def _rate(view: View, counts: tuple[Floats, float], base: tuple[Floats, float], scale: float, method: str) -> Estimate:
    """Return counts over a base with the power of the design; a bootstrap of zeros alone would be blind."""
    note = join(_unowned(counts), _power(counts))
    whole = base[0].sum() + base[1]
    if counts[0].sum() + counts[1] == 0 and whole > 0 and view.n_cells:
        high = float(scale * _ZERO_UPPER / whole)
        how = within(method, "exact Poisson upper end")
        return Estimate(value=0.0, low=0.0, high=high, n=view.n_cells, method=how, note=note)
    return view.ratio(counts, base, scale=scale, method=method, note=note)


def count_per_length(view: View, *, fibre: str = "intact", which: str = "all") -> Estimate:
    """Return migrasomes per 100 um of fibre, `fibre` being ``laid`` or ``intact``: ratio of the totals."""
    counts = view.per_cell(select(view, which))
    return _per_length(view, counts, fibre, f"{which} migrasomes over {fibre} fibre")


def count_formed_per_length(view: View) -> Estimate:
    """Return migrasomes ever formed per 100 um of fibre ever laid: what breaking and ageing cannot change."""
    formed = _formed(view)
    if formed is None:
        return missing(LIVES_UNKNOWN)
    return _per_length(view, formed, "laid", "migrasomes ever formed over laid fibre")


def _per_length(view: View, counts: tuple[Floats, float], fibre: str, method: str) -> Estimate:
    length, why = fibre_length(view, fibre)
    if length is None:
        return missing(why)
    if length[0].sum() + length[1] == 0:
        return missing("no fibre in this frame")
    return _rate(view, counts, length, 100.0, f"{method}, ratio of totals")


def fibre_length(view: View, fibre: str) -> tuple[tuple[Floats, float] | None, str]:
    """Return fibre length by cell and without owner, um, or None and the reason why it is unknown."""
    if fibre not in {"laid", "intact"}:
        raise RequestError(f"fibre = '{fibre}' is no kind of length. Allowed: laid, intact.")
    if fibre == "laid" and not view.simulated:
        return None, LAID_UNKNOWN
    rows = view.fibres
    if not len(rows) and view.simulated and len(view.nodes) > view.n_cells:
        return None, f"the fibres of frame {view.frame} were not stored"
    key = f"length of {fibre} fibre"
    if key not in view.memo:
        view.memo[key] = _sum_length(view, fibre)
    found: tuple[Floats, float] = view.memo[key]
    return found, ""


def _sum_length(view: View, fibre: str) -> tuple[Floats, float]:
    rows = view.fibres
    length = rows["length_um"].to_numpy(np.float64)
    counted = ~np.isnan(length)
    if fibre == "intact":
        counted &= ~rows["broken"].to_numpy(bool)
    return view.per_cell(rows["cell_id"].to_numpy(np.int64)[counted], length[counted])


def count_detached_per_area(view: View) -> Estimate:
    """Return detached migrasomes per mm2 of the field."""
    area = view.observations.field_area_um2
    if not area:
        return missing("field_area_um2 is unknown: give the area that was looked at")
    counts = view.per_cell(select(view, "detached"))
    share = area * 1e-6 / max(view.n_cells, 1)
    base = (np.full(view.n_cells, share), 0.0 if view.n_cells else share)
    return _rate(view, counts, base, 1.0, "detached migrasomes over field area")


def measure_attached_share(view: View) -> Estimate:
    """Return the share of migrasomes on the ground that are still connected to their cell."""
    known = view.simulated | (view.word("attachment") != "unknown")
    return view.mean_of(view.owners[known], view.flag("attached")[known], method="attached over all migrasomes")


def measure_positive_cells(view: View) -> Estimate:
    """Return the share of cells with at least one migrasome."""
    counts, why = _known_counts(view)
    if counts is None:
        return missing(why)
    hits = int(np.count_nonzero(counts))
    low, high = wilson_interval(hits, len(counts))
    how = within("cells with migrasomes over cells", "Wilson interval")
    return Estimate(value=hits / len(counts), low=low, high=high, n=len(counts), method=how, note=why)


def measure_zero_cells(view: View) -> Estimate:
    """Return the share of cells without a migrasome."""
    some = measure_positive_cells(view)
    return Estimate(
        value=1 - some.value, low=1 - some.high, high=1 - some.low, n=some.n,
        method=some.method.replace("with migrasomes", "without migrasomes"), note=some.note,
    )  # fmt: skip


def measure_variance_to_mean(view: View) -> Estimate:
    """Return variance over mean of the counts per cell; 1 for Poisson counts."""
    counts, why = _known_counts(view)
    if counts is None or not counts.sum():
        return missing(why or "no migrasomes")
    n = len(counts)

    def index(total: Floats, squares: Floats) -> Floats:
        return (squares - total**2 / n) / (n - 1) / (total / n)

    if n < 2:
        return missing("one cell has no variance")
    value = float(index(counts.sum(), (counts**2).sum()))
    return view.estimate(value, bootstrap(index, counts, counts**2), "variance over mean of counts per cell", why)


def measure_shape(view: View) -> Estimate:
    """Return the negative-binomial k of the counts per cell; infinite for no more than Poisson."""
    counts, why = _known_counts(view)
    if counts is None or len(counts) < 2 or not counts.sum():
        return missing(why or "no migrasomes, or one cell")
    k, low, high = fit_shape(counts.astype(np.int64))
    how = within("negative-binomial k by maximum likelihood", "profile likelihood")
    return Estimate(value=k, low=low, high=high, n=len(counts), method=how, note=why)


def measure_inverse_shape(view: View) -> Estimate:
    """Return 1/k, the squared coefficient of variation beyond Poisson; 0 for Poisson counts."""
    found = measure_shape(view)
    with np.errstate(divide="ignore"):
        value, low, high = (float(1 / np.float64(x)) for x in (found.value, found.high, found.low))
    return Estimate(value=value, low=low, high=high, n=found.n, method=f"1/k: {found.method}", note=found.note)


def measure_maximum_to_mean(view: View) -> Estimate:
    """Return the count of the cell with most migrasomes over the mean."""
    counts, why = _known_counts(view)
    if counts is None or not counts.sum():
        return missing(why or "no migrasomes")
    note = join(why, "no interval: a bootstrap cannot see beyond the largest cell; it grows with the number of cells")
    how = within("largest count per cell over mean", "no interval")
    return Estimate(value=float(counts.max() / counts.mean()), n=len(counts), method=how, note=note)


def _known_counts(view: View) -> tuple[Floats | None, str]:
    """Return counts by cell, or None and the reason; migrasomes without an owner are left out and said so."""
    if not view.n_cells:
        return None, NO_CELLS
    counts, unowned = view.per_cell(view.owners)
    if unowned > counts.sum():
        return None, f"{unowned:.0f} of {unowned + counts.sum():.0f} migrasomes have no known owner"
    return counts, (f"{unowned:.0f} migrasomes without a known owner left out" if unowned else "")


def _formed(view: View) -> tuple[Floats, float] | None:
    lives = view.lives
    if not len(lives) and len(view.migrasomes):
        return None
    since = "stabilised_min" if view.simulated else "appeared_min"
    formed = lives[~(lives[since].to_numpy(np.float64) > view.time_min)]
    return view.per_cell(formed["cell_id"])


def _power(counts: tuple[Floats, float]) -> str:
    owned = counts[0]
    if len(owned) < 2 or not owned.sum() or counts[1] > owned.sum():
        return state_power(NAN, NAN, len(owned))
    return state_power(float(owned.mean()), find_shape(owned.astype(np.int64)), len(owned))


def _unowned(counts: tuple[Floats, float]) -> str:
    if not counts[1]:
        return ""
    total = counts[0].sum() + counts[1]
    return f"{counts[1]:.0f} of {total:.0f} migrasomes have no known owner and are in the total"


def _cut(min_diameter_um: float) -> str:
    return f", diameter at least {min_diameter_um:g} um" if min_diameter_um > 0 else ""
