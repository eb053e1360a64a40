"""Noise holds nothing, also where resampling or compression has made its pixels alike."""

import numpy as np
import pytest
from scipy import ndimage

from migralab.imaging.analyse import analyse_micrograph
from migralab.imaging.settings import AnalysisSettings
from tests.unit.imaging.drawn import as_micrograph

SIDE = 384


@pytest.mark.parametrize("correlation", [0.7, 1.0, 1.5])
def test_smoothed_noise_is_no_network(correlation):
    length = 0.0
    for seed in range(2):
        grain = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((SIDE, SIDE)), correlation)
        image = np.clip(np.rint(40 + 12 * grain / grain.std()), 0, 255).astype(np.float32)
        found = analyse_micrograph(as_micrograph(image), AnalysisSettings())
        assert len(found["migrasomes"]) == 0
        length += found["fibres"].length_um.sum()
    # with the noise of neighbouring pixels taken for that of all it was 1 um in every um2
    assert length < 0.01 * 2 * (0.1 * SIDE) ** 2
