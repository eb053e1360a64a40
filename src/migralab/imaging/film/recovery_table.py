"""FRAP in tables: one row for each bleached object, and its curve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from migralab.imaging.film.recovery import FrapFilm

if TYPE_CHECKING:
    import pandas as pd


def tabulate_recovery(frap: FrapFilm) -> pd.DataFrame:
    """Return one row for each bleached object: half-time and mobile share with errors, or why not."""
    import pandas as pd

    rows = []
    for number, one in enumerate(frap.objects):
        fit = one.recovery
        low, high = fit.half_time_between_s if fit else (np.nan, np.nan)
        rows.append(
            {
                "object": number, "x_um": one.spot.x_um, "y_um": one.spot.y_um, "radius_um": one.spot.radius_um,
                "bleached_at_frame": frap.bleached_at, "neighbours": frap.neighbours,
                "model": fit.law if fit else "none",
                "half_time_s": fit.half_time_s if fit else np.nan,
                "half_time_sd_s": fit.half_time_sd_s if fit else np.nan,
                "half_time_low_s": low, "half_time_high_s": high,
                "mobile_fraction": fit.mobile if fit else np.nan,
                "mobile_fraction_sd": fit.mobile_sd if fit else np.nan,
                "light_after_bleach": fit.start if fit else np.nan, "plateau": fit.plateau if fit else np.nan,
                "fading_fitted_per_s": fit.bleaching_per_s if fit else np.nan,
                "points": int((one.times_s >= 0).sum()), "why_not": one.why,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def tabulate_curves(frap: FrapFilm) -> pd.DataFrame:
    """Return the doubly normalised light of each object and frame, with the fitted curve beside it."""
    import pandas as pd

    parts = []
    for number, one in enumerate(frap.objects):
        if not len(one.frames):
            continue
        fitted = np.full(len(one.times_s), np.nan)
        if one.recovery is not None and one.recovery.law != "none":
            after = one.times_s >= 0
            fitted[after] = one.recovery.light(one.times_s[after])
        columns = {"frame": one.frames, "time_s": one.times_s, "light": one.light, "light_sd": one.light_sd}
        parts.append(pd.DataFrame({"object": number, **columns, "fitted": fitted}))
    names = ["object", "frame", "time_s", "light", "light_sd", "fitted"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)


def write_frap(frap: FrapFilm, directory: str | Path) -> None:
    """Write ``recovery.csv`` and ``recovery_curves.csv`` into a folder that is there."""
    tabulate_recovery(frap).to_csv(Path(directory) / "recovery.csv", index=False, float_format="%.5g")
    tabulate_curves(frap).to_csv(Path(directory) / "recovery_curves.csv", index=False, float_format="%.5g")
