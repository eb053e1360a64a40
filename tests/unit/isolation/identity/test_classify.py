"""Class probabilities: against Bayes' rule written out with scipy's laws; order, repeats and priors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from migralab.core.errors import RequestError
from migralab.isolation.identity.belief import SCALES, Feature, believe
from migralab.isolation.identity.classify import Readings, classify, read_prior
from migralab.isolation.identity.read import shipped_panel

PANEL = shipped_panel()
FLAT = read_prior(None, PANEL)
FEATURES = (Feature("NDST1", "intensity"), Feature("PIGK", "to_cell"), Feature("", "diameter"))


def readings(values, features=FEATURES):
    table = np.atleast_2d(np.asarray(values, float))
    return Readings(np.arange(len(table)).astype(str), tuple(features), table)


def by_hand(values, prior, temper):
    """Return posterior probabilities with scipy's Student law and nothing of the classifier but the parameters."""
    belief = believe(PANEL, FEATURES)
    total = np.log(prior)
    for place, (feature, value) in enumerate(zip(FEATURES, values, strict=True)):
        mean, count, shape, scale = (own[place] for own in (belief.mean, belief.count, belief.shape, belief.scale))
        spread = np.sqrt(scale * (count + 1) / (shape * count) + SCALES[feature.quantity].noise ** 2)
        total = total + temper * stats.t.logpdf(value, 2 * shape, mean, spread)
    return np.exp(total) / np.exp(total).sum()


@pytest.mark.parametrize("temper", [1.0, 0.5])
def test_probabilities_follow_bayes_rule(temper):
    values, prior = (-0.7, 0.3, -0.8), np.array([0.1, 0.4, 0.2, 0.1, 0.1, 0.1])
    found = classify(readings(values), PANEL, prior, temper=temper, draws=0)
    assert found.probability[0] == pytest.approx(by_hand(values, prior, temper), rel=1e-10)
    assert found.probability[0].argmax() == 0


def test_bits_of_the_markers_add_up_to_the_odds():
    found = classify(readings((-0.7, 0.3, -0.8)), PANEL, FLAT, draws=0)
    own, other = found.probability[0, found.best[0]], found.probability[0, found.second[0]]
    assert found.bits()[0].sum() == pytest.approx(np.log2(own / other), rel=1e-10)


def test_without_a_value_the_prior_stays():
    prior = np.array([0.1, 0.4, 0.2, 0.1, 0.1, 0.1])
    found = classify(readings((np.nan, np.nan, np.nan)), PANEL, prior, draws=20)
    assert found.probability[0] == pytest.approx(prior, rel=1e-12)
    assert found.low[0] == pytest.approx(prior, rel=1e-9)


def test_a_class_with_prior_zero_stays_out():
    prior = np.array([0.0, 0.5, 0.5, 0.0, 0.0, 0.0])
    found = classify(readings((-0.7, 0.3, -0.8)), PANEL, prior, draws=20)
    assert found.probability[0, 0] == found.high[0, 0] == 0
    assert found.probability[0].sum() == pytest.approx(1)


def test_a_marker_counts_once_by_its_ratio_to_the_cell():
    both = (Feature("NDST1", "intensity"), Feature("NDST1", "present"), Feature("NDST1", "to_cell"))
    found = classify(readings([(-0.5, 1.0, 4.0), (-0.5, 1.0, np.nan)], both), PANEL, FLAT, draws=0)
    assert found.used.tolist() == [[False, False, True], [True, False, False]]


def test_a_row_does_not_depend_on_the_rows_beside_it():
    rng = np.random.default_rng(3)
    table = rng.normal(-1, 2, (1203, 3))
    whole = classify(readings(table), PANEL, FLAT, draws=20)
    some = [1202, 7, 600]
    part = classify(readings(table[some]), PANEL, FLAT, draws=20)
    assert np.array_equal(part.probability, whole.probability[some])
    assert np.array_equal(part.low, whole.low[some])
    assert np.array_equal(part.support, whole.support[some])


def test_intervals_hold_the_probability_and_narrow_with_more_statements():
    values = (-0.7, 0.3, -0.8)
    found = classify(readings(values), PANEL, FLAT)
    assert (found.low <= found.probability).all()
    assert (found.high >= found.probability).all()
    poor = classify(readings(values), PANEL.leave_out(["zhao2019"]), FLAT)
    assert (poor.high - poor.low)[0, 0] > (found.high - found.low)[0, 0]


def test_a_contradicted_marker_moves_the_call_less():
    """ALIX as in migrasomes (trace): of two papers that disagree, one alone speaks louder against exosomes."""
    features = (Feature("ALIX", "intensity"),)
    agreed = classify(readings([(-3.0,)], features), PANEL.leave_out(["zhu2021"]), FLAT, draws=0)
    argued = classify(readings([(-3.0,)], features), PANEL, FLAT, draws=0)
    assert agreed.probability[0, 0] > argued.probability[0, 0]


RNAS = [Feature(name, "intensity") for name in ("miR-1303", "miR-490-5p", "miR-548a", "miR-611", "miR-661")]


def test_five_markers_of_one_sentence_count_as_one():
    """The review names the five in one sentence: five strong bands say what one says; with a weak one, their mean."""
    one, five = (classify(readings([0.0] * n, RNAS[:n]), PANEL, FLAT) for n in (1, 5))
    for name in ("probability", "low", "high", "support"):
        assert getattr(five, name) == pytest.approx(getattr(one, name), rel=1e-9)
    assert five.bits()[0].sum() == pytest.approx(one.bits()[0].sum(), rel=1e-9)
    some = classify(readings([0.0, np.nan, np.nan, np.nan, np.nan], RNAS), PANEL, FLAT, draws=0)
    assert some.probability == pytest.approx(one.probability, rel=1e-9)
    mixed, low = (classify(readings([values], RNAS[:2][: len(values)]), PANEL, FLAT, draws=0)
                  for values in ((0.0, -4.0), (-4.0,)))  # fmt: skip
    both = (one.log_likelihood.sum(axis=1) + low.log_likelihood.sum(axis=1)) / 2
    assert mixed.log_likelihood.sum(axis=1) == pytest.approx(both, rel=1e-9)


def test_an_exosome_stays_one_where_it_floats_in_iodixanol():
    """1.07 g/ml is where the bench puts an exosome in iodixanol; a density in sucrose was measured of others."""
    row = [Feature(name, "intensity") for name in ("ALIX", "TSG101", "CD63")] + [Feature("", "diameter")]
    values = [0.0, 0.0, 0.0, np.log2(0.13)]
    bare = classify(readings(values, row), PANEL, FLAT, draws=0).probability[0, 1]
    found = {
        medium: classify(
            readings([*values, 1.07], [*row, Feature("", f"density_{medium}")]), PANEL, FLAT, draws=0
        ).probability[0, 1]
        for medium in ("iodixanol", "sucrose")
    }
    assert bare > 0.9
    assert found["iodixanol"] > 0.85
    assert found["sucrose"] < found["iodixanol"]


@pytest.mark.parametrize(
    ("prior", "said"),
    [
        ({"migrasome": 0.5}, "sums to 0.5, not to 1. Classes without a number: exosome"),
        ({"migrasome": -0.2, "exosome": 1.2}, "prior of migrasome is -0.2"),
        ({"migrasom": 1.0}, "Did you mean migrasome"),
        ({"migrasome": float("nan"), "exosome": 1.0}, "prior of migrasome is nan"),
    ],
)
def test_a_prior_that_makes_no_sense_is_refused(prior, said):
    with pytest.raises(RequestError, match=said):
        read_prior(prior, PANEL)


def test_a_prior_of_one_class_is_refused():
    with pytest.raises(RequestError, match="leaves one class"):
        read_prior({"migrasome": 1.0}, PANEL)
