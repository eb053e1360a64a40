"""Moving cells meet resting vesicles, bind them and take them up. Kernels and numpy twin; docs/theory/uptake.md."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import kernel, parallel_kernel
from migralab.core.random import exponential, exponential_array
from migralab.physics.neighbours import runs_of, slot_of, sort_into_bins

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

BIND, TAKE = 0, 1  # what a threshold is for
_SIDE = 2.0  # of a bin over the search radius
_CHUNK = 1000  # vesicles that a thread takes at a time: what they look up stays in the second cache
_REACH = 1.0001  # of the search radius; what lies at the very edge is not lost to rounding


class Cells(NamedTuple):
    """Cells, (n,): how they went in this step, straight from `before` to `position`, (n, 2) um.

    `before` is nan for a cell that has only just come: it touches, but has not been in contact yet. `radius` in um;
    `binding` and `uptake` are the rates at which it binds what it touches and takes up what is bound, 1/s.
    """

    before: Floats
    position: Floats
    dish: Array
    alive: Array
    radius: Floats
    binding: Floats
    uptake: Floats


class Vesicles(NamedTuple):
    """Vesicles that lie still, (m,); nothing here is changed.

    `present` tells whether it can be met, and `since` from when, s. `x`, `y`, `diameter` in um. `maker` is the row of
    the cell that made it, -1 for none: no cell meets its own. `exposed` is the share of its surface that is not
    covered, a factor on both rates.
    """

    present: Array
    x: Floats
    y: Floats
    diameter: Floats
    dish: Array
    maker: Array
    since: Floats
    exposed: Floats
    key: Array


class Held(NamedTuple):
    """What becomes of each vesicle; changed in place.

    Parameters
    ----------
    bound_to
        (m,) row of the cell to which it is bound, or -1.
    bindings
        (m,) times that it was bound so far.
    adhesion, engulfment
        (m,) hazard of binding and of uptake gathered so far.
    taken_by, gone
        (m,) row of the cell that took it up, and when (s); untouched if none did.
    """

    bound_to: Array
    bindings: Array
    adhesion: Floats
    engulfment: Floats
    taken_by: Array
    gone: Floats


@kernel
def time_inside(fx: float, fy: float, hx: float, hy: float, reach: float) -> tuple[float, float]:
    """Return the part of a step, from 0 to 1, in which a disc that moves straight covers a point (eq-chord).

    Parameters
    ----------
    fx, fy
        From the point to the middle of the way, um.
    hx, hy
        Half of the way, um.
    reach
        Radius of the disc, um.

    Returns
    -------
    When it begins and when it ends; no later than it begins if there is no contact.
    """
    a, b, c = hx * hx + hy * hy, fx * hx + fy * hy, fx * fx + fy * fy - reach * reach
    if a == 0.0:
        return (0.0, 1.0) if c < 0.0 else (1.0, 0.0)
    inside = b * b - a * c
    if not inside > 0.0:  # no contact, or a way that is not a number
        return 1.0, 0.0
    if b >= 0.0:  # the two roots without the difference of two numbers that are nearly the same
        far = -b - math.sqrt(inside)
        first, last = far / a, c / far
    else:
        far = math.sqrt(inside) - b
        first, last = c / far, far / a
    return max(0.0, 0.5 * (first + 1.0)), min(1.0, 0.5 * (last + 1.0))


@kernel
def _engage(
    bound: bool, start: float, end: float, rates: tuple[float, float], gathered: tuple[float, float], count: int,
    stream: np.uint64, key: np.uint64,
) -> tuple[bool, float, float, float, int]:  # fmt: skip
    """Return (bound, time of uptake or nan, both hazards, bindings) after a contact from `start` to `end` (eq-engage).

    Hazard of binding grows until it passes a threshold, and from then on that of uptake.
    """
    adhesion, engulfment = gathered
    if not bound:
        patience = exponential(stream, key, count, BIND)
        reached = adhesion + rates[0] * (end - start)
        if reached < patience:
            return False, math.nan, reached, engulfment, count
        start = min(start + (patience - adhesion) / rates[0], end) if rates[0] > 0.0 else end
        adhesion, count = 0.0, count + 1
    patience = exponential(stream, key, 0, TAKE)
    reached = engulfment + rates[1] * (end - start)
    if reached < patience:
        return True, math.nan, adhesion, reached, count
    when = min(start + (patience - engulfment) / rates[1], end) if rates[1] > 0.0 else end
    return True, when, adhesion, patience, count


@parallel_kernel
def _gather(order: Array, place: Floats, row: Array, dish: Array, cells: Cells, body: Floats) -> None:
    """Write what is known of each cell in the order of the bins: one line of memory each, for all else is far away.

    `body` is (count, 8): middle of its way, half of that, radius, row of bins, dish, row in the table.
    """
    for m in prange(len(body)):
        i = order[m]
        for axis in range(2):
            body[m, axis] = place[m, axis]
            body[m, 2 + axis] = 0.5 * (cells.position[i, axis] - cells.before[i, axis])
        body[m, 4], body[m, 5], body[m, 6], body[m, 7] = cells.radius[i], row[m], dish[m], i


@kernel
def _at_end(fx: float, fy: float, hx: float, hy: float, reach: float) -> bool:
    """Return whether a disc that began half its way before `f` and ends half of it behind covers the origin then."""
    if not math.isnan(hx):  # of one that has only just come the middle is the end
        fx, fy = fx + hx, fy + hy
    return fx * fx + fy * fy < reach * reach


@kernel
def _find(
    spot: tuple[float, float, float], dish: int, maker: int, bound_to: int, earliest: float, body: Floats,
    start: Array, size: float, mask: int, search: float,
) -> tuple[int, int, float, float]:  # fmt: skip
    """Return (cell on it at the end of the step, cell that it meets, from when, until when) of a vesicle.

    Cells by row: -1 for none, -2 for several. It meets the one to which it is bound, or else that of the longest
    contact; of two that last alike that of the lower row. `spot` is its place and radius; times are parts of the step.
    """
    x, y, own = spot
    near = _REACH * (search + own)
    left, right = math.floor((x - near) / size), math.floor((x + near) / size)
    touched, met, first_in, last_in = -1, -1, 0.0, 0.0
    for r in range(math.floor((y - near) / size), math.floor((y + near) / size) + 1):
        first, last, more = runs_of(left, right, r, dish, mask)
        while last >= first:
            for m in range(start[first], start[last + 1]):
                fx, fy, i = body[m, 0] - x, body[m, 1] - y, int(body[m, 7])
                # What shares the slot by chance is far away, or told by its row and dish
                if fx * fx + fy * fy >= near * near or body[m, 5] != r or body[m, 6] != dish or i == maker:
                    continue
                hx, hy, reach = body[m, 2], body[m, 3], own + body[m, 4]
                if _at_end(fx, fy, hx, hy, reach):
                    touched = i if touched == -1 else -2
                came, went = time_inside(fx, fy, hx, hy, reach)
                came = max(came, earliest)
                if went <= came or (met >= 0 and met == bound_to):
                    continue
                gain = (went - came) - (last_in - first_in)
                if i == bound_to or gain > 0.0 or (gain == 0.0 and i < met):
                    met, first_in, last_in = i, came, went
            first, last, more = 0, more, -1
    return touched, met, first_in, last_in


@kernel
def _fetch(
    low: int, high: int, px: Floats, py: Floats, dish: Array, body: Floats, start: Array, size: float, mask: int,
    search: float, touched: Ints,
) -> None:  # fmt: skip
    """Read what the vesicles will look up, so that it is in the cache when they do; `touched` is only scribbled on.

    They lie anywhere, and each look-up needs the one before it. Here the reads of a thousand vesicles wait together.
    """
    more, last = np.empty(high - low, np.int32), len(body) - 1
    for k in range(low, high):
        column, line = math.floor((px[k] - search) / size), math.floor((py[k] - search) / size)
        touched[k] = start[slot_of(column, line, dish[k], mask)]
        more[k - low] = start[slot_of(column, line + 1, dish[k], mask)]
    for k in range(low, high):
        touched[k] = int(body[min(touched[k], last), 5] + body[min(more[k - low], last), 5])


@kernel
def _meet_some(
    low: int, high: int, vesicles: Vesicles, held: Held, binding: Floats, uptake: Floats, body: Floats, start: Array,
    size: float, mask: int, search: float, dt: float, begin: float, stream: np.uint64, touched: Ints,
) -> None:  # fmt: skip
    """Advance the vesicles from `low` to below `high`. All arrays get a name before the loop: it costs time in it."""
    present, px, py, diameter, dish, maker, since, exposed, key = vesicles
    _fetch(low, high, px, py, dish, body, start, size, mask, search, touched)
    bound_to, bindings, adhesion, engulfment, taken_by, gone = held
    for k in range(low, high):
        touched[k], bound = -1, bound_to[k]
        if bound >= 0:
            bound_to[k] = -1
        if not present[k]:
            continue
        earliest = (since[k] - begin) / dt
        earliest = earliest if earliest > 0.0 else 0.0  # also where the time is not known
        spot = px[k], py[k], 0.5 * diameter[k]
        touched[k], met, came, went = _find(
            spot, dish[k], maker[k], bound, earliest, body, start, size, mask, search
        )  # fmt: skip
        if met < 0:
            continue
        rates = exposed[k] * binding[met], exposed[k] * uptake[met]
        holds, when, adhesion[k], engulfment[k], bindings[k] = _engage(
            met == bound, dt * came, dt * went, rates, (adhesion[k], engulfment[k]), bindings[k], stream, key[k]
        )
        if not math.isnan(when):
            taken_by[k], gone[k] = met, begin + when
        elif holds and went == 1.0:
            bound_to[k] = met


@parallel_kernel
def _meet(
    vesicles: Vesicles, held: Held, binding: Floats, uptake: Floats, body: Floats, start: Array, size: float,
    mask: int, search: float, dt: float, begin: float, stream: np.uint64, touched: Ints,
) -> None:  # fmt: skip
    """Advance all vesicles; `touched` gets the row of the cell on each at the end, -1 for none, -2 for several."""
    n = len(touched)
    chunks = 1 + n // _CHUNK
    for c in prange(chunks):
        _meet_some(
            c * n // chunks, (c + 1) * n // chunks, vesicles, held, binding, uptake, body, start, size, mask, search,
            dt, begin, stream, touched,
        )  # fmt: skip


@kernel
def _count_one(
    spot: tuple[float, float, float], dish: int, maker: int, body: Floats, start: Array, size: float, mask: int,
    search: float, touching: Ints,
) -> None:  # fmt: skip
    x, y, own = spot
    near = _REACH * (search + own)
    left, right = math.floor((x - near) / size), math.floor((x + near) / size)
    for r in range(math.floor((y - near) / size), math.floor((y + near) / size) + 1):
        first, last, more = runs_of(left, right, r, dish, mask)
        while last >= first:
            for m in range(start[first], start[last + 1]):
                i, here = int(body[m, 7]), body[m, 5] == r and body[m, 6] == dish
                if (
                    here
                    and i != maker
                    and _at_end(body[m, 0] - x, body[m, 1] - y, body[m, 2], body[m, 3], own + body[m, 4])
                ):
                    touching[i] += 1
            first, last, more = 0, more, -1


@kernel
def _count(
    vesicles: Vesicles, held: Held, body: Floats, start: Array, size: float, mask: int, search: float, touched: Ints,
    touching: Ints, associated: Ints,
) -> None:  # fmt: skip
    """Add up the vesicles on each cell at the end of a step, and those bound to it; what is taken up is neither."""
    bound_to, taken_by = held.bound_to, held.taken_by
    for k in range(len(touched)):
        if touched[k] == -1 or taken_by[k] >= 0:
            continue
        if bound_to[k] >= 0:
            associated[bound_to[k]] += 1
        if touched[k] >= 0:
            touching[touched[k]] += 1
        else:
            spot = vesicles.x[k], vesicles.y[k], 0.5 * vesicles.diameter[k]
            _count_one(
                spot, vesicles.dish[k], vesicles.maker[k], body, start, size, mask, search, touching
            )  # fmt: skip


def meet(
    vesicles: Vesicles, held: Held, cells: Cells, dt: float, begin: float, stream: np.uint64
) -> tuple[Ints, Ints]:  # fmt: skip
    """Advance the contact of all vesicles with the cells that passed over them by a step (eq-chord, eq-engage).

    A vesicle looks up its cells in bins, so the cost goes with the number of vesicles and the result depends neither
    on threads nor on what else is in the tables. Beside the columns it holds 4 bytes a vesicle and about 170 a cell.

    Parameters
    ----------
    dt
        Step, s.
    begin
        When it began, s.
    stream
        Random stream: a vesicle draws a threshold for each binding and one for its uptake.

    Returns
    -------
    (n,) vesicles of others that each cell touches at the end of the step, and those that are bound to it then.
    """
    touching, associated = np.zeros(len(cells.position), np.int32), np.zeros(len(cells.position), np.int32)
    if not (len(vesicles.x) and cells.alive.any()):
        held.bound_to[:] = -1
        return touching, associated
    half = 0.5 * (cells.position - cells.before)
    middle = np.where(np.isnan(half), cells.position, cells.position - half)
    longest = np.sqrt(np.nanmax((half * half).sum(axis=1), initial=0.0, where=cells.alive))
    search = float(cells.radius.max(initial=0.0, where=cells.alive) + longest)
    bins = sort_into_bins(middle, cells.dish, cells.alive, _SIDE * search)
    body = np.empty((bins.filled, 8))
    _gather(bins.order, bins.place, bins.row, bins.group, cells, body)
    touched, found = np.empty(len(vesicles.x), np.int32), (body, bins.start, bins.size, bins.mask, search)
    _meet(vesicles, held, cells.binding, cells.uptake, *found, dt, begin, stream, touched)
    _count(vesicles, held, *found, touched, touching, associated)
    return touching, associated


def meet_array(
    vesicles: Vesicles, held: Held, cells: Cells, dt: float, begin: float, stream: np.uint64
) -> tuple[Ints, Ints]:  # fmt: skip
    """Vectorised numpy twin of `meet`: all pairs."""
    place = np.column_stack([vesicles.x, vesicles.y])
    half = 0.5 * (cells.position - cells.before)
    reach = 0.5 * vesicles.diameter[:, None] + cells.radius
    allowed = vesicles.present[:, None] & cells.alive & (vesicles.dish[:, None] == cells.dish)
    allowed &= vesicles.maker[:, None] != np.arange(len(half))
    at_end = allowed & (((cells.position - place[:, None]) ** 2).sum(axis=2) < reach**2)
    came, went = time_inside_array(cells.position - half - place[:, None], half, reach)
    came = np.fmax(came, ((vesicles.since - begin) / dt)[:, None])
    lasts = np.where(allowed & (went > came), went - came, 0.0)
    best, k = lasts.argmax(axis=1), np.arange(len(place))
    bound = (held.bound_to >= 0) & (lasts[k, held.bound_to] > 0.0)
    best[bound] = held.bound_to[bound]
    held.bound_to[:] = -1
    k = k[lasts[k, best] > 0.0]
    met, bound, key = best[k], bound[k], vesicles.key[k]
    start, end = dt * came[k, met], dt * went[k, met]
    binding, uptake = vesicles.exposed[k] * cells.binding[met], vesicles.exposed[k] * cells.uptake[met]
    need = exponential_array(stream, key, held.bindings[k], BIND) - held.adhesion[k]
    new = ~bound & (binding * (end - start) >= need)
    held.adhesion[k] = np.where(new, 0.0, np.where(bound, held.adhesion[k], held.adhesion[k] + binding * (end - start)))
    start = np.where(new, np.minimum(start + np.divide(need, binding, where=new, out=np.zeros(len(k))), end), start)
    held.bindings[k] += new
    bound |= new
    need = exponential_array(stream, key, 0, TAKE) - held.engulfment[k]
    hazard = np.where(bound, uptake * (end - start), 0.0)
    taken = bound & (hazard >= need)
    held.engulfment[k] += np.where(taken, need, hazard)
    held.taken_by[k[taken]] = met[taken]
    held.gone[k[taken]] = begin + np.minimum(start + need / np.where(taken, uptake, 1.0), end)[taken]
    stays = bound & ~taken & (went[k, met] == 1.0)
    held.bound_to[k[stays]] = met[stays]
    associated = np.bincount(met[stays], minlength=len(half))
    return (at_end & (held.taken_by < 0)[:, None]).sum(axis=0).astype(np.int32), associated.astype(np.int32)


def time_inside_array(towards: Floats, half: Floats, reach: Floats) -> tuple[Floats, Floats]:
    """Vectorised numpy twin of `time_inside`; `towards` is (m, n, 2) from points to middles, `half` (n, 2)."""
    a, b = (half**2).sum(axis=1), (towards * half).sum(axis=2)
    c = (towards**2).sum(axis=2) - reach**2
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = np.sqrt(b * b - a * c)
        far = np.where(b >= 0, -b - inside, inside - b)
        first, last = np.where(b >= 0, far / a, c / far), np.where(b >= 0, c / far, far / a)
    crossed = (a > 0) & (inside > 0)
    still = (a == 0) & (c < 0)
    came = np.where(crossed, np.maximum(0.0, 0.5 * (first + 1.0)), np.where(still, 0.0, 1.0))
    return came, np.where(crossed, np.minimum(1.0, 0.5 * (last + 1.0)), np.where(still, 1.0, 0.0))
