import math

import numpy as np
import pytest

from migralab.core.errors import RequestError, UnknownIdError
from migralab.measure.observer import ASSUMPTIONS, blur, recover
from migralab.measure.observer import look as look_through
from tests.unit.measure.made import look, observe, three_cells

DIAMETERS = [0.4, 1.0, 2.2, 0.8, 1.6, 0.6]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("diameter.mean", 6.6 / 6),
        ("diameter.sd", math.sqrt(np.mean(np.square(DIAMETERS)) - 1.21)),
        ("diameter.median", 0.9),
        ("diameter.share_below", 1 / 6),
        ("diameter.share_above", 1 / 6),
    ],
)
def test_true_sizes_come_out_as_counted_by_hand(name, expected):
    found = look(three_cells(), name)
    assert found.value == pytest.approx(expected)
    assert found.n == 3
    assert "from 6 objects" in found.note


def test_the_cut_off_is_an_option():
    assert look(three_cells(), "diameter.share_below", cutoff_um=0.9).value == pytest.approx(3 / 6)


def test_blur_is_added_in_quadrature_to_small_ones_only():
    np.testing.assert_allclose(blur(np.array([0.4, 0.8])), [math.sqrt(0.16 + 0.0625), 0.8])
    seen = [math.hypot(d, 0.25) if d < 0.6 else d for d in DIAMETERS]
    assert look(three_cells(), "diameter.mean@psf").value == pytest.approx(np.mean(seen))


def test_a_live_section_is_smaller_by_pi_over_four():
    big = three_cells(migrasomes={"frame": [0] * 4, "cell_id": [7, 7, 3, 3], "diameter_um": [100.0] * 4})
    # 32 heights: 0.06 % above pi/4; the blur touches only sections under 0.6 um, of which a 100 um sphere has none
    assert look(big, "diameter.mean@live-section").value == pytest.approx(100 * math.pi / 4, rel=1e-3)


def test_the_centrifuge_keeps_a_window_of_sizes():
    small, large = ASSUMPTIONS["pelleted_from"].value, ASSUMPTIONS["lost_above"].value
    np.testing.assert_allclose(recover(np.array([0.0, small, large, 3.0])), [0, 1 - (small / large) ** 2, 0, 0])
    assert np.all(np.diff(recover(np.linspace(0.01, 0.4, 20))) > 0)
    assert np.all(np.diff(recover(np.linspace(0.5, 1.2, 20))) < 0)


def test_a_purified_sample_in_negative_stain_is_seen_whole():
    sizes = np.array([0.3, 0.9])
    dish = three_cells(migrasomes={"frame": [0] * 2, "cell_id": [7, 3], "diameter_um": sizes})
    expected = np.average(sizes, weights=recover(sizes))
    assert look(dish, "diameter.mean@tem-purified").value == pytest.approx(expected, rel=1e-3)


def test_a_section_of_a_pellet_is_weighted_by_recovery_and_by_diameter():
    sizes = np.array([0.3, 0.9])
    dish = three_cells(migrasomes={"frame": [0] * 2, "cell_id": [7, 3], "diameter_um": sizes})
    weight = sizes * recover(sizes)
    expected = ASSUMPTIONS["shrinkage"].value * math.pi / 4 * np.sum(weight * sizes) / weight.sum()
    assert look(dish, "diameter.mean@tem-section").value == pytest.approx(expected, rel=1e-3)


def test_stokes_gives_the_borders_of_the_window():
    # v t = drho d^2 g t / (18 eta) with 30 kg/m3, 1.567 mPa s (water at 4 C), over 80 mm
    for name, rcf, seconds in (("pelleted_from", 20_000, 1800), ("lost_above", 4_000, 1200)):
        per_square = 30 * 9.81 * rcf * seconds / (18 * 1.567e-3)
        assert ASSUMPTIONS[name].value == pytest.approx(1e6 * math.sqrt(0.08 / per_square), abs=0.01)


def test_the_numbers_of_an_observer_are_called_estimates():
    assert {a.tag for a in ASSUMPTIONS.values()} <= {"E", "C"}
    assert all(a.reason for a in ASSUMPTIONS.values())
    assert "estimates (E)" in look(three_cells(), "diameter.mean@tem-purified").note


def test_an_image_is_its_own_observer():
    assert look(three_cells(origin="image"), "diameter.mean").value == pytest.approx(1.1)
    found = look(three_cells(origin="image"), "diameter.mean@psf")
    assert math.isnan(found.value)
    assert "already has its observer" in found.note


def test_the_interval_of_the_median_is_over_cells():
    rng = np.random.default_rng(1)
    centre = rng.normal(1.2, 0.2, 60)
    ids = np.repeat(np.arange(60), 20)
    made = observe(
        cells={"frame": [0] * 60, "cell_id": np.arange(60)},
        migrasomes={"frame": [0] * 1200, "cell_id": ids, "diameter_um": np.clip(centre[ids], 0.3, 3.0)},
    )
    found = look(made, "diameter.median")
    # All 20 of a cell are alike, so the median has the error of 60 values: 1.25 x 0.2/sqrt(60) = 0.032,
    # and not the 0.007 of 1200; a bootstrap of a median of 60 is itself uncertain by a third
    assert 0.5 < (found.high - found.low) / (2 * 1.96 * 0.032) < 1.6
    assert found.low <= found.value <= found.high


def test_no_size_no_observer_no_statistic():
    nothing = observe(cells={"frame": [0], "cell_id": [1]})
    assert math.isnan(look(nothing, "diameter.median").value)
    assert math.isnan(look(nothing, "enrichment.mean").value)
    with pytest.raises(RequestError, match="median"):
        look(three_cells(), "diameter.mean", statistic="mode")
    with pytest.raises(UnknownIdError, match="tem-purified"):
        look_through(np.ones(2), "tem")
