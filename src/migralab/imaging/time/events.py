"""What happened to a followed object: when it came, broke off and went, and when nobody could have seen it go.

An object that is not found may be gone, missed, under a cell or out of the field. It is called gone only after so
many empty looks that missing it each time would be improbable at its own rate of misses. Losses in the last few
frames of a film can therefore not be told, for any object: observation ends before them (`last_min`), also for
those that are still there. Otherwise lives would look too long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.imaging.time.static import FollowSettings
from migralab.measure.statistics.survival import Survival, estimate_survival

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

BIN_UM = 0.5
_PRIOR = 3.0  # frames that the film's miss rate counts for beside an object's own
_LEAST_BEFORE, _LEAST_AFTER = 2, 2  # frames on each side of a detachment
_MOST_WRONG = 0.25  # share of frames that may contradict it


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What covers the ground in one frame, on a coarse grid (a few kB a frame).

    Parameters
    ----------
    body, fibre
        (y, x) in bins of `BIN_UM`: a cell body covers it; a fibre is within a bin of it.
    size_um
        Width and height of the field.
    """

    body: Mask
    fibre: Mask
    size_um: tuple[float, float]

    def look(self, x: float, y: float) -> tuple[bool, bool, bool]:
        """Return whether a place is inside the field, under a body, and on a fibre."""
        inside = 0 <= x < self.size_um[0] and 0 <= y < self.size_um[1]
        if not inside:
            return False, False, False
        row = min(int(y / BIN_UM), self.body.shape[0] - 1)
        column = min(int(x / BIN_UM), self.body.shape[1] - 1)
        return True, bool(self.body[row, column]), bool(self.fibre[row, column])


def note_ground(bodies: Mask, fibres: Mask, pixel_um: float) -> Ground:
    """Return the coarse ground of a frame from masks of its bodies and of its traced fibres (y, x)."""
    size = (bodies.shape[1] * pixel_um, bodies.shape[0] * pixel_um)
    shape = (int(np.ceil(size[1] / BIN_UM)), int(np.ceil(size[0] / BIN_UM)))
    masks = []
    for mask in (bodies, fibres):
        rows, columns = np.nonzero(mask)
        coarse = np.zeros(shape, bool)
        coarse[(rows * pixel_um / BIN_UM).astype(int), (columns * pixel_um / BIN_UM).astype(int)] = True
        masks.append(coarse)
    return Ground(body=masks[0], fibre=ndimage.binary_dilation(masks[1], np.ones((3, 3), bool)), size_um=size)


def draw_paths(shape: tuple[int, int], paths: Iterable[Floats]) -> Mask:
    """Return a mask (y, x) of traced fibres for `note_ground`, from their paths of x, y in pixels, each (n, 2)."""
    mask = np.zeros(shape, bool)
    for path in paths:
        columns, rows = np.rint(np.asarray(path)).astype(int).T
        inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
        mask[rows[inside], columns[inside]] = True
    return mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One object over the film.

    Parameters
    ----------
    seen
        (frames,) found.
    inside
        (frames,) its place was in the field.
    visible
        (frames,) and not under a cell: had it been there, it could have been found.
    on_fibre
        (frames,) a fibre was traced at its place; None where nobody looked.
    attached
        (frames,) connected to its cell by fibres; only where it was seen.
    """

    seen: Mask
    inside: Mask
    visible: Mask
    on_fibre: Mask | None
    attached: Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Times of one object, min, as the table ``lives`` wants them; NaN where unknown or not yet.

    Parameters
    ----------
    entered, appeared, detached, gone, last
        As the columns of the table. Events lie in the middle between the two looks that enclose them.
    appeared_between, detached_between, gone_between
        Those two looks.
    fate
        ``ruptured`` (gone, its fibre still there), ``lost`` (gone, its fibre too or not known) or ``present``.
    end
        Why observation ended: ``gone``, ``film``, ``covered`` by a cell, or ``left`` the field.
    looks
        Empty looks that make an absence.
    """

    entered: float
    appeared: float
    detached: float
    gone: float
    last: float
    appeared_between: tuple[float, float]
    detached_between: tuple[float, float]
    gone_between: tuple[float, float]
    fate: str
    end: str
    looks: int


_UNKNOWN = (np.nan, np.nan)


def miss_rate(watches: Sequence[Watch]) -> float:
    """Return the share of looks between the first and the last sight that missed the object."""
    missed, looks = 0.0, 0.0
    for watch in watches:
        m, n = _misses(watch)
        missed, looks = missed + m, looks + n
    return (missed + 0.5) / (looks + 5.0)


def _misses(watch: Watch) -> tuple[int, int]:
    """Misses and looks strictly between the first and the last sight."""
    at = np.flatnonzero(watch.seen)
    within = slice(at[0] + 1, at[-1])
    looks = watch.visible[within] | watch.seen[within]
    return int((looks & ~watch.seen[within]).sum()), int(looks.sum())


def needed_looks(watch: Watch, rate: float, settings: FollowSettings) -> int:
    """Return how many empty looks make an absence, from the object's own miss rate and the film's."""
    missed, looks = _misses(watch)
    own = min((missed + _PRIOR * rate) / (looks + _PRIOR), 0.9)
    return int(np.clip(np.ceil(np.log(settings.doubt) / np.log(own)), 1, settings.longest_gap_frames))


def judge_life(watch: Watch, times_min: Floats, rate: float, settings: FollowSettings) -> Life:
    """Return when an object came, broke off and went.

    Parameters
    ----------
    watch
        The object over the film, seen at least once.
    times_min
        Time of each frame.
    rate
        Miss rate of the film, from `miss_rate`.
    """
    at = np.flatnonzero(watch.seen)
    first, final = int(at[0]), int(at[-1])
    looks = np.flatnonzero(watch.visible | watch.seen)
    needed = needed_looks(watch, rate, settings)
    before, after = looks[looks < first], looks[looks > final]
    came = (float(times_min[before[-1]]), float(times_min[first])) if len(before) >= needed else _UNKNOWN
    gone = (float(times_min[final]), float(times_min[after[0]])) if len(after) >= needed else _UNKNOWN
    left = _detachment(watch, times_min)
    # the last interval in which a loss could still be told from a miss
    last = float(times_min[looks[max(len(looks) - needed, 0)]])
    believed = at[min(settings.least_sights, len(at)) - 1]
    fate, end = "present", _reason(watch, looks)
    if len(after) >= needed:
        fate, end = _fate(watch, after[:needed]), "gone"
    return Life(
        entered=float(times_min[believed]),
        appeared=float(np.mean(came)),
        detached=float(np.mean(left)),
        gone=float(np.mean(gone)),
        last=max(last, float(times_min[believed])),
        appeared_between=came,
        detached_between=left,
        gone_between=gone,
        fate=fate,
        end=end,
        looks=needed,
    )


def _reason(watch: Watch, looks: Ints) -> str:
    """Why a life that did not end was not watched to its end."""
    if looks[-1] == len(watch.seen) - 1:
        return "film"
    return "covered" if watch.inside[-1] else "left"


def _fate(watch: Watch, empty: Ints) -> str:
    if watch.on_fibre is None:
        return "lost"
    return "ruptured" if watch.on_fibre[empty].mean() > 0.5 else "lost"


def _detachment(watch: Watch, times: Floats) -> tuple[float, float]:
    """Last look with and first look without a way to the cell, by the step that fewest looks contradict."""
    at = np.flatnonzero(watch.seen)
    way = watch.attached[at]
    if len(at) < _LEAST_BEFORE + _LEAST_AFTER or not way.any():
        return _UNKNOWN
    # before cut k every look should show a way, from it on none
    wrong = np.r_[0, np.cumsum(~way)] + np.r_[np.cumsum(way[::-1])[::-1], 0]
    cut = int(np.argmin(wrong))
    before, after = way[:cut], way[cut:]
    if len(before) < _LEAST_BEFORE or len(after) < _LEAST_AFTER:
        return _UNKNOWN
    if (~before).mean() > _MOST_WRONG or after.mean() > _MOST_WRONG:
        return _UNKNOWN
    return float(times[at[cut - 1]]), float(times[at[cut]])


def find_step(values: Floats, sd: Floats) -> tuple[int, float, float]:
    """Return where light drops at once, by which share, and by how much chi2 that beats a steady decline.

    For a vesicle that bursts but leaves its membrane behind: the light from inside goes between two frames, while
    bleaching goes on slowly.

    Parameters
    ----------
    values, sd
        (n,) light in each frame and its standard error.

    Returns
    -------
    tuple
        Index of the first frame after the drop (-1 if there is none), share lost, and chi2 gained with one
        parameter more; above about 16 it is not chance in films of up to some hundred frames.
    """
    n = len(values)
    if n < 4:
        return -1, 0.0, 0.0
    t = np.arange(n, dtype=np.float64)
    base = np.stack([np.ones(n), t], axis=1)
    plain = _chi2(base, values, sd)[0]
    best = (-1, 0.0, 0.0)
    for cut in range(2, n - 1):
        rest, fit = _chi2(np.column_stack([base, t >= cut]), values, sd)
        level = fit[0] + fit[1] * (cut - 0.5)
        if plain - rest > best[2] and fit[2] < 0 < level:
            best = (cut, float(-fit[2] / level), float(plain - rest))
    return best


def _chi2(matrix: Floats, values: Floats, sd: Floats) -> tuple[float, Floats]:
    fit = np.linalg.lstsq(matrix / sd[:, None], values / sd, rcond=None)[0]
    return float((((values - matrix @ fit) / sd) ** 2).sum()), np.asarray(fit)


def survival_of(lives: Sequence[Life], *, end: str = "gone") -> Survival:
    """Return the Kaplan-Meier curve of age at loss, or at detachment, with late entry and Greenwood's band.

    Lives of unknown beginning are left out. The same curve is behind the observables ``lifetime.*``.

    Parameters
    ----------
    end
        ``gone`` or ``detached``.
    """
    entry, leave, ended = [], [], []
    for life in lives:
        event = life.gone if end == "gone" else np.fmin(life.detached, np.inf)
        stop = np.fmin(life.last, life.gone) if end == "detached" else life.last
        over = bool(event <= stop)
        close = float(event if over else stop)
        if np.isfinite(life.appeared) and close > life.entered:
            entry.append(life.entered - life.appeared)
            leave.append(close - life.appeared)
            ended.append(over)
    return estimate_survival(np.array(entry), np.array(leave), np.array(ended, bool))
