"""Marker intensities: light of each vesicle's membrane in every channel, beside that of its fibre and its cell body.

Light is the mean over a ring as wide as the blur on the membrane, above the median of the ground around, which
holds no line, no other vesicle and no body. Its error is that of the ring's pixels and of the ground, as seen in
the ground itself, so that it holds for any detector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.imaging.analyse import Trace, trace_frame
from migralab.imaging.settings import AnalysisSettings

if TYPE_CHECKING:
    import pandas as pd

    from migralab.imaging.reading import MicrographLike

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_GROUND_UM = 0.8  # width of the ring of ground around a vesicle, and of the stripes beside a fibre
_LEAST = 8  # pixels
_ALIKE = 1.5  # pixels that blur makes alike count as one: in each direction


def measure_markers(micrograph: MicrographLike, settings: AnalysisSettings, frame: int = 0) -> pd.DataFrame:
    """Measure every channel of one frame at the vesicles that `settings.channel` shows.

    Parameters
    ----------
    micrograph
        With one or more channels.
    settings
        As of the analysis.
    frame
        Number of the frame.

    Returns
    -------
    pandas.DataFrame
        One row for each vesicle and channel: ``vesicle`` (number in the frame, from 0), ``channel``,
        ``membrane`` and ``membrane_sd`` (grey levels above the ground), ``ground``, ``to_fibre``,
        ``to_fibre_sd``, ``to_body``; ratios are NaN where there is no fibre or body, or it has no light.
    """
    import pandas as pd

    trace = trace_frame(micrograph, settings, frame)
    places = _Places(trace, micrograph.pixel_size_um, ~micrograph.masked)
    rows = []
    for number, name in enumerate(micrograph.channels):
        image = np.asarray(micrograph.filled(frame, number), np.float64)
        bodies = {c.cell_id: _body_light(image, trace, c.cell_id, places) for c in trace.cells}
        fibres = {b: _fibre_light(image, b, places) for b in trace.network.branches}
        for node, found in trace.network.nodes.items():
            if found.kind == "vesicle":
                light = _vesicle_light(image, found.index, places)
                fibre = _mean_of([fibres[b] for b in found.branches])
                body = bodies.get(trace.ways.cell.get(node, -1), np.nan)
                rows.append({"vesicle": found.index, "channel": name} | _row(light, fibre, body))
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    return table.sort_values(["vesicle", "channel"], ignore_index=True)


_COLUMNS = ("vesicle", "channel", "membrane", "membrane_sd", "ground", "to_fibre", "to_fibre_sd", "to_body")


class _Places:
    """Where in a frame there is a line, a vesicle or a body, and where there is ground."""

    def __init__(self, trace: Trace, pixel_um: float, usable: Mask) -> None:
        self.trace, self.pixel, self.blur = trace, pixel_um, max(trace.psf_um, 0.5 * pixel_um)
        self.lines: Mask = np.zeros(trace.bodies.shape, bool)
        for branch in trace.network.branches.values():
            x, y = np.rint(branch.path).astype(int).T
            self.lines[np.clip(y, 0, usable.shape[0] - 1), np.clip(x, 0, usable.shape[1] - 1)] = True
        reach = max(1, round(2.5 * self.blur / pixel_um))
        used = ndimage.maximum_filter(self.lines, size=2 * reach + 1)
        used |= ndimage.maximum_filter(trace.bodies, size=2 * round(0.5 / pixel_um) + 1) > 0
        self.vesicles = np.zeros(usable.shape, bool)
        for vesicle in trace.vesicles:
            box, distance = self.around(vesicle.x, vesicle.y, vesicle.diameter_um / 2 + 2.5 * self.blur)
            self.vesicles[box] |= distance <= vesicle.diameter_um / 2 + 2.5 * self.blur
        self.ground = usable & ~used & ~self.vesicles

    def around(self, x: float, y: float, reach_um: float) -> tuple[tuple[slice, slice], Floats]:
        """Window around a place, and the distance of its pixels from it, um."""
        half = int(reach_um / self.pixel) + 1
        shape: tuple[int, ...] = self.trace.bodies.shape
        rows = slice(max(round(y) - half, 0), min(round(y) + half + 1, shape[0]))
        columns = slice(max(round(x) - half, 0), min(round(x) + half + 1, shape[1]))
        down, right = np.arange(rows.start, rows.stop) - y, np.arange(columns.start, columns.stop) - x
        return (rows, columns), np.hypot(down[:, None], right[None, :]) * self.pixel


def _vesicle_light(image: Floats, index: int, places: _Places) -> tuple[float, float, float]:
    """Light of the membrane above the ground, its error, and the ground."""
    vesicle = places.trace.vesicles[index]
    radius = vesicle.diameter_um / 2
    box, distance = places.around(vesicle.x, vesicle.y, radius + 2.5 * places.blur + _GROUND_UM)
    # the ring on which a blurred shell is brightest lies a little inside the membrane
    own, ground_here = image[box[0], box[1]], places.ground[box[0], box[1]]
    ring = np.abs(distance - max(radius - 0.5 * places.blur, 0.0)) <= max(places.blur, 0.7 * places.pixel)
    ground = own[ground_here & (distance <= radius + 2.5 * places.blur + _GROUND_UM)]
    if len(ground) < _LEAST or not ring.any():
        return np.nan, np.nan, np.nan
    level, noise = float(np.median(ground)), float(np.std(ground))
    independent = [max(n / _ALIKE**2, 1.0) for n in (int(ring.sum()), len(ground) / (np.pi / 2))]
    return float(own[ring].mean()) - level, noise * float(np.sqrt(sum(1 / n for n in independent))), level


def _fibre_light(image: Floats, branch: int, places: _Places) -> tuple[float, float]:
    """Mean light of a branch above the ground beside it, outside vesicles, and its error."""
    x, y = np.rint(places.trace.network.branches[branch].path).astype(int).T
    shape: tuple[int, ...] = places.trace.bodies.shape
    y, x = np.clip(y, 0, shape[0] - 1), np.clip(x, 0, shape[1] - 1)
    free = ~places.vesicles[y, x]
    y, x = y[free], x[free]
    if len(y) < _LEAST:
        return np.nan, np.nan
    margin = int((2.5 * places.blur + _GROUND_UM) / places.pixel) + 1
    first = max(int(y.min()) - margin, 0), max(int(x.min()) - margin, 0)
    rows, columns = slice(first[0], int(y.max()) + margin + 1), slice(first[1], int(x.max()) + margin + 1)
    own = np.zeros(places.lines[rows, columns].shape, bool)
    own[y - first[0], x - first[1]] = True
    near = ndimage.distance_transform_edt(~own) <= margin
    ground = image[rows, columns][near & places.ground[rows, columns]]
    if len(ground) < _LEAST:
        return np.nan, np.nan
    return float(image[y, x].mean() - np.median(ground)), float(np.std(ground) / np.sqrt(max(len(y) / _ALIKE, 1.0)))


def _body_light(image: Floats, trace: Trace, cell: int, places: _Places) -> float:
    """Mean light of a body above the ground of the image."""
    ground = image[places.ground]
    inside = image[trace.bodies == cell + 1]
    return float(inside.mean() - np.median(ground)) if len(ground) >= _LEAST and len(inside) else np.nan


def _mean_of(lights: list[tuple[float, float]]) -> tuple[float, float]:
    known = [light for light in lights if np.isfinite(light[0])]
    if not known:
        return np.nan, np.nan
    values, errors = np.array(known).T
    return float(values.mean()), float(np.sqrt((errors**2).sum()) / len(values))


def _row(light: tuple[float, float, float], fibre: tuple[float, float], body: float) -> dict[str, float]:
    membrane, sd, ground = light
    shows = fibre[0] > 2 * fibre[1]
    ratio = membrane / fibre[0] if shows else np.nan
    error = np.hypot(sd, ratio * fibre[1]) / fibre[0] if shows else np.nan
    return {
        "membrane": membrane, "membrane_sd": sd, "ground": ground, "to_fibre": ratio, "to_fibre_sd": float(error),
        "to_body": membrane / body if body > 0 else np.nan,
    }  # fmt: skip
