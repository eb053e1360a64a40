"""The laws that follow from statements: against integrals worked out by another library, and sums done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from migralab.isolation.identity.belief import SCALES, Feature, believe, evidence_for
from migralab.isolation.identity.document import PanelDocument
from migralab.isolation.identity.panel import Panel
from migralab.isolation.identity.read import shipped_panel


def panel_of(*statements, more=None):
    """Return a panel of one marker; a statement is (class, what it says as a dict)."""
    listed = [{"class": name, "source": "paper", "where": "here", "tag": "FT", **said} for name, said in statements]
    return Panel(
        document=PanelDocument.model_validate(
            {
                "schema": 1,
                "sources": {"paper": {"title": "A paper"}},
                "classes": {
                    "migrasome": {"name": "migrasome", "call_on": ["M"]},
                    "exosome": {"name": "exosome", "call_on": ["M"]},
                },
                "markers": {"M": {"name": "marker", "kind": "luminal", "statements": listed}},
                **(more or {}),
            }
        ),
        name="a panel",
    )


def test_posterior_of_two_contradicting_statements_is_the_sum_done_by_hand():
    """Weak is -3 (sd 0.7), absent is -7 (sd 1); prior: centre -3 with weight 0.06, shape 12, spread 0.7."""
    belief = believe(
        panel_of(("migrasome", {"level": "weak"}), ("migrasome", {"level": "absent"})), [Feature("M", "intensity")]
    )
    within = 12 * 0.49 + 0.5 * (0.49 + 1) + 0.5 * 0.06 * 2 / 2.06 * (-5 + 3) ** 2
    assert belief.mean[0, 0] == pytest.approx((0.06 * -3 + 2 * -5) / 2.06, rel=1e-12)
    assert belief.count[0, 0] == pytest.approx(2.06)
    assert belief.shape[0, 0] == pytest.approx(13.0)
    assert belief.scale[0, 0] == pytest.approx(within + 0.5 * (4 + 4), rel=1e-12)
    assert belief.agreement[0, 0] == pytest.approx(within / (within + 4), rel=1e-12)
    assert not belief.stated[0, 1]


def test_a_statement_of_low_quality_counts_for_less():
    counted = {}
    for tag in ("FT", "REV", "E"):
        belief = believe(panel_of(("migrasome", {"level": "strong", "tag": tag})), [Feature("M", "intensity")])
        counted[tag] = belief.count[0, 0] - 0.06
    assert counted == pytest.approx({"FT": 1.0, "REV": 0.5, "E": 0.25})


@pytest.mark.parametrize("value", [-5.5, -3.0, -0.2])
def test_predictive_density_is_the_integral_over_mean_and_variance(value):
    """Student's law is what quadrature over the variance gives; the noise of a measurement widens it."""
    panel = panel_of(("migrasome", {"level": "weak"}), ("migrasome", {"level": "trace"}))
    belief = believe(panel, [Feature("M", "intensity")])
    mean, count, shape, scale = (float(own[0, 0]) for own in (belief.mean, belief.count, belief.shape, belief.scale))

    def inner(variance):
        # The mean integrated out in closed form: a normal law around its own, of variance times (1 + 1 / count)
        return stats.norm.pdf(value, mean, np.sqrt(variance * (1 + 1 / count))) * stats.invgamma.pdf(
            variance, shape, scale=scale
        )

    expected, _ = integrate.quad(inner, 1e-6, 400, limit=300)
    spread = np.sqrt(scale * (count + 1) / (shape * count))
    assert stats.t.pdf(value, 2 * shape, mean, spread) == pytest.approx(expected, rel=1e-4)
    wider = stats.t.logpdf(value, 2 * shape, mean, np.hypot(spread, SCALES["intensity"].noise))
    assert belief.log_density(0, np.array([value]))[0, 0] == pytest.approx(wider, rel=1e-10)


def test_nothing_seen_counts_as_all_that_lies_below_the_floor():
    belief = believe(panel_of(("migrasome", {"level": "trace"})), [Feature("M", "intensity")])
    floor = SCALES["intensity"].floor
    grid = np.linspace(floor + 1e-9, 200, 400_001)
    above = integrate.trapezoid(np.exp(belief.log_density(0, grid)[:, 0]), grid)
    nothing = np.exp(belief.log_density(0, np.array([-np.inf]))[0, 0])
    assert above + nothing == pytest.approx(1, abs=2e-4)  # the grid ends where 1e-4 of the tail is left


def test_presence_and_absence_are_all_there_is():
    belief = believe(panel_of(("migrasome", {"level": "strong"})), [Feature("M", "present")])
    found = np.exp(belief.log_density(0, np.array([1.0, 0.0])))
    assert found.sum(axis=0) == pytest.approx([1, 1], rel=1e-12)
    assert found[0, 0] > 0.9 > found[0, 1]


def test_a_missing_value_says_nothing():
    belief = believe(panel_of(("migrasome", {"level": "strong"})), [Feature("M", "intensity")])
    assert belief.log_density(0, np.array([np.nan])).tolist() == [[0.0, 0.0]]


def test_draws_have_the_moments_of_the_posterior_and_belong_to_their_marker():
    """20,000 draws: standard errors below 0.01; bounds of five of them."""
    panel = shipped_panel()
    own = [Feature("ALIX", "intensity")]
    belief = believe(panel, own)
    means, spreads = belief.draw(0, 20_000)
    assert means[:, 0].mean() == pytest.approx(belief.mean[0, 0], abs=0.08)
    precision = 1 / (spreads[:, 0] ** 2 - SCALES["intensity"].noise ** 2)
    assert precision.mean() == pytest.approx(belief.shape[0, 0] / belief.scale[0, 0], rel=0.04)
    beside = believe(panel, [Feature("CPQ", "to_cell"), Feature("", "diameter"), *own])
    assert np.array_equal(beside.draw(2, 50)[0], means[:50])


def test_ratios_to_the_cell_come_from_two_levels_of_one_source():
    """NDST1 of one blot: strong (-0.5) beside trace (-5): 4.5 powers of two; a paper without a cell lane gives none."""
    panel = shipped_panel()
    (one,) = evidence_for(panel, Feature("NDST1", "to_cell"), "migrasome")
    assert (one.centre, one.source) == (4.5, "zhao2019")
    assert evidence_for(panel, Feature("CPQ", "to_cell"), "exosome") == []  # nothing beside nothing
    assert evidence_for(panel, Feature("CD63", "to_cell"), "migrasome") == []


def test_a_density_counts_against_statements_of_its_own_medium():
    """Sucrose of the reviews, iodixanol of Zhao 2019; one abstract names no medium and counts in neither."""
    panel = shipped_panel()
    said = {
        (medium, name): [own.said for own in evidence_for(panel, Feature("", f"density_{medium}"), name)]
        for medium in ("iodixanol", "sucrose") for name in ("migrasome", "exosome", "microvesicle")
    }  # fmt: skip
    assert said["iodixanol", "migrasome"] == ["1.053 to 1.103 g/ml"]
    assert said["sucrose", "migrasome"] == said["iodixanol", "microvesicle"] == []
    assert said["sucrose", "exosome"] == ["1.13 to 1.19 g/ml", "1.1 to 1.14 g/ml"]
    assert "1.07 to 1.11 g/ml" not in said["sucrose", "microvesicle"]


def test_diameters_are_log_normal():
    """Mean 0.612, sd 0.233 um: geometric mean 0.571 um, ln sigma 0.37 (measurement.md A3)."""
    found = evidence_for(shipped_panel(), Feature("", "diameter"), "migrasome")
    (zhao,) = [one for one in found if one.source == "zhao2019"]
    assert 2**zhao.centre == pytest.approx(0.571, abs=0.002)
    assert zhao.spread * np.log(2) == pytest.approx(0.37, abs=0.005)
