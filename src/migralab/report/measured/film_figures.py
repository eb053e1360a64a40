"""Figures of a film: how vesicles grew, when they came and went, how the ground drifted, and recovery after FRAP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from migralab.report.figures.figure import (
    EXCLUDED,
    FAINT,
    FOURTH,
    INK,
    PUBLISHED,
    SECOND,
    SIMULATED,
    THIRD,
    Figure,
    canvas,
    to_svg,
)  # fmt: skip
from migralab.report.measured.content import Measured

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

_COLOURS = (SIMULATED, PUBLISHED, SECOND, THIRD, FOURTH, EXCLUDED)
_CURVES = 6  # more cannot be told apart
_LIVES = 60
_END = {"ruptured": ("X", PUBLISHED), "lost": ("o", INK)}


def draw_film(measured: Measured) -> list[Figure]:
    """Return the figures that the tables of a film have rows for; none for a still image."""
    found = (draw_growth(measured), draw_lives(measured), draw_drift(measured), draw_recovery(measured))
    return [figure for figure in found if figure is not None]


def draw_growth(measured: Measured) -> Figure | None:
    """Return diameters over time with their errors and the fitted law, for those followed longest."""
    growth = measured.film.get("growth")
    if growth is None or not growth["points"].gt(0).any():
        return None
    chosen = _longest(growth)
    with canvas(5.2, 3.1) as (plot, axes):
        for colour, (_, fit) in zip(_COLOURS, chosen.iterrows(), strict=False):
            rows = measured.migrasomes[measured.migrasomes["id"] == fit["id"]]
            t, d, sd = (rows[name].to_numpy(float) for name in ("time_min", "diameter_um", "diameter_sd_um"))
            axes.errorbar(t, d, sd, fmt="o", ms=2.5, lw=0.8, color=colour, alpha=0.6)
            axes.plot(*_law(fit, t), color=colour, lw=1.6, label=_said(fit))
        axes.set_xlabel("time (min)")
        axes.set_ylabel("diameter (µm)")
        axes.set_ylim(bottom=0)
        axes.legend(loc="best", fontsize=7)
        data = to_svg(plot)
    laws = growth["law"].fillna("").value_counts()
    counts = ", ".join(f"{laws[name]} {word}" for name, word in _LAWS.items() if laws.get(name, 0))
    return Figure(
        data=data, mime="image/svg+xml", title="Growth", alt="Diameters over time with error bars and fitted curves.",
        caption=f"The {len(chosen)} vesicles that grow most clearly or were seen most often; bars: one standard error. "
        f"Of {len(growth)} followed: {counts or 'none fitted'}. All fits, and why not: growth.csv.",
    )  # fmt: skip


_LAWS = {
    "saturating": "level off", "linear": "change along a straight line", "none": "do not change", "": "not fitted",
}  # fmt: skip


def _longest(growth: pd.DataFrame) -> pd.DataFrame:
    """Those that level off first, then those that change, then the ones seen most often."""
    rank = growth["law"].map({"saturating": 0, "linear": 1, "none": 2}).fillna(3)
    order = np.lexsort((-growth["points"].to_numpy(), rank.to_numpy()))
    return growth.iloc[order[:_CURVES]]


def _law(fit: pd.Series, t: Floats) -> tuple[Floats, Floats]:
    """Fitted curve over the times at which the vesicle was seen; nothing where none was fitted."""
    times = np.linspace(t.min(), t.max(), 200) if len(t) else np.empty(0)
    if fit["law"] == "saturating":
        return times, fit["d_inf_um"] * -np.expm1(-np.maximum(times - fit["t0_min"], 0) / fit["tau_min"])
    if fit["law"] in ("linear", "none") and np.isfinite(fit["slope_um_per_min"]):
        return times, fit["level_um"] + fit["slope_um_per_min"] * times
    return np.empty(0), np.empty(0)


def _said(fit: pd.Series) -> str:
    if fit["law"] == "saturating":
        return f"{fit['id']}: τ {fit['tau_min']:.3g} ± {fit['tau_sd_min']:.2g} min, to {fit['d_inf_um']:.2f} µm"
    if fit["law"] == "linear":
        return f"{fit['id']}: {1000 * fit['slope_um_per_min']:.3g} nm/min"
    return f"{fit['id']}: no change" if fit["law"] == "none" else f"{fit['id']}: not fitted"


def draw_lives(measured: Measured) -> Figure | None:
    """Return a line for each object from its first to its last sight, with what happened to it."""
    tracks = measured.film.get("tracks")
    if tracks is None or tracks.empty:
        return None
    shown = tracks.sort_values(["first_seen_min", "last_seen_min"]).tail(_LIVES) if len(tracks) > _LIVES else (
        tracks.sort_values(["first_seen_min", "last_seen_min"])
    )  # fmt: skip
    place = np.arange(len(shown))
    with canvas(5.2, 3.4) as (plot, axes):
        axes.hlines(place, shown["first_seen_min"], shown["last_seen_min"], color=SIMULATED, lw=1.4)
        _mark(axes, shown["appeared_min"], place, "|", SECOND, "appeared")
        _mark(axes, shown["detached_min"], place, "d", THIRD, "detached")
        for fate, (marker, colour) in _END.items():
            _mark(axes, shown["gone_min"].where(shown["fate"] == fate), place, marker, colour, fate)
        axes.set_xlabel("time (min)")
        axes.set_ylabel("object")
        axes.set_yticks([])
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="lower right", fontsize=7.5)
        data = to_svg(plot)
    fates = tracks["fate"].value_counts()
    known = int(tracks["appeared_min"].notna().sum())
    return Figure(
        data=data, mime="image/svg+xml", title="Lives", alt="A line for each object from first to last sight.",
        caption=f"{len(tracks)} objects{f', the last {_LIVES} to come shown' if len(tracks) > _LIVES else ''}: "
        f"{known} with a known birth, {fates.get('ruptured', 0)} ruptured (gone, their fibre still there), "
        f"{fates.get('lost', 0)} lost with their fibre, {fates.get('present', 0)} not seen to end. "
        "Why a birth or an end is not known: tracks.csv.",
    )  # fmt: skip


def _mark(axes: Any, times: pd.Series, place: NDArray[np.int64], marker: str, colour: str, name: str) -> None:
    known = times.notna().to_numpy()
    if known.any():
        axes.plot(times[known], place[known], marker, color=colour, ms=5, label=name)


def draw_drift(measured: Measured) -> Figure | None:
    """Return the drift along both axes over time, with its error."""
    drift = measured.film.get("drift")
    if drift is None or len(drift) < 2:
        return None
    known = drift["known"].astype(bool)
    with canvas(5.2, 2.6) as (plot, axes):
        for name, colour in (("x_um", SIMULATED), ("y_um", PUBLISHED)):
            error = drift["sd_um"].fillna(0.0)
            axes.fill_between(drift["time_min"], drift[name] - error, drift[name] + error, color=colour, alpha=0.25)
            axes.plot(drift["time_min"], drift[name], color=colour, lw=1.2, label=name[0])
        if (~known).any():
            axes.plot(drift["time_min"][~known], drift["x_um"][~known], "x", color=FAINT, label="not known")
        axes.set_xlabel("time (min)")
        axes.set_ylabel("drift (µm)")
        axes.legend(loc="best")
        data = to_svg(plot)
    unsure = f" In {int((~known).sum())} frames it is not known and that of the frame before was kept." * bool(
        (~known).any()
    )
    return Figure(
        data=data, mime="image/svg+xml", title="Drift", alt="Drift of the ground along x and y over time.",
        caption=f"Of the ground against the first frame; band: one standard error. It was taken off.{unsure}",
    )  # fmt: skip


def draw_recovery(measured: Measured) -> Figure | None:
    """Return the doubly normalised light after the bleach with the fitted recovery."""
    curves, fits = measured.film.get("recovery_curves"), measured.film.get("recovery")
    if curves is None or fits is None or curves.empty:
        return None
    with canvas(5.2, 3.1) as (plot, axes):
        for colour, (_, fit) in zip(_COLOURS, fits.iterrows(), strict=False):
            rows = curves[curves["object"] == fit["object"]]
            if rows.empty:
                continue
            axes.errorbar(
                rows["time_s"], rows["light"], rows["light_sd"], fmt="o", ms=2.5, lw=0.8, color=colour, alpha=0.6
            )
            axes.plot(rows["time_s"], rows["fitted"], color=colour, lw=1.6, label=_recovered(fit))
        axes.axvline(0.0, color=INK, lw=0.8, ls=":")
        axes.set_xlabel("time after the bleach (s)")
        axes.set_ylabel("light (1 before)")
        axes.set_ylim(bottom=min(0.0, float(curves["light"].min())))
        axes.legend(loc="lower right", fontsize=7.5)
        data = to_svg(plot)
    near = int(fits["neighbours"].iloc[0])
    fading = f"the fading of {near} neighbours taken off" if near else "fading fitted from the curve itself"
    return Figure(
        data=data, mime="image/svg+xml", title="Recovery after the bleach", alt="Light after the bleach, with fits.",
        caption=f"{len(fits)} bleached objects{f', {len(_COLOURS)} shown' if len(fits) > len(_COLOURS) else ''}; light "
        f"normalised twice: over that before, and {fading}. Bars: one standard error. Mobile: share of what was "
        "bleached that comes back; light from inside a vesicle does not.",
    )  # fmt: skip


def _recovered(fit: pd.Series) -> str:
    if not np.isfinite(fit["half_time_s"]):
        return f"{fit['object']}: not known"
    return (
        f"{fit['object']}: half-time {fit['half_time_s']:.3g} ± {fit['half_time_sd_s']:.2g} s, "
        f"mobile {fit['mobile_fraction']:.3f} ± {fit['mobile_fraction_sd']:.1g}"
    )
