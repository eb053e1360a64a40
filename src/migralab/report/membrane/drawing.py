"""How surfaces and profiles of membranes are drawn: shaded triangles, outlines in um, measures with arrows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.membrane.surface_of_revolution import Surface
from migralab.report.figures.figure import FAINT, INK, PUBLISHED, SIMULATED

Floats = NDArray[np.float64]

FIBRE, DOMAIN = SIMULATED, PUBLISHED
DPI = 130
_SMOOTH = 8000  # triangles below which each is drawn as four
_LIGHT = np.array([-0.35, -0.5, 0.8]) / np.linalg.norm([-0.35, -0.5, 0.8])


def rgb(colour: str) -> Floats:
    """Return red, green and blue (3,), 0 to 1, of ``#RRGGBB``."""
    return np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])


def part_colours(domain: NDArray[Any]) -> NDArray[np.uint8]:
    """Return (n, 3) colours, 0 to 255, of points that are domain or fibre, or of a share between."""
    share = np.clip(np.asarray(domain, float), 0.0, 1.0)[:, None]
    mixed = 255 * (share * rgb(DOMAIN) + (1 - share) * rgb(FIBRE))
    return np.asarray(np.round(mixed), np.uint8)


def draw_surface(
    axes: Any, surface: Surface, colours: NDArray[Any], *, turn: float = 28.0, tilt: float = 22.0, keep: Any = None
) -> None:  # of matplotlib
    """Draw a surface as shaded triangles, seen from far away, x to the right.

    Parameters
    ----------
    colours
        (n, 3) of the points, 0 to 255.
    turn, tilt
        Degrees by which the x axis points towards the viewer, and by which we look down.
    keep
        (m,) which triangles are drawn; by default all.
    """
    from matplotlib.collections import PolyCollection

    turn, tilt = np.radians(turn), np.radians(tilt)
    about = np.array([[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    down = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    triangles = surface.triangles if keep is None else surface.triangles[np.asarray(keep)]
    toward = (down @ about).T
    corners = (surface.points @ toward)[triangles]  # right, away, up
    normals = (_point_normals(surface) @ toward)[triangles]
    shades = colours[triangles] / 255.0
    while len(corners) < _SMOOTH:
        corners, normals, shades = (_quartered(values) for values in (corners, normals, shades))
    normal = normals.mean(axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1), 1e-300)[:, None]
    normal = np.where(normal[:, 1:2] > 0, -normal, normal)  # the inner side of an open end is lit as well
    halfway = _LIGHT + np.array([0.0, -1.0, 0.0])
    lit, shine = (np.clip(normal @ (way / np.linalg.norm(way)), 0, 1) for way in (_LIGHT, halfway))
    faces = np.clip(shades.mean(axis=1) * (0.42 + 0.62 * lit[:, None]) + 0.25 * shine[:, None] ** 40, 0, 1)
    order = np.argsort(-corners[:, :, 1].mean(axis=1))
    axes.add_collection(
        PolyCollection(corners[order][:, :, [0, 2]], facecolors=faces[order], edgecolors=faces[order], lw=0.2)
    )
    axes.set_aspect("equal")
    axes.axis("off")
    low, high = corners.reshape(-1, 3).min(axis=0), corners.reshape(-1, 3).max(axis=0)
    pad = 0.03 * (high[0] - low[0])
    axes.set(xlim=(low[0] - pad, high[0] + pad), ylim=(low[2] - 5 * pad, high[2] + pad))


def _point_normals(surface: Surface) -> Floats:
    """Return (n, 3) normals of the points, weighted by the area of their triangles."""
    first, second, third = (surface.points[surface.triangles[:, k]] for k in range(3))
    across = np.cross(second - first, third - first)
    normals = np.zeros_like(surface.points)
    for k in range(3):
        np.add.at(normals, surface.triangles[:, k], across)
    normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-300)[:, None]
    return normals


def _quartered(values: Floats) -> Floats:
    """Return values (m, 3, c) at the corners of triangles as those (4 m, 3, c) of their quarters."""
    a, b, c = values[:, 0], values[:, 1], values[:, 2]
    ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
    return np.concatenate([np.stack(own, axis=1) for own in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])


def scale_bar(axes: Any, length: float) -> None:
    """Draw a bar of a round length, um, about a fifth of `length`, in the lower right corner."""
    nice = round_length(length / 5)
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    x, y = right - 0.03 * (right - left), low + 0.03 * (high - low)
    axes.plot([x - nice, x], [y, y], color=INK, lw=3, solid_capstyle="butt")
    text = f"{nice:g} um" if nice >= 0.1 else f"{1e3 * nice:g} nm"
    axes.text(x - nice / 2, y + 0.012 * (right - left), text, ha="center", va="bottom", fontsize=8.5)


def round_length(length: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not above `length`."""
    decade = 10.0 ** np.floor(np.log10(length))
    return float(max(step * decade for step in (1, 2, 5) if step * decade <= length * 1.0001))


def draw_outline(axes: Any, profile: tuple[Floats, Floats, int], *, wide: float, label: bool = True) -> None:
    """Draw both halves of a profile, above and below its axis, the domain in its colour.

    Parameters
    ----------
    profile
        x (n,), r (n,), um, from the middle outwards, and the node of the border.
    wide
        Half of what is shown, um.
    """
    x, r, border = profile
    shown = x <= wide * 1.02
    axes.axhline(0, color=FAINT, lw=0.8, ls=(0, (8, 3, 1, 3)))
    for side in (1, -1):
        for part, colour, name in ((slice(border, None), FIBRE, "fibre"), (slice(0, border + 1), DOMAIN, "domain")):
            there = shown[part]
            for up in (1, -1):
                axes.plot(side * x[part][there], up * r[part][there], color=colour, lw=2.2, solid_capstyle="round",
                          label=name if label and (side, up) == (1, 1) else None)  # fmt: skip


def measure(axes: Any, top: tuple[float, float], text: str, place: tuple[float, float]) -> None:
    """Draw an arrow across the axis with two heads, one at `top`, um, and the width above it.

    Parameters
    ----------
    place
        Of the text from the middle of the arrow (long arrows) or from its top (short ones), points.
    """
    x, r = top
    style = {"arrowstyle": "<->", "color": INK, "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (x, -r), (x, r), arrowprops=style)
    axes.annotate(text, (x, 0.0 if x == 0 else r), place, textcoords="offset points", fontsize=8.5)
