"""What the columns of a table mean, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from migralab.core.errors import DataError, RequestError
from migralab.isolation.identity.belief import Feature
from migralab.isolation.identity.columns import read_vesicles
from migralab.isolation.identity.identify import Question, identify, tell_kind
from migralab.isolation.identity.read import shipped_panel

PANEL = shipped_panel()


def read(ignore=False, **columns):
    return read_vesicles(pd.DataFrame(columns), PANEL, "t.csv", ignore_unknown=ignore)


def value(found, marker, quantity):
    return found.values[:, found.features.index(Feature(marker, quantity))]


def test_numbers_are_read_on_the_scale_of_their_quantity():
    found = read(
        id=["a", "b"], cpq_to_cell=[4.0, 0.0], PDCD6IP_intensity=[0.25, np.nan], TSPAN4_to_fiber=[8, 1],
        PIGK_present=["yes", "0"], diameter_nm=[500, 2000], density_iodixanol_g_per_ml=[1.08, 1.1],
        attachment=["tip", "unknown"],
    )  # fmt: skip
    assert found.ids.tolist() == ["a", "b"]
    assert value(found, "CPQ", "to_cell").tolist() == [2.0, -np.inf]
    assert value(found, "ALIX", "intensity")[0] == -2.0
    assert np.isnan(value(found, "ALIX", "intensity")[1])
    assert value(found, "TSPAN4", "to_fibre").tolist() == [3.0, 0.0]
    assert value(found, "PIGK", "present").tolist() == [1.0, 0.0]
    assert value(found, "", "diameter") == pytest.approx([-1.0, 1.0])
    assert value(found, "", "density_iodixanol").tolist() == [1.08, 1.1]
    assert value(found, "ATTACHED", "present")[0] == 1.0
    assert np.isnan(value(found, "ATTACHED", "present")[1])


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"CPQQ_to_cell": [1.0]}, r"does not have CPQQ. Nearest to CPQQ: CPQ.*--ignore-unknown"),
        ({"CPQ_to_cell": [1.0], "size": [1.0]}, "'size' has no unit. Name it diameter_um"),
        ({"CPQ_to_cell": [1.0], "diameter": [1.0]}, "'diameter' has no unit"),
        ({"CPQ_to_cell": [1.0], "density": [1.1]}, "'density' does not say in which medium"),
        ({"CPQ_to_cell": [1.0], "density_g_per_ml": [1.1]}, "Name it density_iodixanol_g_per_ml or density_sucrose"),
        ({"CPQ_to_cell": [1.0], "density_percoll_g_per_ml": [1.1]}, "'density_percoll_g_per_ml' does not say"),
        ({"CPQ_to_cell": [1.0], "density_sucrose": [1.1]}, "'density_sucrose' has no unit"),
        ({"id": ["a", "a"], "CPQ_to_cell": [1.0, 2.0]}, "id a stands in more than one row"),
        ({"CPQ_intensity": [0.5, -0.1]}, r"row 2: CPQ_intensity = -0.1 is below 0"),
        ({"CPQ_intensity": [0.5, 3.0]}, r"row 2: CPQ_intensity = 3 is above 1.*strongest lane"),
        ({"CPQ_to_cell": ["dark"]}, "'dark' is not a finite number"),
        ({"CPQ_present": ["maybe"]}, "'maybe' is neither 1"),
        ({"CPQ_to_cell": [1.0, np.nan], "PIGK_present": [1, np.nan]}, r"row 2 \(id 1\) has no value of any marker"),
        ({"CPQ": [1.0]}, "'CPQ' does not say what a value of 1 means. Name it CPQ_to_cell"),
        ({"CPQ_to_cell": [1.0], "PGCP_to_cell": [1.0]}, "CPQ_to_cell and PGCP_to_cell both give CPQ"),
        ({"colour": ["red"]}, "no column is a marker"),
        ({"CPQ_to_cell": [1.0], "attachment": ["loose"]}, "attachment 'loose'. Allowed: tip, junction"),
        ({"diameter_um": [0.0]}, "a diameter of 0"),
    ],
)
def test_bad_columns_are_refused(columns, said):
    with pytest.raises(DataError, match=said):
        read(**columns)


def test_a_place_is_a_tip_or_a_junction():
    """The definition (Ma 2015) names tip and branch point; the shaft speaks neither for it nor against it."""
    found = read(attachment=["tip", "junction", "free", "shaft"], diameter_um=[1.0] * 4)
    assert value(found, "ATTACHED", "present")[:3].tolist() == [1.0, 1.0, 0.0]
    assert np.isnan(value(found, "ATTACHED", "present")[3])


def test_unknown_markers_can_be_passed_over_and_are_named():
    found = read(ignore=True, CPQQ_to_cell=[1.0], CPQ_to_cell=[1.0])
    assert [str(own) for own in found.features] == ["CPQ / cell body"]
    assert found.notes == ("not in the shipped panel, so not used: CPQQ",)


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        (["id", "CPQ_to_cell"], "vesicles"), (["diameter_um"], "vesicles"), (["fraction", "CPQ"], "fractions"),
        (["fraction", "density_g_per_ml", "CPQ"], "fractions"), (["gene", "a", "cell"], "proteomics"),
        (["Protein", "a", "b"], "proteomics"),
    ],
)  # fmt: skip
def test_the_kind_of_a_table_is_told_from_its_columns(columns, kind):
    assert tell_kind(pd.DataFrame(columns=columns), PANEL, "t.csv") == kind


def test_a_table_that_fits_nothing_is_asked_about():
    with pytest.raises(RequestError, match="Say --kind vesicles"):
        tell_kind(pd.DataFrame(columns=["a", "b"]), PANEL, "t.csv")
    with pytest.raises(RequestError, match="--sample and --reference are for proteomics"):
        identify(pd.DataFrame({"CPQ_to_cell": [1.0]}), question=Question(reference="cell"))


@pytest.mark.parametrize(("column", "value"), [("diameter_um", 120), ("density_iodixanol_g_per_ml", 1080)])
def test_a_size_or_density_that_no_vesicle_has_is_refused(column, value):
    with pytest.raises(DataError, match="Is the unit right"):
        read_vesicles(pd.DataFrame({column: [value]}), PANEL, "t")
