"""What a cell looks like from above: a drawn outline, short side fibres and endosomes.

The simulation knows a cell as a point with a rear edge and an area. The rest is drawing: estimates (E) by eye
from Zhao 2019 S1a and Chen 2019 1f, the same for a cell in every frame. No count may be taken from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_USUAL_AREA = 450.0  # um2, E: between 302 (Zhao 2019 S1a at its printed scale, D) and 600 to 1500 of spread fibroblasts
_REAR_END = 0.12  # share of the length over which the rear rounds off (E)
_POINTS = 160  # of one flank


@dataclass(frozen=True, slots=True, kw_only=True)
class CellBody:
    """A cell as it is drawn; lengths in um.

    Parameters
    ----------
    cell_id
        Id of the cell.
    x_um, y_um, area_um2
        Centre and projected area in the tables (area drawn where the table has none).
    outline
        Corners (n, 2) of the body.
    spots
        Endosomes (m, 4): x, y, diameter and brightness.
    nucleus
        x, y and radius of the nuclear region.
    flanks
        Side fibres (k, 4): x0, y0, x1, y1.
    """

    cell_id: int
    x_um: float
    y_um: float
    area_um2: float
    outline: Floats
    spots: Floats
    nucleus: tuple[float, float, float]
    flanks: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPose:
    """Where a cell is and where it goes; what is not known is NaN.

    Parameters
    ----------
    cell_id
        Id of the cell.
    centre, heading, rear
        Centre, unit vector of movement and middle of the rear edge, (2,), um.
    rear_width
        Width of the rear edge, um.
    area
        Projected area, um2.
    """

    cell_id: int
    centre: Floats
    heading: Floats
    rear: Floats
    rear_width: float
    area: float


def complete_pose(pose: CellPose) -> CellPose:
    """Return the pose along the body's axis, with what is not known put where it is least surprising."""
    area = pose.area if math.isfinite(pose.area) and pose.area > 0 else _USUAL_AREA
    heading, rear = np.array(pose.heading, np.float64), np.array(pose.rear, np.float64)
    axis = pose.centre - rear  # where the body lies, whatever way the cell turns next
    if np.all(np.isfinite(axis)) and np.hypot(*axis) > 1e-9:
        heading = axis
    elif not np.all(np.isfinite(heading)) or np.hypot(*heading) < 1e-9:
        heading = np.array([1.0, 0.0])
    heading = heading / np.hypot(*heading)
    if not np.all(np.isfinite(rear)):
        rear = pose.centre - heading * math.sqrt(2.5 * area) / 2
    width = pose.rear_width if math.isfinite(pose.rear_width) else math.sqrt(area) / 3
    return CellPose(
        cell_id=pose.cell_id,
        centre=pose.centre,
        heading=heading,
        rear=rear,
        rear_width=max(width, 0.0),
        area=area,
    )


def draw_cell(pose: CellPose, *, look: int, flank_fibres_per_um: float = 0.5) -> CellBody:
    """Return the body of a cell that moves along its heading and leaves fibres at its rear.

    Parameters
    ----------
    pose
        Where the cell is.
    look
        Key of the drawing: with the cell's id it fixes outline, endosomes and side fibres.
    flank_fibres_per_um
        Side fibres per um of flank (E, by eye from Zhao 2019 S1a); 0 draws none.
    """
    pose = complete_pose(pose)
    draw = np.random.Generator(np.random.Philox(key=np.array([look % 2**64, pose.cell_id % 2**64], dtype=np.uint64)))
    length = _body_length(pose)
    along, half = _half_width(pose, length, draw)
    bend = draw.normal(0, 0.08) * length * np.sin(np.pi * along) * along
    left, right = half * _ruffle(draw, along, length), half * _ruffle(draw, along, length)
    flank = along * length
    spots, nucleus = _organelles(draw, along, length, np.minimum(left, right), bend)
    edges, fibres = [], []
    for side, reach in ((1, left), (-1, right)):
        edge = np.column_stack([flank, bend + side * reach])
        ends, anchors = _side_fibres(draw, edge, side, flank_fibres_per_um)
        edges.append(_cusped(edge, anchors, side))
        fibres.append(ends)
    frame = np.concatenate([edges[0], edges[1][::-1]])
    flanks = np.concatenate(fibres)
    ends = _to_ground(pose, flanks.reshape(-1, 2)).reshape(-1, 4)
    spots[:, :2] = _to_ground(pose, spots[:, :2])
    middle = _to_ground(pose, np.array([nucleus[:2]]))[0]
    return CellBody(
        cell_id=pose.cell_id,
        x_um=float(pose.centre[0]),
        y_um=float(pose.centre[1]),
        area_um2=pose.area,
        outline=_to_ground(pose, _rounded(frame)),
        spots=spots,
        nucleus=(float(middle[0]), float(middle[1]), nucleus[2]),
        flanks=ends,
    )


def polygon_area(outline: Floats) -> float:
    """Return the area inside a simple polygon (n, 2)."""
    x, y = outline.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def _body_length(pose: CellPose) -> float:
    twice = 2 * float(np.dot(pose.centre - pose.rear, pose.heading))
    side = math.sqrt(pose.area)
    return min(max(twice, 1.2 * side), 4.0 * side)


def _half_width(pose: CellPose, length: float, draw: np.random.Generator) -> tuple[Floats, Floats]:
    """Half width against place from rear (0) to front (1): rear edge, belly, waist, lamella, round front."""
    along = 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, _POINTS))
    waist, lamella = draw.uniform(0.55, 1.0), draw.uniform(0.65, 1.35)  # E: cells differ
    belly = np.interp(along, [0, 0.12, 0.3, 0.45, 0.65, 0.82, 1], [0, 0.55, 0.95, 1.0, waist, lamella, lamella])
    belly = np.convolve(np.pad(belly, 8, mode="edge"), np.hanning(19)[1:-1] / np.hanning(19).sum(), "same")[8:-8]
    belly[0] = 0.0
    belly *= np.sqrt(np.clip(1 - (np.clip(along - 0.78, 0, None) / 0.22) ** 2, 0, 1))
    edge = np.clip(1 - along / 0.4, 0, 1) ** 2 * _rear_profile(along, pose.rear_width / 2)
    area = np.trapezoid(2 * belly * length, along), np.trapezoid(2 * edge * length, along)
    scale = max((pose.area - area[1]) / area[0], 0.3 * pose.area / area[0])
    return along, edge + scale * belly


def _rear_profile(along: Floats, half: float) -> Floats:
    """Half width of the rounded rear end, against place from rear (0) to front (1)."""
    return np.asarray(half * np.sqrt(np.clip(1 - (1 - np.clip(along / _REAR_END, 0, 1)) ** 2, 0, 1)), np.float64)


def rear_attachment(pose: CellPose, node: Floats) -> Floats:
    """Return where on the rounded rear the fibre from `node` is held: beside it, but not beyond the edge.

    The rear of the simulation is a straight edge; as drawn it is an arc, which lies further ahead at its sides.
    """
    across = np.array([-pose.heading[1], pose.heading[0]])
    half = pose.rear_width / 2
    aside = float(np.clip(np.dot(node - pose.rear, across), -half, half))
    share = aside / half if half > 0 else 0.0
    ahead = _REAR_END * _body_length(pose) * (1 - math.sqrt(1 - share**2))
    return np.asarray(pose.rear + across * aside + pose.heading * ahead, np.float64)


def _rounded(outline: Floats, reach: float = 0.35) -> Floats:
    """Round the corners of a closed outline (n, 2) over `reach` um: membrane has none."""
    closed = np.concatenate([outline, outline[:1]])
    travel = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    count = max(int(travel[-1] / 0.2), 16)
    even = np.linspace(0, travel[-1], count, endpoint=False)
    points = np.column_stack([np.interp(even, travel, closed[:, axis]) for axis in (0, 1)])
    wide = np.concatenate([points[-20:], points, points[:20]])
    offset = np.arange(-10, 11) * travel[-1] / count
    weight = np.exp(-((offset / reach) ** 2) / 2)
    smooth = np.column_stack([np.convolve(wide[:, axis], weight / weight.sum(), "same") for axis in (0, 1)])
    return np.asarray(smooth[20:-20], np.float64)


def _ruffle(draw: np.random.Generator, along: Floats, length: float) -> Floats:
    wave = np.zeros_like(along)
    for order in range(1, 7):  # broad bulges
        wave += draw.normal(0, 0.10 / order) * np.sin(np.pi * along * order + draw.uniform(0, 2 * np.pi))
    fine = draw.normal(0, 1, max(int(length / 0.8), 4))
    wave += 0.012 * np.interp(along, np.linspace(0, 1, len(fine)), fine)
    return np.asarray(1 + wave * np.sin(np.pi * along) ** 0.5, np.float64)


def _organelles(
    draw: np.random.Generator, along: Floats, length: float, half: Floats, bend: Floats
) -> tuple[Floats, tuple[float, float, float]]:
    place = 0.36
    wide = float(np.interp(place, along, half))
    nucleus = (
        place * length, float(np.interp(place, along, bend)), min(0.55 * wide, 0.16 * length, 6.0)
    )  # fmt: skip
    count = int(np.clip(wide * length / 5, 12, 140))
    near = draw.random(count) < 0.7
    u = np.where(near, draw.normal(place, 0.07, count), draw.uniform(0.1, 0.9, count))
    u = np.clip(u, 0.05, 0.92)
    room = np.interp(u, along, half) * 0.8
    across = np.where(near, draw.normal(0, 0.30, count), draw.uniform(-1, 1, count))
    v = np.clip(across, -0.95, 0.95) * room + np.interp(u, along, bend)
    diameter = np.clip(draw.lognormal(math.log(0.30), 0.35, count), 0.12, 0.8)
    return np.column_stack([u * length, v, diameter, draw.lognormal(0, 0.6, count)]), nucleus


def _side_fibres(draw: np.random.Generator, flank: Floats, side: int, density: float) -> tuple[Floats, Floats]:
    """Short retraction fibres on a flank (n, 2), bent backwards, and where along the flank they are held."""
    step = np.hypot(*np.diff(flank, axis=0).T)
    travel = np.concatenate([[0.0], np.cumsum(step)])
    share_of = draw.beta(1.0, 2.4, draw.poisson(density * travel[-1]))  # most of them near the rear
    ends: list[tuple[float, float, float, float]] = []
    for share in share_of:
        x, y = (float(np.interp(share * travel[-1], travel, flank[:, axis])) for axis in (0, 1))
        angle = side * (np.pi / 2 + draw.normal(0.75 - 0.6 * share, 0.25))  # outwards and to the rear
        reach = float(np.clip(draw.lognormal(math.log(4.0 * (1 - 0.75 * share)), 0.6), 0.5, 14))
        ends += _crooked(draw, x, y, angle, reach)
        if draw.random() < 0.3 and reach > 2:
            _, _, bx, by = ends[-2]
            ends += _crooked(draw, bx, by, angle + side * draw.normal(0, 0.7), reach * 0.4)
    return np.array(ends, np.float64).reshape(-1, 4), share_of * travel[-1]


def _cusped(edge: Floats, anchors: Floats, side: int) -> Floats:
    """Pull a flank (n, 2) out where side fibres hold it, so that it is scalloped between them."""
    travel = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(edge, axis=0).T))])
    pull = 0.5 * np.exp(-np.abs(travel[:, None] - anchors[None, :]) / 0.7).sum(axis=1)
    fade = np.minimum(1.0, np.minimum(travel, travel[-1] - travel) / 2.0)  # none at rear edge and front
    out = side * fade * np.minimum(pull, 0.9)
    return np.asarray(edge + np.column_stack([np.zeros_like(out), out]), np.float64)


def _crooked(
    draw: np.random.Generator, x: float, y: float, angle: float, reach: float
) -> list[tuple[float, float, float, float]]:
    pieces, result = max(2, int(reach / 0.7)), []
    for _ in range(pieces):
        angle += draw.normal(0, 0.22)
        nx, ny = x + reach / pieces * math.cos(angle), y + reach / pieces * math.sin(angle)
        result.append((x, y, nx, ny))
        x, y = nx, ny
    return result


def _to_ground(pose: CellPose, points: Floats) -> Floats:
    forward, left = pose.heading, np.array([-pose.heading[1], pose.heading[0]])
    return np.asarray(pose.rear + points[:, :1] * forward + points[:, 1:2] * left, np.float64)
