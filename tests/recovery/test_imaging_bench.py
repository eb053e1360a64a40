"""A short bench: on small images of unseen specimens the analyser finds migrasomes and fibres as often as stated."""

import numpy as np
import pytest

from migralab.imaging import AnalysisSettings, analyse_micrograph
from migralab.imaging.analyse import trace_frame
from migralab.imaging.detect.network import smooth_path
from migralab.imaging.reading import Micrograph
from migralab.imaging.score import pool_fibres, rate_images, score_fibres, score_migrasomes, size_errors
from migralab.microscope.bench import bench_image

SEEDS = (2001, 2002, 2003)  # neither those of development (1 to 9) nor of benchmarks/imaging.py (1001 and on)
LEVEL = 6.0  # peak SNR 4.4, fibre SNR 1.3
SIDE = 512


@pytest.fixture(scope="module")
def scored():
    vesicles, fibres = [], []
    for seed in SEEDS:
        image = bench_image(seed, LEVEL, SIDE)
        micrograph = Micrograph(
            pixels=image.pixels.astype(np.float32),
            pixel_size_um=image.microscope.pixel_um,
            frame_interval_min=None,
            channels=("WGA",),
            source="bench",
            masked=np.zeros((SIDE, SIDE), bool),
        )
        found = analyse_micrograph(micrograph, AnalysisSettings())
        network = trace_frame(micrograph, AnalysisSettings(), 0).network
        paths = [smooth_path(branch.path) * micrograph.pixel_size_um for branch in network.branches.values()]
        vesicles.append(score_migrasomes(found["migrasomes"], image.truth))
        fibres.append(score_fibres(paths, image.truth))
    return vesicles, fibres


def test_migrasomes_are_found_among_debris_puncta_and_endosomes(scored):
    rates = rate_images([score.counts for score in scored[0]])
    assert rates.objects >= 20
    assert rates.f1.value >= 0.85  # issue 8 asks for 0.95 of 500: benchmarks/imaging.py; 24 tell it to +-0.08
    # a blob finder that knows no context has F1 0.38 at best: 34 among 145 round things
    assert sum(score.mistaken.get("debris", 0) + score.mistaken.get("endosome", 0) for score in scored[0]) <= 1


def test_sizes_of_those_found_are_right(scored):
    errors = size_errors(scored[0])
    assert errors.rmse < 0.1
    assert abs(errors.bias) < 0.06


def test_fibres_are_traced_and_their_length_is_right(scored):
    fibres = pool_fibres(scored[1])
    assert fibres.recall >= 0.9
    assert fibres.precision >= 0.95
    assert fibres.length_ratio == pytest.approx(1.0, abs=0.1)
