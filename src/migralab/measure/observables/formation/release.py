"""Vesicles that were set free: those that came off a fibre, and those that left the body of a cell without one."""

from __future__ import annotations

import numpy as np

from migralab.core.errors import RequestError
from migralab.measure.view import Estimate, View, missing

KINDS = {
    "all": "set free",
    "shed": "without a fibre set free",
    "left": "of a fibre set free",
}


def measure_release(view: View, *, kind: str = "all") -> Estimate:
    """Return vesicles that were set free since the start, over the cells that there were then; gone or not.

    Cells may die meanwhile, so that those of the start are the base. What has no place on a fibre counts as shed,
    purified vesicles that were added too.

    Parameters
    ----------
    view
        Frame of an experiment; vesicles are those of the whole field.
    kind
        ``left`` off a fibre, ``shed`` from the body of a cell, or ``all``.
    """
    if kind not in KINDS:
        raise RequestError(f"kind = '{kind}' is no way to be set free. Allowed: {', '.join(KINDS)}.")
    field = view.field
    lives = field.lives
    if not field.simulated:
        return missing("of a real vesicle it is not known whether it came off a fibre or left the body of a cell")
    cells = view.whole("cells")
    founders = int(np.count_nonzero(cells["frame"].to_numpy(np.int64) == 0))
    if not founders:
        return missing("no cells at the start")
    free = (lives["attachment"] == "free").to_numpy(bool)
    wanted = np.ones(len(lives), bool) if kind == "all" else free if kind == "shed" else ~free
    released = wanted & (lives["detached_min"].to_numpy(np.float64) <= view.time_min)  # never, for nan
    return Estimate(
        value=int(np.count_nonzero(released)) / founders, n=founders,
        method=f"vesicles {KINDS[kind]} over the cells at the start; one experiment, no interval",
    )  # fmt: skip
