import math

import numpy as np
import pytest

from migralab.measure.observables.formation.trail import trace_trail
from tests.unit.measure.made import look, observe, three_cells


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rear.median_distance", 45.0),
        ("rear.share_within_15um", 1 / 6),
        ("trail.count_15-50um", 2 / 3),
        ("trail.age_15-50um", 30.0),
        ("trail.attached_15-50um", 1.0),
        ("trail.age_100-200um", 105.0),
        ("trail.attached_100-200um", 0.0),
        ("trail.count_200um_up", 0.0),
    ],
)
def test_the_trail_comes_out_as_counted_by_hand(name, expected):
    assert look(three_cells(), name).value == pytest.approx(expected)


def test_an_empty_bin_has_no_age():
    assert math.isnan(look(three_cells(), "trail.age_200um_up").value)


def test_the_profile_is_a_table_from_the_rear_outwards():
    table = trace_trail(three_cells())
    assert list(table["low_um"]) == [0, 15, 50, 100, 200]
    np.testing.assert_allclose(table["per_cell"].to_numpy(), np.array([1, 2, 1, 2, 0]) / 3)
    assert table["median_age_min"][3] == pytest.approx(105.0)


def moving_film():
    """Return two cells over an hour: one comes 20 um in the last half hour, the other rests."""
    return observe(
        cells={"frame": [0, 0, 1, 1, 2, 2], "cell_id": [1, 2] * 3, "path_um": [0.0, 0, 10, 40, 30, 40]},
        migrasomes={
            "frame": [2] * 4, "cell_id": [1, 1, 2, 2], "rear_distance_um": [18.0, 25.0, 3.0, 40.0],
        },
        frames_min=(0.0, 30.0, 60.0),
    )  # fmt: skip


def test_young_ground_is_that_of_cells_that_have_just_come_along():
    assert look(moving_film(), "rear.share_within_15um").value == pytest.approx(1 / 4)
    found = look(moving_film(), "rear.share_within_15um@moving")
    assert found.value == 0.0
    assert "from 2 objects" in found.note


def test_the_last_half_hour_needs_a_film():
    assert "over the last 30 min" in look(three_cells(), "rear.share_within_15um@moving").note
    assert "known" in look(observe(), "rear.median_distance").note


def counts_and_paths(counts, paths, earlier=None):
    n = len(counts)
    ids = np.repeat(np.arange(n), counts)
    table = {"frame": [1] * n, "cell_id": np.arange(n), "path_um": np.asarray(paths, float)}
    if earlier is not None:
        table = {
            "frame": [0] * n + [1] * n, "cell_id": [*range(n), *range(n)],
            "path_um": np.concatenate([np.asarray(earlier, float), np.asarray(paths, float)]),
        }  # fmt: skip
    return observe(cells=table, migrasomes={"frame": [1] * len(ids), "cell_id": ids}, frames_min=(420.0, 720.0))


def test_counts_are_ranked_against_paths():
    # Ranks 1..5 against 2,1,4,3,5: 1 - 6 x 4 / (5 x 24) = 0.8
    found = look(counts_and_paths([1, 2, 3, 4, 5], [20, 10, 40, 30, 50]), "path.count_correlation")
    assert found.value == pytest.approx(0.8)
    z, half = math.atanh(0.8), 1.96 * math.sqrt(1.06 / 2)
    assert found.low == pytest.approx(math.tanh(z - half))
    assert found.n == 5


def test_ties_share_their_rank():
    found = look(counts_and_paths([0, 0, 1, 3], [1, 2, 3, 4]), "path.count_correlation")
    assert found.value == pytest.approx(np.corrcoef([1.5, 1.5, 3, 4], [1, 2, 3, 4])[0, 1])


def test_only_the_path_of_the_last_hours_can_count():
    made = counts_and_paths([1, 2, 3, 4], [100, 100, 100, 100], earlier=[90, 80, 70, 60])
    assert look(made, "path.count_correlation@5h").value == pytest.approx(1.0)
    assert "same path" in look(made, "path.count_correlation").note
    assert "at least four" in look(counts_and_paths([1, 2], [1, 2]), "path.count_correlation").note


def test_most_owners_unknown_is_no_correlation():
    made = counts_and_paths([1, 2, 3, 4], [1, 2, 3, 4])
    made["migrasomes"].loc[1:, "cell_id"] = -1
    assert math.isnan(look(made, "path.count_correlation").value)
