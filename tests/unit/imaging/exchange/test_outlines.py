"""Courses and outlines lie on what was drawn into the picture, and belong to the rows of the tables."""

import dataclasses

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.imaging.analyse import analyse_micrograph
from migralab.imaging.exchange.drift import shift_frames
from migralab.imaging.exchange.outlines import find_outlines, nearest_on_path, path_length, polygon_area
from migralab.imaging.settings import AnalysisSettings
from tests.unit.imaging.drawn import as_micrograph, disc_points, line_points, render, sphere_points
from tests.unit.imaging.exchange.seen import observations

CELL = (8.0, 12.0, 6.0)
WAY = ((13, 12), (21, 12))


@pytest.fixture(scope="module")
def drawn():
    points = [disc_points(*CELL), line_points(*WAY), sphere_points(21, 12, 1.2), line_points((17, 12), (17, 19))]
    picture = as_micrograph(render(points))
    settings = AnalysisSettings()
    return analyse_micrograph(picture, settings), picture, settings


def test_every_fibre_has_its_course(drawn):
    seen, *_ = drawn
    known = find_outlines(*drawn)
    rows = seen["fibres"].set_index("fibre_id")
    assert len(rows) >= 2
    assert known.frames == {0}
    assert set(known.fibres) == {(0, number) for number in rows.index}
    for (_, number), course in known.fibres.items():
        assert path_length(course) == pytest.approx(rows.loc[number, "length_um"], rel=0.02)
        for x, y in course:  # on one of the two lines that were drawn
            assert min(abs(y - 12) + max(x - 21.2, 0), abs(x - 17) + max(y - 19.3, 0)) < 0.25


def test_a_course_ends_towards_the_cell(drawn):
    known, rows = find_outlines(*drawn), drawn[0]["fibres"].set_index("fibre_id")
    courses = [course for (_, number), course in known.fibres.items() if rows.loc[number, "attached"]]
    assert courses
    for course in courses:
        first, last = (np.hypot(*(course[n] - CELL[:2])) for n in (0, -1))
        assert last < first
    nearest = min(np.hypot(*(course[-1] - CELL[:2])) for course in courses)
    assert nearest == pytest.approx(CELL[2], abs=0.5)


def test_the_outline_of_a_cell_is_that_of_the_disc(drawn):
    known = find_outlines(*drawn)
    (edge,) = known.cells.values()
    area, x, y = polygon_area(edge)
    assert area == pytest.approx(drawn[0]["cells"]["area_um2"].iloc[0], rel=0.01)  # the row's own outline
    assert area == pytest.approx(np.pi * CELL[2] ** 2, rel=0.1)  # as well as a blurred body is found
    assert (x, y) == pytest.approx(CELL[:2], abs=0.2)


def test_rows_that_tracking_named_anew_keep_their_courses(drawn):
    seen, picture, settings = drawn
    renamed = seen["fibres"].assign(fibre_id=seen["fibres"]["fibre_id"] + 500)
    other = dataclasses.replace(seen, tables=seen.tables | {"fibres": renamed})
    before, after = find_outlines(*drawn), find_outlines(other, picture, settings)
    for (frame, number), course in before.fibres.items():
        np.testing.assert_array_equal(after.fibres[frame, number + 500], course)


def test_rows_that_nobody_traced_have_no_course(drawn):
    seen, picture, settings = drawn
    longer = seen["fibres"].assign(length_um=seen["fibres"]["length_um"] + 1)
    other = dataclasses.replace(seen, tables=seen.tables | {"fibres": longer})
    known = find_outlines(other, picture, settings)
    assert not known.fibres
    assert known.frames == frozenset()


def test_a_drift_is_put_on_frames_and_taken_off_again():
    seen, drift = observations(3), np.array([[0, 0], [1, -2], [3, 0.5]])
    moved = shift_frames(seen, drift)
    rows = moved["migrasomes"].query("migrasome_id == 0")
    np.testing.assert_allclose(rows[["x_um", "y_um"]], [[30, 10], [31, 8], [33, 10.5]])
    np.testing.assert_allclose(moved["cells"][["rear_x_um", "rear_y_um"]], [[10, 10], [11, 8], [13, 10.5]])
    assert moved["nodes"]["x_um"].tolist() == [33, 23, 18, 23]  # those of the last frame
    back = shift_frames(moved, -drift)
    for name in ("migrasomes", "cells", "nodes"):
        assert back[name].equals(seen[name])
    with pytest.raises(RequestError, match=r"3 frames want \(3, 2\)"):
        shift_frames(seen, drift[:2])


def test_geometry_in_closed_form():
    bent = np.array([[0, 0], [3, 0], [3, 4]], float)
    assert path_length(bent) == 7
    assert nearest_on_path(bent, 2, 1) == (1, 2)
    assert nearest_on_path(bent, 5, 3) == (2, 6)
    assert nearest_on_path(bent, -3, -4) == (5, 0)
    triangle = np.array([[0, 0], [6, 0], [0, 3]], float)
    assert polygon_area(triangle) == pytest.approx((9, 2, 1))
    assert polygon_area(triangle[::-1]) == pytest.approx((9, 2, 1))
    assert polygon_area(np.zeros((3, 2)))[0] == 0
