"""Turning towards trails: signed turns to migrasomes and fibres of others, and steps along their fibres."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from migralab.core.errors import RequestError
from migralab.measure.film import Film, film_of
from migralab.measure.observables.recipients.target import NO_TARGETS, find_nearest, thin, vesicles_of
from migralab.measure.view import Estimate, Floats, Ints, View, join, missing

TURN_WITHIN_UM = 50.0
ALONG_WITHIN_UM = 10.0  # about a cell's radius: fibres that it can touch
NO_FIBRES = "no standing fibres of others, whose places and directions are known, in these frames"


def measure_turn(
    view: View, *, to: str = "migrasome", of: str | None = None, within_um: float = TURN_WITHIN_UM
) -> Estimate:
    """Return the mean turn towards the nearest migrasome or fibre of others, degrees; 0 for turns at random.

    At each corner of a track the turn counts as positive if it goes to the side on which the target lies. Chance
    has no side, whatever the persistence and the density, so it needs no null (eq-turn-towards).

    Parameters
    ----------
    view
        Frame up to which the tracks go.
    to
        ``migrasome`` or ``fibre``.
    of
        Population that made them; any by default.
    within_um
        Only corners so near to it count, um.
    """
    if to not in {"migrasome", "fibre"}:
        raise RequestError(f"to = '{to}' is nothing to turn to. Allowed: migrasome, fibre.")
    film = film_of(view)
    if film.problem:
        return missing(film.problem)
    corners = film.corners
    chosen, thinned = thin(film, corners.row)
    rows = corners.row[chosen]
    if to == "migrasome":
        way = find_nearest(vesicles_of(view, of), film, rows)[0]
        some = not np.isnan(way).all()
    else:
        fibres = _fibres_of(view, of)
        way, some = fibres.find_nearest(film, rows, within_um)[0], len(fibres.owner) > 0
    distance = np.hypot(way[:, 0], way[:, 1])
    before = corners.before[chosen]
    side = np.sign(before[:, 0] * way[:, 1] - before[:, 1] * way[:, 0])
    use = (distance <= within_um) & (distance > 0)
    if not use.any():
        none = NO_TARGETS if to == "migrasome" else NO_FIBRES
        return missing(_too_far(within_um) if some else none)
    turn = np.rad2deg(corners.turn[chosen]) * side
    how = f"mean turn to the side of the nearest {to} of others within {within_um:g} um, steps of {film.interval:g} min"
    note = join(f"from {int(use.sum())} corners", thinned, film.gaps)
    return film.mean(corners.cell[chosen][use], turn[use], method=how, note=note)


def measure_alignment_to_fibre(view: View, *, of: str | None = None, within_um: float = ALONG_WITHIN_UM) -> Estimate:
    """Return the nematic alignment of steps with fibres of others: 1 along, 0 at random, -1 across.

    Mean of cos 2(angle between step and fibre) over steps (eq-fibre-alignment).

    Parameters
    ----------
    view
        Frame up to which the tracks go.
    of
        Population that made the fibres; any by default.
    within_um
        Only steps that begin so near to a fibre count, um.
    """
    film = film_of(view)
    if film.problem:
        return missing(film.problem)
    fibres = _fibres_of(view, of)
    steps = film.steps
    moved = np.flatnonzero(steps.length > 0)
    kept, thinned = thin(film, steps.start[moved])
    chosen = moved[kept]
    which = fibres.find_nearest(film, steps.start[chosen], within_um)[1]
    use = which >= 0
    if not use.any():
        return missing(_too_far(within_um) if len(fibres.owner) else NO_FIBRES)
    step = steps.move[chosen[use]]
    turned = 2 * (np.arctan2(step[:, 1], step[:, 0]) - fibres.angle[which[use]])
    how = f"mean cos 2(step, nearest fibre of others) within {within_um:g} um, steps of {film.interval:g} min"
    note = join(f"from {int(use.sum())} steps", thinned, film.gaps)
    return film.mean(steps.cell[chosen[use]], np.cos(turned), method=how, note=note)


def _too_far(within_um: float) -> str:
    return f"no cell comes within {within_um:g} um of one"


class Fibres:
    """Stretches of fibre between a node and its parent, each from when it was laid until it breaks.

    They do not move, so one tree serves all frames, and what does not stand at a time or is the cell's own is passed
    over. Distance is to the middle of a stretch.

    Parameters
    ----------
    view
        Frame of an experiment.
    of
        Population that made them; any if None.
    """

    def __init__(self, view: View, of: str | None) -> None:
        rows = view.field.whole("nodes")
        ids, parent, owner = (rows[name].to_numpy(np.int64) for name in ("node_id", "parent_id", "cell_id"))
        order = np.argsort(ids, kind="stable")
        at = np.minimum(np.searchsorted(ids[order], parent), len(ids) - 1)
        up = order[at] if len(ids) else at
        place = rows[["x_um", "y_um"]].to_numpy(np.float64)
        stretch = place[up] - place
        use = (parent >= 0) & (ids[up] == parent) & (np.hypot(stretch[:, 0], stretch[:, 1]) > 0)
        if of is not None:
            use &= np.isin(owner, view.of(of).members)
        self.owner, self.middle = owner[use], place[use] + stretch[use] / 2
        self.angle: Floats = np.arctan2(stretch[use, 1], stretch[use, 0])
        born, breaks = (rows[name].to_numpy(np.float64)[use] for name in ("born_min", "breaks_min"))
        self.born, self.breaks = np.nan_to_num(born, nan=-np.inf), np.nan_to_num(breaks, nan=np.inf)

    def find_nearest(self, film: Film, rows: Ints, within_um: float) -> tuple[Floats, Ints]:
        """Return the way to the nearest stretch of others within a distance, (n, 2) um, and which; NaN, -1 if none."""
        found = np.full(len(rows), -1, np.int64)
        place, minute, cell = film.place[rows], film.minute[rows], film.ids[film.cell[rows]]
        left = np.arange(len(rows) if len(self.owner) else 0)
        tree = cKDTree(self.middle) if len(left) else None
        for tries in (8, 64, 512, 4096, len(self.owner)):
            if tree is None or not len(left):
                break
            k = min(tries, len(self.owner))
            distance, index = tree.query(place[left], k=k, distance_upper_bound=within_um)
            distance, index = distance.reshape(len(left), k), index.reshape(len(left), k)
            near = np.isfinite(distance)
            which, now = np.where(near, index, 0), minute[left][:, None]
            foreign = (self.owner[which] != cell[left][:, None]) | (self.owner[which] < 0)
            good = near & foreign & (self.born[which] <= now) & (self.breaks[which] > now)
            got = good.any(axis=1)
            found[left[got]] = which[got, np.argmax(good[got], axis=1)]
            left = left[~got & near[:, -1]]  # those that may have more within the distance
        way = np.full((len(rows), 2), np.nan)
        way[found >= 0] = self.middle[found[found >= 0]] - place[found >= 0]
        return way, found


def _fibres_of(view: View, of: str | None) -> Fibres:
    key = f"fibres of {of}"
    if key not in view.field.memo:
        view.field.memo[key] = Fibres(view, of)
    found: Fibres = view.field.memo[key]
    return found
