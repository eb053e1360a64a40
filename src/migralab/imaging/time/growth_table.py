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
    "t0_min", "t0_sd_min", "slope_um_per_min", "weight", "points", "limits", "note",
)  # fmt: skip


def tabulate_growth(observations: Observations, *, resolution_um: float = 0.3, least_points: int = 8) -> pd.DataFrame:
    """Fit growth to every migrasome that was followed long enough.

    Parameters
    ----------
    observations
        From `follow`: ids persist.
    resolution_um
        Diameters below this are upper limits.
    least_points
        Migrasomes seen in fewer frames have no row.

    Returns
    -------
    DataFrame
        ``law`` is that of the lowest AIC; parameters of the saturating law are NaN where it was not offered, but
        ``tau_low_min`` keeps its lower bound. ``weight`` is the Akaike weight of the law. Times are those of the film.
    """
    import pandas as pd

    rows = observations["migrasomes"]
    records = []
    for name, group in rows.sort_values("frame").groupby("migrasome_id", sort=True):
        t, d, sd = (group[column].to_numpy(np.float64) for column in ("time_min", "diameter_um", "diameter_sd_um"))
        used = (d > 0) & (sd > 0)
        if used.sum() < least_points:
            continue
        below = d[used] < resolution_um
        try:
            growth = fit_growth(t[used], np.where(below, resolution_um, d[used]), sd[used], below)
        except RequestError:  # all but one below the resolution: nothing to fit, which a row would not tell better
            continue
        owners = group["cell_id"].to_numpy(np.int64)
        records.append((name, int(owners[owners >= 0][-1]) if (owners >= 0).any() else -1, *_row(growth)))
    return pd.DataFrame.from_records(records, columns=list(_COLUMNS))


def _row(growth: Growth) -> tuple[object, ...]:
    best, curve = growth.best, growth.fits["saturating"]
    offered = "saturating" in growth.weights
    values, sds = (part if offered else dict.fromkeys(part, np.nan) for part in (curve.values, curve.sds))
    low, high = curve.intervals["tau_min"]
    slope = best.values.get("slope_um_per_min", 0.0 if best.law == "none" else np.nan)
    return (
        best.law, values["d_inf_um"], sds["d_inf_um"], values["tau_min"], sds["tau_min"], low, high,
        values["t0_min"], sds["t0_min"], slope, growth.weights[best.law], growth.points, growth.limits, growth.note,
    )  # fmt: skip
