"""Tracks of things that stay where they are: migrasomes on fibres, found in some frames and missed in others.

Each frame is compared with all tracks that are not forgotten, not only with those of the frame before. Cost of a
pair: distance (heavy-tailed, so that a short jump is dear but possible), change of size, and change of the place
along the fibre against what the other vesicles of that fibre did.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from migralab.imaging.time.linking import assign, near_pairs, vote_drift

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_GIVE_UP = 9.0
_WORST_SIZE, _WORST_ALONG = 4.0, 3.0  # a wrong size or a fibre cut otherwise does not break a track alone
_FEW = 3  # vesicles that must agree before a drift or a moving fibre is believed
_REMEMBERED = 4  # sights over which the place of a track is averaged


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowSettings:
    """How objects are followed over a film; times in min and lengths in um, whatever the frame rate. All E.

    Parameters
    ----------
    position_sd_um
        Usual distance between two sights of one vesicle: error of the place and wobble of the fibre.
    jump_um
        Farthest it may be found from where it was in the next moment.
    wander_um_per_sqrt_min
        By how much both grow over a gap, with the root of the time.
    longest_jump_um
        Whatever the gap, no farther than this.
    size_sd
        Usual change of the logarithm of the diameter beyond its error.
    growth_per_min
        By how much it may grow in a minute.
    along_sd_um
        Usual error of the place along the fibre.
    longest_gap_min, longest_gap_frames
        How long an unseen object is remembered: whichever is longer.
    least_sights
        Objects seen in fewer frames are not believed.
    doubt
        An absence is believed once the chance to have merely missed the object is below this.
    drift_reach_um
        Farthest that the ground may move between two frames where no drift is given.
    cell_speed_um_per_min
        Fastest cell.
    cell_jump_um
        How far the centre of a body may come to lie from where it was, by its outline alone.
    """

    position_sd_um: float = 0.08
    jump_um: float = 0.4
    wander_um_per_sqrt_min: float = 0.03
    longest_jump_um: float = 1.0
    size_sd: float = 0.15
    growth_per_min: float = 0.02
    along_sd_um: float = 0.4
    longest_gap_min: float = 60.0
    longest_gap_frames: int = 5
    least_sights: int = 2
    doubt: float = 0.05
    drift_reach_um: float = 5.0
    cell_speed_um_per_min: float = 2.0
    cell_jump_um: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sights:
    """What was found in all frames, one entry each.

    Parameters
    ----------
    frame
        (n,) number of the frame.
    place
        (n, 2) x, y as seen, um.
    diameter, diameter_sd
        (n,) um; NaN where unknown.
    fibre, along
        (n,) fibre of that frame (-1 none), and place along it, um.
    """

    frame: Ints
    place: Floats
    diameter: Floats
    diameter_sd: Floats
    fibre: Ints
    along: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Which sight belongs to which object.

    Parameters
    ----------
    track
        (n,) number of the object of each sight, from 0.
    drift_um
        (frames, 2) x, y by which each frame lies off the first.
    voted
        Whether the drift was voted by the objects themselves, since none was given.
    """

    track: Ints
    drift_um: Floats
    voted: bool


@dataclass(slots=True, kw_only=True)
class _Store:
    """Tracks so far; lists of one length."""

    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    sights: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)

    def places(self, alive: Ints) -> Floats:
        return np.stack([np.array(self.x)[alive], np.array(self.y)[alive]], axis=1) if len(alive) else np.empty((0, 2))

    def see(self, track: int, place: Floats, sight: int) -> None:
        self.sights[track] += 1
        part = 1.0 / min(self.sights[track], _REMEMBERED)
        self.x[track] += part * (place[0] - self.x[track])
        self.y[track] += part * (place[1] - self.y[track])
        self.last[track] = sight

    def begin(self, place: Floats, sight: int) -> int:
        self.x.append(float(place[0]))
        self.y.append(float(place[1]))
        self.sights.append(1)
        self.last.append(sight)
        return len(self.x) - 1


def link_static(sights: Sights, times_min: Floats, settings: FollowSettings, drift_um: Floats | None = None) -> Links:
    """Follow objects that stay on the ground through a film.

    Parameters
    ----------
    sights
        What was found, in any order.
    times_min
        Time of each frame.
    settings
        Jumps, gaps and sizes.
    drift_um
        (frames, 2) x, y of each frame against the first; voted by the objects where it is not given.
    """
    drift = np.zeros((len(times_min), 2)) if drift_um is None else np.asarray(drift_um, np.float64)
    track = np.full(len(sights.frame), -1, np.int64)
    store = _Store()
    for frame in range(len(times_min)):
        here = np.flatnonzero(sights.frame == frame)
        alive = _remembered(store, sights, frame, times_min, settings)
        before = store.places(alive)
        if drift_um is None and frame:
            drift[frame] = _vote(before, sights.place[here], drift[frame - 1], settings)
        now = sights.place[here] - drift[frame]
        last = np.array(store.last, np.int64)[alive] if len(alive) else np.empty(0, np.int64)
        gap = times_min[frame] - times_min[sights.frame[last]]
        old, new = _pair(sights, (before, last, gap), (now, here), settings)
        for row, column in zip(old, new, strict=True):
            track[here[column]] = alive[row]
            store.see(int(alive[row]), now[column], int(here[column]))
        for column in np.setdiff1d(np.arange(len(here)), new):
            track[here[column]] = store.begin(now[column], int(here[column]))
    return Links(track=track, drift_um=drift, voted=drift_um is None)


def _remembered(store: _Store, sights: Sights, frame: int, times: Floats, settings: FollowSettings) -> Ints:
    if not store.x:
        return np.empty(0, np.int64)
    seen = sights.frame[np.array(store.last)]
    short = (times[frame] - times[seen] <= settings.longest_gap_min) | (frame - seen <= settings.longest_gap_frames)
    return np.flatnonzero(short)


def _vote(before: Floats, seen: Floats, last: Floats, settings: FollowSettings) -> Floats:
    """Drift of a frame: what more objects did than would agree by chance; no change otherwise."""
    step, backers, chance = vote_drift(before, seen - last, settings.drift_reach_um, 0.5 * settings.jump_um)
    return last + step if backers >= _FEW + chance + 4 * np.sqrt(chance) else last


def _pair(
    sights: Sights, old: tuple[Floats, Ints, Floats], new: tuple[Floats, Ints], settings: FollowSettings
) -> tuple[Ints, Ints]:
    """Assign sights of a frame to tracks, after each fibre's own movement is taken off."""
    before, last, gap = old
    now, here = new
    grown = settings.wander_um_per_sqrt_min * np.sqrt(gap)
    reach = np.minimum(settings.jump_um + 3 * grown, settings.longest_jump_um)
    moved = _fibre_moves(before, now, sights.fibre[here], settings)
    i, j, distance = near_pairs(before, now - moved, reach)
    spread = settings.position_sd_um**2 + grown[i] ** 2
    cost = 2 * np.log1p(distance**2 / (4 * spread))
    cost += _size_cost(sights, last[i], here[j], gap[i], settings)
    cost += _along_cost(sights, last[i], here[j], settings)
    return assign(i, j, cost, _GIVE_UP)


def _size_cost(sights: Sights, a: Ints, b: Ints, gap: Floats, settings: FollowSettings) -> Floats:
    """Half the squared change of the logarithm of the diameter, in its own errors."""
    one, two = sights.diameter[a], sights.diameter[b]
    known = (one > 0) & (two > 0)
    one, two = np.where(known, one, 1.0), np.where(known, two, 1.0)
    errors = np.nan_to_num(sights.diameter_sd[a] / one) ** 2 + np.nan_to_num(sights.diameter_sd[b] / two) ** 2
    growth = np.minimum(settings.growth_per_min * gap, 0.7)
    variance = settings.size_sd**2 + errors + growth**2
    change: Floats = np.where(known, np.log(two / one) ** 2 / (2 * variance), 0.0)
    return np.minimum(change, _WORST_SIZE)


def _along_cost(sights: Sights, a: Ints, b: Ints, settings: FollowSettings) -> Floats:
    """Half the squared change of the place along the fibre, against that of the fibre's other vesicles.

    The place is counted from the end towards the cell, which moves away; so only the change that a vesicle does
    not share with its neighbours counts. A lone vesicle has no neighbours and no such cost.
    """
    change = sights.along[b] - sights.along[a]
    known = np.isfinite(change) & (sights.fibre[a] >= 0) & (sights.fibre[b] >= 0)
    cost = np.zeros(len(a))
    if not known.any():
        return cost
    pairs, which = np.unique(np.stack([sights.fibre[a], sights.fibre[b]], 1)[known], axis=0, return_inverse=True)
    values = change[known]
    part = np.zeros(len(values))
    for number in range(len(pairs)):
        inside = which.ravel() == number
        if inside.sum() >= _FEW:
            off = (values[inside] - np.median(values[inside])) / settings.along_sd_um
            part[inside] = np.minimum(0.5 * off**2, _WORST_ALONG)
    cost[known] = part
    return cost


def _fibre_moves(before: Floats, now: Floats, fibre: Ints, settings: FollowSettings) -> Floats:
    """Displacement on which the vesicles of each fibre agree: it sways as a whole; 0 where too few do."""
    moved = np.zeros((len(fibre), 2))
    for name in np.unique(fibre[fibre >= 0]):
        inside = fibre == name
        if inside.sum() < _FEW:
            continue
        step, backers, chance = vote_drift(before, now[inside], settings.longest_jump_um, 2.5 * settings.position_sd_um)
        if backers >= max(_FEW, 0.5 * inside.sum(), chance + 3 * np.sqrt(chance)):
            moved[inside] = step
    return moved


def link_cells(place: Floats, area: Floats, frame: Ints, times_min: Floats, settings: FollowSettings) -> Ints:
    """Return the number of the cell of each body found, from 0; a cell may be missed for a few frames.

    Parameters
    ----------
    place
        (n, 2) centres, um, without drift.
    area
        (n,) um2.
    frame
        (n,) number of the frame.
    times_min
        Time of each frame.
    """
    track = np.full(len(frame), -1, np.int64)
    last: list[int] = []
    for number in range(len(times_min)):
        here = np.flatnonzero(frame == number)
        ends = np.array(last, np.int64)
        alive = np.flatnonzero(number - frame[ends] <= settings.longest_gap_frames) if last else ends
        old = ends[alive]
        reach = settings.cell_jump_um + settings.cell_speed_um_per_min * (times_min[number] - times_min[frame[old]])
        i, j, distance = near_pairs(place[old], place[here], reach)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.nan_to_num(np.log(area[here[j]] / area[old[i]]), posinf=0.0, neginf=0.0)
        cost = (distance / reach[i]) ** 2 + ratio**2
        rows, columns = assign(i, j, cost, 3.0)
        for row, column in zip(rows, columns, strict=True):
            track[here[column]] = alive[row]
            last[alive[row]] = int(here[column])
        for column in np.setdiff1d(np.arange(len(here)), columns):
            track[here[column]] = len(last)
            last.append(int(here[column]))
    return track
