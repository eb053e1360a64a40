"""Our analyser on bench images, with one setting for all light levels: what it found, how far off, at what cost."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from migralab.imaging import AnalysisSettings, analyse_micrograph
from migralab.imaging.analyse import trace_frame
from migralab.imaging.detect.network import smooth_path
from migralab.imaging.reading import Micrograph
from migralab.imaging.score import (
    Ball,
    Camera,
    FibreScore,
    VesicleScore,
    bound_errors,
    score_fibres,
    score_migrasomes,
)
from migralab.imaging.time.register import registered_mean
from migralab.microscope.bench import BenchImage

SETTINGS = AnalysisSettings()


@dataclass(frozen=True)
class Ours:
    """One image: scores, errors of place over their bound (n, 2), CPU seconds per megapixel."""

    vesicles: VesicleScore
    fibres: FibreScore
    place: np.ndarray
    cpu: float


def as_micrograph(image: BenchImage) -> Micrograph:
    """Return a bench image as the analyser takes it; frames of a series as their registered mean."""
    planes = image.pixels[:, 0].astype(np.float32)
    step = 1.0 / len(planes)
    mean = registered_mean(planes).mean if len(planes) > 1 else planes[0]
    return Micrograph(
        pixels=mean[None, None],
        pixel_size_um=image.microscope.pixel_um,
        frame_interval_min=None,
        channels=("WGA",),
        source="bench",
        masked=np.zeros(mean.shape, bool),
        grey_step=step,
    )


def traced_paths(micrograph: Micrograph) -> list[np.ndarray]:
    """Return the fibres found, each (n, 2) in um."""
    network = trace_frame(micrograph, SETTINGS, 0).network
    return [smooth_path(branch.path) * micrograph.pixel_size_um for branch in network.branches.values()]


def measure(image: BenchImage) -> Ours:
    """Analyse one image or series and score it."""
    start = time.process_time()
    micrograph = as_micrograph(image)
    found = analyse_micrograph(micrograph, SETTINGS)
    spent = time.process_time() - start
    paths = traced_paths(micrograph)
    vesicles = score_migrasomes(found["migrasomes"], image.truth)
    return Ours(
        vesicles=vesicles,
        fibres=score_fibres(paths, image.truth),
        place=place_over_bound(image, vesicles),
        cpu=spent / (image.expected.size / 1e6),
    )


def place_over_bound(image: BenchImage, score: VesicleScore) -> np.ndarray:
    """Errors of place (n, 2) over the Cramer-Rao bound of each vesicle; the light of its fibre counts as noise."""
    optics, frames = image.microscope, len(image.pixels)
    camera = Camera(
        psf_um=optics.psf_um, section_um=optics.section_um, pixel_um=optics.pixel_um, read_noise=optics.read_noise
    )
    table = image.truth["migrasomes"]
    ratios = []
    for error, row in zip(score.error, score.true_row, strict=True):
        one = table.iloc[row]
        shell = optics.photons_per_um2 * (1 - optics.haze) * one["density"]
        ball = Ball(
            x_um=one["x_um"],
            y_um=one["y_um"],
            diameter_um=one["diameter_um"],
            shell=shell,
            fill=shell * one["fill_per_um"],
        )
        ratios.append(error / bound_errors(ball, image.expected, camera)[:2] * np.sqrt(frames))
    return np.array(ratios).reshape(-1, 2)
