"""One call from a file to measured cells, fibres and migrasomes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from migralab.core.errors import DataError
from migralab.imaging.analyse import analyse_micrograph
from migralab.imaging.reader import Micrograph, read_micrograph
from migralab.imaging.settings import AnalysisSettings
from migralab.results.observations import Observations

PIXEL_SIZES_UM = (0.02, 0.7)  # finer needs hours and shows no more; in coarser ones a migrasome is a single pixel


def measure_image(
    path: str | Path,
    *,
    pixel_size: float | None = None,
    frame_interval: float | None = None,
    channel: int | str | None = None,
    settings: AnalysisSettings | None = None,
    condition: str = "",
) -> tuple[Observations, Micrograph, AnalysisSettings]:
    """Measure one micrograph.

    Parameters
    ----------
    path
        OME-TIFF, ImageJ TIFF, plain TIFF, PNG or JPEG.
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

    Returns
    -------
    tuple
        Observations, the micrograph that was measured, and the settings that were used.

    Raises
    ------
    DataError
        If the file cannot be read or does not say its scale.
    """
    colour = channel if channel in {"red", "green", "blue"} else None
    micrograph = read_micrograph(
        path, pixel_size=pixel_size, frame_interval=frame_interval, colour=str(colour) if colour else None
    )
    low, high = PIXEL_SIZES_UM
    if not low <= micrograph.pixel_size_um <= high:
        raise DataError(
            f"{path}: pixels of {micrograph.pixel_size_um:g} um are outside {low:g} to {high:g} um, in which "
            "migrasomes of 0.5 to 3 um can be measured. Check the unit: 115 nm is --pixel-size 0.115um."
        )
    chosen = settings or AnalysisSettings()
    if channel is not None and colour is None:
        chosen = replace(chosen, channel=_channel_number(micrograph, channel))
    observations = replace(analyse_micrograph(micrograph, chosen), condition=condition)
    return observations, micrograph, chosen


def _channel_number(micrograph: Micrograph, channel: int | str) -> int:
    if isinstance(channel, str) and channel in micrograph.channels:
        return micrograph.channels.index(channel)
    try:
        number = int(channel)
    except ValueError:
        known = ", ".join(micrograph.channels)
        raise DataError(f"{micrograph.source} has no channel '{channel}'. It has: {known}.") from None
    micrograph.check_channel(number)
    return number
