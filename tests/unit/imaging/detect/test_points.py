"""A spot below the resolution gets an upper limit and is not counted as a measured migrasome."""

import numpy as np

from migralab.imaging.analyse import analyse_micrograph, trace_frame
from migralab.imaging.settings import AnalysisSettings
from tests.unit.imaging.drawn import as_micrograph, line_points, render, sphere_points

SETTINGS = AnalysisSettings(psf_sigma_um=0.13)


def test_points_have_limits_and_vesicles_have_sizes():
    fibre = line_points((2, 12), (22, 12))
    dots = [np.repeat([[x, 12.0]], 1500, axis=0) for x in (6.0, 10.0, 14.0)]
    image = as_micrograph(render([fibre, *dots, sphere_points(18, 12, 0.9)], photons=1.0))
    found = analyse_micrograph(image, SETTINGS)
    assert len(found["migrasomes"]) == 1
    assert abs(found["migrasomes"].x_um[0] - 18) < 0.1
    points = trace_frame(image, SETTINGS, 0).points
    assert sorted(round(p.x * 0.1) for p in points) == [6, 10, 14]
    assert all(p.diameter_below_um < 0.5 for p in points)
    assert any("too small to be sized" in note for note in found.notes)
