import numpy as np
import pytest

from tests.unit.measure.made import look, observe


def field(**settings):
    """Return two frames of a field of 0.5 mm2: one tip of three cells, then two of four, with 20 and 70 um."""
    cells = {
        "frame": [0, 0, 0, 1, 1, 1, 1], "cell_id": [1, 2, 3, 1, 2, 3, 4],
        "population": np.array(["wall", "wall", "monocytes", "wall", "wall", "monocytes", "monocytes"], object),
        "tip": [1.0, 0, 0, 1, 1, 0, 0], "sprout_um": [20.0, 0, 0, 50, 20, 0, 0],
    }  # fmt: skip
    return observe(cells=cells, **{"field_area_um2": 5e5, "frames_min": (0.0, 1440.0)} | settings)


@pytest.mark.parametrize(
    ("name", "whole", "new"),
    [("cells.per_mm2", 8.0, 2.0), ("sprout.per_mm2", 4.0, 2.0), ("sprout.length_per_mm2", 0.14, 0.1)],
)
def test_is_what_is_there_over_the_area(name, whole, new):
    assert look(field(), name).value == pytest.approx(whole)
    assert look(field(), name, since_hour=0.0).value == pytest.approx(new)
    assert np.isnan(look(field(), name, since_hour=24.0).value)


def test_what_is_not_known_is_missing_not_zero():
    assert "area" in look(field(field_area_um2=None), "sprout.per_mm2").note
    images = observe(cells={"frame": [0], "cell_id": [1]}, field_area_um2=5e5)
    assert np.isnan(look(images, "sprout.per_mm2").value)
    assert look(images, "cells.per_mm2").value == pytest.approx(2.0)
