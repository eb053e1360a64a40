"""What cells can move towards: the nearest migrasome or fibre of others at each sight, and a null of shifted ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from migralab.measure.film import Film
from migralab.measure.view import Floats, Ints, View

COLUMNS, ROWS = 5, 4
SHIFTS: Floats = np.array([(i / COLUMNS, j / ROWS) for j in range(ROWS) for i in range(COLUMNS)])[1:]
"""Shifts of the null, as shares of the box: an even lattice without (0, 0), so that no random number is needed."""
MOST_SIGHTS = 50_000
NO_TARGETS = "no migrasomes of others in the frames in which cells step"
_TRIES = (1, 8, 64)


class Targets:
    """Places of one kind by frame, with their owner.

    Parameters
    ----------
    frame, owner, place
        Frame, cell id (-1 unknown) and place, (n, 2) um, of each.
    """

    def __init__(self, frame: Ints, owner: Ints, place: Floats) -> None:
        order = np.argsort(frame, kind="stable")
        self.frame, self.owner, self.place = frame[order], owner[order], place[order]

    def at(self, frame: int) -> slice:
        """Return the rows of a frame."""
        return slice(*np.searchsorted(self.frame, [frame, frame + 1]))


def vesicles_of(view: View, of: str | None) -> Targets:
    """Return the migrasomes of the field by frame, precursors left out; only those that a population made, if named.

    Those whose owner is unknown (images, purified ones) are nobody's own, so they are others' for every cell.
    """
    rows = view.field.whole("migrasomes")
    keep = ~rows["stage"].isin(["precursor", "collapsed"]).to_numpy(bool)
    owner, place = rows["cell_id"].to_numpy(np.int64), rows[["x_um", "y_um"]].to_numpy(np.float64)
    keep &= ~np.isnan(place).any(axis=1)
    if of is not None:
        keep &= np.isin(owner, view.of(of).members)
    return Targets(rows["frame"].to_numpy(np.int64)[keep], owner[keep], place[keep])


def find_nearest(targets: Targets, film: Film, rows: Ints) -> tuple[Floats, Ints]:
    """Return the way to the nearest target of others from each sight, (n, 2) um, and which; NaN and -1 if none.

    Parameters
    ----------
    targets
        Where they are in each frame.
    film, rows
        Tracks, and the sights from which to look.
    """
    way, which = np.full((len(rows), 2), np.nan), np.full(len(rows), -1, np.int64)
    for here, there in _frame_by_frame(targets, film, rows):
        points, place = film.place[rows[here]], targets.place[there]
        cell = film.ids[film.cell[rows[here]]]
        found = _nearest_of_others(cKDTree(place), points, cell, targets.owner[there])
        good = found >= 0
        way[here[good]], which[here[good]] = place[found[good]] - points[good], there.start + found[good]
    return way, which


def find_nearest_shifted(targets: Targets, film: Film, rows: Ints, box: tuple[Floats, Floats]) -> Floats:
    """Return the ways to the nearest of the targets moved as a whole, (shifts, n, 2) um; NaN where there is none.

    The pattern of the targets stays, their places are others. The plane is taken as periodic; instead of the targets
    the points are moved, the other way, so that one tree a frame serves all shifts.
    """
    way = np.full((len(SHIFTS), len(rows), 2), np.nan)
    for here, there in _frame_by_frame(targets, film, rows):
        place, cell = targets.place[there], film.ids[film.cell[rows[here]]]
        tree = periodic_tree(place, box)
        for k, share in enumerate(SHIFTS):
            points = film.place[rows[here]] - share * box[1]
            wanted = np.mod(points - box[0], box[1])
            found = _nearest_of_others(tree, wanted, cell, targets.owner[there])
            good = found >= 0
            step = place[found[good]] - points[good]
            way[k, here[good]] = step - box[1] * np.rint(step / box[1])
    return way


def _frame_by_frame(targets: Targets, film: Film, rows: Ints) -> Iterator[tuple[Ints, slice]]:
    """Yield positions in `rows` and targets of each frame that has both."""
    frame = film.frame[rows]
    order = np.argsort(frame, kind="stable")
    for now in np.unique(frame):
        there = targets.at(int(now))
        if there.start < there.stop:
            yield order[slice(*np.searchsorted(frame[order], [now, now + 1]))], there


def periodic_tree(place: Floats, box: tuple[Floats, Floats]) -> cKDTree:
    """Return a tree of places in a periodic box, counted from its lower corner."""
    inside = np.mod(place - box[0], box[1])
    return cKDTree(np.minimum(inside, np.nextafter(box[1], 0)), boxsize=box[1])  # a rounded-up rest lies outside


def _nearest_of_others(tree: cKDTree, wanted: Floats, cell: Ints, owner: Ints) -> Ints:
    found = np.full(len(wanted), -1, np.int64)
    left = np.arange(len(wanted))
    for tries in (*_TRIES, len(owner)):
        k = min(tries, len(owner))
        index = tree.query(wanted[left], k=k)[1].reshape(len(left), k)
        others = (owner[index] != cell[left][:, None]) | (owner[index] < 0)
        got = others.any(axis=1)
        found[left[got]] = index[got, np.argmax(others[got], axis=1)]
        left = left[~got]
        if not len(left) or k == len(owner):
            break
    return found


def find_box(targets: Targets, film: Film) -> tuple[Floats, Floats]:
    """Return the lower corner and the size, um, of the rectangle that holds all sights and all targets."""
    both = np.concatenate([targets.place, film.place])
    low = both.min(axis=0)
    return low, np.maximum(both.max(axis=0) - low, 1e-6)


def thin(film: Film, rows: Ints) -> tuple[Ints, str]:
    """Return which rows to take, where there are very many those of whole cells at even ranks, and the words for it."""
    if len(rows) <= MOST_SIGHTS:
        return np.arange(len(rows)), ""
    every = -(-len(rows) // MOST_SIGHTS)
    kept = np.flatnonzero(film.cell[rows] % every == 0)
    return kept, f"one in {every} cells, since there are {len(rows)} steps"
