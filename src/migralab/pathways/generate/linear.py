"""The matrix d I - J, factored once and for all in symbols, with only the entries that can be other than zero.

The order of elimination is that of Markowitz on the diagonal: at each step the variable whose elimination can fill the
fewest zeros. d = 1 / (gamma h) stands on the diagonal, so a small enough step makes any order stable; the largest
d over pivot tells the integrator when it is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from migralab.pathways.generate.graph import Graph

DIAGONAL = "1/(gamma h)"  # no name of a model can look like this

Entries = dict[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Factors:
    """Nodes of a factored matrix.

    Parameters
    ----------
    order
        Variables in order of elimination.
    inverse
        1 / pivot of each variable.
    lower, upper
        (row, column) -> factor that forward and back substitution multiply with.
    growth
        The largest d / |pivot| (eq-pivot-growth).
    """

    order: tuple[int, ...]
    inverse: Mapping[int, int]
    lower: Entries
    upper: Entries
    growth: int


def elimination_order(size: int, pattern: frozenset[tuple[int, int]]) -> tuple[int, ...]:
    """Return the order that fills few zeros: least product of other entries in row and column, then the first."""
    rows = [{column for row, column in pattern if row == own and column != own} for own in range(size)]
    columns = [{row for row, column in pattern if column == own and row != own} for own in range(size)]
    left, order = set(range(size)), []
    while left:
        pivot = min(left, key=lambda own: (len(rows[own]) * len(columns[own]), own))
        left.remove(pivot)
        order.append(pivot)
        for row in columns[pivot]:
            rows[row] |= rows[pivot] - {row}
            rows[row].discard(pivot)
        for column in rows[pivot]:
            columns[column] |= columns[pivot] - {column}
            columns[column].discard(pivot)
    return tuple(order)


def factorise(graph: Graph, size: int, slopes: Mapping[tuple[int, int], int]) -> Factors:
    """Return the factors of d I - J.

    Parameters
    ----------
    slopes
        Entries of J, (row, column) -> node.
    """
    order = elimination_order(size, frozenset(slopes))
    matrix = {place: graph.apply("neg", node) for place, node in slopes.items()}
    diagonal = graph.symbol(DIAGONAL)
    for own in range(size):
        matrix[own, own] = graph.apply("sub", diagonal, slopes[own, own]) if (own, own) in slopes else diagonal
    inverse: dict[int, int] = {}
    lower: Entries = {}
    upper: Entries = {}
    for place, pivot in enumerate(order):
        inverse[pivot] = graph.apply("div", graph.one, matrix[pivot, pivot])
        behind = [own for own in order[place + 1 :] if (pivot, own) in matrix]
        for column in behind:
            upper[pivot, column] = matrix[pivot, column]
        for row in order[place + 1 :]:
            if (row, pivot) not in matrix:
                continue
            lower[row, pivot] = graph.apply("mul", matrix[row, pivot], inverse[pivot])
            for column in behind:
                taken = graph.apply("mul", lower[row, pivot], upper[pivot, column])
                entry = graph.apply("sub", matrix.get((row, column), graph.zero), taken)
                if entry == graph.zero:
                    matrix.pop((row, column), None)
                else:
                    matrix[row, column] = entry
    losses = [graph.apply("abs", graph.apply("mul", diagonal, inverse[own])) for own in order]
    growth = graph.apply("max", *losses) if losses else graph.one
    return Factors(order, inverse, lower, upper, growth)
