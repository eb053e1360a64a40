"""Films from the command line: what is followed over time, and the recovery of what was bleached."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from migralab.cli.console import remark, say

if TYPE_CHECKING:
    from migralab.cli.verbs.measuring.images import Task
    from migralab.imaging.analyse_series import Film
    from migralab.imaging.film.bleach import FrapRequest
    from migralab.imaging.film.recovery import FrapFilm
    from migralab.imaging.reading import MicrographLike
    from migralab.imaging.settings import AnalysisSettings
    from migralab.imaging.time.follow import Followed


def follow_measured(film: Film, series: MicrographLike) -> Followed | None:
    """Return a film with ids that persist; None for a still image, or one without times."""
    times = film.observations.frames_min
    if len(times) < 2 or any(later <= earlier for earlier, later in pairwise(times)):
        return None
    from migralab.imaging.time.follow import follow_film

    drift_um = film.drift_px[:, ::-1] * series.pixel_size_um  # (y, x) to (x, y)
    return follow_film(film.observations, drift_um=drift_um, ground=film.ground)


def write_followed(
    followed: Followed, film: Film, series: MicrographLike, settings: AnalysisSettings, target: Path
) -> None:
    """Write ``tracks.csv``, ``events.csv``, ``growth.csv`` and ``drift.csv``."""
    from migralab.imaging.film.tables import write_film_tables

    drift_sd_um = film.drift_sd_px * series.pixel_size_um
    write_film_tables(followed, drift_sd_um, target, resolution_um=settings.diameter_smallest_um)


def check_bleached(path: Path, task: Task) -> None:
    """Raise before the film is measured if its recovery cannot be: a still image, a short film, spots outside."""
    from migralab.imaging.film.bleach import check_frap
    from migralab.imaging.reading import open_series

    series = open_series(
        path, pixel_size=task.size, frame_interval=task.interval, axes=task.how.axes, projection=task.how.projection,
        mask=task.how.mask,
    )  # fmt: skip
    check_frap(series, _request(task, None))


def _request(task: Task, film: Film | None, channel: int = 0) -> FrapRequest:
    from migralab.imaging.film.bleach import FrapRequest
    from migralab.imaging.film.spots import read_spots

    return FrapRequest(
        bleached_at=task.bleached_at,
        spots=None if task.frap_spots is None else read_spots(task.frap_spots),
        psf_um=film.last.psf_um if film is not None and film.last is not None else 0.13,
        channel=channel,
    )


def measure_bleached(film: Film, series: MicrographLike, settings: AnalysisSettings, task: Task) -> FrapFilm:
    """Measure the recovery of what was bleached."""
    from migralab.imaging.film.recovery import measure_frap

    return measure_frap(series, film.observations, film.drift_px, _request(task, film, settings.channel))


def write_bleached(frap: FrapFilm, target: Path) -> None:
    """Write ``recovery.csv`` and ``recovery_curves.csv``."""
    from migralab.imaging.film.recovery_table import write_frap

    write_frap(frap, target)


def tell_bleached(frap: FrapFilm) -> None:
    """Say the half-time and the mobile share of each object, or why they are not known."""
    say(f"  bleached before frame {frap.bleached_at}; {frap.neighbours} neighbours show the fading")
    for number, one in enumerate(frap.objects):
        where = f"  object {number} at {one.spot.x_um:.2f}, {one.spot.y_um:.2f} um:"
        fit = one.recovery
        if fit is None or not math.isfinite(fit.half_time_s):
            say(f"{where} not known: {one.why}")
            continue
        say(
            f"{where} half-time {fit.half_time_s:.3g} +- {fit.half_time_sd_s:.2g} s, "
            f"mobile {fit.mobile:.3f} +- {fit.mobile_sd:.1g} ({fit.law})"
        )
    for note in frap.notes:
        remark(f"  note: {note}")
