"""Fibres looked for from the vesicle: a dim fibre that was not traced may still be seen where one knows to look.

A line anywhere in any direction must stand out of a million places; one that begins at a known vesicle only out of
a few dozen directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from migralab.imaging.detect.fibres import Lines
from migralab.imaging.detect.scene import Scene, Vesicle
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.line_scores import line_response, white_noise
from migralab.imaging.signal.noise import Mask

Floats = NDArray[np.float64]

_PIECES = (3, 5, 7)  # pieces of a fibre that are looked for, each 1.5 times the shortest filter
_APART = 1.5
_MOST = 4.0  # units of noise that one piece may bring: a neighbour must not pass for a fibre
_WIDE = 0.8  # rad: two fibres of one vesicle are further apart
_SURE = 1.0  # units of noise by which a usual fibre must exceed the threshold before its absence is told
_VESICLE_TO_FIBRE = 3.0  # light of the median vesicle over that of a fibre (evidence/imaging.md section 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ray:
    """A fibre that begins at a vesicle: number of the vesicle, direction (rad), from and to (pixels from centre)."""

    vesicle: int
    angle: float
    start_px: float
    end_px: float


def reach_out(
    scene: Scene, lines: Lines, vesicles: Sequence[Vesicle], lone: Sequence[int], settings: AnalysisSettings
) -> list[Ray]:
    """Look for fibres that begin at vesicles.

    Parameters
    ----------
    scene, lines
        Of the frame.
    vesicles
        All of them.
    lone
        Numbers of those at which no traced line ends.
    settings
        Thresholds.
    """
    if not lone:
        return []
    threshold = _threshold(len(vesicles), lines, settings)
    rays = []
    for number in lone:
        score, pieces = _score(scene, lines, vesicles[number])
        left = score.copy()
        while left.max() > threshold and sum(r.vesicle == number for r in rays) < 3:
            best = int(np.argmax(left))
            angle = 2 * np.pi * best / len(left)
            start = _start(scene, lines, vesicles[number])
            end = start + _APART * lines.length_px * (pieces[best] - 0.5)
            rays.append(Ray(vesicle=number, angle=angle, start_px=start * lines.factor, end_px=end * lines.factor))
            turn = np.abs(np.angle(np.exp(1j * (2 * np.pi * np.arange(len(left)) / len(left) - angle))))
            left[turn < _WIDE] = -np.inf
    return rays


def draw_rays(skeleton: Mask, rays: Sequence[Ray], vesicles: Sequence[Vesicle]) -> Mask:
    """Return the lines with the rays drawn into them; a ray ends where it meets a line."""
    drawn = skeleton.copy()
    height, width = skeleton.shape
    for ray in rays:
        centre = vesicles[ray.vesicle]
        way = np.arange(0.6 * ray.start_px, ray.end_px, 0.5)
        y = np.rint(centre.y + way * np.sin(ray.angle)).astype(int)
        x = np.rint(centre.x + way * np.cos(ray.angle)).astype(int)
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        y, x = y[inside], x[inside]
        met = np.flatnonzero(skeleton[y, x])
        last = met[0] + 1 if len(met) else len(y)
        drawn[y[:last], x[:last]] = True
    return drawn


def fibres_would_show(
    scene: Scene, lines: Lines, vesicles: Sequence[Vesicle], brightness: Floats, settings: AnalysisSettings
) -> bool:
    """Whether a usual fibre at a vesicle would have been seen; if not, nothing is said about where vesicles sit.

    Parameters
    ----------
    scene, lines, vesicles
        Of the frame.
    brightness
        Light of each vesicle in units of the noise of a pixel.
    settings
        Thresholds.
    """
    if scene.skeleton.sum() * scene.pixel_um > 10 * settings.fibre_shortest_um:
        usual = float(np.median(lines.amplitude[scene.skeleton]))
    elif len(brightness):
        width = np.hypot(scene.psf_um, scene.pixel_um / np.sqrt(12)) / (scene.pixel_um * lines.factor)
        light = float(np.median(brightness)) / _VESICLE_TO_FIBRE * lines.factor
        usual = light * line_response(width, lines.width_px, lines.length_px)
    else:
        return True
    most = _PIECES[-1]
    expected = min(usual, _MOST) * most / white_noise(most, lines.length_px)
    return bool(expected > _threshold(len(vesicles), lines, settings) + _SURE)


def _threshold(vesicles: int, lines: Lines, settings: AnalysisSettings) -> float:
    """Score that noise exceeds at `settings.false_traces` of all vesicles together."""
    trials = max(vesicles, 1) * 2 * len(lines.pieces) * len(_PIECES)
    return -float(special.ndtri(settings.false_traces / trials))


def _start(scene: Scene, lines: Lines, vesicle: Vesicle) -> float:
    """Distance of the first piece's near end from the centre, pixels of the pieces."""
    rim = vesicle.diameter_um / 2 + 2.0 * scene.psf_um
    return rim / (scene.pixel_um * lines.factor) + 0.5


def _score(scene: Scene, lines: Lines, vesicle: Vesicle) -> tuple[Floats, NDArray[np.int64]]:
    """Best score in each direction all around, in units of noise, and how many pieces gave it."""
    angles, height, width = lines.pieces.shape
    way = np.arange(2 * angles)
    turn = 2 * np.pi * way / len(way)
    distance = _start(scene, lines, vesicle) + _APART * lines.length_px * (np.arange(_PIECES[-1]) + 0.5)
    y = (vesicle.y - 0.5 * (lines.factor - 1)) / lines.factor + np.sin(turn)[:, None] * distance
    x = (vesicle.x - 0.5 * (lines.factor - 1)) / lines.factor + np.cos(turn)[:, None] * distance
    rows, columns = np.rint(y).astype(int), np.rint(x).astype(int)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    piece = lines.pieces[
        (way % angles)[:, None], np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    ]  # fmt: skip
    piece = np.where(inside, np.minimum(piece, _MOST), 0.0)
    scores = [piece[:, :n].sum(axis=1) / white_noise(n, lines.length_px) for n in _PIECES]
    best = np.argmax(scores, axis=0)
    return np.max(scores, axis=0).astype(np.float64), np.array(_PIECES)[best]
