"""What could be seen in a field: hand-made dishes whose counts, kinds and lengths are known without the code."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from migralab.checks.through_images.dish import COLUMNS, Look
from migralab.checks.through_images.plan import ImagingPlan, place_fields, side_of_dish
from migralab.checks.through_images.run import read_looks, write_looks
from migralab.checks.through_images.seen import map_bodies, see_field, whole_field
from migralab.core.errors import RequestError
from migralab.measure import measure
from migralab.microscope.body import CellBody
from migralab.microscope.scene import scene_from_observations
from migralab.microscope.specimen import Dots, Scene, Tubes, choose
from migralab.results.observations import Observations, conform, empty_table

FIELD = (0.0, 0.0, 100.0, 100.0)
CELL = 7
NO_DOTS = Dots(centre=np.empty((0, 2)), diameter=np.empty(0), cell_id=np.empty(0, np.int64))


def square(cell_id, x, y, half=10.0):
    corners = np.array([[x - half, y - half], [x + half, y - half], [x + half, y + half], [x - half, y + half]])
    return CellBody(
        cell_id=cell_id, x_um=x, y_um=y, area_um2=4 * half**2, outline=corners, spots=np.empty((0, 4)),
        nucleus=(x, y, 1.0), flanks=np.empty((0, 4)),
    )  # fmt: skip


def fork(breaks=np.inf):
    """One cell at (80, 50) that went along x; a stem of 20 um from its rear forks into two arms of 10 um.

    Nodes: 0 the stem's root, 1 the fork, 2 and 3 the tips. `breaks` is when the arm to node 3 breaks.
    """
    x, y = [50.0, 30.0, 22.0, 22.0], [50.0, 50.0, 56.0, 44.0]
    nodes = conform(
        "nodes",
        {
            "node_id": [0, 1, 2, 3], "cell_id": [CELL] * 4, "parent_id": [-1, 0, 1, 1], "x_um": x, "y_um": y,
            "kind": ["shaft", "junction", "tip", "tip"], "born_min": [3.0, 2.0, 1.0, 1.0], "path_um": [0.0] * 4,
            "breaks_min": [np.inf, np.inf, np.inf, breaks], "detached_min": [np.inf, np.inf, np.inf, breaks],
        },
    )  # fmt: skip
    cells = conform(
        "cells",
        {
            "frame": [0], "time_min": [100.0], "cell_id": [CELL], "x_um": [80.0], "y_um": [50.0], "heading_x": [1.0],
            "heading_y": [0.0], "rear_x_um": [65.0], "rear_y_um": [50.0], "rear_width_um": [10.0], "area_um2": [400.0],
        },
    )  # fmt: skip
    vesicles = conform(
        "migrasomes",
        {
            "frame": [0] * 5, "time_min": [100.0] * 5, "migrasome_id": range(5), "cell_id": [CELL] * 5,
            "node_id": [2, 1, 3, -1, -1], "x_um": [22.0, 30.0, 22.0, 80.0, 150.0],
            "y_um": [56.0, 50.0, 44.0, 50.0, 50.0],
            "diameter_um": [1.0, 0.8, 0.3, 1.0, 1.0], "attachment": ["tip", "junction", "tip", "free", "free"],
            "attached": [True, True, True, False, False], "stage": ["stabilised"] * 5, "enrichment": [4.0] * 5,
        },
    )  # fmt: skip
    tables = {"nodes": nodes, "cells": cells, "migrasomes": vesicles}
    for name in ("fibres", "lives", "retractosomes", "pools", "levels"):
        tables[name] = empty_table(name)
    return Observations(tables=tables, origin="simulation", experiment="1", condition="a", frames_min=(100.0,))


def seen(truth, field=FIELD, least=0.5):
    scene = scene_from_observations(truth, None, field, flank_fibres_per_um=0.0)
    return see_field(truth, scene, least)


def kinds(observations):
    return sorted(observations["nodes"]["kind"])


def test_a_standing_fork_has_two_tips_and_a_junction():
    assert kinds(seen(fork())) == ["junction", "tip", "tip"]


def test_a_broken_arm_leaves_no_junction_and_one_tip():
    # the arm to node 3 is gone, and node 3 with it: the fork is now on a shaft
    assert kinds(seen(fork(breaks=50.0))) == ["tip"]


@pytest.mark.parametrize(
    ("x", "vesicle", "tips"),
    [
        ([1.0, 3.5], None, 0),  # 2.5 um, less than the analyser's 3 um
        ([1.0, 4.5], None, 2),
        ([1.0, 3.5], 1.0, 2),  # a vesicle on it: half of 1 um is enough
        ([1.0, 3.5], 0.2, 0),  # too small to be seen
        ([1.0, 1.45], 1.0, 0),
        ([-9.0, 2.5], None, 0),  # what lies beyond the field cannot be counted
        ([-9.0, 3.5], None, 1),  # nor does a fibre end there
    ],
)
def test_a_lone_piece_of_fibre_is_seen_from_the_length_on_that_the_analyser_asks(x, vesicle, tips):
    ends = np.array([[a, 5.0, b, 5.0] for a, b in pairwise(np.linspace(*x, 26))])
    tubes = Tubes(
        ends=ends, cell_id=np.full(25, CELL), node_id=np.full(25, 3), kind=np.full(25, "laid"),
        radius=np.full(25, 0.05), brightness=np.ones(25),
    )  # fmt: skip
    own = scene_from_observations(fork(), None, FIELD, flank_fibres_per_um=0.0).vesicles
    one = choose(own, np.arange(0 if vesicle is None else 1))
    one = replace(
        one, centre=np.full((len(one.diameter), 2), 5.0) * [x[1] / 5, 1], diameter=one.diameter * (vesicle or 1)
    )
    scene = Scene(field=FIELD, frame=0, time_min=0.0, cells=(), tubes=tubes, vesicles=one, dots=NO_DOTS)
    found = see_field(fork(), scene, 0.5)
    assert kinds(found) == ["tip"] * tips
    assert found["fibres"]["length_um"].sum() == pytest.approx(min(x[1], x[1] - x[0]) if tips else 0.0)


def test_a_fibre_on_the_way_to_a_body_is_seen_from_1_um_on_and_does_not_end_there():
    for length, kept in ((0.8, 0.0), (2.0, 2.0)):
        ends = np.array([[40.0 - length, 50.0, 40.0, 50.0], [40.0, 50.0, 45.0, 50.0]])
        tubes = Tubes(
            ends=ends, cell_id=np.full(2, CELL), node_id=np.full(2, 3), kind=np.full(2, "live"),
            radius=np.full(2, 0.05), brightness=np.ones(2),
        )  # fmt: skip
        whole = scene_from_observations(fork(), None, FIELD, flank_fibres_per_um=0.0)
        scene = replace(
            whole, cells=(square(CELL, 50, 50),), tubes=tubes, vesicles=choose(whole.vesicles, np.arange(0))
        )
        found = see_field(fork(), scene, 0.5)
        assert found["fibres"]["length_um"].sum() == pytest.approx(kept)
        assert kinds(found) == (["tip"] if kept else [])


def test_length_is_what_stands_beside_the_body():
    # two arms of 10 um, a stem of 20 um, and from its root at x = 50 to the body, whose rear lies at about x = 65
    length = seen(fork())["fibres"]["length_um"].sum()
    assert length == pytest.approx(20 + 2 * 10 + 15, abs=2.5)
    assert seen(fork(breaks=50.0))["fibres"]["length_um"].sum() == pytest.approx(length - 10, abs=0.7)


def test_small_hidden_and_outside_vesicles_are_not_seen():
    found = seen(fork())["migrasomes"]
    assert sorted(found["migrasome_id"]) == [0, 1]  # 2 is 0.3 um, 3 lies under the body, 4 beyond the field
    assert found["attached"].all()
    assert list(seen(fork(), least=0.2)["migrasomes"]["migrasome_id"]) == [0, 1, 2]


def test_a_field_without_the_body_shows_vesicles_of_nobody():
    found = seen(fork(), field=(0.0, 0.0, 45.0, 100.0))
    assert len(found["cells"]) == 0
    assert (found["migrasomes"]["cell_id"] == -1).all()
    assert not found["migrasomes"]["attached"].any()
    assert np.isnan(measure(found, ["count.per_cell"])["count.per_cell"].value)


def test_readouts_that_need_the_past_have_no_value():
    names = ["fibre.spacing", "count.formed_per_100um_laid", "trail.attached_decline", "count.per_cell"]
    found = measure(seen(fork()), names)
    assert [math.isnan(found[name].value) for name in names] == [True, True, True, False]
    assert found["count.per_cell"].value == 2


def test_places_are_those_of_the_image():
    found = seen(fork(), field=(10.0, 20.0, 110.0, 120.0))["migrasomes"]
    assert found["x_um"].tolist() == [12.0, 20.0]
    assert found["y_um"].tolist() == [36.0, 30.0]


def test_frames_that_tile_the_plane_count_each_cell_once():
    rng = np.random.default_rng(5)
    cells = tuple(square(n, *rng.uniform(40, 160, 2), half=8.0) for n in range(60))
    tiles = [(x, y, x + 50.0, y + 50.0) for x in (0.0, 50.0, 100.0, 150.0) for y in (0.0, 50.0, 100.0, 150.0)]
    # bodies of 256 um2 show at least 80 um2 in one of the tiles that they do not leave to the left or downwards
    counts = sum(len(map_bodies(cells, tile).counted) for tile in tiles)
    shown = sum(len(map_bodies(cells, tile).visible) for tile in tiles)
    assert counts <= 60 < shown


def test_a_cell_at_the_left_or_lower_border_is_not_counted():
    inside, left, low = square(1, 50, 50), square(2, 5, 50), square(3, 50, 5)
    right, sliver = square(4, 98, 50), square(5, 108, 50)
    found = map_bodies((inside, left, low, right, sliver), FIELD)
    assert found.counted == {1, 4}
    assert found.visible == {1, 2, 3, 4}


def test_fields_lie_in_the_dish_apart_and_the_same_every_time():
    plan = ImagingPlan(fields=3, side_um=200.0)
    fields = place_fields(plan, 775.0, 11)
    assert fields == place_fields(plan, 775.0, 11) != place_fields(plan, 775.0, 12)
    for number, (x0, y0, x1, y1) in enumerate(fields):
        assert min(x0, y0) >= 0
        assert max(x1, y1) <= 775
        assert all(abs(x0 - a) >= 200 or abs(y0 - b) >= 200 for a, b, *_ in fields[:number])
    assert side_of_dish(60, 1e-4) == pytest.approx(774.6, abs=0.1)


@pytest.mark.parametrize(("fields", "side"), [(1, 800.0), (20, 300.0)])
def test_fields_that_do_not_fit_are_refused(fields, side):
    with pytest.raises(RequestError, match="no room"):
        place_fields(ImagingPlan(fields=fields, side_um=side), 775.0, 1)


@pytest.mark.parametrize("wrong", [{"fields": 0}, {"side_um": 0.0}, {"least_um": -1.0}])
def test_a_plan_without_a_field_is_refused(wrong):
    with pytest.raises(RequestError, match="give one field"):
        ImagingPlan(**wrong)


def test_the_whole_field_holds_everything():
    x0, y0, x1, y1 = whole_field(fork(), margin_um=5.0)
    assert (x0, y0, x1, y1) == (17.0, 39.0, 155.0, 61.0)


def test_looks_are_read_as_they_were_written_and_a_torn_dish_is_dropped(tmp_path):
    values = {column: {"count.per_cell": 1 / 3, "junction.per_tip": math.nan} for column in COLUMNS}
    look = Look(values=values, true=3, found=4, paired=2, bright=2, bright_paired=2, cells_true=5, cells_found=6)
    path = tmp_path / "dishes.csv"
    write_looks(path, {("a", 1): look})
    write_looks(path, {("b", 2): look}, more=True)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[:-2]) + "\n", encoding="utf-8")
    again = read_looks(path)
    assert list(again) == [("a", 1)]
    assert repr(again["a", 1]) == repr(look)
