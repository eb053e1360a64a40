"""Negative controls: what given settings find where there is nothing to find, as rates with Poisson intervals.

The pictures come from elsewhere (`migralab.checks.controls` renders them, a user may have unstained dishes): this room
cannot see the microscope. Theory: docs/theory/imaging-statistics.md.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.imaging.analyse import analyse_micrograph, trace_frame
from migralab.imaging.detect.network import smooth_path
from migralab.imaging.reading import Micrograph, MicrographLike
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.noise import estimate_noise

_SHORTEST_UM = 2.0  # E: fibre needed to tell its brightness


@dataclass(frozen=True, slots=True, kw_only=True)
class PoissonRate:
    """Events per exposure with the exact 95 % interval (Garwood 1936); 0 events still have an upper end."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseFinds:
    """What was found in pictures without migrasomes.

    Parameters
    ----------
    control
        What the pictures show instead.
    images, area_um2, structure_um
        How many, their area together, and the length of fibre (or filopodium, nanotube) that was drawn; None where
        there is none.
    finds, called_free
        False migrasomes on a fibre or of unknown attachment, and those called free, which are no migrasomes.
    by_attachment
        The finds by what they were called.
    traced_um
        Length of fibre that was traced.
    per_1000_um2, per_100_um
        Rates of `finds`; per 100 um of what was drawn, None where nothing was.
    """

    control: str
    images: int
    area_um2: float
    structure_um: float | None
    finds: int
    called_free: int
    by_attachment: dict[str, int]
    traced_um: float
    per_1000_um2: PoissonRate
    per_100_um: PoissonRate | None


def poisson_rate(events: int, exposure: float) -> PoissonRate:
    """Return events over exposure with the exact 95 % interval (eq-poisson-rate).

    Raises
    ------
    RequestError
        If there is no exposure, or fewer than 0 events.
    """
    from scipy.special import gammaincinv

    if not exposure > 0 or events < 0:
        raise RequestError(f"{events} events in an exposure of {exposure:g} make no rate: give an exposure above 0.")
    low = float(gammaincinv(events, 0.025)) if events else 0.0
    return PoissonRate(
        value=events / exposure, low=low / exposure, high=float(gammaincinv(events + 1, 0.975)) / exposure
    )


def count_false_finds(
    control: str, micrographs: Iterable[Micrograph], settings: AnalysisSettings, *, structure_um: float | None = None
) -> FalseFinds:
    """Analyse pictures in which nothing is a migrasome, and count what is called one.

    Parameters
    ----------
    control
        Name of the control, for the table.
    micrographs
        The pictures; every frame counts.
    settings
        Those of the real analysis, unchanged.
    structure_um
        Length of the fibres or look-alikes that were drawn in all of them together, um.

    Raises
    ------
    RequestError
        If there are no pictures.
    """
    called: Counter[str] = Counter()
    area = traced = 0.0
    images = 0
    for micrograph in micrographs:
        seen = analyse_micrograph(micrograph, settings)
        frames = len(seen.frames_min)
        called.update(seen["migrasomes"]["attachment"].astype(str))
        traced += float(seen["fibres"]["length_um"].sum())
        area += frames * float((~micrograph.masked).sum()) * micrograph.pixel_size_um**2
        images += frames
    if not images:
        raise RequestError(f"Control '{control}' has no pictures to analyse.")
    free = called.pop("free", 0)
    finds = sum(called.values())
    return FalseFinds(
        control=control,
        images=images,
        area_um2=area,
        structure_um=structure_um,
        finds=finds,
        called_free=free,
        by_attachment=dict(sorted(called.items())),
        traced_um=traced,
        per_1000_um2=poisson_rate(finds, area / 1000),
        per_100_um=poisson_rate(finds, structure_um / 100) if structure_um else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """How an image was lit and blurred: what a control must match.

    Parameters
    ----------
    pixel_um, psf_um
        Size of a pixel and standard deviation of the point spread function, um.
    background, read_sd, gain
        As in `signal.noise.Noise`, grey levels.
    fibre_peak
        Median brightness of fibres above the background, grey levels; NaN where too few were found.
    grey_step
        Distance between two grey levels.
    """

    pixel_um: float
    psf_um: float
    background: float
    read_sd: float
    gain: float
    fibre_peak: float
    grey_step: float


def measure_light(micrograph: MicrographLike, settings: AnalysisSettings, frame: int = 0) -> Light:
    """Measure noise, blur and brightness of fibres of a real image."""
    image = micrograph.filled(frame, settings.channel)
    noise = estimate_noise(image, ~micrograph.masked, step=micrograph.grey_step)
    trace = trace_frame(micrograph, settings, frame)
    levels, length = [], 0.0
    for branch in trace.network.branches.values():
        path = np.asarray(smooth_path(branch.path), np.float64)
        columns, rows = np.clip(np.rint(path).astype(int).T, 0, np.array([image.shape[::-1]]).T - 1)
        levels.append(image[rows, columns])
        length += float(np.hypot(*np.diff(path, axis=0).T).sum()) * micrograph.pixel_size_um
    bright = float(np.median(np.concatenate(levels))) - noise.background if length >= _SHORTEST_UM else math.nan
    return Light(
        pixel_um=micrograph.pixel_size_um, psf_um=trace.psf_um, background=noise.background, read_sd=noise.read_sd,
        gain=noise.gain, fibre_peak=bright, grey_step=micrograph.grey_step,
    )  # fmt: skip


def draw_matched_noise(light: Light, shape: tuple[int, int], *, seed: int) -> Micrograph:
    """Return an empty image with the background and the noise of a real one, white and Gaussian.

    Noise that is correlated between pixels (resampled or compressed images) is not matched.
    """
    rng = np.random.default_rng(seed)
    levels = light.background + light.read_sd * rng.standard_normal(shape)
    step = light.grey_step
    pixels: NDArray[np.float32] = (np.rint(levels / step) * step).astype(np.float32)
    return as_micrograph(pixels, light.pixel_um, source=f"noise {seed}", grey_step=step)


def as_micrograph(pixels: NDArray[np.float32], pixel_um: float, *, source: str, grey_step: float = 1.0) -> Micrograph:
    """Return one plane (y, x) as a micrograph without masks."""
    return Micrograph(
        pixels=np.asarray(pixels, np.float32)[None, None],
        pixel_size_um=pixel_um,
        frame_interval_min=None,
        channels=("membrane",),
        source=source,
        masked=np.zeros(pixels.shape, bool),
        grey_step=grey_step,
    )
