"""The network of fibres: from lines one pixel wide to tips, junctions and branches; vesicles and cells are nodes.

A vesicle interrupts the lines (a ring is traced around on both sides); it therefore becomes a node of its own,
and the number of branches that enter it says where it sits: one makes a tip, two a shaft, three a junction.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.imaging.detect.chains import box_of, label_pixels, order_chain
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.noise import Mask
from migralab.imaging.signal.windows import count_neighbours, largest_within

Floats = NDArray[np.float64]

_SAME_JUNCTION_UM = 0.3
_GAP_SHARE = 0.5
_AHEAD = 0.7  # cosine: within 45 degrees of the way an end points
_FACING = 0.866  # within 30 degrees, of both ends
_SHORTEST_PX = 5  # a few pixels in a row are no fibre, whatever their size
_EIGHT = np.ones((3, 3), bool)
_EDGE_PX = 3


@dataclass(slots=True, kw_only=True)
class Node:
    """A place where branches end: ``kind`` is tip, junction, vesicle, cell or edge (of image or mask)."""

    x: float
    y: float
    kind: str
    index: int = -1  # number of the vesicle or cell
    branches: set[int] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Branch:
    """A stretch between two nodes; `path` in pixels, (n, 2) as x, y, from node `a` to node `b`."""

    a: int
    b: int
    path: Floats
    length_px: float


@dataclass(slots=True, kw_only=True)
class Network:
    """Nodes and branches by number; edited in place while it is cleaned."""

    nodes: dict[int, Node]
    branches: dict[int, Branch]

    def other(self, branch: int, node: int) -> int:
        """Return the node at the other end."""
        found = self.branches[branch]
        return found.b if found.a == node else found.a

    def remove(self, branch: int) -> None:
        """Take a branch away, and nodes that nothing enters any more, except vesicles and cells."""
        gone = self.branches.pop(branch)
        for number in {gone.a, gone.b}:
            node = self.nodes[number]
            node.branches.discard(branch)
            if not node.branches and node.kind not in {"vesicle", "cell"}:
                del self.nodes[number]

    def join(self, number: int) -> None:
        """Take a node with two branches away and make one branch of them."""
        one, two = sorted(self.nodes[number].branches)
        start, end = self.other(one, number), self.other(two, number)
        first = self.branches[one].path if self.branches[one].b == number else self.branches[one].path[::-1]
        second = self.branches[two].path if self.branches[two].a == number else self.branches[two].path[::-1]
        path = np.concatenate([first, second])
        for branch, node in ((one, start), (two, end)):
            self.nodes[node].branches.discard(branch)
            del self.branches[branch]
        del self.nodes[number]
        self.branches[one] = Branch(a=start, b=end, path=path, length_px=path_length(path))
        self.nodes[start].branches.add(one)
        self.nodes[end].branches.add(one)


def path_length(path: Floats) -> float:
    """Length of a chain of pixels, smoothed first: a staircase is longer than the line it stands for."""
    steps = np.diff(smooth_path(path), axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def smooth_path(path: Floats, reach: int = 2) -> Floats:
    """Average a path over 2 `reach` + 1 pixels; both ends stay."""
    if len(path) < 3:
        return path
    window = min(reach, (len(path) - 1) // 2)
    odd = np.concatenate([2 * path[0] - path[window:0:-1], path, 2 * path[-1] - path[-2 : -window - 2 : -1]])
    return np.asarray(ndimage.uniform_filter1d(odd, 2 * window + 1, axis=0)[window : window + len(path)])


def build_network(
    skeleton: Mask,
    regions: NDArray[np.int32],
    centres: dict[int, tuple[float, float, str, int]],
    usable: Mask,
) -> Network:
    """Build the network from lines and from the regions of vesicles and cells.

    Parameters
    ----------
    skeleton
        Lines one pixel wide.
    regions
        Number of the vesicle's or cell's node at each pixel, 0 elsewhere.
    centres
        By that number: x, y (pixels), ``"vesicle"`` or ``"cell"``, and its index.
    usable
        False on masks; lines that stop there or at the image's edge have no tip there.
    """
    lines = skeleton & (regions == 0)
    nodes = {n: Node(x=x, y=y, kind=kind, index=index) for n, (x, y, kind, index) in centres.items()}
    places = regions.copy()
    next_node = _add_junctions(lines & (count_neighbours(lines) >= 3), places, nodes, max(centres, default=0) + 1)
    network = Network(nodes=nodes, branches={})
    pieces, _, boxes = label_pixels(lines & (places == 0))
    for number in range(1, len(boxes)):
        box = box_of(boxes, number)
        path = order_chain(pieces[box] == number) + boxes[number, ::2]
        ends: list[int] = []
        for tail in (path[0], path[-1]):
            found = _node_at(tail, places, taken=ends[0] if ends and len(path) < 3 else 0)
            if found == 0:
                found, next_node = next_node, next_node + 1
                kind = "edge" if _at_edge(usable, int(tail[0]), int(tail[1])) else "tip"
                nodes[found] = Node(x=float(tail[1]), y=float(tail[0]), kind=kind)
            ends.append(found)
        _add_branch(network, ends[0], ends[1], path[:, ::-1].astype(np.float64))
    return network


def _add_junctions(crossings: Mask, places: NDArray[np.int32], nodes: dict[int, Node], first: int) -> int:
    """Give each cluster of crossing pixels a number; those beside a vesicle or cell belong to it."""
    clusters, _, boxes = label_pixels(crossings)
    for number in range(1, len(boxes)):
        box = box_of(boxes, number)
        inside = clusters[box] == number
        wider = tuple(slice(max(part.start - 1, 0), part.stop + 1) for part in box)
        beside = int(places[wider][largest_within(clusters[wider] == number, 1)].max())
        if not beside:
            beside, first = first, first + 1
            y, x = np.argwhere(inside).mean(axis=0) + boxes[number, ::2]
            nodes[beside] = Node(x=float(x), y=float(y), kind="junction")
        places[box][inside] = beside
    return first


def _at_edge(usable: Mask, y: int, x: int) -> bool:
    """Whether the end of the image or a mask is near."""
    window = usable[max(y - _EDGE_PX, 0) : y + _EDGE_PX + 1, max(x - _EDGE_PX, 0) : x + _EDGE_PX + 1]
    return bool(window.shape != (2 * _EDGE_PX + 1,) * 2 or not window.all())


def _node_at(tail: NDArray[np.int64], places: NDArray[np.int32], taken: int) -> int:
    """Node within two pixels of a branch's end; 0 if none. A very short branch may not use one node twice."""
    for reach in (1, 2):
        y0, x0 = max(tail[0] - reach, 0), max(tail[1] - reach, 0)
        near = np.unique(places[y0 : tail[0] + reach + 1, x0 : tail[1] + reach + 1])
        near = near[(near > 0) & (near != taken)]
        if len(near):
            return int(near[-1])
    return 0


def _add_branch(network: Network, a: int, b: int, path: Floats) -> None:
    """Add a branch whose path runs on to the centres of its nodes; at cells it ends at the outline."""
    start, end = network.nodes[a], network.nodes[b]
    if a == b and start.kind in {"cell", "vesicle"} and len(path) < 12:
        return  # a crumb of the outline
    parts = [path]
    if start.kind != "cell":
        parts.insert(0, np.array([[start.x, start.y]]))
    if end.kind != "cell":
        parts.append(np.array([[end.x, end.y]]))
    whole = np.concatenate(parts)
    number = max(network.branches, default=-1) + 1
    network.branches[number] = Branch(a=a, b=b, path=whole, length_px=path_length(whole))
    start.branches.add(number)
    end.branches.add(number)


def reach_bodies(network: Network, bodies: NDArray[np.int32], reach_px: int) -> None:
    """Lead the branches that end near a cell on to the nearest pixel of its body; changed in place.

    Parameters
    ----------
    network
        Its lines end some way off, since the outline of a body is a line itself.
    bodies
        Number of the cell (from 1) at each pixel.
    reach_px
        How far off they may end, pixels.
    """
    for branch in network.branches.values():
        for at, number in ((0, branch.a), (-1, branch.b)):
            node = network.nodes[number]
            if node.kind != "cell":
                continue
            x, y = np.rint(branch.path[at]).astype(int)
            corner = max(y - reach_px, 0), max(x - reach_px, 0)
            window = bodies[corner[0] : y + reach_px + 1, corner[1] : x + reach_px + 1]
            body = np.argwhere(window == node.index + 1) + corner
            if len(body):
                nearest = body[np.argmin(((body - [y, x]) ** 2).sum(axis=1))][::-1].astype(np.float64)
                parts = [nearest[None], branch.path] if at == 0 else [branch.path, nearest[None]]
                branch.path = np.concatenate(parts)
        branch.length_px = path_length(branch.path)


def clean_network(network: Network, radii_px: dict[int, float], pixel_um: float, settings: AnalysisSettings) -> None:
    """Prune spurs, shortest first, and join what they had split; then drop fibres that are too short.

    Parameters
    ----------
    network
        Changed in place.
    radii_px
        Radius of each vesicle by the number of its node, pixels; a branch counts from the rim.
    pixel_um
        Pixel size, um.
    settings
        Thresholds.
    """
    _drop_double(network, 2 * settings.spur_um / pixel_um)
    _merge_close(network, max(_SAME_JUNCTION_UM / pixel_um, 3.0))
    limits = (settings.spur_um / pixel_um, settings.vesicle_spur_um / pixel_um)
    while (spur := _shortest_spur(network, radii_px, limits)) is not None:
        ends = {network.branches[spur].a, network.branches[spur].b}
        network.remove(spur)
        for number in ends & set(network.nodes):
            if network.nodes[number].kind == "junction":
                _resolve(network, number)
    for branches, has_vesicle, has_cell in _components(network):
        total = sum(network.branches[b].length_px for b in branches) * pixel_um
        least = max(settings.fibre_shortest_um, _SHORTEST_PX * pixel_um)
        if not (has_vesicle or has_cell):
            least = max(settings.fibre_lone_um, 2 * _SHORTEST_PX * pixel_um)
        if total < least * (0.5 if has_vesicle else 1.0):
            for branch in branches:
                network.remove(branch)
    for number in [n for n, node in network.nodes.items() if node.kind == "junction"]:
        _resolve(network, number)
    for number in [n for n, node in network.nodes.items() if node.kind not in {"vesicle", "cell"}]:
        if not network.nodes[number].branches:
            del network.nodes[number]


def _resolve(network: Network, number: int) -> None:
    """Make a junction with one branch a tip; one with two is no node at all."""
    if number not in network.nodes:
        return
    branches = network.nodes[number].branches
    if len(branches) == 1:
        only = network.branches[next(iter(branches))]
        if only.a != only.b:
            network.nodes[number].kind = "tip"
    elif len(branches) == 2 and not any(network.branches[b].a == network.branches[b].b for b in branches):
        network.join(number)


def _shortest_spur(network: Network, radii_px: dict[int, float], limits: tuple[float, float]) -> int | None:
    """Find the shortest side branch that is none: below the first limit; on a vesicle (rays) the second."""
    best, shortest = None, np.inf
    for number, branch in network.branches.items():
        kinds = {network.nodes[branch.a].kind, network.nodes[branch.b].kind}
        if "tip" not in kinds or kinds <= {"tip", "edge"}:
            continue
        length = branch.length_px - max(radii_px.get(branch.a, 0.0), radii_px.get(branch.b, 0.0))
        if length < min(shortest, limits["vesicle" in kinds]):
            best, shortest = number, length
    return best


def _drop_double(network: Network, limit: float) -> None:
    """Drop the longer of two short ways between two nodes (a hole in a thick line), and short loops."""
    seen: dict[tuple[int, int], int] = {}
    for number in sorted(network.branches, key=lambda n: network.branches[n].length_px):
        branch = network.branches[number]
        ends = (min(branch.a, branch.b), max(branch.a, branch.b))
        if branch.length_px < limit and (ends in seen or branch.a == branch.b):
            network.remove(number)
        else:
            seen[ends] = number
    for number in [n for n, node in network.nodes.items() if node.kind == "junction"]:
        _resolve(network, number)


def _merge_close(network: Network, limit: float) -> None:
    """Make one junction of the two beside each other that a crossing leaves."""
    for number in sorted(network.branches, key=lambda n: network.branches[n].length_px):
        branch = network.branches[number]
        kinds = {network.nodes[branch.a].kind, network.nodes[branch.b].kind}
        if branch.length_px > limit or kinds != {"junction"} or branch.a == branch.b:
            continue
        kept, gone = branch.a, branch.b
        network.nodes[kept].branches.discard(number)
        network.nodes[gone].branches.discard(number)
        del network.branches[number]
        for other in network.nodes[gone].branches:
            moved = network.branches[other]
            moved.a = kept if moved.a == gone else moved.a
            moved.b = kept if moved.b == gone else moved.b
            network.nodes[kept].branches.add(other)
        del network.nodes[gone]


def _components(network: Network) -> list[tuple[list[int], bool, bool]]:
    """List connected parts as (branches, touches a vesicle, touches a cell); cells do not connect."""
    left, parts = set(network.branches), []
    while left:
        stack, part, kinds = [min(left)], [], set()
        left.discard(stack[0])
        while stack:
            branch = stack.pop()
            part.append(branch)
            for number in (network.branches[branch].a, network.branches[branch].b):
                kinds.add(network.nodes[number].kind)
                if network.nodes[number].kind != "cell":
                    following = network.nodes[number].branches & left
                    stack.extend(sorted(following))
                    left -= following
        parts.append((part, "vesicle" in kinds, "cell" in kinds))
    return parts


def bridge_gaps(skeleton: Mask, regions: NDArray[np.int32], pixel_um: float, settings: AnalysisSettings) -> Mask:
    """Draw straight lines over short gaps: from an end to a region ahead, to an end that faces it, or to a side.

    A side is reached only as far as the trace itself stops beside a stronger line: further off, an end is an end.
    """
    from skimage.draw import line

    lines = skeleton & (regions == 0)
    labels, sizes, _ = label_pixels(lines)
    target = np.where(regions > 0, -regions, labels)
    reach = max(2, int(np.ceil(settings.gap_um / pixel_um)))
    beside = max(2.0, settings.gap_side_um / pixel_um)
    ends = np.argwhere(count_neighbours(lines) == 1)
    headings = {(int(y), int(x)): _heading(lines, int(y), int(x)) for y, x in ends}
    bridged = lines.copy()
    for (y, x), heading in headings.items():
        y0, x0 = max(y - reach, 0), max(x - reach, 0)
        window = target[y0 : y + reach + 1, x0 : x + reach + 1]
        ys, xs = np.nonzero((window != 0) & (window != labels[y, x]))
        dy, dx = ys + y0 - y, xs + x0 - x
        apart = np.hypot(dy, dx)
        # a gap is short beside the lines that it parts; what is not is a chain of dots
        other = np.where(window[ys, xs] > 0, sizes[np.maximum(window[ys, xs], 0)], sizes[labels[y, x]])
        close = (dy * heading[0] + dx * heading[1] > _AHEAD * apart) & (
            apart <= _GAP_SHARE * np.minimum(other, sizes[labels[y, x]])
        )
        free = window[ys, xs] < 0
        for n in np.flatnonzero(close & ~free):
            free[n] = _faces((int(dy[n]), int(dx[n])), heading, headings.get((int(ys[n]) + y0, int(xs[n]) + x0)))
        close &= apart <= np.where(free, reach, beside)
        if close.any():
            best = int(np.argmin(np.where(close, apart, np.inf)))
            rows, columns = line(  # type: ignore[no-untyped-call]  # skimage has no types
                y, x, int(y + dy[best]), int(x + dx[best])
            )
            bridged[rows, columns] = True
    return np.asarray(bridged, bool)


def _faces(step: tuple[int, int], heading: Floats, other: Floats | None) -> bool:
    """Whether a step leads from an end to another one (None: to a side), in the direction of both."""
    if other is None:
        return False
    least = _FACING * np.hypot(*step)
    return bool(np.dot(step, heading) >= least and -np.dot(step, other) >= least)


def _heading(lines: Mask, y: int, x: int) -> Floats:
    """Direction in which a line points at its end, from its last few pixels."""
    y0, x0 = max(y - 4, 0), max(x - 4, 0)
    part, _ = ndimage.label(lines[y0 : y + 5, x0 : x + 5], _EIGHT)
    own = np.argwhere(part == part[y - y0, x - x0])
    back = np.array([y - y0, x - x0]) - own.mean(axis=0)
    return np.asarray(back / (np.hypot(*back) + 1e-9))
