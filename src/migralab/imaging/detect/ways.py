"""Ways along the fibres: from each node to its cell, and the directions in which fibres leave a vesicle."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from migralab.imaging.detect.network import Network

_AWAY_PX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Way of each node to its cell: next node, branch towards it, cell and distance along fibres (pixels)."""

    parent: dict[int, int]
    branch: dict[int, int]
    cell: dict[int, int]


def find_ways(network: Network) -> Ways:
    """Find the shortest way of every node to a cell along the fibres (Dijkstra); what has none is left out."""
    parent: dict[int, int] = {}
    branch_of: dict[int, int] = {}
    cell: dict[int, int] = {}
    heap = [(0.0, n, -1, -1, node.index) for n, node in sorted(network.nodes.items()) if node.kind == "cell"]
    done: set[int] = set()
    while heap:
        distance, number, origin, via, owner = heapq.heappop(heap)
        if number in done:
            continue
        done.add(number)
        parent[number], branch_of[number], cell[number] = origin, via, owner
        for branch in sorted(network.nodes[number].branches):
            following = network.other(branch, number)
            if following not in done and network.nodes[following].kind != "cell":
                step = network.branches[branch].length_px
                heapq.heappush(heap, (distance + step, following, number, branch, owner))
    return Ways(parent=parent, branch=branch_of, cell=cell)


def leaving_angles(network: Network, vesicles: int) -> list[list[float]]:
    """Directions in which branches leave each vesicle, rad, from the centre to ten pixels out along the branch."""
    angles: list[list[float]] = [[] for _ in range(vesicles)]
    for number, node in network.nodes.items():
        if node.kind == "vesicle":
            for branch in sorted(node.branches):
                path = network.branches[branch].path
                x, y = (path if network.branches[branch].a == number else path[::-1])[: _AWAY_PX + 1][-1]
                angles[node.index].append(float(np.arctan2(y - node.y, x - node.x)))
    return angles
