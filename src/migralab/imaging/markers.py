"""Marker intensities: light of each vesicle's membrane in every channel, beside that of its fibre and its cell body.

Light is the mean over a ring as wide as the blur on the membrane, above the median of the ground around, which
holds no line, no other vesicle and no body. Its error is that of the ring's pixels and of the ground, as seen in
the ground itself, so that it holds for any detector.

`rank_markers` asks of several images at how many vesicles of a reference channel a marker stands out, and compares
with the same picture of the marker moved aside, which is what chance gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.core.errors import DataError
from migralab.imaging.analyse import Trace, trace_frame
from migralab.imaging.settings import AnalysisSettings

if TYPE_CHECKING:
    import pandas as pd

    from migralab.imaging.reading import Micrograph, MicrographLike

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_GROUND_UM = 0.8  # width of the ring of ground around a vesicle, and of the stripes beside a fibre
_LEAST = 8  # pixels
_ON = 3.0  # errors above the ground at which a marker counts as there (E)
_SHIFTS_UM = (4.0, 7.0, 10.0)  # wider than a vesicle, narrower than a field
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
        One row for each vesicle and channel: ``vesicle`` (number in the frame, from 0), ``x_um``, ``y_um``,
        ``channel``, ``membrane`` and ``membrane_sd`` (grey levels above the ground), ``ground``, ``to_fibre``,
        ``to_fibre_sd``, ``to_body``; ratios are NaN where there is no fibre or body, or it has no light.
    """
    import pandas as pd

    trace = trace_frame(micrograph, settings, frame)
    places = _Places(trace, micrograph.pixel_size_um, ~micrograph.masked)
    rows = []
    for number, name in enumerate(micrograph.channels):
        image = np.asarray(micrograph.filled(frame, number), np.float64)
        rows += [{"channel": name} | row for row in _measure_channel(image, places)]
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    return table.sort_values(["vesicle", "channel"], ignore_index=True)


def stack_channels(images: Mapping[str, Micrograph]) -> Micrograph:
    """Return one image whose channels are the first channels of several: published panels of one field.

    Parameters
    ----------
    images
        By name of the channel; the same size and pixel size. What is masked in one is masked.

    Raises
    ------
    DataError
        If they are not the same size.
    """
    first = next(iter(images.values()))
    for name, image in images.items():
        if image.masked.shape != first.masked.shape or image.pixel_size_um != first.pixel_size_um:
            raise DataError(
                f"'{name}' ({image.source}) has {image.masked.shape} pixels of {image.pixel_size_um:g} um and "
                f"{first.source} has {first.masked.shape} of {first.pixel_size_um:g} um. Channels of one field must "
                "have the same: cut or scale them alike."
            )
    pixels = np.concatenate([image.pixels[:, :1] for image in images.values()], axis=1)
    masked = np.any([image.masked for image in images.values()], axis=0)
    return replace(first, pixels=pixels, channels=tuple(images), masked=masked, blank=())


def rank_markers(
    images: Mapping[str, MicrographLike], settings: AnalysisSettings, *, reference: int = 0, marker: int = 1
) -> pd.DataFrame:
    """Rank markers by the share of the reference's vesicles at which they stand out, above chance (eq-marker-rank).

    Chance is the same picture of the marker moved by 4, 7 and 10 um in eight directions, wrapped around: it keeps its
    own brightness, texture and crowding, and loses only its place.

    Parameters
    ----------
    images
        By name of the marker: one frame each, with the two channels.
    settings
        As of the analysis; the channel is that of the reference.
    reference, marker
        Numbers of the channels.

    Returns
    -------
    pandas.DataFrame
        One row for each image, the best first: ``marker``; ``vesicles`` (those with ground enough); ``on``
        (share at which the marker is three errors above the ground), ``chance`` (the same of the moved pictures), ``p``
        (share of the 24 moved ones and itself that reach ``on``); ``pearson`` and ``pearson_chance`` (correlation of
        the two channels over pixels outside bodies and masks); ``light_on_vesicles`` and ``area_of_vesicles`` (shares
        of the marker's light and of the pixels there that lie on vesicles); ``to_fibre`` and ``to_fibre_reference``
        (medians over vesicles for which both are known) and ``with_fibre`` (how many).
    """
    import pandas as pd

    rows = [{"marker": name} | _colocalise(image, settings, reference, marker) for name, image in images.items()]
    table = pd.DataFrame(rows)
    order = (table["on"] - table["chance"]).sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _colocalise(
    micrograph: MicrographLike, settings: AnalysisSettings, reference: int, marker: int
) -> dict[str, float]:
    trace = trace_frame(micrograph, replace(settings, channel=reference), 0)
    places = _Places(trace, micrograph.pixel_size_um, ~micrograph.masked)
    base, other = (np.asarray(micrograph.filled(0, n), np.float64) for n in (reference, marker))
    found, own = _measure_channel(other, places), _measure_channel(base, places)
    moved = [np.roll(other, shift, axis=(0, 1)) for shift in _shifts(micrograph.pixel_size_um)]
    on, chance = _share_on(found), [_share_on(_measure_channel(image, places)) for image in moved]
    specimen = ~micrograph.masked & (trace.bodies == 0)
    light = np.clip(other - np.median(other[places.ground]), 0, None) if places.ground.any() else other
    ratios = np.array([(a["to_fibre"], b["to_fibre"]) for a, b in zip(found, own, strict=True)]).reshape(-1, 2)
    ratios = ratios[np.isfinite(ratios).all(axis=1)]
    medians = np.median(ratios, axis=0) if len(ratios) else np.full(2, np.nan)
    correlation = [float(np.corrcoef(base[specimen], image[specimen])[0, 1]) for image in (other, *moved)]
    return {
        "vesicles": sum(np.isfinite(row["membrane"]) for row in found),
        "on": on,
        "chance": float(np.mean(chance)),
        "p": (1 + sum(share >= on for share in chance)) / (1 + len(chance)),
        "pearson": correlation[0],
        "pearson_chance": float(np.mean(correlation[1:])),
        "light_on_vesicles": float(light[places.vesicles & specimen].sum() / max(light[specimen].sum(), 1e-12)),
        "area_of_vesicles": float((places.vesicles & specimen).sum() / max(specimen.sum(), 1)),
        "to_fibre": float(medians[0]),
        "to_fibre_reference": float(medians[1]),
        "with_fibre": len(ratios),
    }


def _shifts(pixel_um: float) -> list[tuple[int, int]]:
    angles = np.arange(8) * np.pi / 4
    return [(round(r * np.sin(a) / pixel_um), round(r * np.cos(a) / pixel_um)) for r in _SHIFTS_UM for a in angles]


def _share_on(rows: list[dict[str, float]]) -> float:
    """Share of the vesicles with ground enough at which the light is three errors above it; NaN where there is none."""
    known = [row for row in rows if np.isfinite(row["membrane"])]
    return sum(row["membrane"] > _ON * row["membrane_sd"] for row in known) / len(known) if known else float("nan")


def _measure_channel(image: Floats, places: _Places) -> list[dict[str, float]]:
    """Light of every vesicle in one picture, in the order of their numbers."""
    trace = places.trace
    bodies = {c.cell_id: _body_light(image, trace, c.cell_id, places) for c in trace.cells}
    fibres = {b: _fibre_light(image, b, places) for b in trace.network.branches}
    rows = []
    for node, found in trace.network.nodes.items():
        if found.kind == "vesicle":
            light = _vesicle_light(image, found.index, places)
            fibre = _mean_of([fibres[b] for b in found.branches])
            body = bodies.get(trace.ways.cell.get(node, -1), np.nan)
            place = {"vesicle": found.index, "x_um": found.x * places.pixel, "y_um": found.y * places.pixel}
            rows.append(place | _row(light, fibre, body))
    return sorted(rows, key=lambda row: row["vesicle"])


_COLUMNS = (
    "vesicle", "x_um", "y_um", "channel", "membrane", "membrane_sd", "ground", "to_fibre", "to_fibre_sd", "to_body",
)  # fmt: skip


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
