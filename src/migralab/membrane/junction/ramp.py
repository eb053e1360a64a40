"""Rising tension on a junction: the branch of equilibria through its folds, and what bulges first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.membrane.junction.pearls import clamped_tube_threshold
from migralab.membrane.junction.problem import (
    REST,
    Filling,
    Junction,
    checked_around,
    checked_filling,
)
from migralab.membrane.junction.shape import NOT_AT_REST, JunctionShape, described, resting_surface
from migralab.membrane.junction.solver import Surface, follow
from migralab.membrane.status import Status

Floats = NDArray[np.float64]
Array = NDArray[Any]

WIDENED = 1.5  # ball over resting ball from which a junction without a fold counts as bulged
NEAR = 2e-4  # relative error of the ball of the shape that is shown there
ALONG = ("tension", "pressure", "arm_radius", "arm_thinnest", "volume", "energy")
WIDEST, POINTS = (1.5, 6.0), (3, 400)
LEAST_SWELL = 0.02  # R^3; a smaller step of the junction's volume means that the branch is lost


@dataclass(frozen=True, slots=True)
class JunctionRamp:
    """The branch of equilibria of a junction, ordered by its swelling; arrays (n,), um and pN.

    status : converged if the bulge was found among stable shapes, or there is none up to the width wanted
    around : segments of half a turn of the mesh
    stable : no softer neighbour shape (lowest stiffness > 0, with the volume held if closed)
    bulge_kind : "fold" (the tension has a maximum: the shape snaps there), "gradual" (the ball reaches 1.5 times its
        resting radius without one) or "none"
    arm_gamma : sigma R^2/kappa at which the arms alone would pearl
    first : "junction", "arms" or "neither": which is met first as the tension rises; "undecided" if not converged
    bulge : the shape there; the last one if there is none
    """

    junction: Junction
    filling: Filling
    around: int
    status: Status
    instruction: str
    tension: Floats
    gamma: Floats
    pressure: Floats
    junction_radius: Floats
    arm_radius: Floats
    arm_thinnest: Floats
    volume: Floats
    energy: Floats
    stiffness: Floats
    stable: Array
    bulge_gamma: float
    bulge_tension: float
    bulge_kind: str
    arm_gamma: float
    first: str
    rest: JunctionShape
    bulge: JunctionShape
    last: JunctionShape


def tension_ramp(
    junction: Junction,
    *,
    filling: Filling | str = Filling.CLOSED,
    widest: float = 3.0,
    points: int = 40,
    around: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> JunctionRamp:
    """Follow the equilibria of a junction from rest by letting its middle swell; the tension is the answer.

    Parameters
    ----------
    filling : "closed" or "long"; with "open" the pressure does not rise and nothing bulges
    widest : radius of the junction's ball, in tube radii, at which to stop
    points : most shapes on the branch
    around : segments of half a turn of a tube, 8 or more for long arms if None
    progress : called with the share done, 0 to 1

    Raises
    ------
    RequestError
        If the filling is "open", or `widest` or `points` make no ramp
    """
    filling = checked_filling(filling)
    if filling is Filling.OPEN:
        raise RequestError(
            "A ramp at a held pressure has no bulge: water leaves, and every length shrinks as 1/sqrt(tension). "
            "Choose 'closed' or 'long'."
        )
    if not WIDEST[0] <= widest <= WIDEST[1]:
        raise RequestError(
            f"widest is {widest:g}: a ramp ends where the ball has {WIDEST[0]:g} to {WIDEST[1]:g} tube radii (at rest "
            "it has 1.33; beyond 6 the triangles at the crotches are too long)."
        )
    if not POINTS[0] <= points <= POINTS[1]:
        raise RequestError(f"points is {points}: a ramp has {POINTS[0]} to {POINTS[1]} shapes.")
    segments = checked_around(junction, around)
    surface, found = resting_surface(junction, segments)
    if not found:
        shape = described(junction, surface, (REST, 0.0), filling, Status.not_converged, NOT_AT_REST)
        return _ramp(junction, (filling, segments), [shape], (Status.not_converged, NOT_AT_REST))
    volume = surface.derivatives().volume if filling is Filling.CLOSED else None
    shapes = [described(junction, surface, (REST, 0.0), filling, Status.converged, "")]
    ball = shapes[0].junction_radius / junction.radius
    stride = max(widest - ball, 0.3) / (points - 1)
    end = _walk(junction, surface, filling, volume, shapes, (widest, stride), progress)
    return _ramp(junction, (filling, segments), shapes, end)


def _walk(
    junction: Junction, surface: Surface, filling: Filling, volume: float | None, shapes: list[JunctionShape],
    reach: tuple[float, float], progress: Callable[[float], None] | None,
) -> tuple[Status, str]:  # fmt: skip
    """Append shapes until the ball is as wide as wanted; the swelling of each step is chosen for an even stride.

    One shape of a closed ramp is made to lie where the ball is `WIDENED` times as wide as at rest.
    """
    widest, stride = reach
    gamma, inside, swell = REST, 0.0, 2.0 * stride
    first = now = shapes[0].junction_radius / junction.radius
    # Long arms fold; a shape too near another would spoil the parabola through the fold
    mark, usual = WIDENED * first if volume is not None else np.inf, 0.0
    while now < widest:
        surface.regauge(1)
        before = surface.x.copy()
        found, tension, pressure, steps = follow(surface, gamma, inside, volume=volume, swell=swell)
        shape = None
        if found:
            shape = described(junction, surface, (tension, pressure), filling, Status.converged, "")
            found = 0.0 < shape.junction_radius / junction.radius - now < 4.0 * stride
        if not found or shape is None:
            surface.x = before
            surface.regauge(0)
            swell, usual = swell / 2.0, 0.0
            if swell < LEAST_SWELL:
                return Status.not_converged, (
                    f"The branch was lost where the ball at the junction is {now:.2f} tube radii wide: the arms "
                    "that feed it have become too thin for the mesh. Take longer arms, a finer mesh (`around`) or a "
                    "smaller `widest`."
                )
            continue
        wider = shape.junction_radius / junction.radius
        if now < mark * (1.0 - NEAR) and wider > mark * (1.0 + NEAR):  # aim at the mark by a secant
            surface.x = before
            surface.regauge(0)
            usual = usual or swell
            swell *= (mark - now) / (wider - now)
            continue
        shapes.append(shape)
        gained, now, gamma, inside = wider - now, wider, tension, pressure
        if usual:
            swell, usual = usual, 0.0
        else:
            swell = swell * float(np.clip(stride / gained, 0.6, 1.6)) if steps < 7 else swell * 0.7
        if progress is not None:
            progress(min(1.0, (now - first) / max(widest - first, 1e-9)))
    return Status.converged, ""


def _ramp(
    junction: Junction, how: tuple[Filling, int], shapes: list[JunctionShape], end: tuple[Status, str]
) -> JunctionRamp:
    filling, around = how
    gamma = np.array([s.gamma for s in shapes])
    ball = np.array([s.junction_radius for s in shapes])
    stiffness = np.array([s.stiffness for s in shapes])
    soft = np.flatnonzero(stiffness <= 0.0)
    held = int(soft[0]) if len(soft) else len(shapes)  # shapes behind the first that is not stable decide nothing
    at, kind, threshold = bulge_of(gamma[: held + 2], ball[: held + 2], stable=held)
    arms = clamped_tube_threshold(2.0 * junction.arm_length / junction.radius) if filling is Filling.CLOSED else 1.5
    status, instruction = end
    if kind != "none":  # the question is answered, even if the branch ends before the width wanted
        status = Status.converged
        # Long arms pearl at 3/2, but between the mesh's clamps they hold out longer
        first = "arms" if filling is Filling.LONG and threshold > arms else "junction"
    elif held < len(shapes):
        where = "in the arms" if shapes[held].mode_in_junction < 0.5 else "at the junction"
        status, first = Status.not_converged, "undecided"
        instruction = (
            f"Beyond {shapes[max(0, held - 1)].tension:.3g} uN/m a softer shape exists, by a mode {where}: it "
            "pearls or bends there, or the mesh is too coarse. "
            "Take a finer mesh (`around`) and more `points`, or shorter arms. "
        ) + instruction
    else:
        first = "neither" if status is Status.converged else "undecided"
    along = {name: np.array([getattr(s, name) for s in shapes]) for name in ALONG}
    return JunctionRamp(
        junction, filling, around, status, instruction,
        along["tension"], gamma, along["pressure"], ball, along["arm_radius"], along["arm_thinnest"],
        along["volume"], along["energy"], stiffness, stiffness > 0.0,
        threshold, threshold * junction.bending / junction.radius**2, kind, arms, first,
        shapes[0], shapes[at], shapes[-1],
    )  # fmt: skip


def bulge_of(gamma: Floats, ball: Floats, *, stable: int | None = None) -> tuple[int, str, float]:
    """Return index, kind and dimensionless tension of the bulge: first maximum of the tension, or 1.5 x the ball.

    Only the first `stable` shapes count. A maximum is where stability ends: it may lie one shape beyond.
    """
    held = len(gamma) if stable is None else stable
    falls = np.flatnonzero(np.diff(gamma) < 0.0)
    wide = np.flatnonzero(ball[:held] >= WIDENED * ball[0] * (1.0 - NEAR))
    if len(falls) and 0 < falls[0] <= held:
        top = int(falls[0])
        three = slice(top - 1, top + 2)
        a, b, _ = np.polyfit(ball[three] - ball[top], gamma[three] - gamma[top], 2)
        return top, "fold", float(gamma[top] - b * b / (4.0 * a))
    if len(wide):
        at = int(wide[0])
        there = abs(ball[at] / (WIDENED * ball[0]) - 1.0) <= NEAR
        return at, "gradual", float(gamma[at] if there else np.interp(WIDENED * ball[0], ball, gamma))
    return len(gamma) - 1, "none", float("nan")
