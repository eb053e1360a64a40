"""Fibres as smooth curves: tension straightens what hangs between tips and junctions, and fibres merge along their way.

The simulation gives a fibre as nodes about 1.5 um apart. A fibre under tension has no corner there (E, by eye from
Zhao 2019 S1a and S3b), so the loose nodes are relaxed and curves are drawn through all. Tips and junctions, where
the vesicles sit, stay where they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROUNDS = 6  # E: straightens over sqrt(6/2) nodes, about 2.5 um
_PIECE_UM = 0.4
_STRAIGHT = 1e-6  # rad


def relax_nodes(place: Floats, parent: Ints, held: NDArray[np.bool_]) -> Floats:
    """Return places (n, 2) in which every node that nothing holds has moved towards the line between its neighbours.

    Parameters
    ----------
    place
        Places, um.
    parent
        Row of the next node towards the cell, -1 where there is none.
    held
        Nodes that stay: tips, junctions, what hangs on the cell.
    """
    child = np.full(len(place), -1, np.int64)
    child[parent[parent >= 0]] = np.flatnonzero(parent >= 0)
    loose = np.flatnonzero(~held & (parent >= 0) & (child >= 0))
    after, before = parent[loose], child[loose]
    moved = place.copy()
    for _ in range(_ROUNDS):
        moved[loose] = (moved[before] + 2 * moved[loose] + moved[after]) / 4
    return moved


def directions(place: Floats, parent: Ints, onward: Floats) -> Floats:
    """Return the unit vector (n, 2) along which a fibre passes each node, towards the cell.

    At a junction all fibres that arrive share it: they merge tangentially.

    Parameters
    ----------
    place, parent
        As in `relax_nodes`.
    onward
        Where the fibre goes from a node without parent (n, 2); NaN where it ends there.
    """
    has = parent >= 0
    ahead = np.where(has[:, None], place[parent], onward)
    arrivals = np.zeros_like(place)
    np.add.at(arrivals, parent[has], _unit(place[parent[has]] - place[has]))
    incoming, outgoing = _unit(arrivals), _unit(np.nan_to_num(ahead - place))
    return _unit(incoming + outgoing)


def draw_curves(start: Floats, end: Floats, leaving: Floats, arriving: Floats) -> tuple[Floats, Ints]:
    """Return cubic curves as straight pieces.

    Parameters
    ----------
    start, end
        Ends of the curves (n, 2), um.
    leaving, arriving
        Unit directions at the ends (n, 2).

    Returns
    -------
    pieces
        Segments (m, 4); a straight curve is one piece.
    curve
        Row of the curve that each piece belongs to.
    """
    chord = end - start
    length = np.hypot(*chord.T)
    along = _unit(chord)
    bent = (_angle(leaving, along) > _STRAIGHT) | (_angle(arriving, along) > _STRAIGHT)
    count = np.where(bent, np.maximum(np.ceil(length / _PIECE_UM), 2), 1).astype(np.int64)
    curve = np.repeat(np.arange(len(start)), count)
    ordinal = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    tangents = [unit * length[:, None] for unit in (leaving, arriving)]

    def point(share: Floats) -> Any:
        t = share[:, None]
        a, b = (tangent[curve] for tangent in tangents)
        return (
            (2 * t**3 - 3 * t**2 + 1) * start[curve] + (t**3 - 2 * t**2 + t) * a
            + (3 * t**2 - 2 * t**3) * end[curve] + (t**3 - t**2) * b
        )  # fmt: skip

    return np.hstack([point(ordinal / count[curve]), point((ordinal + 1) / count[curve])]), curve


def _unit(vectors: Floats) -> Floats:
    length = np.hypot(*vectors.T)
    return np.asarray(vectors / np.where(length > 0, length, 1)[:, None], np.float64)


def _angle(first: Floats, second: Floats) -> Floats:
    cross = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    return np.asarray(np.abs(np.arctan2(cross, np.sum(first * second, axis=1))), np.float64)
