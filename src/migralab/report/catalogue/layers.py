"""A causal graph in layers: which edges close a loop, how deep each node lies, and in what order nodes stand."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Pair = tuple[str, str]
_SWEEPS, _STARTS = 8, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Layered:
    """A graph that hangs together, without its loops.

    Parameters
    ----------
    nodes
        In the order in which the edges name them.
    depth
        Layer of each node, 0 at the top: the longest way to it from a node that nothing acts on.
    feedback
        Edges that close a loop; all others lead downwards.
    """

    nodes: tuple[str, ...]
    depth: dict[str, int]
    feedback: frozenset[Pair]


def components(edges: Iterable[Pair]) -> list[list[Pair]]:
    """Return the edges in groups that hang together, in the order of first mention."""
    groups: list[list[Pair]] = []
    for edge in edges:
        touching = [group for group in groups if any(set(edge) & set(other) for other in group)]
        merged = [*(other for group in touching for other in group), edge]
        if touching:
            groups[groups.index(touching[0])] = merged
            groups = [group for group in groups if group not in touching[1:]]
        else:
            groups.append(merged)
    return groups


def in_layers(edges: Sequence[Pair]) -> Layered:
    """Return the layers of a graph that hangs together: longest path, with as few loops closed as a search finds."""
    nodes = tuple(dict.fromkeys(name for edge in edges for name in edge))
    feedback = _closing(nodes, edges)
    down = [edge for edge in edges if edge not in feedback]
    depth = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for source, target in down:
            depth[target] = max(depth[target], depth[source] + 1)
    for name in nodes:  # what nothing acts on stands next to what it acts on, not at the very top
        below = [depth[target] for source, target in down if source == name]
        if below and all(target != name for _, target in down):
            depth[name] = min(below) - 1
    return Layered(nodes=nodes, depth=depth, feedback=frozenset(feedback))


def _closing(nodes: Sequence[str], edges: Sequence[Pair]) -> set[Pair]:
    """Return the edges that lead back to where a depth-first search came from."""
    after = {name: [target for source, target in edges if source == name] for name in nodes}
    acted_on = {target for source, target in edges if source != target}
    closing: set[Pair] = set()
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        for target in after[name]:
            if target in (*way, name):
                closing.add((name, target))
            elif target not in done:
                visit(target, (*way, name))
        done.add(name)

    for name in sorted(nodes, key=lambda node: node in acted_on):  # those that nothing acts on first
        if name not in done:
            visit(name, ())
    return closing


def order_layers(layers: list[list[int]], links: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Return the layers, each reordered so that few links cross; a link joins items of neighbouring layers."""
    above: dict[int, list[int]] = {item: [] for layer in layers for item in layer}
    below: dict[int, list[int]] = {item: [] for layer in layers for item in layer}
    for upper, lower in links:
        below[upper].append(lower)
        above[lower].append(upper)
    best, fewest = [list(layer) for layer in layers], crossings(layers, links)
    draw = random.Random(1)  # other orders to start from; always the same ones
    for start in range(_STARTS):
        if fewest == 0:
            break
        now = [list(layer) if start == 0 else draw.sample(layer, len(layer)) for layer in layers]
        now, count = _swept(now, links, above, below)
        if count < fewest:
            best, fewest = now, count
    return best


def _swept(
    now: list[list[int]], links: Sequence[tuple[int, int]], above: dict[int, list[int]], below: dict[int, list[int]]
) -> tuple[list[list[int]], int]:
    """Return the best of a number of sweeps down and up, and how many links cross in it."""
    best, fewest = [list(layer) for layer in now], crossings(now, links)
    for sweep in range(_SWEEPS):
        order = range(1, len(now)) if sweep % 2 == 0 else range(len(now) - 2, -1, -1)
        beside = above if sweep % 2 == 0 else below
        for index in order:
            fixed = now[index - 1] if sweep % 2 == 0 else now[index + 1]
            place = {item: k for k, item in enumerate(fixed)}
            now[index] = _by_mean(now[index], beside, place)
        _exchange(now, links)
        if (count := crossings(now, links)) < fewest:
            best, fewest = [list(layer) for layer in now], count
    return best, fewest


def _by_mean(layer: list[int], beside: dict[int, list[int]], place: dict[int, int]) -> list[int]:
    """Return a layer sorted by the mean place of each item's neighbours; what has none keeps its place."""
    keys = {}
    for k, item in enumerate(layer):
        around = [place[other] for other in beside[item]]
        keys[item] = (sum(around) / len(around) if around else float(k), k)
    return sorted(layer, key=lambda item: keys[item])


def _exchange(layers: list[list[int]], links: Sequence[tuple[int, int]]) -> None:
    """Swap neighbours as long as that takes a crossing away."""
    fewest, better = crossings(layers, links), True
    while better:
        better = False
        for layer in layers:
            for k in range(len(layer) - 1):
                layer[k], layer[k + 1] = layer[k + 1], layer[k]
                if (count := crossings(layers, links)) < fewest:
                    fewest, better = count, True
                else:
                    layer[k], layer[k + 1] = layer[k + 1], layer[k]


def crossings(layers: Sequence[Sequence[int]], links: Sequence[tuple[int, int]]) -> int:
    """Return how many pairs of links cross."""
    place = {item: (row, k) for row, layer in enumerate(layers) for k, item in enumerate(layer)}
    rows: dict[int, list[tuple[int, int]]] = {}
    for upper, lower in links:
        rows.setdefault(place[upper][0], []).append((place[upper][1], place[lower][1]))
    return sum(
        (a[0] - b[0]) * (a[1] - b[1]) < 0 for ends in rows.values() for k, a in enumerate(ends) for b in ends[k + 1 :]
    )
