"""Where nodes and edges of a causal graph stand on paper: layers from top to bottom, nothing over anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from migralab.report.catalogue.layers import Pair, components, in_layers, order_layers

Point = tuple[float, float]
Size = tuple[float, float]

GAP = 0.16  # inches between things that stand side by side
_SLIM = 0.10  # width kept for an edge that passes a layer
_NODE_GAP, _LABEL_GAP = 0.30, 0.20  # inches above and below a row of nodes, of labels
_PART_GAP = 0.40  # between parts of a graph that do not hang together
_ROUNDS = 300
_STRAIGHT = (1.0, 1.0, 8.0)  # pull of a link by how many of its ends are passages: long edges come out straight


@dataclass(slots=True, kw_only=True)
class Item:
    """A node, or the place where an edge passes a layer (with its label, if it has one)."""

    size: Size
    node: str = ""
    edge: Pair | None = None
    x: float = 0.0
    y: float = 0.0
    row: float = 0.0  # height of the row in which it stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Places in inches, y downwards; centres of nodes and labels, and the points that each edge passes.

    Parameters
    ----------
    routes
        From the edge's source to its target, in the direction of the edge.
    feedback
        Edges that close a loop, and so lead upwards.
    """

    size: Size
    nodes: dict[str, Point]
    labels: dict[Pair, Point]
    routes: dict[Pair, tuple[Point, ...]]
    feedback: frozenset[Pair]


@dataclass(slots=True, kw_only=True)
class _Part:
    items: list[Item]
    layers: list[list[int]]
    chains: dict[Pair, list[int]]  # items of an edge from the upper node to the lower one
    feedback: frozenset[Pair]
    labelled: dict[Pair, int] = field(default_factory=dict)


def lay_out(
    edges: Sequence[Pair], node_sizes: Mapping[str, Size], label_sizes: Mapping[Pair, Size], *, width: float
) -> Layout:
    """Return the layout of a graph.

    Parameters
    ----------
    edges
        (source, target), each once.
    node_sizes, label_sizes
        Width and height in inches; an edge without a label is left out.
    width
        Inches that parts side by side may take; a single part may be wider.
    """
    straight = [edge for edge in edges if edge[0] != edge[1]]
    parts = [_place(group, node_sizes, label_sizes) for group in components(straight)]
    nodes: dict[str, Point] = {}
    labels: dict[Pair, Point] = {}
    routes: dict[Pair, tuple[Point, ...]] = {}
    taken: list[tuple[float, float, float, float]] = []  # left, top, right, bottom
    for part in sorted(parts, key=lambda part: -_extent(part)[1]):  # tall ones first, the others beside and below
        x, y = _free_place(taken, _extent(part), width)
        taken.append((x, y, x + _extent(part)[0], y + _extent(part)[1]))
        for item in part.items:
            item.x, item.y = item.x + x, item.y + y
            if item.node:
                nodes[item.node] = (item.x, item.y)
        labels |= {edge: (part.items[k].x, part.items[k].y) for edge, k in part.labelled.items()}
        routes |= _routes(part)
    return Layout(
        size=(max(box[2] for box in taken), max(box[3] for box in taken)), nodes=nodes, labels=labels, routes=routes,
        feedback=frozenset(edge for part in parts for edge in part.feedback),
    )  # fmt: skip


def _free_place(taken: Sequence[tuple[float, float, float, float]], size: Size, width: float) -> Point:
    """Return the highest place, then the one most to the left, where a part meets no other."""
    places = []
    for x in (0.0, *(box[2] + _PART_GAP for box in taken)):
        if x > 0 and x + size[0] > width:
            continue
        over = [box for box in taken if box[0] < x + size[0] + _PART_GAP and x < box[2] + _PART_GAP]
        places.append((max((box[3] + _PART_GAP for box in over), default=0.0), x))
    y, x = min(places)
    return x, y


def _place(edges: Sequence[Pair], node_sizes: Mapping[str, Size], label_sizes: Mapping[Pair, Size]) -> _Part:
    layered = in_layers(edges)
    items = [Item(size=node_sizes[name], node=name) for name in layered.nodes]
    layers: list[list[int]] = [[] for _ in range(2 * max(layered.depth.values()) + 1)]
    number = {name: k for k, name in enumerate(layered.nodes)}
    for name, k in number.items():
        layers[2 * layered.depth[name]].append(k)
    part = _Part(items=items, layers=layers, chains={}, feedback=layered.feedback)
    for edge in sorted(edges, key=lambda edge: edge not in layered.feedback):  # what leads up keeps to one side
        upper, lower = edge[::-1] if edge in layered.feedback else edge
        first, last = 2 * layered.depth[upper] + 1, 2 * layered.depth[lower]
        middle = (first + last - 1) // 2 // 2 * 2 + 1  # a label stands between two rows of nodes
        chain = [number[upper]]
        for row in range(first, last):
            labelled = edge in label_sizes and row == middle
            items.append(Item(size=label_sizes[edge] if labelled else (_SLIM, 0.0), edge=edge))
            layers[row].append(len(items) - 1)
            chain.append(len(items) - 1)
            if labelled:
                part.labelled[edge] = len(items) - 1
        part.chains[edge] = [*chain, number[lower]]
    links = [pair for chain in part.chains.values() for pair in pairwise(chain)]
    part.layers = order_layers(layers, links)
    _spread(part, links)
    _stack(part)
    return part


def _spread(part: _Part, links: Sequence[tuple[int, int]]) -> None:
    """Give every item its x: near the mean of its neighbours, apart from those beside it."""
    beside: dict[int, list[tuple[int, float]]] = {k: [] for k in range(len(part.items))}
    for a, b in links:
        weight = _STRAIGHT[(not part.items[a].node) + (not part.items[b].node)]
        beside[a].append((b, weight))
        beside[b].append((a, weight))
    pull = {k: sum(weight for _, weight in around) for k, around in beside.items()}
    for layer in part.layers:
        _apart(part.items, layer, [0.0] * len(layer), [1.0] * len(layer))
    for turn in range(_ROUNDS):
        for layer in part.layers if turn % 2 == 0 else part.layers[::-1]:
            wanted = [
                sum(weight * part.items[other].x for other, weight in beside[k]) / pull[k] if beside[k] else 0.0
                for k in layer
            ]
            _apart(part.items, layer, wanted, [pull[k] or 1.0 for k in layer])
    left = min(item.x - item.size[0] / 2 for item in part.items)
    for item in part.items:
        item.x -= left


def _apart(items: Sequence[Item], layer: Sequence[int], wanted: Sequence[float], weights: Sequence[float]) -> None:
    """Set x as near to `wanted` as the widths allow, in least squares (pool adjacent violators).

    Weighted by the links of each, so that one layer after the other makes the sum of all squared links smaller.
    """
    offsets, reach = [], 0.0
    for place, k in enumerate(layer):
        if place:
            reach += (items[layer[place - 1]].size[0] + items[k].size[0]) / 2 + GAP
        offsets.append(reach)
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many
    for want, offset, weight in zip(wanted, offsets, weights, strict=True):
        blocks.append((want - offset, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, u, m), (b, v, n) = blocks[-2:]
            blocks[-2:] = [((a * u + b * v) / (u + v), u + v, m + n)]
    means = [mean for mean, _, count in blocks for _ in range(count)]
    for k, mean, offset in zip(layer, means, offsets, strict=True):
        items[k].x = mean + offset


def _stack(part: _Part) -> None:
    y = 0.0
    for row, layer in enumerate(part.layers):
        tall = max((part.items[k].size[1] for k in layer), default=0.0)
        gap = 0.0 if row == 0 else (_NODE_GAP if row % 2 == 0 else _LABEL_GAP)
        y += gap + tall / 2
        for k in layer:
            part.items[k].y, part.items[k].row = y, tall
        y += tall / 2


def _extent(part: _Part) -> Size:
    return (
        max(item.x + item.size[0] / 2 for item in part.items),
        max(item.y + item.size[1] / 2 for item in part.items),
    )


def _routes(part: _Part) -> dict[Pair, tuple[Point, ...]]:
    """Return the points of each edge, from source to target, beginning and ending at the rim of its nodes."""
    items, ports = part.items, _ports(part)
    routes = {}
    for edge, chain in part.chains.items():
        upper, lower = items[chain[0]], items[chain[-1]]
        route = [(upper.x + ports[edge, 0], upper.y + upper.size[1] / 2)]
        for item in (items[k] for k in chain[1:-1]):  # straight through the row, past what stands beside it
            half = (item.size[1] or item.row) / 2
            route += [(item.x, item.y - half), (item.x, item.y + half)] if half else [(item.x, item.y)]
        route += [(lower.x + ports[edge, 1], lower.y - lower.size[1] / 2)]
        routes[edge] = tuple(route[::-1] if edge in part.feedback else route)
    return routes


def _ports(part: _Part) -> dict[tuple[Pair, int], float]:
    """Return by how much each edge stands off the middle of its upper (0) and its lower (1) node."""
    found: dict[tuple[Pair, int], float] = {}
    for end, inner in ((0, 1), (-1, -2)):
        at: dict[int, list[Pair]] = {}
        for edge, chain in part.chains.items():
            at.setdefault(chain[end], []).append(edge)
        for node, edges in at.items():
            room = part.items[node].size[0] - 2 * GAP
            step = min(0.32, room / (len(edges) - 1)) if len(edges) > 1 else 0.0
            there = sorted(edges, key=lambda edge: part.items[part.chains[edge][inner]].x)
            for place, edge in enumerate(there):
                found[edge, 0 if end == 0 else 1] = (place - (len(edges) - 1) / 2) * step
    return found
