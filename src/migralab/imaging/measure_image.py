"""One call from a file to measured cells, fibres and migrasomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from migralab.core.errors import DataError
from migralab.imaging.analyse_series import Film, Progress, analyse_film
from migralab.imaging.reading import Series, open_series
from migralab.imaging.settings import AnalysisSettings
from migralab.results.observations import Observations

PIXEL_SIZES_UM = (0.02, 0.7)  # finer needs hours and shows no more; in coarser ones a migrasome is a single pixel


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a file is read, where it does not say it itself, and how a film is shared out.

    Parameters
    ----------
    axes, projection, mask
        As `open_series` takes them.
    workers
        Processes for a film.
    progress
        Called after each frame.
    """

    axes: str | None = None
    projection: str | int = "max"
    mask: str | Path | None = None
    workers: int = 1
    progress: Callable[[Progress], None] | None = None


def measure_image(
    path: str | Path,
    *,
    pixel_size: float | None = None,
    frame_interval: float | None = None,
    channel: int | str | None = None,
    settings: AnalysisSettings | None = None,
    condition: str = "",
    how: How | None = None,
) -> tuple[Observations, Series, AnalysisSettings]:
    """Measure one micrograph, frame by frame: a film need not fit into memory.

    Parameters
    ----------
    path
        OME-TIFF, ImageJ TIFF, plain TIFF, PNG, JPEG, OME-Zarr, or a folder of numbered pictures (frames).
    pixel_size
        Size of a pixel, um, where the file does not say it.
    frame_interval
        Time between frames, min, where the file does not say it.
    channel
        Number or name of the channel in which fibres and migrasomes are found; ``red``, ``green`` or ``blue``
        of a colour picture. The first by default.
    settings
        Thresholds; the defaults where omitted.
    condition
        Name of the arm, for statistics over several images.
    how
        How the file is read and a film shared out.

    Returns
    -------
    tuple
        Observations, the image that was measured, and the settings that were used.

    Raises
    ------
    DataError
        If the file cannot be read or does not say its scale.
    """
    film, series, chosen = measure_film(
        path, pixel_size=pixel_size, frame_interval=frame_interval, channel=channel, settings=settings, how=how
    )
    return replace(film.observations, condition=condition), series, chosen


def measure_film(
    path: str | Path,
    *,
    pixel_size: float | None = None,
    frame_interval: float | None = None,
    channel: int | str | None = None,
    settings: AnalysisSettings | None = None,
    how: How | None = None,
) -> tuple[Film, Series, AnalysisSettings]:
    """Measure one micrograph or film, and return its drift and ground beside the observations.

    Parameters and errors are those of `measure_image`.
    """
    way = how or How()
    colour = channel if channel in {"red", "green", "blue"} else None
    series = open_series(
        path, pixel_size=pixel_size, frame_interval=frame_interval, colour=str(colour) if colour else None,
        axes=way.axes, projection=way.projection, mask=way.mask,
    )  # fmt: skip
    low, high = PIXEL_SIZES_UM
    if not low <= series.pixel_size_um <= high:
        raise DataError(
            f"{path}: pixels of {series.pixel_size_um:g} um are outside {low:g} to {high:g} um, in which "
            "migrasomes of 0.5 to 3 um can be measured. Check the unit: 115 nm is --pixel-size 0.115um."
        )
    chosen = settings or AnalysisSettings()
    if channel is not None and colour is None:
        chosen = replace(chosen, channel=_channel_number(series, channel))
    return analyse_film(series, chosen, workers=way.workers, progress=way.progress), series, chosen


def _channel_number(series: Series, channel: int | str) -> int:
    if isinstance(channel, str) and channel in series.channels:
        return series.channels.index(channel)
    try:
        number = int(channel)
    except ValueError:
        known = ", ".join(series.channels)
        raise DataError(f"{series.source} has no channel '{channel}'. It has: {known}.") from None
    series.check_channel(number)
    return number
