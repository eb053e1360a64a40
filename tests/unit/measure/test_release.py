import numpy as np
import pytest

from tests.unit.measure.made import look, observe


def field(**settings):
    """Return two cells, of which one is left, and five vesicles: two off a fibre, one still on it, two shed."""
    return observe(
        cells={"frame": [0, 0, 1], "cell_id": [0, 1, 1]},
        lives={
            "migrasome_id": range(5), "cell_id": [0, 0, 1, -1, -1], "appeared_min": [0.0] * 5,
            "attachment": np.array(["tip", "junction", "tip", "free", "free"], object),
            "stabilised_min": [1.0] * 5, "detached_min": [10.0, 20.0, np.nan, 5.0, 30.0],
            "fate": np.array(["present"] * 5, object),
        },
        **{"frames_min": (0.0, 60.0)} | settings,
    )  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [("per_cell", 2.0), ("shed_per_cell", 1.0), ("left_per_cell", 1.0)])
def test_set_free_over_the_cells_at_the_start(name, value):
    assert look(field(), f"release.{name}", frame=1).value == pytest.approx(value)


def test_what_comes_after_the_frame_does_not_count():
    early = field(frames_min=(0.0, 15.0))
    assert look(early, "release.per_cell", frame=1).value == pytest.approx(1.0)  # at 5 and 10 min, of 2 cells


def test_images_do_not_know_it():
    assert np.isnan(look(field(origin="image"), "release.per_cell", frame=1).value)
