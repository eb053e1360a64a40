"""How many cells there are, over how many there were."""

from __future__ import annotations

import numpy as np

from migralab.measure.view import Estimate, View, missing


def measure_fold(view: View, *, since_hour: float = 0.0) -> Estimate:
    """Return the number of cells of the frame over that of an earlier one.

    Parameters
    ----------
    view
        Frame, and population that is asked.
    since_hour
        Time of the earlier count since the start of the run.
    """
    times = np.asarray(view.observations.frames_min)
    before = int(np.argmin(np.abs(times - 60.0 * since_hour)))
    rows = view.whole("cells")["frame"].to_numpy(np.int64)
    then, now = int(np.count_nonzero(rows == before)), int(np.count_nonzero(rows == view.frame))
    if before >= view.frame:
        return missing(f"frame {view.frame} is not after the count at {since_hour:g} h")
    if not then:
        return missing(f"no cell was there at {since_hour:g} h")
    return Estimate(
        value=now / then,
        n=then,
        method=f"cells now over cells at {times[before] / 60:g} h; one experiment, no interval",
    )
