"""What the networks inside the cells show: levels at a time, cells above a threshold, time of a fall, hysteresis."""

from __future__ import annotations

import numpy as np

from migralab.core.errors import RequestError
from migralab.measure.statistics.interval import wilson_interval
from migralab.measure.view import Estimate, Floats, Ints, View, missing, within

LEAST_OVERLAP = 1 / 3  # of the rise, that the way back must pass again
NO_PATHWAY = "no network inside the cells shows it: add a pathway to the mechanisms, or these are images"


def measure_level(
    view: View, *, quantity: str | None = None, pathway: str | None = None, hour: float | None = None,
    over_hour: float | None = None,
) -> Estimate:  # fmt: skip
    """Return the level of a quantity, mean over cells, in the unit of the model.

    Parameters
    ----------
    view
        Frame of an experiment.
    quantity
        Symbol of the model, for example ``pakt``.
    pathway
        Its network; may be left out where one alone shows it.
    hour
        Time since the start of the run; by default that of the frame. The frame next to it is taken.
    over_hour
        If given, the mean is divided by that of the same cells at this hour.
    """
    now = _at(view, quantity, pathway, hour)
    if isinstance(now, Estimate):
        return now
    if over_hour is None:
        return view.mean_of(now[0], now[1], method=f"mean of {quantity} over cells")
    then = _at(view, quantity, pathway, over_hour)
    if isinstance(then, Estimate):
        return then
    both, a, b = np.intersect1d(now[0], then[0], return_indices=True)
    top, bottom = view.per_cell(both, now[1][a]), view.per_cell(both, then[1][b])
    return view.ratio(top, bottom, method=f"mean of {quantity} over cells, over that at {over_hour:g} h")


def measure_share(
    view: View,
    *,
    quantity: str | None = None,
    pathway: str | None = None,
    hour: float | None = None,
    above: float = 0.0,
) -> Estimate:
    """Return the share of cells in which a quantity is above a threshold.

    Parameters
    ----------
    view, quantity, pathway, hour
        As in `measure_level`.
    above
        Threshold, in the unit of the model.
    """
    require_number("above", above)
    now = _at(view, quantity, pathway, hour)
    if isinstance(now, Estimate):
        return now
    n, hits = len(now[1]), int(np.count_nonzero(now[1] > above))
    low, high = wilson_interval(hits, n)
    method = within(f"share of cells with {quantity} above {above:g}", "Wilson interval")
    return Estimate(value=hits / n, low=low, high=high, n=n, method=method)


def measure_crossing(
    view: View, *, quantity: str | None = None, pathway: str | None = None, level: float = 0.5
) -> Estimate:
    """Return when the mean over cells of a quantity first crosses a level, min; straight lines between frames.

    Parameters
    ----------
    view
        Any frame: all are looked at.
    quantity, pathway
        As in `measure_level`.
    level
        In the unit of the model.
    """
    require_number("level", level)
    found = _course(view, quantity, pathway)
    if isinstance(found, Estimate):
        return found
    minutes, (values,) = found
    side = np.sign(values - level)
    crossed = np.flatnonzero(side[1:] * side[:-1] <= 0)
    crossed = crossed[side[crossed] != side[crossed + 1]]
    if not len(crossed):
        return missing(f"the mean of {quantity} does not cross {level:g} in {minutes[-1]:g} min")
    k = int(crossed[0])
    part = (level - values[k]) / (values[k + 1] - values[k])
    when = float(minutes[k] + part * (minutes[k + 1] - minutes[k]))
    return Estimate(
        value=when, n=1, n_unit="experiments", method=f"first time at which the mean of {quantity} crosses {level:g}"
    )


def measure_hysteresis(
    view: View, *, quantity: str | None = None, against: str | None = None, pathway: str | None = None
) -> Estimate:
    """Return by how much one mean lies higher on the way up of another than on the way down, at the same value of it.

    The way up ends where `against` is highest. The difference is averaged over the values that both ways pass, on
    straight lines between frames. It is 0 where one quantity is a function of the other, whatever the time, as far as
    straight lines follow that function: with frames far apart a steep one leaves a few hundredths. A fall by less than
    a third of the rise is no way back.

    Parameters
    ----------
    view
        Any frame: all are looked at.
    quantity, against
        Symbols of the model.
    pathway
        Their network.
    """
    if against is None:
        return missing("needs what it is against: write for example pathway.hysteresis[quantity=a, against=b]")
    found = _course(view, quantity, pathway, against)
    if isinstance(found, Estimate):
        return found
    _, (value, level) = found
    top = int(np.argmax(level))
    low, high = max(level[: top + 1].min(), level[top:].min()), level[top]
    if not high - low > LEAST_OVERLAP * (high - level[: top + 1].min()) or top in {0, len(level) - 1}:
        return missing(
            f"the mean of {against} does not rise and fall back by a third in this run: there is no way back to compare"
        )
    at = np.linspace(low, high, 101)
    up = np.interp(at, np.maximum.accumulate(level[: top + 1]), value[: top + 1])
    down = np.interp(at, np.maximum.accumulate(level[top:][::-1]), value[top:][::-1])
    return Estimate(
        value=float(np.trapezoid(up - down, at) / (high - low)), n=1, n_unit="experiments",
        method=f"mean of {quantity} while {against} rises less that while it falls, at the same {against}, "
        f"from {low:.3g} to {high:.3g}",
    )  # fmt: skip


def require_number(name: str, value: object) -> None:
    """Refuse an option that is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RequestError(f"{name} = '{value}' is not a number. Write for example {name}=2.")


def _at(view: View, quantity: str | None, pathway: str | None, hour: float | None) -> tuple[Ints, Floats] | Estimate:
    """Return cells and values at one time."""
    frame = view.frame
    if hour is not None:
        require_number("hour", hour)
        times = np.asarray(view.observations.frames_min)
        frame = int(np.argmin(np.abs(times - 60.0 * hour)))
        if abs(times[frame] - 60.0 * hour) > 0.5 * np.max(np.diff(times), initial=1.0):
            return missing(f"no frame near {hour:g} h; the run has {times[0] / 60:g} to {times[-1] / 60:g} h")
    found = _rows(view, quantity, pathway)
    if isinstance(found, Estimate):
        return found
    frames, cells, values = found
    here = frames == frame
    if not here.any():
        return missing(f"no cell shows {quantity} in this frame")
    return cells[here], values[here]


def _course(
    view: View, quantity: str | None, pathway: str | None, *more: str | None
) -> tuple[Floats, list[Floats]] | Estimate:
    """Return the times of the frames in which cells show it, min, and the mean over cells of each quantity."""
    means = []
    frames = np.arange(len(view.observations.frames_min))
    for symbol in (quantity, *more):
        found = _rows(view, symbol, pathway)
        if isinstance(found, Estimate):
            return found
        at, _, values = found
        counts = np.bincount(at, minlength=len(frames))
        with np.errstate(invalid="ignore"):
            means.append(np.bincount(at, weights=values, minlength=len(frames)) / counts)
    seen = ~np.isnan(np.sum(means, axis=0))
    if np.count_nonzero(seen) < 2:
        return missing("needs at least two frames")
    return np.asarray(view.observations.frames_min)[seen], [mean[seen] for mean in means]


def _rows(view: View, quantity: str | None, pathway: str | None) -> tuple[Ints, Ints, Floats] | Estimate:
    """Return frame, cell and value of every line of one quantity."""
    table = view.whole("levels")
    if not len(table):
        return missing(NO_PATHWAY)
    if quantity is None:
        known = ", ".join(sorted(set(table["quantity"])))
        return missing(f"needs a quantity: write for example pathway.level[quantity=...] with one of {known}")
    mine = (table["quantity"] == quantity).to_numpy(bool)
    names = sorted(set(table["pathway"][mine]))
    if pathway is not None:
        mine = mine & (table["pathway"] == pathway).to_numpy(bool)
    elif len(names) > 1:
        return missing(f"{quantity} stands in several networks ({', '.join(names)}): add pathway=NAME")
    if not mine.any():
        known = ", ".join(sorted({f"{a}.{b}" for a, b in zip(table["pathway"], table["quantity"], strict=True)}))
        return missing(f"no network shows {quantity}; there are {known}")
    rows = table[mine]
    return rows["frame"].to_numpy(np.int64), rows["cell_id"].to_numpy(np.int64), rows["value"].to_numpy(np.float64)
