"""Drawn scenes whose truth is known come out of the analysis as they went in."""

import numpy as np
import pytest

from migralab.imaging.analyse import analyse_micrograph
from migralab.imaging.settings import AnalysisSettings
from migralab.results.schema import TABLES
from tests.unit.imaging.drawn import as_micrograph, disc_points, line_points, render, sphere_points

DIAMETERS = (0.6, 0.8, 1.0, 1.3, 1.6, 2.0, 2.5)


def analyse(*points, **how):
    return analyse_micrograph(as_micrograph(render(points, **how)))


def nearest(table, x, y, reach=0.5):
    distance = np.hypot(table.x_um - x, table.y_um - y)
    assert distance.min() < reach, f"nothing within {reach} um of ({x}, {y})"
    return table.loc[distance.idxmin()]


@pytest.mark.parametrize("filled", [0.0, 0.3])
def test_diameters_come_back_within_a_tenth_of_a_micrometre(filled):
    places = [(4 + 5 * (i % 4) + 0.03 * i, 5 + 6 * (i // 4) - 0.04 * i) for i in range(len(DIAMETERS))]
    clouds = [sphere_points(x, y, d, filled=filled) for (x, y), d in zip(places, DIAMETERS, strict=True)]
    found = analyse(*clouds)["migrasomes"]
    assert len(found) == len(DIAMETERS)
    for (x, y), diameter in zip(places, DIAMETERS, strict=True):
        row = nearest(found, x, y, reach=0.15)
        assert row.diameter_um == pytest.approx(diameter, abs=0.1)  # the bar of the brief; a pixel is 0.1 um
        assert 0 < row.diameter_sd_um < 0.2
        assert row.attachment == "free"
        assert row.fibre_id == -1


def test_a_straight_and_a_bent_fibre_have_their_length():
    angle = np.linspace(0, np.pi, 200)
    arc = [(12 + 5 * np.cos(a), 6 + 5 * np.sin(a)) for a in angle]
    found = analyse(line_points((3, 20), (21, 16)), line_points(*arc))["fibres"]
    truth = sorted([np.hypot(18, 4), 5 * np.pi])
    assert sorted(found.length_um) == pytest.approx(truth, rel=0.1)  # the bar of the brief
    assert (found.length_sd_um > 0).all()
    assert (found.chord_um <= found.length_um + 1e-9).all()


def test_a_y_has_one_junction_three_tips_and_three_fibres():
    found = analyse(line_points((4, 4), (12, 12)), line_points((12, 12), (20, 10)), line_points((12, 12), (13, 21)))
    assert sorted(found["nodes"].kind) == ["junction", "tip", "tip", "tip"]
    assert len(found["fibres"]) == 3
    junction = nearest(found["nodes"], 12, 12)
    assert junction.kind == "junction"
    assert len(found["migrasomes"]) == 0  # a crossing is brighter than a fibre, and is no vesicle


def test_where_on_the_fibre_a_migrasome_sits():
    found = analyse(
        line_points((3, 4), (21, 4)), sphere_points(21, 4, 1.2),
        line_points((3, 9), (21, 9)), sphere_points(12, 9, 1.2),
        line_points((3, 18), (12, 18)), line_points((12, 18), (20, 14)), line_points((12, 18), (20, 22)),
        sphere_points(12, 18, 1.2),
        sphere_points(4, 13, 1.2),
    )  # fmt: skip
    table = found["migrasomes"]
    expected = {(21, 4): "tip", (12, 9): "shaft", (12, 18): "junction", (4, 13): "free"}
    assert len(table) == len(expected)
    for (x, y), word in expected.items():
        assert nearest(table, x, y).attachment == word
    # a migrasome on the shaft does not cut its fibre in two
    shaft = found["fibres"].set_index("fibre_id").loc[nearest(table, 12, 9).fibre_id]
    assert shaft.length_um == pytest.approx(18, rel=0.1)


def cell_with_a_fibre():
    return [
        disc_points(9, 12, 6), line_points((14.9, 12), (24, 12)), line_points((24, 12), (28, 9)),
        line_points((24, 12), (28, 15)), sphere_points(28, 9, 1.0), sphere_points(9, 12, 1.0, per_um2=9000),
        sphere_points(22, 24, 1.0),
    ]  # fmt: skip


def test_a_migrasome_belongs_to_the_cell_at_the_end_of_its_fibre():
    found = analyse(*cell_with_a_fibre(), side_um=32)
    cells, table = found["cells"], found["migrasomes"]
    assert len(cells) == 1
    assert cells.area_um2[0] == pytest.approx(np.pi * 36, rel=0.1)
    assert cells.rear_x_um[0] == pytest.approx(15, abs=1.0)
    attached = nearest(table, 28, 9)
    assert attached.attached
    assert attached.cell_id == cells.cell_id[0]
    assert attached.attachment == "tip"
    lost = nearest(table, 22, 24)
    assert not lost.attached
    assert lost.cell_id == cells.cell_id[0]  # the nearest rear
    assert found["fibres"].attached.all()
    assert (found["fibres"].end == "cell").sum() == 1


def test_what_lies_on_the_cell_body_is_no_migrasome():
    table = analyse(*cell_with_a_fibre(), side_um=32)["migrasomes"]
    assert np.hypot(table.x_um - 9, table.y_um - 12).min() > 6


def test_parents_lead_to_the_cell():
    nodes = analyse(*cell_with_a_fibre(), side_um=32)["nodes"].set_index("node_id")
    for start in nodes.index:
        node, steps = start, 0
        while nodes.parent_id[node] >= 0:
            node, steps = nodes.parent_id[node], steps + 1
            assert steps <= len(nodes)
        assert nodes.cell_id[start] == 0


def test_without_a_rear_in_reach_a_free_migrasome_belongs_to_nobody():
    image = as_micrograph(render(cell_with_a_fibre(), side_um=32))
    table = analyse_micrograph(image, AnalysisSettings(owner_reach_um=5.0))["migrasomes"]
    assert nearest(table, 22, 24).cell_id == -1


def test_noise_alone_holds_nothing():
    # 3 seeds at 0.1 expected false fibre seeds each; a crumb of noise is also shorter than a fibre
    for seed in range(3):
        found = analyse(seed=seed)
        assert [len(found[name]) for name in ("cells", "fibres", "migrasomes", "nodes")] == [0, 0, 0, 0]


def test_masked_places_are_not_measured():
    image = render([sphere_points(6, 6, 1.2), sphere_points(16, 16, 1.2)])
    masked = np.zeros(image.shape, bool)
    masked[130:190, 130:190] = True
    image[130:190, 130:190] = 60000  # a box of text
    found = analyse_micrograph(as_micrograph(image, masked=masked))
    assert len(found["migrasomes"]) == 1
    assert len(found["fibres"]) == 0
    assert found.field_area_um2 == pytest.approx((240 * 240 - 3600) * 0.01)


def test_tables_follow_the_schema_and_ids_name_one_object_in_a_movie():
    from dataclasses import replace

    one = as_micrograph(render([line_points((3, 9), (21, 9)), sphere_points(12, 9, 1.2)]))
    movie = replace(one, pixels=np.concatenate([one.pixels, one.pixels]), frame_interval_min=8.0)
    found = analyse_micrograph(movie)
    assert set(found.tables) == set(TABLES)
    for name, columns in TABLES.items():
        assert list(found[name].columns) == [column.name for column in columns]
    assert found.frames_min == (0.0, 8.0)
    assert sorted(found["migrasomes"].frame) == [0, 1]
    assert found["migrasomes"].migrasome_id.is_unique
    assert found["fibres"].fibre_id.is_unique
