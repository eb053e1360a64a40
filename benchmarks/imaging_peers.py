"""Public blob and ridge detectors on bench images, plain and with cell mask, ridge gate and size gate.

Every peer gets more than ours: an image stabilised with the true gain and read noise, and its thresholds tuned
at each light level, with truth, on development images. Ours has one setting.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import ndimage
from skimage import feature, filters, measure, morphology

from migralab.imaging.score import FibreScore, pair_up, pool_fibres, score_fibres, tolerance_of
from migralab.microscope.bench import BenchImage

PIXEL = 0.1
SIGMAS = {"min_sigma": 1.2, "max_sigma": 12.0}  # 0.34 to 3.4 um as 2 sqrt(2) sigma
THRESHOLDS = (0.5, 0.8, 1.2, 1.8, 2.8, 4.2, 6.5)  # noise units of one pixel
MASSES = (10, 20, 40, 80, 160, 320, 640)
RIDGES = (0.2, 0.35, 0.6, 1.0, 1.8)
LEAST_UM = (0.0, 0.45, 0.55)
CHAIN = 0.948  # steps from pixel to pixel are longer than the line: Dorst and Smeulders 1987


class Picture:
    """A bench image as the peers get it: noise of one everywhere, ground at zero; gates are made when asked for."""

    def __init__(self, image: BenchImage, frames: int = 1):
        optics = image.microscope
        pixels = image.pixels[:frames, 0].mean(axis=0, dtype=np.float64)
        electrons = (pixels - optics.offset) / optics.gain
        floor = 3 / 8 + optics.read_noise**2
        stable = 2 * np.sqrt(np.maximum(electrons + floor, 0)) * np.sqrt(frames)
        self.stable = stable - np.median(stable)
        self.truth = image.truth
        self._ridges: dict[float, np.ndarray] = {}
        self._away: dict[float, np.ndarray] = {}

    @cached_property
    def body(self) -> np.ndarray:
        """Cell bodies: Otsu on the smoothed image, thick and large things only."""
        smooth = ndimage.gaussian_filter(self.stable, 5)
        bright = ndimage.binary_fill_holes(smooth > filters.threshold_otsu(smooth))
        core = ndimage.distance_transform_edt(bright) > 2.0 / PIXEL
        opened = ndimage.distance_transform_edt(~core) <= 2.0 / PIXEL
        large = morphology.remove_small_objects(opened & bright, max_size=int(80 / PIXEL**2))
        return ndimage.distance_transform_edt(~large) <= 0.5 / PIXEL

    @cached_property
    def sato(self) -> np.ndarray:
        """Sato's ridge filter at two scales on the image without its slow parts."""
        flat = self.stable - ndimage.gaussian_filter(self.stable, 15)
        return filters.sato(flat, sigmas=(1.5, 2.5), black_ridges=False)

    def ridge(self, threshold: float) -> np.ndarray:
        """Ridges longer than any vesicle, one pixel wide."""
        if threshold not in self._ridges:
            skeleton = morphology.skeletonize((self.sato > threshold) & ~self.body)
            labels = measure.label(skeleton, connectivity=2)
            boxes = ndimage.find_objects(labels)
            span = [0.0, *(np.hypot(box[0].stop - box[0].start, box[1].stop - box[1].start) for box in boxes)]
            self._ridges[threshold] = np.array(span)[labels] * PIXEL > 4.0
        return self._ridges[threshold]

    def away(self, threshold: float) -> np.ndarray:
        """Distance of each pixel from these ridges, um."""
        if threshold not in self._away:
            on = self.ridge(threshold)
            self._away[threshold] = (
                ndimage.distance_transform_edt(~on) * PIXEL if on.any() else np.full(on.shape, np.inf)
            )
        return self._away[threshold]


@dataclass(frozen=True)
class Peer:
    """A detector: `find(picture, threshold)` gives x, y, diameter in um; and the thresholds to choose from."""

    name: str
    find: Callable[[Picture, float], np.ndarray]
    thresholds: Sequence[float]


def _blobs(function: Callable, **options: float) -> Callable[[Picture, float], np.ndarray]:
    def find(picture: Picture, threshold: float) -> np.ndarray:
        found = function(picture.stable, threshold=threshold, **SIGMAS, **options)
        return np.column_stack([found[:, 1], found[:, 0], 2 * np.sqrt(2) * found[:, 2]]) * PIXEL

    return find


def one_scale_log(picture: Picture, threshold: float) -> np.ndarray:
    """Laplacian of a Gaussian for one size, 1 um, as TrackMate's detector; own code."""
    sigma = 1.0 / PIXEL / (2 * np.sqrt(2))
    response = -(sigma**2) * ndimage.gaussian_laplace(picture.stable, sigma)
    peaks = (response == ndimage.maximum_filter(response, size=5)) & (response > threshold)
    y, x = np.nonzero(peaks)
    return np.column_stack([x * PIXEL, y * PIXEL, np.full(len(x), 1.0)])


def trackpy_locate(picture: Picture, threshold: float) -> np.ndarray:
    """Return trackpy's features of 1.1 um; their size is 2 sqrt(2) times the radius of gyration."""
    import trackpy

    trackpy.quiet()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that nothing is left at a threshold: then it found nothing
        found = trackpy.locate(picture.stable + 20.0, 11, minmass=threshold)
    return np.column_stack([found["x"], found["y"], 2 * np.sqrt(2) * found["size"]]) * PIXEL


def peers() -> tuple[list[Peer], str]:
    """Return the peers, and why one is left out."""
    found = [
        Peer("blob_log", _blobs(feature.blob_log, num_sigma=12), THRESHOLDS),
        Peer("blob_dog", _blobs(feature.blob_dog), THRESHOLDS),
        Peer("one-scale LoG", one_scale_log, THRESHOLDS),
    ]
    try:
        import trackpy
    except ImportError:
        return found, "trackpy is not installed and was left out (`pip install trackpy`)."
    found.append(Peer("trackpy", trackpy_locate, MASSES))
    return found, f"trackpy {trackpy.__version__}."


def as_table(rows: np.ndarray) -> pd.DataFrame:
    """Return places and diameters as the score takes them."""
    return pd.DataFrame(rows.reshape(-1, 3), columns=["x_um", "y_um", "diameter_um"])


@dataclass(frozen=True)
class Gates:
    """What must hold for a blob: outside bodies, on a ridge, not smaller than `least_um`."""

    ridge: float
    least_um: float

    def pass_through(self, picture: Picture, rows: np.ndarray) -> np.ndarray:
        """Return the blobs that pass."""
        if not len(rows):
            return rows
        away = picture.away(self.ridge)
        y, x = (np.clip(np.rint(rows[:, k] / PIXEL).astype(int), 0, away.shape[0] - 1) for k in (1, 0))
        near = away[y, x] <= 0.3 + rows[:, 2] / 2
        return rows[near & ~picture.body[y, x] & (rows[:, 2] >= self.least_um)]


def tuned(peer: Peer, pictures: Sequence[Picture]) -> tuple[float, tuple[float, Gates]]:
    """Return the best threshold of a peer on development images, plain, and with gates."""

    def f1(found: list[np.ndarray]) -> float:
        hits = true = 0
        for rows, picture in zip(found, pictures, strict=True):
            table = picture.truth["migrasomes"]
            reach = tolerance_of(table["diameter_um"].to_numpy())
            hits += len(pair_up(rows[:, :2], table[["x_um", "y_um"]].to_numpy(), reach)[0])
            true += len(table)
        return 2 * hits / (true + sum(map(len, found)))

    plain, gated = {}, {}
    for threshold in peer.thresholds:
        found = [peer.find(picture, threshold) for picture in pictures]
        plain[threshold] = f1(found)
        for ridge, least in itertools.product(RIDGES, LEAST_UM):
            gates = Gates(ridge, least)
            gated[threshold, gates] = f1([gates.pass_through(p, f) for f, p in zip(found, pictures, strict=True)])
    return max(plain, key=plain.get), max(gated, key=gated.get)


def trace_sato(picture: Picture, threshold: float) -> FibreScore:
    """Score the lines of Sato's filter as fibres."""
    on = picture.ridge(threshold)
    paths = []
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        moved = np.roll(on, (-dy, -dx), (0, 1))
        y, x = np.nonzero(on & moved)
        paths += [np.array([[a, b], [a + dx, b + dy]]) * PIXEL for a, b in zip(x, y, strict=True)]
    return score_fibres(paths, picture.truth)


def best_sato(pictures: Sequence[Picture]) -> float:
    """Return the threshold that gives the best F1 of recall and precision on development images."""

    def f1(threshold: float) -> float:
        score = pool_fibres([trace_sato(picture, threshold) for picture in pictures])
        return 2 * score.recall * score.precision / max(score.recall + score.precision, 1e-9)

    return max(RIDGES, key=f1)
