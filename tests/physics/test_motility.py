import numpy as np
import pytest
from scipy.special import iv

from migralab.core.random import child_key_array, stream_key
from migralab.physics.adhesion import biphasic_speed, coating_occupancy
from migralab.physics.motility import Walkers, mean_squared_displacement, turn_towards, walk
from tests.dish import ALWAYS_MOVING, found_dish

WALK = ("motility.adhesion", "motility.walk", "motility.displacement")


@pytest.mark.parametrize("dt", [60.0, 15.0])
def test_msd_follows_fuerth(dt):
    changes = {"motility.walk": ALWAYS_MOVING["motility.walk"] | {"persistence": "30 min"}}
    engine, state = found_dish(cells=4000, dt=dt, changes=changes, names=WALK)
    start = state["cells"]["position"].copy()
    speed = 0.5 / 60 * state["cells"]["own_speed"].mean()
    for minutes in (10, 30, 120):
        engine.run(state, int(minutes * 60 / dt) - state.tick)
        square = ((state["cells"]["position"] - start) ** 2).sum(axis=1)
        expected = mean_squared_displacement(minutes * 60.0, speed, 1800.0)
        # 4 standard errors of 4,000 cells, and 0.2 % for the finite step
        assert abs(square.mean() - expected) < 4 * square.std() / np.sqrt(4000) + 0.002 * expected


def test_the_step_enters_the_msd_in_second_order_only():
    # dt = P / 3: a first-order scheme would be dt / 2P = 17 % off, this one (dt / P)^2 / 12 = 1 %
    changes = {"motility.walk": ALWAYS_MOVING["motility.walk"] | {"persistence": "30 min"}}
    engine, state = found_dish(cells=20_000, dt=600.0, changes=changes, names=WALK)
    start = state["cells"]["position"].copy()
    engine.run(state, 30)
    square = ((state["cells"]["position"] - start) ** 2).sum(axis=1)
    expected = mean_squared_displacement(18_000.0, 0.5 / 60 * state["cells"]["own_speed"].mean(), 1800.0)
    # 4 standard errors of 20,000 cells are 2.8 %
    assert square.mean() / expected == pytest.approx(1.0, abs=0.04)


def test_turning_is_read_alike_from_a_walk_and_from_its_frames():
    from migralab.core.random import dish_key
    from migralab.engine.engine import Engine
    from migralab.mechanisms.motility.replay import Parameters, Replay
    from migralab.results.tracks import Tracks
    from tests.dish import make_all

    names = ("motility.adhesion", "motility.walk", "motility.displacement", "biogenesis.rear-width")
    engine, state = found_dish(cells=150, changes={"motility.walk": ALWAYS_MOVING["motility.walk"]}, names=names)
    frames, turning = [state["cells"]["position"].copy()], []
    for _ in range(30):
        engine.run(state, 10)
        frames.append(state["cells"]["position"].copy())
        turning.append(state["cells"]["turning_rate"].mean())
    points = np.array(frames)
    tracks = Tracks(
        track=np.repeat(np.arange(150), 31), time_min=np.tile(np.arange(31) * 10.0, 150),
        x_um=points[:, :, 0].T.ravel(), y_um=points[:, :, 1].T.ravel(), source="walk",
    )  # fmt: skip
    for dt in (60.0, 300.0):
        replayed = Engine([*make_all(dt, names=("biogenesis.rear-width",)), Replay(Parameters(), dt, tracks)], dt)
        again = replayed.found([Replay.starts(tracks)], [int(dish_key(1))])
        replayed.run(again, int(300 * 60 / dt))
        # A chord over 10 min turns less than the heading itself: between 0.6 and 1 times
        assert 0.6 < again["cells"]["turning_rate"].mean() / np.mean(turning[10:]) < 1.05


def test_a_third_of_the_cells_move_at_any_time():
    engine, state = found_dish(cells=3000, names=WALK)
    shares = []
    for _ in range(3):
        shares.append(state["cells"]["moving"].mean())
        engine.run(state, 200)
    # standard error of a share of 1/3 over 3,000 cells is 0.0086; 4 of them
    assert np.abs(np.array(shares) - 1 / 3).max() < 0.035


def test_resting_and_moving_times_do_not_depend_on_the_step():
    switches = []
    for dt in (240.0, 15.0):
        engine, state = found_dish(cells=3000, dt=dt, names=WALK)
        engine.run(state, int(12 * 3600 / dt))
        switches.append(state["cells"]["switches"].mean())
    # the process is exact in the step: the same thresholds, so the same switches but for rounding
    assert switches[0] == pytest.approx(switches[1], rel=1e-3)
    # moving 180 min, resting 360 min on average: one switch in 270 min, after 90 min of spreading
    assert switches[0] == pytest.approx((720 - 90) / 270, rel=0.05)


def test_no_cell_moves_while_it_spreads():
    engine, state = found_dish(cells=100, names=WALK)
    start = state["cells"]["position"].copy()
    engine.run(state, 90)
    np.testing.assert_array_equal(state["cells"]["position"], start)
    engine.run(state, 60)
    assert (state["cells"]["position"] != start).any()


def test_coating_has_the_langmuir_limits():
    assert coating_occupancy(0.0, 0.0, 1.0) == 0.0
    assert coating_occupancy(1.0, 0.0, 1.0) == 0.5
    assert coating_occupancy(1e9, 0.045, 1.0) == pytest.approx(1.0)
    low = coating_occupancy(np.array([1e-6, 2e-6]), 0.0, 1.0)
    assert low[1] / low[0] == pytest.approx(2.0, rel=1e-5)


def test_speed_has_its_optimum_where_the_formula_says():
    bonds = np.linspace(0.01, 3, 200_000)
    best = bonds[np.argmax(biphasic_speed(bonds, 0.02, 2.0))]
    # model-notes.md 2: 2 (B/b2)^2 / (1 + (B/b2)^2) = b1 / (B + b1)
    q = (best / 2.0) ** 2
    assert 2 * q / (1 + q) == pytest.approx(0.02 / (best + 0.02), rel=1e-3)


def test_replayed_cells_are_where_their_tracks_are():
    from migralab.mechanisms.motility.replay import Parameters, Replay
    from migralab.results.tracks import Tracks
    from tests.dish import make_all

    t = np.tile(np.arange(0.0, 101.0, 10.0), 2)
    track = np.repeat([3, 8], 11)
    tracks = Tracks(track=track, time_min=t, x_um=t * 0.5 + track, y_um=np.sin(t / 30) * 20, source="test")
    others = make_all(60.0, names=("motility.adhesion", "biogenesis.rear-width", "biogenesis.retraction-fibre"))
    replay = Replay(Parameters(), 60.0, tracks)
    from migralab.core.random import dish_key
    from migralab.engine.engine import Engine

    engine = Engine([*others, replay], 60.0)
    state = engine.found([Replay.starts(tracks)], [int(dish_key(1))])
    engine.run(state, 50)
    np.testing.assert_allclose(state["cells"]["position"][:, 0], [28.0, 33.0])
    assert state["cells"]["path"].min() > 20


@pytest.mark.parametrize(("dt", "strength"), [(12.0, 1.0), (60.0, 1.0), (60.0, 4.0)])
def test_a_cue_gives_headings_of_von_mises(dt, strength):
    """Heading noise 2/P against a drift b sin: von Mises with kappa = b P, whose mean cosine is I1/I0 (eq-turning)."""
    persistence, count = 1200.0, 4000
    keys = child_key_array(np.full(count, 1, np.uint64), stream_key("bias"), np.arange(count, dtype=np.uint64))
    one, none = np.ones(count), np.zeros(count)
    turning = np.zeros((count, 2))
    turning[:, 1] = strength / persistence
    cells = Walkers(one > 0, none.astype(np.int32), none, one, one, one, one, turning, keys)
    law = np.array([[0.01, persistence, 0.0, 0.0, 0.0]])
    heading, stride = np.tile([1.0, 0.0], (count, 1)), np.zeros((count, 2))
    moving, left, switches = one > 0, np.full(count, np.inf), none.astype(np.int64)
    drift = []
    for step in range(round(30 * persistence / dt)):
        walk(heading, moving, left, switches, stride, cells, law, stream_key("bias"), step, (step + 1) * dt, dt)
        if step * dt > 10 * persistence:
            drift.append(stride[:, 1].mean() / 0.01)
    expected = iv(1, strength) / iv(0, strength)
    # 4,000 cells over 20 persistence times: the standard error is about 0.7 / sqrt(4000 x 20)
    assert abs(np.mean(drift) - expected) < 0.01
    np.testing.assert_allclose(np.linalg.norm(heading, axis=1), 1.0, atol=1e-12)


def test_a_strong_cue_turns_the_heading_exactly():
    """tan(half the angle) falls as exp(-b t), whatever the step."""
    b, angle = 0.02, 2.5
    h = np.array([np.cos(angle), np.sin(angle)])
    for _ in range(7):
        h = np.array(turn_towards(h[0], h[1], b, 0.0, 30.0))
    assert np.arctan2(h[1], h[0]) == pytest.approx(2 * np.arctan(np.tan(angle / 2) * np.exp(-b * 210.0)), rel=1e-12)
    assert turn_towards(-1.0, 0.0, b, 0.0, 30.0) == (-1.0, 0.0)
