"""The budget of one migrasome as a table that says in words what each number means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from migralab.physics.signals.budget import (
    NANOMOLAR,
    ON_DISH,
    Setting,
    burst_peak,
    molecules_in_vesicle,
    occupancy_difference,
    peak_time,
    rate_for_gradient,
    signal_to_noise,
    snapshot_noise,
    store_life,
)
from migralab.report.signal_answer import in_words

LOADS_NM = (100.0, 1_000.0, 10_000.0)
DISTANCES = (5.0, 10.0, 20.0)
LEVELS_NM = (0.3, 1.0, 3.4, 10.0)
SLOW = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One number.

    Parameters
    ----------
    quantity, where
        What it is, and for which case.
    value, unit
        In that unit.
    meaning
        What it says.
    """

    quantity: str
    where: str
    value: float
    unit: str
    meaning: str


def budget_rows(setting: Setting) -> list[Row]:
    """Return the table of the budget: store, burst, steady leak, what a cell can tell."""
    return [*_store(setting), *_burst(setting), *_leak(setting), *_sensing(setting)]


def _store(setting: Setting) -> list[Row]:
    given = setting.concentration / NANOMOLAR
    loads = sorted({*LOADS_NM, round(given, 6)})
    return [
        Row(quantity=f"molecules in {setting.diameter:g} um", where=f"at {load:g} nM", unit="molecules",
            value=molecules_in_vesicle(setting.diameter, load * NANOMOLAR),
            meaning="this one" if abs(load - given) < 1e-5 * given else "")
        for load in loads
    ]  # fmt: skip


def _burst(setting: Setting) -> list[Row]:
    rows = []
    for r in DISTANCES:
        peak = float(burst_peak(setting.molecules, r))
        share = peak / (peak + setting.receptors.affinity)
        rows.append(
            Row(quantity="burst: highest concentration", where=f"{r:g} um", value=peak / NANOMOLAR, unit="nM",
                meaning=f"{share:.0%} of the receptors; on a dish {ON_DISH * peak / NANOMOLAR:.3g} nM")
        )  # fmt: skip
    for r in DISTANCES:
        t = float(peak_time(r, setting.diffusivity))
        slow = "too quick for receptors" if t * setting.receptors.off_rate < 1 else "receptors can follow"
        rows.append(Row(quantity="burst: when the peak comes", where=f"{r:g} um", value=t, unit="s", meaning=slow))
    return rows


def _leak(setting: Setting) -> list[Row]:
    rows = []
    for slower in (1.0, SLOW):
        d = setting.diffusivity / slower
        where = f"{DISTANCES[-1]:g} um, D = {d:g} um2/s"
        rate = float(rate_for_gradient(setting.threshold, DISTANCES[-1], d))
        life = float(store_life(setting.molecules, rate))
        rows += [
            Row(quantity="steady leak for the threshold", where=where, value=rate, unit="molecules/s",
                meaning=f"{rate / ON_DISH:.3g} on a dish"),
            Row(quantity="the store lasts", where=where, value=life, unit="s",
                meaning=f"{in_words(life)}: a gradient for hours? {'yes' if life > 3600 else 'no'}"),
        ]  # fmt: skip
    return rows


def _sensing(setting: Setting) -> list[Row]:
    receptors, rows = setting.receptors, []
    levels = np.array(LEVELS_NM) * NANOMOLAR
    slope = np.full(len(levels), setting.threshold)
    columns = (
        ("receptors, front half minus rear half", occupancy_difference(levels, slope, receptors), "receptors"),
        ("noise of it at one moment", snapshot_noise(levels, receptors), "receptors"),
        (f"signal to noise after {receptors.averaging:g} s", signal_to_noise(levels, slope, receptors), ""),
    )
    for name, values, unit in columns:
        for level, value in zip(LEVELS_NM, values, strict=True):
            seen = f"felt? {'yes' if value >= 1 else 'no'}" if not unit else ""
            rows.append(Row(quantity=name, where=f"at {level:g} nM", value=float(value), unit=unit, meaning=seen))
    return rows
