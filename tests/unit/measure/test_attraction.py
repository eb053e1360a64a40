import math

import numpy as np
import pytest

from migralab.core.errors import RequestError
from tests.unit.measure.made import look, observe
from tests.unit.measure.test_motility import film, walk


def with_migrasomes(tracks, places, owners=None, interval=1.0):
    """Return cells with the given tracks, (cells, frames, 2), and migrasomes that stand in all frames."""
    frames, n = tracks.shape[1], len(places)
    places = np.asarray(places, float)
    owners = np.full(n, 10_000) if owners is None else np.asarray(owners)
    return observe(
        cells=dict(film(tracks, interval)["cells"]),
        migrasomes={
            "frame": np.repeat(np.arange(frames), n), "migrasome_id": np.tile(np.arange(n), frames),
            "cell_id": np.tile(owners, frames), "x_um": np.tile(places[:, 0], frames),
            "y_um": np.tile(places[:, 1], frames), "stage": np.full(n * frames, "stabilised", object),
        },
        frames_min=tuple(interval * np.arange(frames)),
    )  # fmt: skip


def seekers(share, *, cells=150, frames=25, size=1000.0, targets=100, seed=1):
    """Return tracks whose steps of 4 um go to the nearest of random targets with this probability, else anywhere."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, size, (targets, 2))
    now = rng.uniform(0, size, (cells, 2))
    tracks = [now]
    for _ in range(frames - 1):
        way = places[None] - now[:, None]
        nearest = way[np.arange(cells), np.argmin(np.hypot(way[..., 0], way[..., 1]), axis=1)]
        angle = np.where(
            rng.random(cells) < share, np.arctan2(nearest[:, 1], nearest[:, 0]), rng.uniform(-np.pi, np.pi, cells)
        )
        now = now + 4.0 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        tracks.append(now)
    return np.stack(tracks, axis=1), places


def line(*x, y=0.0):
    return np.array([[(float(v), y) for v in x]])


def test_a_cell_that_walks_straight_to_a_migrasome_gains_all_its_way():
    made = with_migrasomes(line(0, 10, 20, 30), [(90.0, 0.0)])
    assert look(made, "attraction.index@raw").value == pytest.approx(1.0)
    assert look(made, "attraction.bias@raw").value == pytest.approx(1.0)
    away = with_migrasomes(line(30, 20, 10, 0), [(90.0, 0.0)])
    assert look(away, "attraction.index@raw").value == pytest.approx(-1.0)


def test_passing_by_gains_what_the_triangle_says():
    made = with_migrasomes(line(0, 40), [(40.0, 30.0)])  # from 50 um to 30 um on a way of 40 um
    assert look(made, "attraction.index@raw").value == pytest.approx(20 / 40)
    assert look(made, "attraction.bias@raw").value == pytest.approx(0.8)


def test_only_migrasomes_of_others_attract_and_those_without_owner_do():
    behind, ahead = (-20.0, 0.0), (60.0, 0.0)
    tracks = line(0, 10, 20)
    assert look(with_migrasomes(tracks, [behind, ahead], [0, 7]), "attraction.index@raw").value == pytest.approx(1.0)
    assert look(with_migrasomes(tracks, [behind, ahead], [-1, 7]), "attraction.index@raw").value < 0.0
    assert "no migrasomes of others" in look(with_migrasomes(tracks, [behind], [0]), "attraction.index@raw").note


def test_an_own_trail_of_many_does_not_hide_those_of_others():
    own = np.stack([np.linspace(-50, 50, 200), np.full(200, 1.0)], axis=-1)
    made = with_migrasomes(line(0, 10, 20), [*own, (80.0, 0.0)], [0] * 200 + [7])
    assert look(made, "attraction.index@raw").value == pytest.approx(1.0)


def test_the_share_of_directed_steps_is_found_again():
    tracks, places = seekers(0.3)
    made = with_migrasomes(tracks, places)
    found = look(made, "attraction.bias")
    # cosine 1 for 0.3 of the steps, sd 0.7 over about 3,000 steps: 0.013; the null adds its own chance
    assert found.value == pytest.approx(0.3, abs=0.05)
    assert found.low < 0.3 < found.high
    assert "0 of 19 shifts" in found.note
    assert look(made, "attraction.index").low > 0.15


def test_random_walks_are_not_attracted_though_their_raw_index_is_below_zero():
    """A step anywhere leads away from a point by l/(4 d) of its length on average: the circle is curved."""
    dishes = [with_migrasomes(*seekers(0.0, cells=400, targets=400, seed=seed)) for seed in range(1, 5)]
    near = {"beyond_um": 5.0, "within_um": 15.0}
    # mean of 1/d over the ring is 0.1; some 9,000 steps of sd 0.7: se 0.007
    raw = [look(dish, "attraction.index@raw", **near) for dish in dishes]
    assert np.mean([found.value for found in raw]) == pytest.approx(-4.0 / 4 * 0.1, abs=0.022)
    assert all(found.high < 0.0 for found in raw)
    assert abs(np.mean([look(dish, "attraction.index", **near).value for dish in dishes])) < 0.022
    # 35,000 steps: se 0.004
    assert abs(np.mean([look(dish, "attraction.bias").value for dish in dishes])) < 0.015


def test_a_crowd_that_goes_one_way_among_scattered_migrasomes_is_not_attracted():
    """All cells walk east, migrasomes are anywhere: whoever walks one way meets targets ahead and leaves others."""
    rng = np.random.default_rng(4)
    start = rng.uniform(0, 600, (80, 1, 2))
    tracks = start + 5.0 * np.arange(20)[None, :, None] * np.array([1.0, 0.0])
    found = look(with_migrasomes(tracks, rng.uniform(0, 700, (60, 2))), "attraction.index")
    assert found.low < 0.0 < found.high


def test_the_way_to_a_point():
    made = film(line(0, 10, 20, 10), interval=1.0)
    found = look(made, "attraction.index@point", x_um=100.0, y_um=0.0)
    assert found.value == pytest.approx(10 / 30)
    assert look(made, "attraction.bias@point", x_um=100.0, y_um=0.0).value == pytest.approx(1 / 3)
    assert look(made, "attraction.bias@point", x_um=0.0, y_um=0.0, beyond_um=15.0).value == pytest.approx(1.0)
    assert "needs a point" in look(made, "attraction.index@point").note


def test_forward_migration_along_an_axis():
    made = film(np.array([[(0, 0), (3, 0), (3, 4)], [(0, 0), (0, 5), (0, 0)]], float), interval=1.0)
    assert look(made, "forward.index").value == pytest.approx(3 / 17)
    assert look(made, "forward.index", axis_deg=90.0).value == pytest.approx(4 / 17)
    assert look(made, "forward.bias").value == pytest.approx((1 + 0 + 0 + 0) / 4)
    assert look(made, "forward.bias", axis_deg=180.0).value == pytest.approx(-1 / 4)


def test_the_interval_is_over_cells():
    made = film(walk(40, 50, 0.5, 20.0), interval=5.0)
    found = look(made, "forward.index")
    assert (found.n, found.n_unit) == (40, "cells")
    assert found.low < 0.0 < found.high


def test_what_is_impossible_is_refused():
    made = with_migrasomes(line(0, 10, 20), [(90.0, 0.0)])
    with pytest.raises(RequestError, match="index, bias"):
        look(made, "attraction.index", what="love")
    with pytest.raises(RequestError, match="below within_um"):
        look(made, "attraction.index", beyond_um=50.0, within_um=20.0)
    assert "no step begins" in look(made, "attraction.index", within_um=20.0).note


@pytest.mark.parametrize("name", ["attraction.index", "attraction.bias@raw", "forward.index"])
def test_nothing_is_missing(name):
    assert math.isnan(look(observe(), name).value)
    still = film(np.zeros((3, 4, 2)), interval=1.0)
    assert math.isnan(look(still, name).value)
