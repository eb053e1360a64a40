"""Vesicles keep their id over misses, drift and swaying fibres; cells keep theirs."""

from collections import defaultdict

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.imaging.time.follow import follow, follow_film
from migralab.imaging.time.linking import assign, vote_drift
from migralab.imaging.time.static import FollowSettings, Sights, link_cells, link_static
from migralab.results.schema import TABLES
from tests.unit.imaging.time.film import draw_film


def sights_of(rows):
    return Sights(
        frame=rows["frame"].to_numpy(np.int64),
        place=rows[["x_um", "y_um"]].to_numpy(float),
        diameter=rows["diameter_um"].to_numpy(float),
        diameter_sd=rows["diameter_sd_um"].to_numpy(float),
        fibre=rows["fibre_id"].to_numpy(np.int64),
        along=rows["along_um"].to_numpy(float),
    )


def count_switches(truth, drift=None):
    """Identity switches, links that should be, and greatest error of the drift."""
    sights = sights_of(truth.observations["migrasomes"])
    links = link_static(sights, np.array(truth.observations.frames_min), FollowSettings(), drift)
    seen = defaultdict(list)
    for row in np.argsort(sights.frame, kind="stable"):
        if truth.owner[row] >= 0:
            seen[truth.owner[row]].append(links.track[row])
    switches = sum(int((np.diff(tracks) != 0).sum()) for tracks in seen.values())
    return switches, sum(len(tracks) - 1 for tracks in seen.values()), np.abs(links.drift_um - truth.drift).max()


@pytest.mark.parametrize(
    ("film", "share", "error"),
    [
        ({}, 0.005, 0.06),
        ({"missed": 0.3, "false": 10}, 0.015, 0.06),
        ({"missed": 0.4, "false": 20}, 0.015, 0.1),
        ({"drift": 0.6}, 0.01, 0.06),
        ({"vesicles": 200, "missed": 0.2}, 0.015, 0.06),
        ({"interval": 30.0, "frames": 10}, 0.02, 0.1),
    ],
)
def test_vesicles_keep_their_id(film, share, error):
    switches, links, drift = np.sum([count_switches(draw_film(seed=s, **film)) for s in (11, 12)], axis=0)
    assert switches <= share * links
    assert drift < 2 * error


def test_a_fibre_may_sway_as_a_whole():
    truth = draw_film(jump=0.5, seed=13)
    switches, links, _ = count_switches(truth, truth.drift)
    assert switches <= 0.03 * links


def test_a_gap_is_closed_in_time_not_in_frames():
    settings = FollowSettings(longest_gap_min=20.0, longest_gap_frames=2)
    for interval, frames, same in ((1.0, 15, True), (1.0, 25, False), (15.0, 2, True), (15.0, 4, False)):
        sights = Sights(
            frame=np.array([0, frames]),
            place=np.array([[5.0, 5.0], [5.05, 5.0]]),
            diameter=np.array([1.0, 1.0]),
            diameter_sd=np.array([0.05, 0.05]),
            fibre=np.array([-1, -1]),
            along=np.array([np.nan, np.nan]),
        )
        times = np.arange(frames + 1) * interval
        track = link_static(sights, times, settings, np.zeros((frames + 1, 2))).track
        assert (track[0] == track[1]) is np.bool_(same), (interval, frames)


def test_two_neighbours_that_come_close_are_told_apart_by_size():
    settings = FollowSettings()
    place = np.array([[0.0, 0.0], [0.3, 0.0], [0.16, 0.0], [0.14, 0.0]])
    sights = Sights(
        frame=np.array([0, 0, 1, 1]),
        place=place,
        diameter=np.array([0.6, 1.8, 0.6, 1.8]),
        diameter_sd=np.full(4, 0.03),
        fibre=np.full(4, -1),
        along=np.full(4, np.nan),
    )
    track = link_static(sights, np.array([0.0, 1.0]), settings, np.zeros((2, 2))).track
    assert track[0] == track[2]
    assert track[1] == track[3]


def test_tables_have_ids_that_persist_and_ages_and_lives():
    truth = draw_film(vesicles=40, frames=20, false=2, seed=3)
    film = follow_film(truth.observations)
    rows, lives = film.observations["migrasomes"], film.observations["lives"]
    assert list(rows.columns[: len(TABLES["migrasomes"])]) == [column.name for column in TABLES["migrasomes"]]
    assert set(rows["migrasome_id"]) == set(lives["migrasome_id"])
    assert not rows.duplicated(["frame", "migrasome_id"]).any()
    spread = rows.groupby("migrasome_id")[["x_um", "y_um"]].std().dropna()
    assert np.median(spread) < 0.08  # drift is off
    aged = rows[rows["age_min"].notna()]
    assert len(aged)
    assert (aged.groupby("migrasome_id")["age_min"].diff().dropna() > 0).all()
    assert film.dropped > 0
    assert set(film.observations["cells"]["cell_id"]) == {0}
    assert np.isclose(film.miss_rate, 0.15, atol=0.06)
    (note,) = [note for note in film.observations.notes if note.startswith("Lifetimes rest on")]
    born = int(lives["appeared_min"].notna().sum())
    assert f"the {born} objects whose birth was seen; the age of the other {len(lives) - born} is unknown" in note


def test_a_walking_cell_keeps_its_id_beside_another():
    frames = 12
    frame = np.repeat(np.arange(frames), 2)
    place = np.stack([[[2.0 * n, 0.0], [60.0 - 2.0 * n, 20.0]] for n in range(frames)]).reshape(-1, 2)
    found = np.ones(2 * frames, bool)
    found[[6, 11]] = False  # each is missed once
    track = link_cells(
        place[found], np.full(found.sum(), 300.0), frame[found], np.arange(frames) * 2.0, FollowSettings()
    )
    which = np.tile([0, 1], frames)[found]
    assert len(np.unique(track)) == 2
    assert len(np.unique(track[which == 0])) == 1


def test_least_cost_assignment_gives_up_what_is_too_dear():
    rows, columns = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 2])
    old, new = assign(rows, columns, np.array([1.0, 2.0, 1.5, 9.0, 8.0]), 7.0)
    assert set(zip(old.tolist(), new.tolist(), strict=True)) == {(0, 1), (1, 0)}


def test_the_drift_that_most_agree_on_wins():
    rng = np.random.default_rng(0)
    a = rng.uniform(0, 50, (60, 2))
    b = np.vstack([a[:25] + np.array([2.0, -1.5]), rng.uniform(0, 50, (40, 2))])
    step, backers, chance = vote_drift(a, b, 5.0, 0.2)
    assert np.allclose(step, [2.0, -1.5], atol=0.02)
    assert backers >= 25 > 3 * chance


def test_what_cannot_be_followed_is_refused():
    truth = draw_film(vesicles=5, frames=1, false=0)
    with pytest.raises(RequestError, match="one frame"):
        follow(truth.observations)
    truth = draw_film(vesicles=5, frames=4, interval=0.0)
    with pytest.raises(RequestError, match="frame-interval"):
        follow(truth.observations)
    truth = draw_film(vesicles=5, frames=4)
    with pytest.raises(RequestError, match="drift_um has 3"):
        follow(truth.observations, drift_um=np.zeros((3, 2)))


def test_a_film_without_vesicles_is_followed_too():
    truth = draw_film(vesicles=0, frames=4, false=0)
    film = follow_film(truth.observations)
    assert len(film.observations["lives"]) == 0
    assert len(film.events) == 0
