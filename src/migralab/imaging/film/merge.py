"""Fibres of the mean of a block put into the frames of that block.

Fibres hardly move, so the mean of a block shows many that no single frame shows. But fibres break and cells lay new
ones within a block. Three rules keep that visible: a stretch of the mean that a frame's own light contradicts is left
out of that frame; what only the frame shows (a fibre just laid) stays; and bodies and vesicles are always the frame's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from migralab.imaging.detect.connect import RIM_UM, connect, lay_regions
from migralab.imaging.detect.network import Network, smooth_path
from migralab.imaging.detect.ways import find_ways
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.noise import Image, Mask
from migralab.imaging.time.events import draw_paths

if TYPE_CHECKING:
    from migralab.imaging.analyse import Trace

Floats = NDArray[np.float64]

_ONE_LINE_UM = 0.5  # lines of frame and mean closer than this are one
_OWN_UM = 1.0  # shortest stretch that only the frame shows
_PIECE_UM = 2.0  # stretch of the mean that a frame is asked about
_FLANK_UM = 0.6  # ground beside it
_GONE_SHARE, _GONE_SIGMA = 0.5, 4.0  # light left, and how surely less than in the mean, where a fibre is gone
_MEDIAN = 1.2533  # error of a median over that of a mean
_EIGHT = np.ones((3, 3), bool)


def courses(network: Network) -> list[tuple[Floats, Mask]]:
    """Return the courses of all branches, and which of their points lie inside a vesicle.

    A branch ends in the middle of a vesicle or junction, with a jump over what lies between; the jump is filled, so
    that the fibre goes on where a frame does not have the vesicle. At a tip it is not: there the fibre ends.

    Returns
    -------
    list
        (n, 2) x, y in pixels, and (n,) True inside a vesicle.
    """
    found = []
    for branch in network.branches.values():
        path = branch.path
        for node, end in ((branch.a, slice(1, None)), (branch.b, slice(None, -1))):
            if network.nodes[node].kind == "vesicle" and len(network.nodes[node].branches) == 1 and len(path) > 2:
                path = path[end]
        if len(path) > 1:
            found.append(_filled(path))
    return found


def _filled(path: Floats) -> tuple[Floats, Mask]:
    """Fill the jumps of a path of pixels; True where points were put in."""
    steps = np.hypot(*np.diff(path, axis=0).T)
    parts, inside, done = [], [], 0
    for jump in np.flatnonzero(steps > 1.5).tolist():
        count = int(np.ceil(steps[jump] / 1.5))
        between = np.linspace(path[jump], path[jump + 1], count + 1)[1:-1]
        parts += [path[done : jump + 1], between]
        inside += [np.zeros(jump + 1 - done, bool), np.ones(count - 1, bool)]
        done = jump + 1
    whole = np.concatenate([*parts, path[done:]])
    return whole, np.concatenate([*inside, np.zeros(len(path) - done, bool)])


def still_there(path: Floats, frame: Image, mean: Image, shift: Floats, pixel_um: float) -> Mask:
    """Return which points of a line of the mean the frame does not contradict.

    A stretch of 2 um is gone where it has less than half of the light that it has in the mean, and by four standard
    errors of the frame's own noise. In a dim frame nothing is that sure, and the mean is believed.

    Parameters
    ----------
    path
        (n, 2) x, y in the mean, pixels.
    frame, mean
        Grey levels (y, x).
    shift
        y, x of the frame against the mean, pixels.
    pixel_um
        Pixel size, um.
    """
    kept = np.ones(len(path), bool)
    size = max(4, round(_PIECE_UM / pixel_um))
    smooth = smooth_path(path, reach=3)
    along = np.gradient(smooth, axis=0) if len(path) > 1 else np.ones_like(smooth)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    across /= np.maximum(np.hypot(across[:, 0], across[:, 1]), 1e-9)[:, None]
    flank = across * _FLANK_UM / pixel_um
    light = []
    for image, move in ((frame, shift[::-1]), (mean, np.zeros(2))):
        middle, left, right = (
            ndimage.map_coordinates(image, (smooth + step + move).T[::-1], order=0, mode="nearest")
            for step in (np.zeros(2), flank, -flank)
        )
        light.append((middle - 0.5 * (left + right), left - right))
    (own, differences), (usual, _) = light
    # single pixels, since interpolation would make neighbours alike; the two flanks differ by the noise of two pixels,
    # and the contrast has that of one and a half
    noise = 1.4826 * float(np.median(np.abs(differences))) * np.sqrt(0.75)
    for first in range(0, len(path), size):
        part = slice(first, first + size)
        # medians: a vesicle beside the stretch, gone since, lights up its end in the mean
        there, expected = float(np.median(own[part])), float(np.median(usual[part]))
        error = _MEDIAN * noise / np.sqrt(max(len(own[part]), 1))
        kept[part] = not (there < _GONE_SHARE * expected and expected - there > _GONE_SIGMA * error)
    return kept


def add_fibres(trace: Trace, ground: Trace, images: tuple[Image, Image], shift: Floats, settings: AnalysisSettings,
               usable: Mask, pixel_um: float) -> Trace:  # fmt: skip
    """Return what was found in a frame with the fibres that its block's mean shows.

    Parameters
    ----------
    trace, ground
        Of the frame and of the mean.
    images
        Grey levels of the frame and of the mean (y, x).
    shift
        y, x of the frame against the mean, pixels.
    settings
        Thresholds.
    usable
        True on specimen.
    pixel_um
        Pixel size, um.
    """
    from migralab.imaging.analyse import UNSEEN

    shape = usable.shape
    whole = np.rint(shift)[::-1]
    lines: list[Floats] = []
    for path, inside in courses(ground.network):
        kept = inside | still_there(path, images[0], images[1], shift, pixel_um)
        lines += _runs(path + whole, kept, 2)
    skeleton = draw_paths(shape, lines)
    skeleton |= draw_paths(shape, _own_lines(trace, skeleton, pixel_um))
    reach = 2 * max(1, round(RIM_UM / pixel_um)) + 1
    skeleton &= usable & (ndimage.maximum_filter(trace.bodies, size=reach) == 0)
    skeleton = _thinned(skeleton)
    regions = lay_regions(trace.bodies, trace.cells, trace.vesicles, psf_um=trace.psf_um, pixel_um=pixel_um)
    network = connect(skeleton, regions, trace.bodies, usable, pixel_um, settings)
    show = trace.fibres_show or ground.fibres_show
    notes = tuple(note for note in trace.notes if not (show and note == UNSEEN))
    return replace(trace, network=network, ways=find_ways(network), fibres_show=show, notes=notes)


def _own_lines(trace: Trace, drawn: Mask, pixel_um: float) -> list[Floats]:
    """Stretches that only the frame shows, drawn out on both sides so that they meet the lines of the mean."""
    reach = _ONE_LINE_UM / pixel_um
    known = KDTree(np.argwhere(drawn)[:, ::-1]) if drawn.any() else None
    found = []
    for path, _ in courses(trace.network):
        away = np.ones(len(path), bool)
        if known is not None:
            away = known.query(path, distance_upper_bound=reach)[0] > reach
        found += _runs(path, away, max(2, round(_OWN_UM / pixel_um)), more=int(np.ceil(1.2 * reach)))
    return found


def _runs(path: Floats, wanted: Mask, least: int, more: int = 0) -> list[Floats]:
    """Stretches of a path that are wanted, of at least so many points, with some more points on either side."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]]).astype(np.int8)))
    return [
        path[max(first - more, 0) : last + more]
        for first, last in zip(edges[::2], edges[1::2], strict=True)
        if last - first >= least
    ]


def _thinned(lines: Mask) -> Mask:
    from skimage.morphology import skeletonize

    # lines of frame and mean meet side by side
    closed = lines | ndimage.binary_closing(np.pad(lines, 2), _EIGHT)[2:-2, 2:-2]
    lines = skeletonize(closed, method="lee") > 0  # type: ignore[no-untyped-call]  # skimage has no types
    return np.asarray(lines, np.bool_)
