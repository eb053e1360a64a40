"""Which object of one frame is which of another: least-cost assignment, and the drift that most objects agree on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse, spatial

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def assign(rows: Ints, columns: Ints, cost: Floats, give_up: float) -> tuple[Ints, Ints]:
    """Return the pairs of least total cost, each row and each column in one pair at most.

    Pairs that are not listed are not allowed. Leaving a row alone costs `give_up`, so that no pair costs more.
    Rows and columns that could be exchanged are solved together, all others apart: thousands of objects are cheap.

    Parameters
    ----------
    rows, columns
        (n,) allowed pairs.
    cost
        (n,) cost of each, finite.
    give_up
        Cost of a row without a partner.
    """
    keep = cost < give_up
    rows, columns, cost = rows[keep], columns[keep], cost[keep]
    if not len(rows):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    first = int(rows.max()) + 1
    size = first + int(columns.max()) + 1
    graph = sparse.coo_matrix((np.ones(len(rows)), (rows, first + columns)), shape=(size, size))
    label = sparse.csgraph.connected_components(graph, directed=False)[1][rows]
    order = np.argsort(label, kind="stable")
    cuts = np.flatnonzero(np.diff(label[order])) + 1
    chosen_rows, chosen_columns = [], []
    for part in np.split(order, cuts):
        if len(part) == 1:
            chosen_rows.append(rows[part])
            chosen_columns.append(columns[part])
            continue
        here, row = np.unique(rows[part], return_inverse=True)
        there, column = np.unique(columns[part], return_inverse=True)
        table = np.full((len(here), len(there) + len(here)), 1e9)
        table[row, column] = cost[part]
        table[np.arange(len(here)), len(there) + np.arange(len(here))] = give_up
        best_row, best_column = optimize.linear_sum_assignment(table)
        real = best_column < len(there)
        chosen_rows.append(here[best_row[real]])
        chosen_columns.append(there[best_column[real]])
    return np.concatenate(chosen_rows), np.concatenate(chosen_columns)


def near_pairs(a: Floats, b: Floats, reach: Floats | float) -> tuple[Ints, Ints, Floats]:
    """Return the pairs (index in a, index in b, distance) that are no further apart than `reach`.

    Parameters
    ----------
    a, b
        (n, 2) and (m, 2) places.
    reach
        Distance, or one for each of `a`.
    """
    if not len(a) or not len(b):
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    lists = spatial.cKDTree(b).query_ball_point(a, np.broadcast_to(reach, len(a)))
    counts = np.array([len(found) for found in lists])
    rows = np.repeat(np.arange(len(a)), counts)
    columns = np.array([n for found in lists for n in found], np.int64)
    return rows, columns, np.hypot(*(a[rows] - b[columns]).T)


def vote_drift(a: Floats, b: Floats, reach: float, agree: float) -> tuple[Floats, int, float]:
    """Return the displacement from `a` to `b` on which most pairs agree, how many do, and how many would by chance.

    Every pair within `reach` proposes its displacement; the proposal with most others within `agree` wins and is
    refined to their mean. Objects that came, went or moved by themselves propose at random and are outvoted.
    """
    rows, columns, _ = near_pairs(a, b, reach)
    if not len(rows):
        return np.zeros(2), 0, 0.0
    proposals = b[columns] - a[rows]
    tree = spatial.cKDTree(proposals)
    support = tree.query_ball_point(proposals, agree, return_length=True)
    best = proposals[int(np.argmax(support))]
    for _ in range(3):
        best = proposals[tree.query_ball_point(best, agree)].mean(axis=0)
    backers = tree.query_ball_point(best, agree)
    return best, len(np.unique(rows[backers])), len(rows) * (agree / reach) ** 2
