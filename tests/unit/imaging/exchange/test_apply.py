"""Corrections change what they name, what hangs on it, and nothing else. The dish is drawn in `seen`."""

import numpy as np
import pytest

from migralab.core.errors import DataError
from migralab.imaging.exchange.correction.apply import apply_edits
from migralab.imaging.exchange.edits import Edit
from migralab.measure import measure
from tests.unit.imaging.exchange.seen import observations, outlines


def apply(*edits, frames=1, known=True, **rest):
    return apply_edits(observations(frames), edits, outlines=outlines(frames) if known else None, **rest).observations


def edit(action, kind="migrasome", **rest):
    rest = {name: np.array(value, float) if name == "path_um" else value for name, value in rest.items()}
    return Edit(action=action, kind=kind, who="AB", place="edits.csv:2", **rest)


def row(seen, table, number, frame=0):
    rows = seen[table]
    name = {"migrasomes": "migrasome_id", "fibres": "fibre_id", "cells": "cell_id"}[table]
    (found,) = rows[(rows[name] == number) & (rows["frame"] == frame)].to_dict("records")
    return found


def add(x, y, diameter=0.6, **rest):
    return edit("add", x_um=float(x), y_um=float(y), diameter_um=diameter, **rest)


@pytest.mark.parametrize(
    ("place", "attachment", "fibre", "along", "attached"),
    [
        ((20, 20), "tip", 2, 10.0, True),
        ((20, 15), "shaft", 2, 5.0, True),
        ((25, 10.4), "shaft", 1, 5.0, True),
        ((25, 15), "free", -1, np.nan, False),
        ((12, 10), "shaft", 0, 2.0, True),
    ],
)
def test_an_addition_is_placed_by_the_courses(place, attachment, fibre, along, attached):
    seen = apply(add(*place))
    new = row(seen, "migrasomes", 4)
    assert (new["attachment"], new["fibre_id"], new["attached"]) == (attachment, fibre, attached)
    np.testing.assert_allclose(new["along_um"], along, atol=1e-9)
    assert new["cell_id"] == 0  # by its fibre, or as the nearest rear
    assert (new["edited"], new["source"]) == (True, "hand")
    assert np.isnan(new["diameter_sd_um"])
    assert new["area_um2"] == pytest.approx(np.pi * 0.36)
    assert new["volume_um3"] == pytest.approx(np.pi / 6 * 0.216)
    old = seen["migrasomes"].iloc[:4]
    before = observations()["migrasomes"]
    assert old[before.columns].equals(before)
    assert not old["edited"].any()
    assert (old["source"] == "program").all()


def test_a_vesicle_where_three_fibres_meet_is_at_a_junction():
    seen = apply(edit("remove", id=1), add(20, 10, 1.2))
    assert row(seen, "migrasomes", 4)["attachment"] == "junction"


def test_a_free_vesicle_out_of_reach_is_nobodys():
    assert row(apply(add(25, 15), owner_reach_um=5.0), "migrasomes", 4)["cell_id"] == -1


def test_a_change_moves_and_resizes():
    seen = apply(edit("change", id=0, x_um=25.0, y_um=10.0), edit("change", id=3, diameter_um=0.9))
    moved, grown = row(seen, "migrasomes", 0), row(seen, "migrasomes", 3)
    assert (moved["attachment"], moved["fibre_id"], moved["along_um"]) == ("shaft", 1, 5.0)
    assert (moved["diameter_um"], moved["diameter_sd_um"]) == (1.0, 0.05)  # as it was measured
    assert (grown["x_um"], grown["diameter_um"], grown["attachment"]) == (25.0, 0.9, "free")
    assert np.isnan(grown["diameter_sd_um"])
    assert (moved["edited"], moved["source"]) == (True, "program")


def test_a_removal_by_id_or_by_place():
    for what in ({"id": 2}, {"x_um": 15.3, "y_um": 10.0}):
        seen = apply(edit("remove", **what))
        assert seen["migrasomes"]["migrasome_id"].tolist() == [0, 1, 3]


def test_readouts_follow():
    ids = ("count.per_cell", "place.tip", "tip.per_100um", "junction.per_100um", "fibre.length_intact")
    before, after = (measure(seen, ids) for seen in (observations(), apply(add(20, 20), edit("remove", id=3))))
    assert (before["count.per_cell"].value, after["count.per_cell"].value) == (4.0, 4.0)
    assert (before["place.tip"].value, after["place.tip"].value) == (0.25, 0.5)
    fewer = measure(apply(edit("remove", kind="fibre", id=2)), ids)
    assert before["fibre.length_intact"].value == pytest.approx(30)
    assert fewer["fibre.length_intact"].value == pytest.approx(20)
    assert before["junction.per_100um"].value == pytest.approx(100 / 30)
    assert fewer["junction.per_100um"].value == 0
    assert fewer["tip.per_100um"].value == pytest.approx(100 / 20)


def test_a_removed_fibre_takes_its_nodes_and_leaves_its_vesicles():
    seen = apply(edit("remove", kind="fibre", id=2))
    assert seen["fibres"]["fibre_id"].tolist() == [0, 1]
    assert row(seen, "migrasomes", 1)["attachment"] == "shaft"  # two arms are left
    nodes = seen["nodes"].set_index("node_id")
    assert sorted(zip(nodes.x_um, nodes.y_um, nodes.kind, strict=True)) == [(15, 10, "shaft"), (30, 10, "tip")]
    assert nodes.loc[0, "parent_id"] == 2  # the tip hangs on what the junction hung on
    seen = apply(edit("remove", kind="fibre", id=1))
    lost = row(seen, "migrasomes", 0)
    assert (lost["attachment"], lost["fibre_id"], lost["attached"], lost["cell_id"]) == ("free", -1, False, 0)


def test_an_added_fibre_finds_its_owner_and_makes_nodes():
    """Drawn the wrong way round, from the middle of fibre 1 to the free vesicle at 25, 20."""
    seen = apply(edit("add", kind="fibre", path_um=[[25, 10], [25, 20]]))
    new = row(seen, "fibres", 3)
    assert (new["length_um"], new["chord_um"], new["cell_id"], new["attached"]) == (10.0, 10.0, 0, True)
    assert (new["start"], new["end"], new["edited"], new["source"]) == ("tip", "junction", True, "hand")
    assert np.isnan(new["length_sd_um"])
    vesicle = row(seen, "migrasomes", 3)
    assert (vesicle["attachment"], vesicle["fibre_id"], vesicle["attached"]) == ("tip", 3, True)
    assert vesicle["along_um"] == pytest.approx(10)
    kinds = {(n["x_um"], n["y_um"]): n["kind"] for n in seen["nodes"].to_dict("records")}
    assert (kinds[25, 10], kinds[25, 20]) == ("junction", "tip")
    assert len(kinds) == 6


def test_a_fibre_from_the_cell_ends_at_the_cell():
    new = row(apply(edit("add", kind="fibre", path_um=[[10, 12], [14, 15]])), "fibres", 3)
    assert (new["start"], new["end"], new["cell_id"], new["length_um"]) == ("tip", "cell", 0, 5.0)


def test_a_fibre_drawn_anew_is_measured_anew():
    seen = apply(edit("change", kind="fibre", id=2, path_um=[[20, 26], [20, 10]]))
    assert row(seen, "fibres", 2)["length_um"] == pytest.approx(16)
    assert sorted(seen["nodes"].query("kind == 'tip'")[["x_um", "y_um"]].to_numpy().tolist()) == [[20, 26], [30, 10]]


def test_a_removed_cell_owns_nothing():
    seen = apply(edit("remove", kind="cell", id=0))
    assert len(seen["cells"]) == 0
    for table in ("migrasomes", "fibres"):
        assert (seen[table]["cell_id"] == -1).all()
        assert not seen[table]["attached"].any()
    assert (seen["nodes"]["detached_min"] == 0).all()
    assert seen["migrasomes"]["attachment"].tolist() == observations()["migrasomes"]["attachment"].tolist()


def test_a_cell_drawn_anew_gets_its_fibres_back():
    square = [[0, 6], [9.9, 6], [9.9, 14], [0, 14]]
    seen = apply(edit("remove", kind="cell", id=0), edit("add", kind="cell", path_um=square))
    cell = row(seen, "cells", 0)
    assert (cell["area_um2"], cell["x_um"], cell["y_um"]) == pytest.approx((79.2, 4.95, 10))
    assert (cell["rear_x_um"], cell["rear_y_um"]) == (10, 10)
    assert seen["fibres"]["attached"].all()
    assert (seen["fibres"]["cell_id"] == 0).all()
    assert seen["migrasomes"].set_index("migrasome_id")["attached"].tolist() == [True, True, True, False]
    assert np.isinf(seen["nodes"]["detached_min"]).all()


def test_a_cell_is_moved():
    cell = row(apply(edit("change", kind="cell", id=0, x_um=6.0, y_um=11.0)), "cells", 0)
    assert (cell["x_um"], cell["y_um"], cell["area_um2"], cell["edited"]) == (6.0, 11.0, 100.0, True)


def test_without_courses_the_nodes_decide_and_doubt_is_said():
    seen = apply(add(20, 20), add(20.1, 15), add(26, 15), known=False)
    found = [row(seen, "migrasomes", number) for number in (4, 5, 6)]
    assert [r["attachment"] for r in found] == ["tip", "shaft", "unknown"]
    assert [r["fibre_id"] for r in found] == [-1, -1, -1]
    assert [r["attached"] for r in found] == [True, True, False]
    early = apply(add(20, 20, frame=0), frames=2, known=False)  # the nodes are those of the last frame
    assert row(early, "migrasomes", 4)["attachment"] == "unknown"


def test_a_film_keeps_its_other_frames_and_its_lives():
    seen = apply(
        edit("remove", id=2, frame=2), add(20, 20, frame=1), add(20, 20, frame=2, id=4), edit("remove", id=1, frame=1),
        *(edit("remove", id=3, frame=f) for f in range(3)), frames=3,
    )  # fmt: skip
    assert seen["migrasomes"].groupby("frame").size().tolist() == [3, 3, 3]
    lives = seen["lives"].set_index("migrasome_id")
    assert sorted(lives.index) == [0, 1, 2, 4]
    assert (lives.loc[2, "gone_min"], lives.loc[2, "fate"], lives.loc[2, "last_min"]) == (7.5, "lost", 10.0)
    assert (lives.loc[4, "entered_min"], lives.loc[4, "appeared_min"], lives.loc[4, "fate"]) == (5.0, 2.5, "present")
    untouched = observations(3)["lives"].set_index("migrasome_id")
    assert lives.loc[[0, 1], "last_min"].equals(untouched.loc[[0, 1], "last_min"])


def test_the_original_is_left_as_it_is():
    seen, known = observations(), outlines()
    before = {name: table.copy() for name, table in seen.tables.items()}
    apply_edits(
        seen, [add(20, 20), edit("remove", kind="fibre", id=1), edit("remove", kind="cell", id=0)], outlines=known
    )
    assert all(table.equals(before[name]) for name, table in seen.tables.items())
    assert len(known.fibres) == 3


def test_nothing_to_do_changes_nothing_but_the_columns():
    seen, before = apply(), observations()
    for name, table in before.tables.items():
        assert seen[name][table.columns].equals(table), name
    assert seen.notes == before.notes


def test_the_notes_say_who_did_what():
    seen = apply(add(20, 20), edit("remove", id=0), edit("remove", id=1))
    assert seen.notes[-1] == "Corrected by hand: 1 migrasome added, 2 migrasomes removed; by AB (3)."


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (edit("remove", id=9), r"there is no migrasome 9\. Frame 0 has 0, 1, 3"),
        (edit("change", kind="fibre", id=7, path_um=[[1, 1], [2, 2]]), "there is no fibre 7"),
        (edit("remove", x_um=25.0, y_um=15.0), "no migrasome at 25, 15 um in frame 0; the nearest, 3, is 5.00 um away"),
        (edit("remove", kind="cell", x_um=35.0, y_um=15.0), "no cell at 35, 15 um"),
        (edit("remove", id=1, frame=1), r"there is no frame 1; frames are 0 to 0"),
        (add(30.2, 10), "migrasome 0 is there already"),
        (add(50, 10), "outside the image of 40 by 30 um. Places are in um, not in pixels"),
        (edit("add", kind="fibre", path_um=[[1, 1], [300, 100]]), "outside the image"),
        (add(20, 20, id=9), "migrasome 9 is in no frame"),
        (add(20, 20, id=1), "migrasome 1 is in frame 0 already"),
        (edit("add", kind="cell", path_um=[[1, 1], [2, 2], [3, 3]]), "encloses no area"),
        (edit("add", kind="fibre", id=4, path_um=[[1, 1], [2, 2]]), "leave id empty"),
        (edit("add"), "give x_um, y_um and diameter_um"),
    ],
)
def test_an_edit_that_fits_nothing_is_refused_with_its_line(wrong, message):
    with pytest.raises(DataError, match=message) as caught:
        apply(edit("remove", id=2), wrong, extent_um=(40.0, 30.0))
    assert str(caught.value).startswith("edits.csv:2: ")


def test_a_removed_object_cannot_be_changed():
    with pytest.raises(DataError, match="there is no migrasome 2"):
        apply(edit("remove", id=2), edit("change", id=2, diameter_um=1.0))
