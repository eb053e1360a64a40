import math

import numpy as np
import pytest

from migralab.measure.observables.formation.growth import trace_growth
from tests.unit.measure.made import look, observe


def film(first_ages, law, frames=10, interval=8.0, *, attached_until=math.inf, **more):
    """Return a film of one cell per vesicle; each has an age at frame 0 and a diameter by `law`."""
    n = len(first_ages)
    frame = np.repeat(np.arange(frames), n)
    age = np.asarray(first_ages)[np.tile(np.arange(n), frames)] + interval * frame
    there = age >= 0
    ids = np.tile(np.arange(n), frames)[there]
    return observe(
        cells={"frame": [frames - 1] * n, "cell_id": np.arange(n)},
        migrasomes={
            "frame": frame[there], "migrasome_id": ids, "cell_id": ids, "age_min": age[there],
            "diameter_um": law(age[there]), "attached": age[there] < attached_until,
            **{name: value[there] for name, value in more.items()},
        },
        frames_min=tuple(interval * np.arange(frames)),
    )  # fmt: skip


def straight(age):
    return 0.44 + 0.006 * age


@pytest.mark.parametrize("age", [0, 8, 16, 40])
def test_straight_growth_is_read_off_exactly_whatever_the_frames(age):
    made = film([3.0, 5.0, -10.0], straight)
    assert look(made, f"growth.diameter_{age}min").value == pytest.approx(straight(age), rel=1e-12)


def test_curved_growth_is_read_off_within_the_bend_between_frames():
    made = film(np.linspace(-60, 0, 13), lambda age: 0.44 + 1.0 - np.exp(-age / 80), frames=25)
    for age in (0, 8, 40, 80):
        # Between two frames the chord is at most interval^2 / (8 tau^2) = 0.13 % under the curve; before the
        # first frame up to interval^2/(2 tau^2) = 0.5 % over it
        assert look(made, f"growth.diameter_{age}min").value == pytest.approx(1.44 - math.exp(-age / 80), abs=0.005)


def test_who_was_not_followed_past_an_age_is_not_in_it():
    made = film([0.0, 30.0], straight, frames=4)  # ages 0-24 and 30-54
    assert "from 1 objects" in look(made, "growth.diameter_16min").note
    assert "from 1 objects" in look(made, "growth.diameter_40min").note
    assert math.isnan(look(made, "growth.diameter_140min").value)


def test_a_gap_in_a_track_is_not_bridged():
    made = film([0.0], straight, frames=12)
    table = made["migrasomes"]
    cut = table[(table["age_min"] < 10) | (table["age_min"] > 60)]
    broken = observe(cells=dict(made["cells"]), migrasomes=dict(cut.reset_index(drop=True)), frames_min=made.frames_min)
    assert math.isnan(look(broken, "growth.diameter_40min").value)


def test_after_detachment_it_no_longer_grows_and_is_left_out_unless_asked_for():
    made = film([0.0, 0.0], lambda age: np.minimum(straight(age), straight(20)), frames=8, attached_until=20.0)
    assert math.isnan(look(made, "growth.diameter_40min").value)
    assert look(made, "growth.diameter_40min", attached=False).value == pytest.approx(straight(20))


def test_an_image_without_ages_has_no_curve():
    made = observe(
        cells={"frame": [0], "cell_id": [0]}, migrasomes={"frame": [0, 1], "diameter_um": [1.0, 1.1]},
        frames_min=(0.0, 8.0), origin="image",
    )  # fmt: skip
    assert "known age" in look(made, "growth.diameter_8min").note


def test_the_curve_is_a_table_over_a_grid():
    table = trace_growth(film([0.0, 2.0, 4.0], straight), ages_min=(0, 10, 20))
    assert list(table.columns) == ["age_min", "diameter_um", "low_um", "high_um", "objects"]
    np.testing.assert_allclose(table["diameter_um"], straight(np.array([0.0, 10.0, 20.0])))
    assert list(table["objects"]) == [3, 3, 3]


@pytest.mark.parametrize(("power", "rate"), [(0.5, 0.15), (1.0, 0.0108)])
def test_the_exponent_of_gained_area_is_read_off(power, rate):
    made = film(np.linspace(-150, 0, 16), lambda age: np.sqrt(0.44**2 + rate * age**power), frames=45, interval=4.0)
    found = look(made, "growth.area_exponent")
    # A chord between frames 4 min apart and the first 4 min are the only errors; a root bends most at the start
    assert found.value == pytest.approx(power, abs=0.06)
    assert found.low <= found.value <= found.high


def test_without_growth_there_is_no_exponent():
    still = film(np.linspace(-150, 0, 16), lambda age: np.full_like(age, 1.0), frames=25)
    assert math.isnan(look(still, "growth.area_exponent").value)
    assert "140 min" in look(film([0.0], straight), "growth.area_exponent").note
