import math

import pytest

from migralab.core.errors import RequestError
from tests.unit.measure.made import look, observe


def counted(engulfed, cell, frame, **more):
    """Return sights of cells with what they have taken up, an hour apart."""
    frames = tuple(60.0 * k for k in range(max(frame) + 1))
    return observe(
        cells={
            "frame": frame, "cell_id": cell, "x_um": [0.0] * len(cell), "y_um": [0.0] * len(cell),
            "engulfed": engulfed, **more,
        },
        frames_min=frames,
    )  # fmt: skip


def test_uptake_is_what_was_gained_over_cell_hours():
    made = counted([0, 0, 1, 0, 3, 0], [0, 1] * 3, [0, 0, 1, 1, 2, 2])
    found = look(made, "uptake.per_cell_hour")
    assert found.value == pytest.approx(3 / 4)
    assert "3 in 4 cell hours" in found.note


def test_a_cell_that_comes_late_or_dies_brings_the_time_it_was_there():
    # cell 0 dies after an hour with 2; cell 1 comes in the second hour with 5 that it had from before
    made = counted([0, 2, 5, 6], [0, 0, 1, 1], [0, 1, 1, 2])
    assert look(made, "uptake.per_cell_hour").value == pytest.approx((2 + 1) / 2)


def test_sharing_out_at_a_division_is_no_loss():
    # 4 become 2 and 2 at 1 h, then one of the two takes up another
    made = counted([4, 2, 2, 2, 3], [0, 0, 1, 0, 1], [0, 1, 1, 2, 2])
    found = look(made, "uptake.per_cell_hour")
    assert found.value == pytest.approx(1 / 2)
    assert "1 stretches with a division" in found.note


def test_none_taken_up_has_an_upper_end():
    found = look(counted([0, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 1]), "uptake.per_cell_hour")
    assert (found.value, found.high) == (0.0, pytest.approx(3.689 / 2, rel=1e-3))


def test_molecules_delivered_per_cell_and_hour():
    made = counted([0, 0], [0, 0], [0, 1], delivered_mrna=[10.0, 60.0])
    assert look(made, "delivery.mrna_per_cell_hour").value == pytest.approx(50.0)


def test_association_is_a_share_of_cells_whatever_the_number():
    found = look(counted([0, 5, 1, 0], [0, 1, 2, 3], [0] * 4), "association.engulfed")
    assert found.value == pytest.approx(0.5)
    # Wilson for 2 of 4
    assert (found.low, found.high) == (pytest.approx(0.150, abs=1e-3), pytest.approx(0.850, abs=1e-3))


def test_what_images_and_tracks_cannot_know_is_missing():
    bare = observe(
        cells={"frame": [0, 1], "cell_id": [0, 0], "x_um": [0.0, 1.0], "y_um": [0.0, 0.0]}, frames_min=(0, 60)
    )
    for name in ("uptake.per_cell_hour", "association.touching", "association.associated", "association.engulfed"):
        found = look(bare, name)
        assert math.isnan(found.value)
        assert "images or tracks" in found.note
    once = counted([0, 0], [0, 1], [0, 0])
    assert "two frames" in look(once, "uptake.per_cell_hour").note
    with pytest.raises(RequestError, match="touching, associated, engulfed"):
        look(bare, "association.touching", how="friendship")
