"""The verdicts of an entry as a figure: observed with its interval against what was expected, one row per claim."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from migralab.report.catalogue.graph import blank, figure_style, saved
from migralab.report.catalogue.results import ROLES, Judged
from migralab.report.catalogue.sections.words import expected, seen
from migralab.report.figures.figure import FAINT, INK

COLOURS = {"pass": "#009E73", "fail": "#C1272D", "inconclusive": "#E69F00"}
_MARKS = {"pass": "o", "fail": "X", "inconclusive": "D"}
_TITLES = {
    "predicted": "Predicted: these count",
    "consequence": "Consequences that nobody has measured: no success until someone does",
    "calibrated": "Calibrated: the number set a parameter",
    "by-construction": "By construction: scores nothing",
    "undecided": "Not judged: no published arm tests it (T3)",
}
_WIDTH, _LEFT, _RIGHT = 9.2, 4.35, 6.75  # inches; the scale of a row lies between left and right
_ROW, _TITLE, _MARGIN = 0.40, 0.40, 0.15
_WRAP, _LINES, _EXPECTED_WRAP = 74, 2, 44
_WIDE = 50.0  # limits further apart than this many times: only the nearer one is drawn
_BAND, _GREY = "#DDE6EE", "#6B7280"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How one row turns values into places between 0 and 1: the band of what passes lies in the middle or at a side.

    Parameters
    ----------
    low, high
        Limits of what passes; None where there is none.
    zero, per
        Place of the value 0, and places per unit.
    """

    low: float | None
    high: float | None
    zero: float
    per: float

    def place(self, value: float) -> float:
        """Return the place of a value, not further out than the ends."""
        return float(np.clip(self.zero + self.per * value, 0.0, 1.0))

    def beyond(self, value: float) -> bool:
        """Whether a value lies outside the row."""
        return not -1e-9 <= self.zero + self.per * value <= 1.0 + 1e-9

    @property
    def band(self) -> tuple[float, float]:
        """Places between which a value passes."""
        return (
            0.0 if self.low is None else self.place(self.low),
            1.0 if self.high is None else self.place(self.high),
        )


def scale_of(value: float, interval: tuple[float, float] | None, low: float | None, high: float | None) -> Scale | None:
    """Return the scale of a row from what was observed and the limits; None where there is no limit."""
    if low is not None and high is not None and low > 0 and high > max(_WIDE * low, 3.0 * value):
        high = None
    if low is not None and high is not None:
        per = 0.34 / (high - low)
        return Scale(low=low, high=high, zero=0.33 - per * low, per=per)
    limit = high if low is None else low
    if limit is None:
        return None
    at = 0.6 if low is None else 0.4
    least = max(abs(value - limit), 0.25 * abs(limit), 1e-9)
    reach = max([least, *(abs(end - limit) for end in interval or ())])
    per = 0.36 / min(reach, 4.0 * least)
    return Scale(low=low, high=high, zero=at - per * limit, per=per)


def draw_verdicts(claims: Sequence[Judged], form: str = "svg") -> bytes | None:
    """Return the figure as SVG or PNG, None if nothing was observed; the same verdicts give the same bytes."""
    groups = [(role, [c for c in claims if _group(c) == role and c.observed is not None]) for role in _TITLES]
    groups = [(role, _sorted(there)) for role, there in groups if there]
    if not groups:
        return None
    height = sum(_TITLE + _ROW * len(there) for _, there in groups) + 2 * _MARGIN + 0.55
    with figure_style():
        plot, axes = blank(_WIDTH, height)
        y = _MARGIN
        for role, there in groups:
            axes.text(0.15, y + 0.2, _TITLES[role], fontsize=9.5, weight="bold", va="center")
            y += _TITLE
            for claim in there:
                _draw_row(axes, claim, y + _ROW / 2)
                y += _ROW
        _draw_legend(axes, y + 0.3)
        return saved(plot, form)


def _group(claim: Judged) -> str:
    return "undecided" if claim.claim.grade == "T3" else claim.role if claim.role in ROLES else "predicted"


def _sorted(claims: Sequence[Judged]) -> list[Judged]:
    order = {"fail": 0, "inconclusive": 1, "pass": 2}
    return sorted(claims, key=lambda claim: order.get(claim.verdict, 3))


def _draw_row(axes: Any, claim: Judged, y: float) -> None:
    colour = COLOURS.get(claim.verdict, _GREY)
    lines = textwrap.wrap(claim.claim.statement, _WRAP)
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], textwrap.shorten(" ".join(lines[_LINES - 1 :]), _WRAP, placeholder=" …")]
    axes.text(0.15, y, "\n".join(lines), fontsize=7.4, va="center", linespacing=1.15)
    axes.plot([_LEFT, _RIGHT], [y + _ROW / 2 - 0.01] * 2, color="#EEF1F4", lw=0.6)
    limits = (claim.row.get("expected_low"), claim.row.get("expected_high"))
    if claim.observed is not None and (scale := scale_of(claim.observed, claim.interval, *limits)) is not None:
        _draw_scale(axes, claim, claim.observed, scale, y)
    wanted = textwrap.wrap(expected(claim), _EXPECTED_WRAP)
    passes = wanted[0] + (" …" if len(wanted) > 1 else "") if wanted else ""
    axes.text(_RIGHT + 0.15, y - 0.07, seen(claim), fontsize=7.4, va="center", color=colour, weight="bold")
    axes.text(_RIGHT + 0.15, y + 0.08, f"expected {passes}" if passes else "", fontsize=6.8, va="center")


def _draw_scale(axes: Any, claim: Judged, value: float, scale: Scale, y: float) -> None:
    colour = COLOURS.get(claim.verdict, _GREY)

    def at(place: float) -> float:
        return _LEFT + place * (_RIGHT - _LEFT)

    low, high = (at(end) for end in scale.band)
    axes.fill_between([low, high], y - 0.13, y + 0.13, color=_BAND, lw=0, zorder=1)
    for limit, edge in ((scale.low, low), (scale.high, high)):
        if limit is not None:
            axes.plot([edge, edge], [y - 0.13, y + 0.13], color=FAINT, lw=0.8, zorder=2)
    if claim.interval is not None:
        ends = [at(scale.place(end)) for end in claim.interval]
        axes.plot(ends, [y, y], color=colour, lw=1.6, zorder=3, solid_capstyle="butt")
    place = at(scale.place(value))
    if scale.beyond(value):
        tip = 0.09 if scale.zero + scale.per * value > 0.5 else -0.09
        axes.plot([place - tip, place, place - tip], [y - 0.06, y, y + 0.06], color=colour, lw=1.8, zorder=4)
    else:
        mark = _MARKS.get(claim.verdict, "s")
        face = "white" if claim.verdict == "inconclusive" else colour
        axes.plot([place], [y], mark, ms=5.5, mfc=face, mec=colour, mew=1.2, zorder=4)


def _draw_legend(axes: Any, y: float) -> None:
    axes.plot([0.15, _WIDTH - 0.15], [y - 0.22] * 2, color=FAINT, lw=0.6)
    x = 0.25
    for verdict, words in (("pass", "pass"), ("fail", "FAIL"), ("inconclusive", "inconclusive")):
        face = "white" if verdict == "inconclusive" else COLOURS[verdict]
        axes.plot([x], [y], _MARKS[verdict], ms=5.5, mfc=face, mec=COLOURS[verdict], mew=1.2)
        axes.text(x + 0.12, y, words, fontsize=7.6, va="center", color=INK)
        x += 0.75
    x += 0.4
    axes.fill_between([x, x + 0.35], y - 0.08, y + 0.08, color=_BAND, lw=0)
    said = (
        "what passes; each row has its own scale; a mark < or > lies further out; bars are 95 % intervals over dishes"
    )
    axes.text(x + 0.45, y, said, fontsize=7.0, va="center", color=INK)
