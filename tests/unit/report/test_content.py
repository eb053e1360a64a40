"""Ranks, doses, published numbers, fields of view and words."""

import dataclasses

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.measure import Readout
from migralab.report import wording
from migralab.report.content import PublishedSeries, count_by_cell, rank_cells
from migralab.report.figures.cell import choose_showcase, choose_view
from migralab.report.figures.count import draw_counts
from migralab.report.figures.dose import draw_dose_response
from migralab.report.figures.picture import bar_length, green, stretch, with_bar
from migralab.report.published import GROWTH, excluded_growth_law, fibronectin_dose_response
from migralab.results.observations import Observations, conform


def dish(counts):
    """Return observations with cells that have these counts, and one precursor each that must not be counted."""
    cells = np.arange(len(counts))
    owner = np.repeat(cells, counts)
    tables = {
        "cells": conform("cells", {"frame": np.zeros(len(counts), int), "cell_id": cells, "path_um": 10.0 * cells}),
        "migrasomes": conform(
            "migrasomes",
            {
                "frame": np.zeros(len(owner) + len(counts), int), "cell_id": np.concatenate([owner, cells]),
                "stage": ["stabilised"] * len(owner) + ["precursor"] * len(counts),
            },
        ),
    }  # fmt: skip
    return Observations(tables=tables, origin="simulation", experiment="1")


def test_ranks_count_ties_zeros_and_no_precursors():
    ranked = rank_cells(dish([0, 5, 2, 5, 0]))
    assert [cell.cell_id for cell in ranked] == [3, 1, 2, 4, 0]  # of equals the one that went farther
    assert [cell.rank for cell in ranked] == [1, 1, 3, 4, 4]
    assert [cell.percentile for cell in ranked] == pytest.approx([60, 60, 40, 0, 0])
    assert count_by_cell(dish([0, 5, 2]))[1].tolist() == [0, 5, 2]


def test_dish_without_cells_has_no_top_cell():
    assert rank_cells(dish([])) == ()


def test_doses_are_those_of_the_arms_that_change_nothing_else(experiment):
    doses = fibronectin_dose_response(experiment).doses
    assert list(doses.values()) == [0.0, 0.1, 1.0, 10.0, 20.0]
    assert "laminin-511" not in doses
    assert doses["fibronectin-10"] == 10.0


def test_excluded_law_is_the_best_of_its_kind_and_misses_the_points():
    law = excluded_growth_law(140.0)
    age, seen = np.array(GROWTH.x), np.array(GROWTH.y)

    def miss(at_0, per_root):
        return np.sqrt(np.mean((np.sqrt(at_0 + per_root * np.sqrt(age)) - seen) ** 2))

    slope = (law.y[-1] ** 2 - law.y[0] ** 2) / np.sqrt(140.0)
    best = miss(law.y[0] ** 2, slope)
    assert best == pytest.approx(0.083, abs=0.001)  # model-notes 8
    # constants stand with three digits: a step of five in the last place is never better
    for change in ((0.005, 0), (-0.005, 0), (0, 0.005), (0, -0.005)):
        assert miss(law.y[0] ** 2 + change[0], slope + change[1]) > best


def test_published_series_needs_a_value_for_every_place():
    with pytest.raises(RequestError, match="one each"):
        PublishedSeries(x=(0.0, 1.0), y=(1.0,), name="odd", source="test")


def test_view_lies_in_the_dish_has_the_size_asked_for_and_holds_what_it_says(seen):
    top = rank_cells(seen)[0]
    view = choose_view(seen, top.cell_id, (60.0, 50.0))
    x0, y0, x1, y1 = view.field
    assert (x1 - x0, y1 - y0) == pytest.approx((60.0, 50.0))
    rows = seen.at("migrasomes", view.frame)
    rows = rows[(rows["cell_id"] == top.cell_id) & (rows["stage"] != "precursor")]
    inside = rows["x_um"].between(x0 + 1, x1 - 1) & rows["y_um"].between(y0 + 1, y1 - 1)
    assert inside.sum() == view.inside


def test_shown_cell_is_one_of_the_top_five_percent_or_the_one_asked_for(full):
    top = rank_cells(full.observations)
    assert choose_showcase(full).cell.rank == 1  # five percent of 25 cells is one
    asked = choose_showcase(dataclasses.replace(full, shown_cell=top[5].cell_id))
    assert asked.cell == top[5]
    assert "by hand" in asked.chosen


def test_stretch_makes_background_black_and_objects_bright():
    draw = np.random.default_rng(1)
    image = draw.normal(100, 5, (200, 200))
    image[50:60] += 200
    shown = stretch(image)
    assert (shown[100:] == 0).mean() > 0.95  # cut 1.7 sd above the mean: 4.2 % of a Gaussian lie above it
    assert shown[50:60].mean() > 200
    assert stretch(image, 0.5)[50:60].mean() >= shown[50:60].mean()
    assert stretch(np.full((20, 20), 7.0)).max() == 0


def test_scale_bar_has_the_length_it_states():
    assert [bar_length(width) for width in (3, 44.5, 150, 1000)] == [1.0, 10.0, 20.0, 200.0]
    drawn = with_bar(green(np.zeros((400, 445), np.uint8)), 0.1)
    white = (drawn == 255).all(axis=2)
    longest = max(white[row].sum() for row in range(380, 400))
    assert longest == pytest.approx(100, abs=2)


def test_figures_name_what_they_show(full):
    dose = draw_dose_response(full)
    assert dose.data.startswith(b"<?xml")
    assert "n = 1 dish;" in dose.caption
    assert draw_dose_response(dataclasses.replace(full, readouts={}, shown_arm=None)) is None
    counts = draw_counts(full)
    _, tally = count_by_cell(full.observations)
    assert f"{(tally == 0).sum()} of 25 cells have none" in counts.alt


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (3.456, "3.46"), (-0.2, "−0.2"), (123456.0, "123000"), (1.5e-9, "1.5 × 10⁻⁹"), (1e-12, "10⁻¹²"),
     (2.5e-4, "0.00025"), (None, "–"), (float("nan"), "–"), (float("inf"), "∞")],
)  # fmt: skip
def test_numbers_are_written_as_people_write_them(value, text):
    assert wording.number(value) == text


def test_units_and_intervals_are_written_as_people_write_them():
    assert wording.unit("um^2/s") == "µm²/s"
    assert wording.unit("1/100um") == "per 100 µm"
    assert wording.prose("0.5 ug/ml on 3 um2, unused") == "0.5 µg/ml on 3 µm2, unused"
    found = Readout(id="count.per_cell", value=3.5, low=3.1, high=3.9, unit="1/cell", n=6, n_unit="experiments")
    assert wording.value_with_interval(found) == "3.5 per cell (3.1 to 3.9)"
    assert wording.explain_interval(found) == "n = 6 dishes; bars are 95% intervals over dishes."
    alone = dataclasses.replace(found, low=float("nan"), high=float("nan"), n=1)
    assert wording.explain_interval(alone) == "n = 1 dish; no interval over dishes can be given."
    assert wording.value_with_interval(dataclasses.replace(found, value=float("nan"))) == "not known"


def test_a_claim_within_its_limits_is_not_beyond_them():
    assert wording.beyond({"by_how_much": 0.0}) == ""
    assert wording.beyond({"by_how_much": None}) == ""
    assert wording.beyond({"by_how_much": -0.2, "unit": "um"}) == "0.2 µm below the lower limit"
