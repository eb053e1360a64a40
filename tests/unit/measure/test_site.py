import math

import numpy as np
import pytest

from migralab.core.errors import RequestError
from tests.unit.measure.made import look, observe
from tests.unit.measure.test_attraction import with_migrasomes
from tests.unit.measure.test_motility import film


def arrivals(*minutes, end=30):
    """Return cells that stand 100 um away and jump to the origin at a minute; None never comes."""
    tracks = np.zeros((len(minutes), end + 1, 2))
    for cell, minute in enumerate(minutes):
        tracks[cell, : end + 1 if minute is None else minute, 0] = 100.0
    return film(tracks, interval=1.0)


SITE = {"x_um": 0.0, "y_um": 0.0}


def test_density_is_cells_over_the_circle():
    made = observe(cells={"frame": [0] * 4, "cell_id": range(4), "x_um": [0.0, 30, 50, 80], "y_um": [0.0] * 4})
    found = look(made, "site.density", **SITE)
    assert found.value == pytest.approx(3 / (math.pi * 0.05**2))
    assert found.low < found.value < found.high
    empty = look(made, "site.density", x_um=1000.0, y_um=0.0)
    assert (empty.value, empty.high) == (0.0, pytest.approx(3.689 / (math.pi * 0.05**2), rel=1e-3))
    assert "needs a point" in look(made, "site.density").note


def test_cells_on_migrasomes_are_as_many_over_chance_as_they_are():
    rng = np.random.default_rng(7)
    size, n, targets, radius = 1000.0, 4000, 50, 20.0
    places = rng.uniform(0, size, (targets, 2))
    cells = rng.uniform(0, size, (n, 2))
    chance = targets * math.pi * radius**2 / size**2  # 0.063 pairs a cell; the edge takes 2 % of them
    alone = look(with_migrasomes(cells[:, None], places), "site.pair_correlation")
    assert alone.value == pytest.approx(1.0, abs=0.2)  # 250 pairs: 0.06; where the 50 are by chance: more
    on = cells.copy()
    on[: n // 2] = places[rng.integers(0, targets, n // 2)]
    found = look(with_migrasomes(on[:, None], places), "site.pair_correlation")
    assert found.value == pytest.approx(1 + 0.5 / chance, rel=0.1)
    assert found.low < found.value < found.high


def test_own_migrasomes_are_no_company():
    places = [(0.0, 0.0), (300.0, 300.0), (10.0, 0.0)]
    made = with_migrasomes(np.array([[(0.0, 0.0)], [(200.0, 180.0)]]), places, [0, 0, 0])
    assert "1 pairs" not in look(made, "site.pair_correlation", radius_um=15.0).note
    foreign = with_migrasomes(np.array([[(0.0, 0.0)], [(200.0, 180.0)]]), places, [7, 7, 7])
    assert "2 pairs" in look(foreign, "site.pair_correlation", radius_um=80.0).note


def test_no_pair_has_an_upper_end():
    made = with_migrasomes(np.array([[(0.0, 0.0)], [(100.0, 100.0)]]), [(50.0, 50.0)])
    found = look(made, "site.pair_correlation", radius_um=30.0)
    assert (found.value, found.low) == (0.0, 0.0)
    chance = float(found.note.split(" pairs, ")[1].split()[0])
    assert found.high == pytest.approx(3.689 / chance, rel=0.01)


def test_time_to_a_site_is_kaplan_meier():
    made = arrivals(10, 20, None, None)
    median = look(made, "site.time_median", **SITE)
    assert (median.value, median.high) == (pytest.approx(20.0), math.inf)
    share = look(made, "site.share_come", **SITE)
    assert (share.value, share.n) == (pytest.approx(0.5), 4)
    assert share.low < 0.5 < share.high
    assert look(made, "site.share_come", by_min=15.0, **SITE).value == pytest.approx(0.25)
    assert "2 of 4 cells came" in share.note


def test_a_cell_that_is_lost_early_is_censored_not_counted_as_staying_away():
    tracks = np.full((3, 31, 2), 100.0)
    tracks[0, 10:] = tracks[1, 20:] = 0.0
    tracks[2, 15:] = np.nan  # lost at 14 min: one at risk is left, so the second arrival halves 2/3 to 0
    found = look(film(tracks, interval=1.0), "site.share_come", by_min=12.0, **SITE)
    assert found.value == pytest.approx(1 / 3)
    assert look(film(tracks, interval=1.0), "site.share_come", **SITE).value == pytest.approx(1.0)


def test_who_is_there_from_the_start_did_not_come():
    tracks = np.zeros((2, 31, 2))
    tracks[1, :10] = 100.0
    found = look(film(tracks, interval=1.0), "site.share_come", **SITE)
    assert (found.value, found.n) == (1.0, 1)
    assert "1 were there at first sight" in found.note
    assert "no cell was followed" in look(film(np.zeros((2, 5, 2)), 1.0), "site.share_come", **SITE).note


def test_the_nearest_migrasome_of_others_is_the_site_by_default():
    tracks = np.full((1, 6, 2), 100.0)
    tracks[0, 3:] = (5.0, 0.0)
    made = with_migrasomes(tracks, [(0.0, 0.0)])
    assert look(made, "site.time_median").value == pytest.approx(3.0)
    assert "no migrasomes of others" in look(film(tracks, 1.0), "site.time_median").note


def test_nobody_has_come_yet():
    made = arrivals(None, None, None)
    found = look(made, "site.share_come", **SITE)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(1 - 0.05 ** (1 / 3))
    assert "fewer than half" in look(made, "site.time_median", **SITE).note
    assert "for 99 min" in look(made, "site.share_come", by_min=99.0, **SITE).note
    with pytest.raises(RequestError, match="median, share"):
        look(made, "site.time_median", what="mode")
    assert math.isnan(look(observe(), "site.time_median").value)
