import math

import numpy as np
import pytest

from migralab.core.errors import RequestError
from tests.unit.measure.made import look, observe, three_cells


def film(tracks, interval=5.0, **more):
    """Return cells with the given tracks, shape (cells, frames, 2)."""
    n, frames, _ = tracks.shape
    return observe(
        cells={
            "frame": np.repeat(np.arange(frames), n), "cell_id": np.tile(np.arange(n), frames),
            "x_um": tracks[..., 0].T.ravel(), "y_um": tracks[..., 1].T.ravel(),
        },
        frames_min=tuple(interval * np.arange(frames)),
        **more,
    )  # fmt: skip


def walk(n, frames, speed, persistence, interval=5.0, seed=1):
    """Return persistent random walks, made in steps of a minute."""
    rng = np.random.default_rng(seed)
    steps = int(interval)
    turn = rng.normal(0, math.sqrt(2 / persistence), (n, (frames - 1) * steps))
    angle = rng.uniform(0, 2 * math.pi, (n, 1)) + np.cumsum(turn, axis=1)
    way = speed * np.cumsum(np.stack([np.cos(angle), np.sin(angle)], axis=-1), axis=1)
    return np.concatenate([np.zeros((n, 1, 2)), way[:, steps - 1 :: steps]], axis=1)


def test_straight_walkers_have_their_speed():
    way = np.arange(5) * 5.0
    tracks = np.stack([np.stack([v * way, np.zeros(5)], axis=-1) for v in (0.4, 0.8)])
    found = look(film(tracks), "speed.mean")
    assert found.value == pytest.approx(0.6)
    assert "5 min frames" in found.method


def test_a_persistent_walk_is_found_again():
    made = film(walk(200, 145, 0.5, 60.0))
    # 200 walks of 12 h at P 60 min: about 2400 turns; speed within 2 %, persistence within 8 %
    assert look(made, "speed.walk").value == pytest.approx(0.5, rel=0.03)
    found = look(made, "persistence.walk")
    assert found.value == pytest.approx(60.0, rel=0.12)
    assert found.low < 60.0 < found.high


def test_the_exact_curve_gives_the_exact_numbers():
    from migralab.measure.observables.motion.motility import _fit

    at = np.arange(1, 40) * 5.0
    msd = 2 * 0.7**2 * 45**2 * (at / 45 - 1 + np.exp(-at / 45))
    speed, persistence = _fit(at, msd[None, :])
    assert persistence[0] == pytest.approx(45.0, rel=0.013)  # half a step of the grid of 300 over 1-1500
    assert speed[0] == pytest.approx(0.7, rel=0.005)


def test_a_walker_without_turns_is_at_the_end_of_the_search():
    tracks = np.stack([np.stack([v * np.arange(30.0), np.zeros(30)], axis=-1) for v in (0.4, 0.8)])
    found = look(film(tracks), "persistence.walk")
    assert "end of the range" in found.note


def test_cells_that_come_and_go_are_measured_where_they_are():
    tracks = walk(20, 40, 0.5, 60.0)
    tracks[3, :20] = np.nan
    made = film(tracks)
    gone = made["cells"].dropna(subset=["x_um"]).reset_index(drop=True)
    partly = observe(cells=dict(gone), frames_min=made.frames_min)
    assert look(partly, "speed.mean").value == pytest.approx(look(made, "speed.mean").value)
    assert look(partly, "speed.walk").n == 20


def test_too_short_or_uneven_films_have_no_walk():
    assert "13 evenly spaced" in look(film(walk(3, 8, 0.5, 60.0)), "persistence.walk").note
    uneven = film(walk(3, 20, 0.5, 60.0))
    made = observe(cells=dict(uneven["cells"]), frames_min=(*range(19), 50.0))
    assert "3 of 57 steps" in look(made, "speed.mean").note
    doubling = observe(cells=dict(uneven["cells"]), frames_min=tuple(2.0**k for k in range(20)))
    assert "too uneven" in look(doubling, "speed.mean").note
    assert math.isnan(look(three_cells(), "speed.mean").value)
    still = film(np.zeros((3, 40, 2)))
    assert "do not move" in look(still, "speed.walk").note


def test_movers_and_headings_are_counted():
    moving = look(three_cells(), "cells.moving_share")
    assert moving.value == pytest.approx(1 / 3)
    # Wilson for 1 of 3
    assert (moving.low, moving.high) == (pytest.approx(0.0615, abs=1e-3), pytest.approx(0.792, abs=1e-3))
    assert look(three_cells(), "cells.alignment").value == pytest.approx(math.hypot(2, 1) / 3)
    assert math.isnan(look(three_cells(origin="image"), "cells.moving_share").value)
    assert math.isnan(look(film(walk(3, 5, 0.5, 60.0)), "cells.alignment").value)


def test_an_impossible_part_of_the_walk_is_refused():
    with pytest.raises(RequestError, match="persistence"):
        look(three_cells(), "speed.walk", what="colour")
