"""Fibres looked for from the vesicle: a dim fibre that was not traced may still be seen where one knows to look.

A line anywhere in any direction must stand out of a million places; one that begins at a known vesicle only out of
a few dozen directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from migralab.imaging.detect.fibres import Lines
from migralab.imaging.detect.gates import disc_mean
from migralab.imaging.detect.scene import Scene, Vesicle
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.line_scores import line_response, white_noise
from migralab.imaging.signal.noise import Mask, Noise

Floats = NDArray[np.float64]

_PIECES = (3, 5, 7)  # pieces of a fibre that are looked for, each 1.5 times the shortest filter
_APART = 1.5
_MOST = 4.0  # units of noise that one piece may bring, or as much as the usual fibre
_LEAST_SHARE = 0.6  # of the usual fibre
_WIDE = 0.8  # rad: two fibres of one vesicle are further apart
_SURE = 0.5  # units of noise by which a usual fibre must exceed the threshold before its absence is told
_ENOUGH_UM = 4.0  # traced length that tells how bright fibres are
_FLAT = Noise(background=0.0, read_sd=1.0, gain=0.0)  # of a stabilised image
_VESICLE_TO_FIBRE = 4.0  # peak of the median vesicle over that of a fibre (evidence/imaging.md section 3: 1.7 to 0.4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ray:
    """A fibre that begins at a vesicle: number of the vesicle, direction (rad), from and to (pixels from centre)."""

    vesicle: int
    angle: float
    start_px: float
    end_px: float


def reach_out(
    scene: Scene,
    lines: Lines,
    vesicles: Sequence[Vesicle],
    taken: Sequence[Sequence[float]],
    settings: AnalysisSettings,
) -> list[Ray]:
    """Look for fibres that begin at vesicles.

    Parameters
    ----------
    scene, lines
        Of the frame.
    vesicles
        All of them.
    taken
        For each, the directions in which a traced line leaves, rad.
    settings
        Thresholds.
    """
    threshold = _threshold(len(vesicles), lines, settings)
    usual = _usual_fibre(scene, lines)
    rays = []
    for number, vesicle in enumerate(vesicles):
        score, pieces = _score(scene, lines, vesicle, max(_MOST, usual))
        noise = np.array([white_noise(n, lines.length_px) / n for n in range(1, _PIECES[-1] + 1)])
        score[score * noise[pieces - 1] < _LEAST_SHARE * usual] = -np.inf  # fainter than fibres are in this image
        turn = 2 * np.pi * np.arange(len(score)) / len(score)
        for angle in taken[number]:
            score[_apart(turn, angle) < _WIDE] = -np.inf
        start = _start(scene, lines, vesicle)
        while score.max() > threshold:
            best = int(np.argmax(score))
            end = start + _APART * lines.length_px * (pieces[best] - 0.5)
            rays.append(Ray(vesicle=number, angle=turn[best], start_px=start * lines.factor, end_px=end * lines.factor))
            score[_apart(turn, turn[best]) < _WIDE] = -np.inf
    return rays


def _apart(one: Floats, other: float) -> Floats:
    """Angle between directions, rad."""
    return np.asarray(np.abs(np.angle(np.exp(1j * (one - other)))))


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


def fibres_would_show(scene: Scene, lines: Lines, vesicles: Sequence[Vesicle], settings: AnalysisSettings) -> bool:
    """Whether a usual fibre at a vesicle would have been seen; if not, nothing is said about where vesicles sit.

    How bright the usual fibre is, the traced ones say; where there are next to none, it is taken for a quarter as
    bright as the median vesicle.
    """
    if not vesicles:
        return True
    usual = _usual_fibre(scene, lines)
    if usual == 0.0:
        width = np.hypot(scene.psf_um, scene.pixel_um / np.sqrt(12)) / (scene.pixel_um * lines.factor)
        places = np.array([(v.x, v.y, v.diameter_um / 2) for v in vesicles])
        inside = disc_mean(replace(scene, image=scene.stabilised, noise=_FLAT), places)
        light = float(np.median(inside)) / _VESICLE_TO_FIBRE * lines.factor
        usual = light * line_response(width, lines.width_px, lines.length_px)
    most = _PIECES[-1]
    expected = min(usual, _MOST) * most / white_noise(most, lines.length_px)
    return bool(expected > _threshold(len(vesicles), lines, settings) + _SURE)


def _usual_fibre(scene: Scene, lines: Lines) -> float:
    """Median score of a shortest piece on the traced fibres; 0 where there are next to none."""
    if scene.skeleton.sum() * scene.pixel_um <= _ENOUGH_UM:
        return 0.0
    return float(np.median(lines.amplitude[scene.skeleton]))


def _threshold(vesicles: int, lines: Lines, settings: AnalysisSettings) -> float:
    """Score that noise exceeds at `settings.false_attachments` of all vesicles together."""
    trials = max(vesicles, 1) * 2 * len(lines.pieces) * len(_PIECES)
    return -float(special.ndtri(settings.false_attachments / trials))


def _start(scene: Scene, lines: Lines, vesicle: Vesicle) -> float:
    """Distance of the first piece's near end from the centre, pixels of the pieces."""
    rim = vesicle.diameter_um / 2 + 2.0 * scene.psf_um
    # what fills the vesicle's place is noise drawn out into rays: no piece may lie in it
    return rim / (scene.pixel_um * lines.factor) + 0.5 + 0.5 * lines.length_px


def _score(scene: Scene, lines: Lines, vesicle: Vesicle, most: float) -> tuple[Floats, NDArray[np.int64]]:
    """Best score in each direction all around, in units of noise, and how many pieces gave it.

    No piece brings more than `most`: a neighbour must not pass for a fibre.
    """
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
    piece = np.where(inside, np.minimum(piece, most), 0.0)
    scores = [piece[:, :n].sum(axis=1) / white_noise(n, lines.length_px) for n in _PIECES]
    best = np.argmax(scores, axis=0)
    return np.max(scores, axis=0).astype(np.float64), np.array(_PIECES)[best]
