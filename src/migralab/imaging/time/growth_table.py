"""Growth of every followed migrasome of a film, one row each, with units in the names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from migralab.core.errors import RequestError
from migralab.imaging.time.growth import Growth, fit_growth
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = (
    "migrasome_id", "cell_id", "law", "d_inf_um", "d_inf_sd_um", "tau_min", "tau_sd_min", "tau_low_min", "tau_high_min",
    "t0_min", "t0_sd_min", "level_um", "slope_um_per_min", "weight", "points", "limits", "note",
)  # fmt: skip


def tabulate_growth(observations: Observations, *, resolution_um: float = 0.3, least_points: int = 8) -> pd.DataFrame:
    """Fit growth to every migrasome; one that was not followed long enough has a row that says so.

    Parameters
    ----------
    observations
        From `follow`: ids persist.
    resolution_um
        Diameters below this are upper limits.
    least_points
        Migrasomes measured in fewer frames are not fitted.

    Returns
    -------
    DataFrame
        ``law`` is that of the lowest AIC; parameters of the saturating law are NaN where it was not offered, but
        ``tau_low_min`` keeps its lower bound; ``level_um`` is the diameter at time 0 of a straight line or constant.
        ``weight`` is the Akaike weight of the law. Times are those of the film.
        Where nothing was fitted ``law`` is empty and ``note`` says why.
    """
    import pandas as pd

    rows = observations["migrasomes"]
    records = []
    for name, group in rows.sort_values("frame").groupby("migrasome_id", sort=True):
        t, d, sd = (group[column].to_numpy(np.float64) for column in ("time_min", "diameter_um", "diameter_sd_um"))
        used = (d > 0) & (sd > 0)
        owners = group["cell_id"].to_numpy(np.int64)
        owner = int(owners[owners >= 0][-1]) if (owners >= 0).any() else -1
        below = d[used] < resolution_um
        if used.sum() < least_points:
            why = f"measured in {int(used.sum())} frames; {least_points} are needed"
            records.append((name, owner, *_unfitted(int(used.sum()), int(below.sum()), why)))
            continue
        try:
            sizes = np.where(below, resolution_um, d[used])
            growth = fit_growth(t[used], sizes, sd[used], below, bounds="best")
        except RequestError:
            why = f"all but one of the diameters are below the resolution of {resolution_um:g} um"
            records.append((name, owner, *_unfitted(int(used.sum()), int(below.sum()), why)))
            continue
        records.append((name, owner, *_row(growth)))
    return pd.DataFrame.from_records(records, columns=list(_COLUMNS))


def _row(growth: Growth) -> tuple[object, ...]:
    best, curve = growth.best, growth.fits["saturating"]
    offered = "saturating" in growth.weights
    values, sds = (part if offered else dict.fromkeys(part, np.nan) for part in (curve.values, curve.sds))
    low, high = curve.intervals.get("tau_min", (np.nan, np.nan))
    slope = best.values.get("slope_um_per_min", 0.0 if best.law == "none" else np.nan)
    level = best.values.get("d_um", best.values.get("d_start_um", np.nan))
    return (
        best.law, values["d_inf_um"], sds["d_inf_um"], values["tau_min"], sds["tau_min"], low, high,
        values["t0_min"], sds["t0_min"], level, slope, growth.weights[best.law], growth.points, growth.limits,
        growth.note,
    )  # fmt: skip


def _unfitted(points: int, limits: int, why: str) -> tuple[object, ...]:
    return ("", *[np.nan] * 11, points, limits, why)
