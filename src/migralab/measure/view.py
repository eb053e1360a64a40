"""What the observables look at: one frame of one experiment, as arrays by cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from migralab.core.errors import RequestError
from migralab.measure.readout import NAN
from migralab.measure.statistics.interval import ratio_interval
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What an observable returns: a value with its interval, before it gets its name and its experiment."""

    value: float
    low: float = NAN
    high: float = NAN
    n: int = 0
    n_unit: str = "cells"
    method: str = ""
    note: str = ""


def within(method: str, interval: str) -> str:
    """Return the words for a value of one experiment and for its interval."""
    return f"{method}; one experiment, {interval} over its cells, no interval over experiments"


def missing(reason: str) -> Estimate:
    """Return an estimate without a value, with the reason."""
    return Estimate(value=NAN, note=reason)


class View:
    """One frame of one experiment.

    Parameters
    ----------
    observations
        The tables.
    frame
        Number of the frame; the last by default.
    population
        Only these cells and what they left; all by default. `field` is the view of all.
    """

    def __init__(self, observations: Observations, frame: int | None = None, population: str | None = None) -> None:
        frames = len(observations.frames_min)
        frame = frames - 1 if frame is None else frame
        if not 0 <= frame < frames:
            raise RequestError(
                f"frame = {frame} does not exist; '{observations.experiment}' has frames 0 to {frames - 1}."
            )
        self.observations = observations
        self.frame = frame
        self.population = population
        self.time_min = float(observations.frames_min[frame])
        self.memo: dict[str, Any] = {}  # what several observables of one frame share

    @property
    def simulated(self) -> bool:
        """Whether the tables are a simulator's truth, in which nothing is hidden."""
        return self.observations.origin == "simulation"

    @cached_property
    def field(self) -> View:
        """The same frame with the cells of all populations."""
        return self if self.population is None else View(self.observations, self.frame)

    def of(self, population: str | None) -> View:
        """Return the same frame with the cells of one population only."""
        chosen = View(self.observations, self.frame, population)
        chosen.__dict__["field"] = self.field  # shares what is made once for the whole field
        return chosen

    @cached_property
    def members(self) -> Ints:
        """Ids of the cells that were ever of the population."""
        rows = self.whole("cells")
        return np.unique(rows["cell_id"].to_numpy(np.int64))

    def whole(self, table: str) -> pd.DataFrame:
        """Return a table with all its frames, of the population only."""
        return self._own(table, self.observations[table])

    def _at_frame(self, table: str) -> pd.DataFrame:
        return self._own(table, self.observations.at(table, self.frame))

    def _own(self, table: str, rows: pd.DataFrame) -> pd.DataFrame:
        if self.population is None or "cell_id" not in rows:
            return rows
        if table == "cells":
            return rows[(rows["population"] == self.population).to_numpy(bool)]
        return rows[np.isin(rows["cell_id"].to_numpy(np.int64), self.members)]

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Cells of the frame."""
        return self._at_frame("cells")

    @cached_property
    def fibres(self) -> pd.DataFrame:
        """Stretches of fibre of the frame."""
        return self._at_frame("fibres")

    @cached_property
    def migrasomes(self) -> pd.DataFrame:
        """Migrasomes on the ground in the frame, attached and detached; precursors are not counted."""
        rows = self._at_frame("migrasomes")
        keep = np.flatnonzero(~rows["stage"].isin(["precursor", "collapsed"]).to_numpy(bool))
        return rows.iloc[keep]

    def value(self, column: str) -> Floats:
        """Return a column of the migrasomes of the frame as numbers; taken out of the table once."""
        return self._column(column, lambda values: values.to_numpy(np.float64))

    def flag(self, column: str) -> Mask:
        """Return a yes-or-no column of the migrasomes of the frame."""
        return self._column(column, lambda values: values.to_numpy(bool))

    def word(self, column: str) -> NDArray[np.str_]:
        """Return a column of words of the migrasomes of the frame."""
        return self._column(column, lambda values: np.asarray(values.to_numpy(object), np.str_))

    @property
    def owners(self) -> Ints:
        """Ids of the cells that own the migrasomes of the frame."""
        return self._column("cell_id", lambda values: values.to_numpy(np.int64))

    def _column(self, column: str, convert: Callable[[Any], NDArray[Any]]) -> NDArray[Any]:
        key = f"column {column}"
        if key not in self.memo:
            self.memo[key] = convert(self.migrasomes[column])
        found: NDArray[Any] = self.memo[key]
        return found

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """Nodes of the fibre network that had been laid by the time of the frame; in images, all."""
        rows = self.whole("nodes")
        born = rows["born_min"].to_numpy(np.float64)
        there = np.isnan(born) | (np.nan_to_num(born) <= self.time_min)
        return rows if there.all() else rows[there]

    @cached_property
    def lives(self) -> pd.DataFrame:
        """Lives of migrasomes, without collapsed precursors and in a simulation only once stabilised."""
        rows = self.whole("lives")
        lasting = (rows["fate"] != "collapsed").to_numpy(bool)
        if self.simulated:
            lasting = lasting & rows["stabilised_min"].notna().to_numpy(bool)
        return rows.iloc[np.flatnonzero(lasting)]

    @cached_property
    def cell_ids(self) -> Ints:
        """Ids of the cells of the frame, ascending."""
        return np.sort(self.cells["cell_id"].to_numpy(np.int64))

    @cached_property
    def n_cells(self) -> int:
        """Number of cells in the frame."""
        return len(self.cell_ids)

    def owner(self, cell_id: ArrayLike) -> Ints:
        """Return the position of each owner in `cell_ids`; `n_cells` where the owner is unknown."""
        wanted = np.asarray(cell_id, np.int64)
        if not self.n_cells:
            return np.zeros(len(wanted), np.int64)
        place = np.minimum(np.searchsorted(self.cell_ids, wanted), self.n_cells - 1)
        return np.where(self.cell_ids[place] == wanted, place, self.n_cells)

    def per_cell(self, cell_id: ArrayLike, values: Floats | None = None) -> tuple[Floats, float]:
        """Return the sum of values (or the number of rows) by cell, and what belongs to no known cell."""
        sums = np.bincount(self.owner(cell_id), values, minlength=self.n_cells + 1).astype(np.float64)
        return sums[: self.n_cells], float(sums[self.n_cells])

    def cell_values(self, column: str) -> Floats:
        """Return a column of the cells table of the frame, in the order of `cell_ids`."""
        order = np.argsort(self.cells["cell_id"].to_numpy(np.int64), kind="stable")
        return self.cells[column].to_numpy(np.float64)[order]

    def ratio(
        self,
        top: tuple[Floats, float],
        bottom: tuple[Floats, float],
        *,
        scale: float = 1.0,
        method: str,
        note: str = "",
    ) -> Estimate:
        """Return a ratio of two totals with its bootstrap interval over cells.

        Parameters
        ----------
        top, bottom
            Sums by cell and the remainder without a known owner, as `per_cell` returns them. The remainder
            belongs to the field, so it is in the value; the interval is scaled to it, and left out where
            the remainder is the larger part.
        scale
            Factor on the ratio.
        method, note
            Words for the readout.
        """
        total, base = top[0].sum() + top[1], bottom[0].sum() + bottom[1]
        if not base > 0:
            return missing(join(note, "nothing to divide by in this frame"))
        value = float(scale * total / base)
        if top[1] > top[0].sum() or bottom[1] > bottom[0].sum() or not self.n_cells:
            return self.estimate(value, (NAN, NAN), method, join(note, "most owners are unknown"))
        low, high = ratio_interval(top[0], bottom[0])
        owned = float(top[0].sum() / bottom[0].sum())
        stretch = scale if not (top[1] or bottom[1]) or not owned else value / owned
        return self.estimate(value, (low * stretch, high * stretch), method, note)

    def mean_of(self, cell_id: Ints, values: ArrayLike, *, method: str, note: str = "") -> Estimate:
        """Return the mean of a value over objects with its interval over cells; NaN are left out."""
        values = np.asarray(values, np.float64)
        known = ~np.isnan(values)
        if not known.any():
            return missing(join(note, "no object with a known value in this frame"))
        ids = cell_id[known]
        found = self.ratio(
            self.per_cell(ids, values[known]), self.per_cell(ids),
            method=method, note=join(f"from {int(known.sum())} objects", note),
        )  # fmt: skip
        # A mean cannot leave the range of its objects, to which scaling for unknown owners might push it
        least, most = float(values[known].min()), float(values[known].max())
        return replace(found, low=float(np.clip(found.low, least, most)), high=float(np.clip(found.high, least, most)))

    def estimate(self, value: float, interval: tuple[float, float], method: str, note: str = "") -> Estimate:
        """Return an estimate within one experiment; its cells are the replicates, if they are known."""
        return estimate_over(self.n_cells, value, interval, method, note)


def estimate_over(n_cells: int, value: float, interval: tuple[float, float], method: str, note: str = "") -> Estimate:
    """Return an estimate within one experiment, over so many cells; with none, their owners are unknown."""
    low, high = interval
    if np.isnan(low) or np.isnan(high):
        unknown = "no interval: owners of the objects are unknown"
        note = join(note, unknown if not n_cells else "no interval within this experiment")
    elif low == high and n_cells > 1:
        note = join(note, "all cells are alike here, so the interval cannot show a rarer kind")
    how = within(method, "bootstrap")
    n, unit = (n_cells, "cells") if n_cells else (1, "experiments")
    return Estimate(value=value, low=float(low), high=float(high), n=n, n_unit=unit, method=how, note=note)


def join(*notes: str) -> str:
    """Return notes as one text, without the empty ones."""
    return "; ".join(note for note in notes if note)
