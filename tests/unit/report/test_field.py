"""The pictures of fields: what their captions say, what is drawn where, and when there are none."""

from __future__ import annotations

import dataclasses
import io
import re

import numpy as np
import pytest
from PIL import Image

from migralab.report.content import Report
from migralab.report.figures.field import draw_fields
from migralab.report.page import render_report
from migralab.results.fields import FieldSeries

FRAMES = 15  # of the small dish in conftest: 7 h, every 30 min


def field(values, **changes):
    """Return a layer over the field of the dish, or a box, the same in every frame but for a ramp in time."""
    values = np.asarray(values, np.float32)
    ramp = np.linspace(0, 1, FRAMES, dtype=np.float32).reshape(-1, *[1] * values.ndim)
    place = {"spacing_um": (200.0, 200.0), "origin_um": (-100.0, -100.0), "depth_um": 5.0}
    if values.ndim == 3:
        place = {"spacing_um": (4.0, 200.0, 200.0), "origin_um": (0.0, -100.0, -100.0), "depth_um": None}
    return FieldSeries(name="cue_free", unit="nM", values=ramp * values, meaning="free cue", **(place | changes))


def report_with(experiment, run, seen, *fields):
    own = dataclasses.replace(run, fields={one.name: one for one in fields})
    return Report(experiment=experiment, run=own, observations=seen)


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "linear"),
        # 60 is more than 30 times the median of what is above zero, which is 1
        ([[1.0, 1.0, 0.0], [1.0, 0.0, 60.0]], "logarithmic"),
        ([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]], "linear"),
    ],
)
def test_a_steep_field_gets_a_logarithmic_scale(experiment, run, seen, values, scale):
    (shown,) = draw_fields(report_with(experiment, run, seen, field(values)))
    assert shown.name == "cue free"
    assert shown.last.caption.startswith(f"Free cue, after 7 h. Up to {np.max(values):.3g} nM;")
    assert f"is {scale}" in shown.last.caption
    assert "grey" not in shown.last.caption
    assert shown.stills.alt == "cue_free after 2.5 h, 4.5 h, 7 h."  # frames 5, 9 and 14 of 0 to 14


def test_a_box_is_shown_at_its_fullest_height(experiment, run, seen):
    values = np.zeros((3, 2, 3))
    values[1, 0, 0] = 8.0
    (shown,) = draw_fields(report_with(experiment, run, seen, field(values)))
    assert "in the sheet of voxels that holds the most, 6 µm up. Up to 8 nM" in shown.last.caption  # 1.5 x 4 um


def colours(data, box):
    """Return the mean colour of a part of a picture, given as shares of its width and height."""
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float64)
    rows, columns = pixels.shape[:2]
    x0, y0, x1, y1 = box
    return pixels[int(y0 * rows) : int(y1 * rows), int(x0 * columns) : int(x1 * columns)].mean(axis=(0, 1))


def test_what_is_high_is_dark_and_obstacles_are_grey(experiment, run, seen):
    hidden = np.zeros((2, 3), np.bool_)
    hidden[0, 2] = True
    there = field([[9.0, 0.0, 0.0], [0.0, 0.0, 0.0]], obstacle=hidden)
    nobody = {name: {key: values[:0] for key, values in table.items()} for name, table in run.tables.items()}
    bare = dataclasses.replace(run, tables=nobody)
    (shown,) = draw_fields(report_with(experiment, bare, seen, there))
    assert "voxels without fluid (grey)" in shown.last.caption
    high = colours(shown.last.data, (0.15, 0.15, 0.25, 0.35))
    low = colours(shown.last.data, (0.15, 0.6, 0.25, 0.75))
    grey = colours(shown.last.data, (0.7, 0.15, 0.78, 0.35))
    assert high.mean() < 90
    assert low.mean() > 220
    assert np.ptp(grey) < 25
    assert 180 < grey.mean() < 220


def test_a_field_of_one_frame_has_no_stills(experiment, run, seen):
    short = field([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    (shown,) = draw_fields(report_with(experiment, run, seen, short.pick([0])))
    assert shown.stills is None


def test_the_page_has_the_section_where_there_are_fields_and_only_there(experiment, run, seen):
    two = field([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), dataclasses.replace(field(np.ones((2, 3))), name="cue_bound")
    with_fields = render_report(report_with(experiment, run, seen, *two))
    section = re.search(r'<section id="fields">(.*?)</section>', with_fields, re.DOTALL).group(1)
    assert re.findall("<h3>(.*?)</h3>", section) == ["cue free", "cue bound"]
    assert section.count("<img ") == 4
    assert 'href="#fields"' in with_fields
    without = render_report(report_with(experiment, run, seen))
    assert "fields" not in re.findall(r'id="([a-z-]+)"', without)
    assert 'href="#fields"' not in without


def test_a_nearly_even_field_is_shown_from_its_least_value_and_says_so(experiment, run, seen):
    even = np.linspace(0.03, 0.0375, 60).reshape(1, 6, 10)
    (shown,) = draw_fields(report_with(experiment, run, seen, field(even)))
    assert "linear from 0.03 nM, not from 0" in shown.last.caption
    (other,) = draw_fields(report_with(experiment, run, seen, field(even - 0.03)))
    assert "not from 0" not in other.last.caption
