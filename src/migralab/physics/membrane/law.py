"""The reduced law of a swelling: radius, pressure, and the step of its volume; docs/theory/membrane-law.md.

A swelling of area A on a fibre of radius R_l has the size a = A / (4 pi R_l^2) and the fullness
v = V / (A^1.5 / (6 sqrt pi)), 1 for a closed sphere. The table holds, for each (k, a), the fullness of the thinnest
and of the fullest shape, and between them radius and pressure; docs/theory/membrane-law.md says how it was made.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel

Array = NDArray[Any]
Floats = NDArray[np.float64]

FLOOR = 0.2  # of the thinnest shape of the table: no swelling is emptied further
VOLUME, AREA, SHAPE = 0, 1, 2
_TAUT = 0.98  # of the fullest shape: from here on the membrane limits
_SETTLED = 0.01  # of the volume: nearer to its rest a swelling is in equilibrium


class LawTable(NamedTuple):
    """The table, dimensionless.

    Parameters
    ----------
    stiffness, size
        (3,) natural logarithm of the first value, step of the logarithm, and number of values: of k and of a.
    share
        (n,) where between the thinnest and the fullest shape the columns have their values; 0 to 1, rising.
    low, top
        (nk, na) logarithm of the fullness v of the thinnest and of the fullest shape.
    radius
        (nk, na, n) widest radius over that of the closed sphere, R / (R_l sqrt a).
    pressure
        (nk, na, n) Pi sqrt a: pressure of the swelling over that of the fibre, in kappa_l / (R_l^3 sqrt a).
    """

    stiffness: Floats
    size: Floats
    share: Floats
    low: Floats
    top: Floats
    radius: Floats
    pressure: Floats


class Column(NamedTuple):
    """One (k, a) of the table: its cell, the weights in it, and its range of fullness."""

    row: int
    line: int
    along: float
    across: float
    low: float
    top: float


@kernel
def find_column(stiffness: float, size: float, table: LawTable) -> Column:
    """Return where a stiffness ratio and a size lie in the table; outside it the nearest edge counts."""
    at = (math.log(stiffness) - table.stiffness[0]) / table.stiffness[1]
    at = min(max(at, 0.0), table.stiffness[2] - 1.0)
    row = min(int(at), int(table.stiffness[2]) - 2)
    at -= row
    on = (math.log(size) - table.size[0]) / table.size[1]
    on = min(max(on, 0.0), table.size[2] - 1.0)
    line = min(int(on), int(table.size[2]) - 2)
    on -= line
    low = (1.0 - at) * ((1.0 - on) * table.low[row, line] + on * table.low[row, line + 1]) + at * (
        (1.0 - on) * table.low[row + 1, line] + on * table.low[row + 1, line + 1]
    )
    top = (1.0 - at) * ((1.0 - on) * table.top[row, line] + on * table.top[row, line + 1]) + at * (
        (1.0 - on) * table.top[row + 1, line] + on * table.top[row + 1, line + 1]
    )
    return Column(row, line, at, on, math.exp(low), math.exp(top))


@kernel
def value_at(field: Floats, column: Column, node: int) -> float:
    """Return a field of the table at one of its nodes of fullness, between four columns."""
    i, j, at, on = column.row, column.line, column.along, column.across
    first = (1.0 - on) * field[i, j, node] + on * field[i, j + 1, node]
    last = (1.0 - on) * field[i + 1, j, node] + on * field[i + 1, j + 1, node]
    return float((1.0 - at) * first + at * last)


@kernel
def find_node(share: float, table: LawTable) -> int:
    """Return the node of fullness at or below a share of the range; the first and the last but one are the ends."""
    low, high = 0, len(table.share) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if table.share[middle] <= share:
            low = middle
        else:
            high = middle
    return low


@kernel
def read_law(field: Floats, fullness: float, column: Column, table: LawTable) -> float:
    """Return radius or pressure of the table at a fullness; a straight line goes on below the thinnest shape."""
    share = min((fullness - column.low) / (column.top - column.low), 1.0)
    node = find_node(share, table)
    part = (share - table.share[node]) / (table.share[node + 1] - table.share[node])
    first, last = value_at(field, column, node), value_at(field, column, node + 1)
    return float(first + part * (last - first))


@kernel
def settle(start: float, drive: float, yields: float, column: Column, table: LawTable) -> float:
    """Return the fullness at the end of a step of ``dv/dt = yields (drive - p(v))``, implicit in p (eq-settle).

    The first root in the direction of the flow is taken, so that a step never passes over an equilibrium.

    Parameters
    ----------
    start
        Fullness v at its beginning.
    drive
        Pressure that fills, in the unit of the table.
    yields
        What a unit of pressure brings in this step, in units of v.
    """
    n, span = len(table.share), column.top - column.low
    floor = min(FLOOR * column.low, start)
    v = min(start, column.top)
    rest = v - start - yields * (drive - read_law(table.pressure, v, column, table))
    rising = rest < 0.0
    share = (v - column.low) / span
    node = find_node(share, table) + (0 if rising else 1)
    while rising and node < n and table.share[node] <= share:
        node += 1
    while not rising and node >= 0 and table.share[node] >= share:
        node -= 1
    while 0 <= node < n:
        to = column.low + span * table.share[node]
        new = to - start - yields * (drive - value_at(table.pressure, column, node))
        if (new >= 0.0) if rising else (new <= 0.0):
            return float(v + (to - v) * rest / (rest - new))
        v, rest = to, new
        node += 1 if rising else -1
    if rising:
        return column.top  # full: the membrane bears what is left
    new = floor - start - yields * (drive - read_law(table.pressure, floor, column, table))
    return v + (floor - v) * rest / (rest - new) if new <= 0.0 and v > floor else floor


@kernel
def see(fullness: float, drive: float, column: Column, table: LawTable) -> tuple[float, int]:
    """Return the radius over that of the closed sphere, and what limits it.

    AREA for a taut swelling, SHAPE for a slack one whose volume lies within 1 % of its rest, VOLUME for another.
    """
    share = min((fullness - column.low) / (column.top - column.low), 1.0)
    node = find_node(share, table)
    part = (share - table.share[node]) / (table.share[node + 1] - table.share[node])
    first, last = value_at(table.radius, column, node), value_at(table.radius, column, node + 1)
    radius = first + part * (last - first)
    if fullness < column.low:  # thinner than any shape of the table: a tube of this membrane, R = 2 V / A
        radius = value_at(table.radius, column, 0) * max(fullness, 0.0) / column.low
    if fullness >= _TAUT * column.top:
        return radius, AREA
    first, last = value_at(table.pressure, column, node), value_at(table.pressure, column, node + 1)
    pressure, slope = first + part * (last - first), (last - first) / (table.share[node + 1] - table.share[node])
    near = _SETTLED * fullness / (column.top - column.low) * slope
    return radius, SHAPE if abs(drive - pressure) <= near else VOLUME


class Columns(NamedTuple):
    """Twin of `Column` for many swellings: (m, n) nodes of fullness, radius and pressure there."""

    fullness: Floats
    radius: Floats
    pressure: Floats


def find_columns_array(stiffness: Floats, size: Floats, table: LawTable) -> Columns:
    """Vectorised numpy twin of `find_column` and `value_at`: whole columns."""
    cells = []
    for values, axis in ((stiffness, table.stiffness), (size, table.size)):
        at = np.clip((np.log(values) - axis[0]) / axis[1], 0.0, axis[2] - 1)
        cell = np.minimum(at.astype(int), int(axis[2]) - 2)
        cells.append((cell, at - cell))
    (i, at), (j, on) = cells

    def blend(field: Floats) -> Floats:
        shape = (-1,) + (1,) * (field.ndim - 2)
        u, w = at.reshape(shape), on.reshape(shape)
        first = (1 - w) * field[i, j] + w * field[i, j + 1]
        return np.asarray((1 - u) * first + u * ((1 - w) * field[i + 1, j] + w * field[i + 1, j + 1]))

    low, top = np.exp(blend(table.low)), np.exp(blend(table.top))
    return Columns(low[:, None] + (top - low)[:, None] * table.share, blend(table.radius), blend(table.pressure))


def read_law_array(field: Floats, fullness: Floats, columns: Columns) -> Floats:
    """Vectorised numpy twin of `read_law`; `field` is that of the columns."""
    v = np.minimum(fullness, columns.fullness[:, -1])
    cell = np.clip((columns.fullness <= v[:, None]).sum(axis=1) - 1, 0, columns.fullness.shape[1] - 2)
    row = np.arange(len(v))
    v0, v1 = columns.fullness[row, cell], columns.fullness[row, cell + 1]
    return np.asarray(field[row, cell] + (v - v0) / (v1 - v0) * (field[row, cell + 1] - field[row, cell]))


def settle_array(start: Floats, drive: Floats, yields: Floats, columns: Columns) -> Floats:
    """Vectorised numpy twin of `settle`: the first change of sign beyond the start."""
    nodes = columns.fullness
    floor = np.minimum(FLOOR * nodes[:, 0], start)
    v = np.minimum(start, nodes[:, -1])

    def rest(at: Floats, pressure: Floats) -> Floats:
        return np.asarray(at - start[:, None] - yields[:, None] * (drive[:, None] - pressure))

    here = rest(v[:, None], read_law_array(columns.pressure, v, columns)[:, None])
    below = rest(floor[:, None], read_law_array(columns.pressure, floor, columns)[:, None])
    # One row of places for each direction, in the order in which they are met
    up, place = np.concatenate([here, rest(nodes, columns.pressure)], axis=1), np.column_stack([v, nodes])
    up[:, 1:][nodes <= v[:, None]] = -np.inf
    down = np.concatenate([here, rest(nodes, columns.pressure)[:, ::-1], below], axis=1)
    down_place = np.column_stack([v, nodes[:, ::-1], floor])
    down[:, 1:][down_place[:, 1:] >= v[:, None]] = np.inf
    rising = here[:, 0] < 0
    result = np.where(rising, nodes[:, -1], floor)
    for chosen, value, where in ((rising, up, place), (~rising, -down, down_place)):
        hit = value[:, 1:] >= 0
        rows = np.flatnonzero(chosen & hit.any(axis=1))
        last = hit[rows].argmax(axis=1) + 1
        # The place before it, which is the start where that lies between
        first = np.where(np.isinf(value[rows, last - 1]), 0, last - 1)
        r0, r1, v0, v1 = value[rows, first], value[rows, last], where[rows, first], where[rows, last]
        result[rows] = v0 + (v1 - v0) * r0 / (r0 - r1)
    return result


def radius_array(fullness: Floats, columns: Columns) -> Floats:
    """Return the widest radius over that of the closed sphere; below the thinnest shape that of a tube, R = 2 V / A."""
    low = columns.fullness[:, 0]
    thin = columns.radius[:, 0] * np.maximum(fullness, 0) / low
    return np.where(fullness < low, thin, read_law_array(columns.radius, fullness, columns))


def see_array(fullness: Floats, drive: Floats, columns: Columns) -> tuple[Floats, Array]:
    """Vectorised numpy twin of `see`."""
    nodes, row = columns.fullness, np.arange(len(fullness))
    cell = np.clip((nodes <= fullness[:, None]).sum(axis=1) - 1, 0, nodes.shape[1] - 2)
    slope = np.diff(columns.pressure, axis=1)[row, cell] / np.diff(nodes, axis=1)[row, cell]
    off = np.abs(drive - read_law_array(columns.pressure, fullness, columns))
    slack = np.where(off <= _SETTLED * fullness * slope, SHAPE, VOLUME)
    limiter = np.where(fullness >= _TAUT * nodes[:, -1], AREA, slack)
    return radius_array(fullness, columns), limiter
