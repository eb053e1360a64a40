"""The network of fibres as a picture shows it: what stands in the field, lies beside the bodies and is long enough.

"Long enough" is what the analyser asks of connected traces (`AnalysisSettings`): a limit of the measurement, as the
narrowest vesicle that is counted is one, and so put to the truth of a field as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.imaging.settings import AnalysisSettings
from migralab.microscope.specimen import FIBRE_KINDS, Floats, Scene, Tubes, Vesicles, choose

_SAME_UM = 1e-3  # ends nearer than this are one
_TOUCH_UM = 0.5  # from the rim of a vesicle to the nearest end of a piece of its fibre; pieces are 0.4 um long
_ROOT_UM = 1.0  # a fibre that ends this near a body runs into it
_RING = np.array([(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 12, endpoint=False)]) * _ROOT_UM

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Fibres that could be traced.

    Parameters
    ----------
    pieces
        Straight pieces that show, without those of networks too short to be traced.
    place, cell_id
        Tips and junctions (n, 2), um, and the owner of each.
    meeting
        Number of lines that meet there: 1 at a tip, 3 or more at a junction.
    """

    pieces: Tubes
    place: Floats
    cell_id: Ints
    meeting: Ints


def trace_standing(
    scene: Scene, vesicles: Vesicles, inside: Callable[[Floats], Mask], under: Callable[[Floats], Mask]
) -> Standing:
    """Return the fibres of a scene that could be traced.

    Parameters
    ----------
    scene
        The specimen.
    vesicles
        Vesicles that could be seen: a fibre with one may be shorter.
    inside, under
        Whether places (n, 2) lie in the field, and whether a body hides them.
    """
    pieces = choose(scene.tubes, np.flatnonzero(np.isin(scene.tubes.kind, FIBRE_KINDS)))
    place, vertex = _vertices(pieces.ends)
    middle = (pieces.ends[:, :2] + pieces.ends[:, 2:]) / 2
    hidden = under(middle)
    shown = inside(middle) & ~hidden
    rooted = np.zeros(len(place), bool)
    rooted[vertex[hidden].ravel()] = True
    onward = np.bincount(vertex[~shown].ravel(), minlength=len(place))  # lines that go on out of sight
    single = (onward == 0) & (np.bincount(vertex[shown].ravel(), minlength=len(place)) == 1)
    rooted |= single & np.any([under(place + step) for step in _RING], axis=0)
    kept = np.flatnonzero(shown)
    kept = kept[_long_enough(place, vertex[kept], pieces.ends[kept], rooted, vesicles)]
    seen = np.bincount(vertex[kept].ravel(), minlength=len(place))
    meeting = np.where(seen > 0, seen + onward, 0)
    listed = np.flatnonzero(((meeting == 1) & ~rooted) | (meeting >= 3))
    owner = np.full(len(place), -1, np.int64)
    owner[vertex.ravel()] = np.repeat(pieces.cell_id.astype(np.int64), 2)
    return Standing(
        pieces=choose(pieces, kept),
        place=place[listed],
        cell_id=owner[listed],
        meeting=meeting[listed].astype(np.int64),
    )


def _vertices(ends: Floats) -> tuple[Floats, Ints]:
    """Return the places where pieces end, and the two of each piece."""
    corners = ends.reshape(-1, 2)
    rounded = np.round(corners / _SAME_UM).astype(np.int64)
    _, first, of = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
    return corners[first], np.reshape(of, (-1, 2)).astype(np.int64)


def _long_enough(place: Floats, vertex: Ints, ends: Floats, rooted: Mask, vesicles: Vesicles) -> Mask:
    """Return which pieces belong to a network that the analyser would not leave out as too short."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    if not len(vertex):
        return np.empty(0, bool)
    settings, nodes = AnalysisSettings(), len(place)
    links = coo_array((np.ones(len(vertex)), (vertex[:, 0], vertex[:, 1])), shape=(nodes, nodes))
    parts, of = connected_components(links, directed=False)
    total = np.bincount(of[vertex[:, 0]], np.hypot(*(ends[:, 2:] - ends[:, :2]).T), parts)
    to_cell = np.bincount(of[rooted], minlength=parts) > 0
    least = np.where(to_cell, settings.fibre_shortest_um, settings.fibre_lone_um)
    seen = np.unique(vertex)
    found = choose(vesicles, np.flatnonzero(vesicles.diameter >= settings.diameter_smallest_um))
    if len(found.diameter):
        apart, nearest = cKDTree(place[seen]).query(found.centre)
        on = apart <= found.diameter / 2 + _TOUCH_UM
        least[of[seen[nearest[on]]]] = settings.fibre_shortest_um / 2
    return np.asarray((total >= least)[of[vertex[:, 0]]])
