"""What the observables of movement look at: the tracks of the cells up to a frame, with their gaps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from migralab.measure.readout import NAN
from migralab.measure.statistics.interval import ratio_interval
from migralab.measure.view import Estimate, Floats, Ints, Mask, View, estimate_over, join, missing

JITTER = 0.1  # steps that differ by more from the usual interval are not of its length: gaps, uneven frames
LEAST_EVEN = 0.5
NO_STEPS = "needs positions of cells in at least two frames"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Steps of usual length between two sights of a cell.

    Parameters
    ----------
    start
        (n,) row of the film at which each begins; it ends at the next row.
    cell
        (n,) position of the cell in `Film.ids`.
    move
        (n, 2) displacement, um.
    length, minutes
        (n,) its length, um, and duration, min.
    """

    start: Ints
    cell: Ints
    move: Floats
    length: Floats
    minutes: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Corners:
    """Places at which a cell was seen between two steps of usual length, neither of them of length 0.

    Parameters
    ----------
    row
        (n,) row of the film at the corner.
    cell
        (n,) position of the cell in `Film.ids`.
    before, after
        (n, 2) unit vectors of the step that ends there and of the one that begins there.
    """

    row: Ints
    cell: Ints
    before: Floats
    after: Floats

    @property
    def turn(self) -> Floats:
        """Turning angle, rad, positive to the left, in (-pi, pi]."""
        cross = self.before[:, 0] * self.after[:, 1] - self.before[:, 1] * self.after[:, 0]
        turn: Floats = np.arctan2(cross, np.sum(self.before * self.after, axis=1))
        return turn


class Film:
    """Tracks of all cells that were seen up to a frame, also of those that are no longer there.

    Rows are sights, sorted by cell and time. A step joins two sights that follow each other; it counts only if it is
    as long as most are, to a tenth: a step over a gap is a slower one than the cell made, not a longer one.

    Parameters
    ----------
    view
        Frame up to which the film goes, and population.
    """

    def __init__(self, view: View) -> None:
        rows = view.whole("cells")
        place = rows[["x_um", "y_um"]].to_numpy(np.float64)
        frame = rows["frame"].to_numpy(np.int64)
        keep = np.flatnonzero((frame <= view.frame) & ~np.isnan(place).any(axis=1))
        ids, frame, place = rows["cell_id"].to_numpy(np.int64)[keep], frame[keep], place[keep]
        order = np.lexsort((frame, ids))
        self.rows: Ints = keep[order]
        self.frame: Ints = frame[order]
        self.place: Floats = place[order]
        self.minute: Floats = np.asarray(view.observations.frames_min, np.float64)[self.frame]
        self.ids: Ints
        self.cell: Ints
        self.ids, self.cell = np.unique(ids[order], return_inverse=True)
        self._table = rows

    @property
    def n_cells(self) -> int:
        """Number of cells that were ever seen."""
        return len(self.ids)

    def column(self, name: str) -> Floats:
        """Return a column of the cells table in the order of the rows; NaN where the table has none."""
        if name not in self._table:
            return np.full(len(self.rows), np.nan)
        return self._table[name].to_numpy(np.float64)[self.rows]

    @cached_property
    def _joined(self) -> tuple[Ints, Floats]:
        start = np.flatnonzero(self.cell[1:] == self.cell[:-1])
        return start, self.minute[start + 1] - self.minute[start]

    @cached_property
    def interval(self) -> float:
        """Usual time between two sights of a cell, min: the median; NaN without a step."""
        minutes = self._joined[1]
        return float(np.median(minutes)) if len(minutes) else NAN

    @cached_property
    def even(self) -> Mask:
        """Which of the joined sights are as far apart in time as usual."""
        return np.asarray(np.abs(self._joined[1] - self.interval) <= JITTER * self.interval)

    @cached_property
    def problem(self) -> str:
        """Why there are no steps; empty if there are."""
        if not len(self.even) or not self.interval > 0:
            return NO_STEPS
        if self.even.mean() < LEAST_EVEN:
            return "frames are too uneven: fewer than half of the steps last about as long as the median one"
        return ""

    @property
    def gaps(self) -> str:
        """How many steps were left out as too long or too short; empty if none."""
        odd = int(np.count_nonzero(~self.even))
        return f"{odd} of {len(self.even)} steps over gaps or uneven frames left out" if odd else ""

    @cached_property
    def steps(self) -> Steps:
        """Steps of usual length."""
        start = self._joined[0][self.even]
        move = self.place[start + 1] - self.place[start]
        return Steps(
            start=start, cell=self.cell[start], move=move, length=np.hypot(move[:, 0], move[:, 1]),
            minutes=self._joined[1][self.even],
        )  # fmt: skip

    @cached_property
    def corners(self) -> Corners:
        """Corners between two steps of usual length."""
        steps = self.steps
        first = np.flatnonzero(
            (np.diff(steps.start) == 1) & (steps.cell[1:] == steps.cell[:-1])
            & (steps.length[1:] > 0) & (steps.length[:-1] > 0)
        )  # fmt: skip
        unit = steps.move / np.where(steps.length > 0, steps.length, 1.0)[:, None]
        return Corners(row=steps.start[first + 1], cell=steps.cell[first], before=unit[first], after=unit[first + 1])

    @cached_property
    def slots(self) -> Floats:
        """Positions by cell and number of usual intervals since its first sight, (cells, slots, 2); NaN in gaps."""
        start, minutes = self._joined
        advance = np.zeros(len(self.rows), np.int64)
        advance[start + 1] = np.rint(minutes / self.interval).astype(np.int64)
        total = np.cumsum(advance)
        first = np.searchsorted(self.cell, np.arange(self.n_cells))
        slot = total - total[first][self.cell]
        table = np.full((self.n_cells, int(slot.max(initial=0)) + 1, 2), np.nan)
        table[self.cell, slot] = self.place
        return table

    def sum_by(self, cell: Ints, values: NDArray[np.floating] | None = None) -> Floats:
        """Return the sum of values, or the number of rows, by cell."""
        return np.bincount(cell, values, minlength=self.n_cells).astype(np.float64)

    def mean(self, cell: Ints, values: Floats, *, method: str, note: str = "") -> Estimate:
        """Return the mean of a value over objects, each with the same weight; the interval is over cells."""
        if not len(values):
            return missing(join(note, "nothing to average"))
        return self.ratio(self.sum_by(cell, values), self.sum_by(cell), method=method, note=note)

    def mean_of_cells(self, values: Floats, *, method: str, note: str = "") -> Estimate:
        """Return the mean over the cells that have a value."""
        known = ~np.isnan(values)
        return self.ratio(np.where(known, values, 0.0), known.astype(np.float64), method=method, note=note)

    def ratio(self, top: Floats, bottom: Floats, *, method: str, note: str = "") -> Estimate:
        """Return the ratio of two sums over cells; cells with nothing below are not counted as replicates."""
        counts = bottom > 0
        if not counts.any():
            return missing(join(note, "nothing to divide by"))
        top, bottom = top[counts], bottom[counts]
        value = float(top.sum() / bottom.sum())
        return estimate_over(len(top), value, ratio_interval(top, bottom), method, note)


def film_of(view: View) -> Film:
    """Return the film of a view, made once."""
    if "film" not in view.memo:
        view.memo["film"] = Film(view)
    found: Film = view.memo["film"]
    return found
