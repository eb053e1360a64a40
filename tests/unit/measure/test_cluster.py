import math

import numpy as np
import pytest

from migralab.core.errors import RequestError
from tests.unit.measure.made import look, observe
from tests.unit.measure.test_attraction import with_migrasomes


def square(**more):
    """Return four cells on the corners of a square of 60 x 80 um: each 50 um from the middle."""
    cells = {"frame": [0] * 4, "cell_id": range(4), "x_um": [0.0, 60, 0, 60], "y_um": [0.0, 0, 80, 80]}
    return observe(cells=cells | more)


def test_dispersion_is_the_distance_from_the_centroid():
    assert look(square(), "cluster.dispersion").value == pytest.approx(50.0)
    assert look(square(), "cluster.radius").value == pytest.approx(50.0)
    line = square(x_um=[0.0, 0, 0, 40], y_um=[0.0] * 4)  # centroid at 10: three at 10 um, one at 30
    found = look(line, "cluster.dispersion")
    assert found.value == pytest.approx(15.0)
    assert found.low < 15.0 < found.high
    assert look(line, "cluster.radius").value == pytest.approx(math.sqrt(1200 / 4))


def test_dispersion_needs_two_cells_and_a_known_way():
    one = observe(cells={"frame": [0], "cell_id": [1], "x_um": [0.0], "y_um": [0.0]})
    assert "fewer than two" in look(one, "cluster.dispersion").note
    with pytest.raises(RequestError, match="mean, rms"):
        look(square(), "cluster.dispersion", what="median")


def test_share_vesicle_and_defect_come_from_the_largest_cluster():
    made = square(cluster_cells=[3, 3, 3, 1], lumen_um2=[300.0, 300, 300, 0], defect_chance=[0.7] * 4)
    assert look(made, "cluster.share").value == 0.75
    assert look(made, "cluster.normal").value == 0.0
    assert look(made, "cluster.normal", least=0.75).value == 1.0
    assert look(made, "lumen.area").value == 300.0
    assert look(made, "lumen.defect").value == pytest.approx(0.7)


def test_cells_that_form_no_vesicle_do_not_count():
    made = square(
        cluster_cells=[2, 2, 0, 0], lumen_um2=[200.0, 200, 0, 0], defect_chance=[0.8, 0.8, math.nan, math.nan]
    )
    assert look(made, "cluster.share").value == 1.0
    assert look(made, "lumen.defect").value == pytest.approx(0.8)


@pytest.mark.parametrize("name", ["cluster.share", "cluster.normal", "lumen.area", "lumen.defect"])
def test_what_no_mechanism_tells_is_missing(name):
    found = look(square(), name)
    assert math.isnan(found.value)
    assert "phenotype.lumen" in found.note


def test_near_share_counts_migrasomes_around_any_cell():
    cells = np.array([[(0.0, 0.0)], [(500.0, 0.0)]])
    made = with_migrasomes(cells, [(0.0, 90.0), (500.0, 99.0), (250.0, 0.0), (0.0, 101.0)])
    assert look(made, "site.near_share").value == 0.5
    assert look(made, "site.near_share", radius_um=95.0).value == 0.25
    assert "no cells or no migrasomes" in look(square(), "site.near_share").note


def test_an_hour_reads_an_earlier_frame_and_refuses_one_that_is_not_there():
    cells = {
        "frame": [0] * 4 + [1] * 4, "cell_id": [0, 1, 2, 3] * 2, "x_um": [0.0, 60, 0, 60, 0, 600, 0, 600],
        "y_um": [0.0, 0, 80, 80, 0, 0, 800, 800], "cluster_cells": [4] * 4 + [1] * 4,
        "lumen_um2": [400.0] * 4 + [100] * 4,
    }  # fmt: skip
    made = observe(cells=cells, frames_min=(360.0, 600.0))
    for name, early, late in (
        ("dispersion", 50.0, 500.0),
        ("radius", 50.0, 500.0),
        ("share", 1, 0.25),
        ("normal", 1, 0),
    ):
        assert look(made, f"cluster.{name}", hour=6).value == pytest.approx(early)
        assert look(made, f"cluster.{name}").value == pytest.approx(late)
    assert "no frame near 2 h" in look(made, "cluster.share", hour=2).note
    with pytest.raises(RequestError, match="not a number"):
        look(made, "cluster.normal", hour="late")


def test_near_share_at_an_hour_takes_cells_and_migrasomes_of_that_frame():
    cells = np.array([[(0.0, 0.0), (900.0, 0.0)], [(500.0, 0.0), (900.0, 0.0)]])
    made = with_migrasomes(cells, [(0.0, 90.0), (500.0, 99.0)], interval=60.0)
    assert look(made, "site.near_share", hour=0).value == 1.0
    assert look(made, "site.near_share", hour=1).value == 0.0
