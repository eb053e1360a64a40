"""Lives in films with misses: not too long, not too short, and what could not be seen is not guessed."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from migralab.imaging.time.events import (
    Watch,
    draw_paths,
    find_step,
    judge_life,
    miss_rate,
    needed_looks,
    note_ground,
    survival_of,
)
from migralab.imaging.time.follow import follow_film
from migralab.imaging.time.static import FollowSettings
from migralab.measure.observables.formation.lifetime import measure_lifetime
from migralab.measure.view import View
from tests.unit.imaging.time.film import draw_film

SETTINGS = FollowSettings()
TIMES = np.arange(12) * 10.0


def watch(seen, *, visible=None, fibre=None, attached=None):
    at = np.array([mark == "x" for mark in seen])
    look = np.ones(len(at), bool) if visible is None else np.array([mark == "x" for mark in visible])
    return Watch(
        seen=at,
        inside=np.ones(len(at), bool),
        visible=look,
        on_fibre=None if fibre is None else np.full(len(at), fibre),
        attached=at if attached is None else at & np.array([mark == "x" for mark in attached]),
    )


def judge(rate=0.02, **marks):
    return judge_life(watch(**marks), TIMES, rate, SETTINGS)


def test_a_birth_and_a_loss_are_timed_between_two_looks():
    life = judge(seen="...xxxxx....", fibre=True)
    assert life.appeared == 25.0
    assert life.gone == 75.0
    assert life.gone_between == (70.0, 80.0)
    assert life.entered == 40.0  # believed from the second sight on
    assert life.fate == "ruptured"


def test_gone_with_its_fibre_or_without_a_look_at_it_is_lost():
    assert judge(seen="...xxxxx....", fibre=False).fate == "lost"
    assert judge(seen="...xxxxx....").fate == "lost"


def test_one_that_was_there_from_the_start_has_no_age():
    life = judge(seen="xxxxxxxx....")
    assert np.isnan(life.appeared)
    assert life.gone == 75.0


def test_a_poor_finder_needs_more_empty_looks():
    sure, poor = watch("xxxxxxxxxxxx"), watch("x.x.xx..x.xx")
    assert needed_looks(sure, 0.02, SETTINGS) == 1
    assert needed_looks(poor, 0.4, SETTINGS) >= 3
    # absent in the last two frames: gone for the one, still undecided for the other
    assert judge(seen="...xxxxxxx..").end == "gone"
    undecided = judge(seen="x.x.xx..x..."[:10] + "..", rate=0.4)
    assert undecided.fate == "present"
    assert undecided.last < TIMES[-1]


def test_covered_or_out_of_sight_is_not_gone():
    life = judge(seen="..xxxxxx....", visible="xxxxxxxx....")
    assert life.fate == "present"
    assert life.end == "covered"
    assert life.last == 70.0


def test_detachment_is_a_step_and_flicker_is_none():
    assert judge(seen="xxxxxxxxxxxx", attached="xxxxxx......").detached == 55.0
    assert judge(seen="xxxxxxxxxxxx", attached="xx.xxx.....x").detached == 55.0
    assert np.isnan(judge(seen="xxxxxxxxxxxx", attached="x.x.x.x.x.x.").detached)
    assert np.isnan(judge(seen="xxxxxxxxxxxx", attached="............").detached)  # never seen attached: not known
    assert np.isnan(judge(seen="xxxxxxxxxxxx", attached="xxxxxxxxxxx.").detached)


def test_miss_rate_counts_only_looks_between_first_and_last_sight():
    watches = [watch("..xx.xxx.x..")] * 50
    assert miss_rate(watches) == pytest.approx(2 / 6, abs=0.01)


@pytest.mark.parametrize("missed", [0.05, 0.3])
def test_lifetimes_of_a_film_with_misses_are_those_that_were_drawn(missed):
    values = []
    for seed in range(4):
        film = follow_film(draw_film(vesicles=150, frames=50, life=80.0, missed=missed, seed=seed).observations)
        view = View(film.observations)
        values.append(measure_lifetime(view, statistic="restricted_mean", horizon_min=120.0).value)
    truth = 80.0 * (1 - np.exp(-120.0 / 80.0))
    assert np.mean(values) == pytest.approx(truth, rel=0.1)  # standard error over 4 films is about 4 %


def test_the_survival_curve_is_that_of_scipy_where_all_are_watched_from_birth():
    rng = np.random.default_rng(0)
    settings = FollowSettings(least_sights=1)
    times = np.arange(60) * 1.0
    lives = []
    for _ in range(80):
        birth, length = int(rng.integers(1, 40)), 1 + int(rng.exponential(15))
        seen = np.zeros(60, bool)
        seen[birth : birth + length] = True
        look = np.ones(60, bool)
        marks = Watch(seen=seen, inside=look, visible=look, on_fibre=None, attached=seen)
        lives.append(judge_life(marks, times, 0.01, settings))
    age = np.array([min(life.gone if life.end == "gone" else np.inf, life.last) - life.appeared for life in lives])
    ended = np.array([life.end == "gone" for life in lives])
    assert 5 < (~ended).sum() < 40
    theirs = stats.ecdf(stats.CensoredData(age[ended], right=age[~ended])).sf
    ours = survival_of(lives)
    # a life counts from its first sight, half a frame after its birth, and none ends before that
    assert np.allclose(ours.survival, theirs.evaluate(ours.age), atol=1e-9)


def test_events_tell_between_which_looks():
    truth = draw_film(vesicles=60, frames=40, life=60.0, missed=0.05, false=0, seed=5)
    events = follow_film(truth.observations).events
    lost = events[events["event"] == "lost"]
    assert len(lost) > 20
    near = [np.argmin(np.hypot(*(truth.place - row[["x_um", "y_um"]].to_numpy(float)).T)) for _, row in lost.iterrows()]
    within = (lost["earliest_min"] <= truth.death[near]) & (truth.death[near] <= lost["latest_min"] + 1e-9)
    assert within.mean() > 0.9


def test_ground_knows_bodies_fibres_and_the_field():
    bodies, fibres = np.zeros((100, 200), bool), np.zeros((100, 200), bool)
    bodies[:, :40] = True
    fibres[50, 60:] = True
    ground = note_ground(bodies, fibres, 0.1)
    assert ground.look(1.0, 5.0) == (True, True, False)
    assert ground.look(12.0, 5.2) == (True, False, True)
    assert ground.look(12.0, 8.0) == (True, False, False)
    assert ground.look(21.0, 5.0) == (False, False, False)


def test_light_that_drops_at_once_is_told_from_bleaching():
    rng = np.random.default_rng(1)
    fading = 1000 * np.exp(-0.02 * np.arange(40))
    error = np.full(40, 30.0)
    assert find_step(fading + rng.normal(0, 30, 40), error)[2] < 16
    burst = fading * np.where(np.arange(40) < 22, 1.0, 0.6) + rng.normal(0, 30, 40)
    frame, share, gain = find_step(burst, error)
    assert frame == 22
    assert share == pytest.approx(0.4, abs=0.07)
    assert gain > 50


def test_with_the_ground_a_loss_is_a_rupture_and_a_cell_only_covers():
    truth = draw_film(vesicles=60, frames=30, life=50.0, missed=0.02, false=0, drift=0.0, seed=6)
    fibres = draw_paths((800, 800), [truth.place * 10])
    grounds = []
    for frame in range(30):
        bodies = np.zeros((800, 800), bool)
        if frame >= 12:
            bodies[:, :400] = True  # a cell comes over the left half and stays
        grounds.append(note_ground(bodies, fibres, 0.1))
    rows = truth.observations["migrasomes"]
    seen = ~((rows["frame"] >= 12) & (rows["x_um"] < 40)).to_numpy()
    tables = truth.observations.tables | {"migrasomes": rows[seen]}
    film = follow_film(dataclasses.replace(truth.observations, tables=tables), ground=grounds)
    lives = film.observations["lives"].set_index("migrasome_id")
    x = film.observations["migrasomes"].groupby("migrasome_id")["x_um"].mean()
    left, right = lives[x < 39.5], lives[x > 40.5]
    assert set(lives["fate"]) == {"ruptured", "present"}
    assert (left["last_min"] <= 55.0).all()
    assert (left["fate"] == "present").sum() > 3
    assert (right["fate"] == "ruptured").mean() > 0.5
    assert "covered" in set(film.events["event"])
