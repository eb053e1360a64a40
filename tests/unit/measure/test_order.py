import math

import numpy as np
import pytest

from migralab.core.errors import RequestError
from tests.unit.measure.made import look, observe
from tests.unit.measure.test_motility import film, walk


def moving(directions, starts=None, frames=2):
    """Return cells that step by 1 um along angles in degrees."""
    angle = np.deg2rad(np.asarray(directions, float))
    step = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    start = np.zeros_like(step) if starts is None else np.asarray(starts, float)
    return film(start[:, None] + np.arange(frames)[None, :, None] * step[:, None], interval=1.0)


@pytest.mark.parametrize(
    ("directions", "polar", "nematic"),
    [
        ([30, 30, 30, 30], 1, 1),
        ([0, 180, 0, 180], 0, 1),
        ([0, 90, 180, 270], 0, 0),
        ([0, 0, 90], 5**0.5 / 3, 1 / 3),
    ],
)
def test_order_at_a_frame_is_the_length_of_the_mean(directions, polar, nematic):
    made = moving(directions)
    assert look(made, "order.polar").value == pytest.approx(polar, abs=1e-12)
    assert look(made, "order.nematic").value == pytest.approx(nematic, abs=1e-12)
    assert f"for {len(directions)} cells" in look(made, "order.polar").note


def test_order_over_the_film_takes_pairs_and_is_not_raised_by_few_cells():
    assert look(moving([20, 20, 20]), "order.polar@film").value == pytest.approx(1.0)
    # pairs of 0, 0, 90 degrees: cosines 1, 0, 0
    assert look(moving([0, 0, 90]), "order.polar@film").value == pytest.approx(math.sqrt(1 / 3))
    assert look(moving([0, 180]), "order.polar@film").value == 0.0
    few = film(walk(4, 400, 0.5, 1.0, interval=1.0), interval=1.0)  # 4 cells at random: 0.44 if taken frame by frame
    found = look(few, "order.polar@film")
    assert found.value < 0.15  # 2,400 pairs of sd 0.7 each: root of 3 standard errors is 0.2
    assert found.low == 0.0


def test_local_order_sees_neighbours_only():
    starts = [(0, 0), (9, 0), (500, 0), (509, 0)]
    made = moving([0, 0, 180, 180], starts)
    assert look(made, "order.local").value == pytest.approx(1.0)
    assert look(made, "order.polar").value == pytest.approx(0.0, abs=1e-12)
    # with all as neighbours, 1 of 3 others goes the same way
    assert look(made, "order.local", radius_um=1e4).value == pytest.approx(-1 / 3)
    assert "within 5 um" in look(made, "order.local", radius_um=5.0).note


def test_a_correlation_length_is_found_again():
    rng = np.random.default_rng(5)
    cells, frames, length, spacing = 300, 60, 60.0, 10.0
    memory = math.exp(-spacing / length)
    speed = rng.normal(size=(frames, cells, 2))
    for i in range(1, cells):  # along a line, so that C(r) = exp(-r/60)
        speed[:, i] = memory * speed[:, i - 1] + math.sqrt(1 - memory**2) * speed[:, i]
    # steps so small that the line stays one
    tracks = np.concatenate([np.zeros((1, cells, 2)), 1e-3 * np.cumsum(speed, axis=0)]).transpose(1, 0, 2)
    tracks += np.stack([spacing * np.arange(cells), np.zeros(cells)], axis=-1)[:, None]
    found = look(film(tracks, interval=1.0), "order.correlation_length@film")
    # 300 cells are 25 lengths: taking the mean off lowers C by 2/50 of itself, so the length by 6 %; bins add 3 %
    assert found.value == pytest.approx(length, rel=0.12)
    assert found.low < found.value < found.high


def test_no_correlation_is_missing_not_short():
    starts = np.random.default_rng(2).uniform(0, 300, (60, 2))
    made = moving(np.random.default_rng(3).uniform(0, 360, 60), starts)
    assert "no correlation" in look(made, "order.correlation_length").note


def test_what_cannot_be_ordered_is_missing():
    for name in ("order.polar", "order.polar@film", "order.local", "order.correlation_length"):
        assert math.isnan(look(observe(), name).value)
        assert math.isnan(look(moving([0]), name).value)
    with pytest.raises(RequestError, match=r"polar, nematic"):
        look(moving([0, 1]), "order.polar", kind="smectic")
    with pytest.raises(RequestError, match="a third of"):
        look(moving([0, 1]), "order.correlation_length", bin_um=200.0)
