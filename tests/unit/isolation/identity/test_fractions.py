"""Fractions as mixtures: known mixtures are found again, and a blot without a cell lane is no migrasome."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from migralab.core.errors import DataError, RequestError
from migralab.isolation.identity.fractions import read_fractions, unmix
from migralab.isolation.identity.identify import Question, identify, list_calls
from migralab.isolation.identity.read import shipped_panel

PANEL = shipped_panel()
MARKERS = ["CPQ", "NDST1", "PIGK", "EOGT", "ALIX", "TSG101", "CD63", "CANX"]
# Bands of the blot of Zhao 2019 Fig. 1f (words at the middle of what they mean), CD63 of Wang 2022
MIGRASOME = np.array([0.5, 0.7, 0.7, 0.7, 0.12, 0.12, 0.1, 0.03])
EXOSOME = np.array([0.0, 0.03, 0.03, 0.12, 0.7, 0.7, 0.7, 0.0])
CELL = np.array([0.0, 0.03, 0.7, 1.0, 0.35, 0.35, 0.3, 1.0])


def gradient(amounts, *, cell=True):
    """Return the table of fractions that hold these amounts of migrasomes and exosomes."""
    bands = np.asarray(amounts) @ np.array([MIGRASOME, EXOSOME])
    table = pd.DataFrame(np.vstack([bands, CELL]) if cell else bands, columns=MARKERS)
    table.insert(0, "fraction", [*map(str, range(1, len(bands) + 1)), *(["cell"] if cell else [])])
    return table


def test_each_class_is_found_in_the_fractions_that_hold_it():
    amounts = [(0, 0), (0.2, 0), (1, 0), (0.2, 0.1), (0, 1), (0, 0.3)]
    own = unmix(read_fractions(gradient(amounts), PANEL, "t"), PANEL)
    true = np.array(amounts) / np.sum(amounts, axis=0)
    for k, name in enumerate(("migrasome", "exosome")):
        place = own.classes.index(name)
        assert own.profile[:, place] == pytest.approx(true[:, k], abs=0.08)
        assert (own.profile_low[:, place] <= true[:, k] + 0.02).all()
        assert (own.profile_high[:, place] >= true[:, k] - 0.02).all()
    assert own.calls[4:] == ("exosome", "exosome")
    assert [own.classes[k] for k in own.share[1:4].argmax(axis=1)] == ["migrasome"] * 3
    assert own.reasons[0] == "no marker is found in it"


def test_five_micro_rnas_of_one_sentence_pull_a_fraction_as_one():
    """Half of the blot says exosome: five micro-RNAs of migrasomes must not outvote it more than one does."""
    table = gradient([(0, 1), (1, 0)])
    rnas = ("miR-1303", "miR-490-5p", "miR-548a", "miR-611", "miR-661")
    shares = []
    for n in (1, 5):
        more = {name: [1.0, 1.0, 0.1] for name in rnas[:n]}
        own = unmix(read_fractions(table.assign(**more), PANEL, "t"), PANEL)
        shares.append(own.share[0, own.classes.index("migrasome")])
    assert shares[1] == pytest.approx(shares[0], abs=0.05)


def test_shares_sum_to_one_and_an_even_mixture_lies_in_the_interval():
    own = unmix(read_fractions(gradient([(1, 0), (0.5, 0.5), (0, 1)]), PANEL, "t"), PANEL)
    place = [own.classes.index(name) for name in ("migrasome", "exosome")]
    # What one unit of a class is hangs on its strongest marker, 0.5 to 0.7 of the strongest lane: a tenth of slack
    assert (own.share_low[1, place] < 0.55).all()
    assert (own.share_high[1, place] > 0.45).all()
    assert own.calls[1] == "no call"


def test_a_fraction_that_two_classes_share_almost_evenly_is_not_called():
    amounts = [(1, 0), (0, 1), (1, 0.5), (1, 0.6), (1, 0.7), (1, 0.8), (0.7, 1), (0.6, 1)]
    own = unmix(read_fractions(gradient(amounts), PANEL, "t"), PANEL)
    assert own.calls[:3] == ("migrasome", "exosome", "migrasome")
    assert own.share[5].max() >= 0.5
    assert own.calls[5] == "no call"
    assert "redrawn panels" in own.reasons[5]


def test_without_a_lane_of_the_cell_no_fraction_is_a_migrasome():
    found = identify(gradient([(1, 0), (0, 1)], cell=False))
    assert found.mixture is not None
    assert found.mixture.calls[0] == "no call"
    assert "needs a ratio to the cell body" in found.mixture.reasons[0]
    assert "no lane of the cell body" in found.notes[0]


def test_the_unit_of_a_marker_does_not_matter():
    table = gradient([(1, 0), (0, 1), (0.5, 0.2)])
    other = table.copy()
    other[MARKERS] = other[MARKERS] * np.array([1e5, 3, 0.1, 7, 1, 20, 400, 9])
    one, two = (unmix(read_fractions(own, PANEL, "t"), PANEL, draws=50) for own in (table, other))
    assert one.share == pytest.approx(two.share, abs=1e-9)


def test_a_missing_band_is_passed_over():
    table = gradient([(1, 0), (0, 1)])
    table.loc[0, "CD63"] = np.nan
    calls = list_calls(identify(table))
    assert calls["call"].tolist() == ["migrasome", "exosome"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fraction": ["1", "1", "cell"]}, "fraction 1 stands in more than one row"),
        ({"CPQ": [-1.0, 0, 0]}, "row 1: CPQ = -1.0 is below 0"),
        ({"CPQ": [0.0, 0, 0]}, "CPQ is 0 in every fraction"),
        ({"FOO": [1.0, 0, 0]}, "does not have FOO"),
        ({"PDCD6IP": [1.0, 0, 0]}, "ALIX and PDCD6IP are the same marker"),
        ({name: [np.nan, 0.5, 1.0] for name in MARKERS}, "fraction 1 has no value of any marker"),
    ],
)
def test_bad_fractions_are_refused(change, said):
    with pytest.raises(DataError, match=said):
        read_fractions(gradient([(1, 0), (0, 1)]).assign(**change), PANEL, "t.csv")


def test_too_few_markers_and_a_prior_are_refused():
    with pytest.raises(DataError, match="2 markers of the panel, at least 3"):
        read_fractions(gradient([(1, 0)])[["fraction", "CPQ", "PIGK"]], PANEL, "t.csv")
    with pytest.raises(DataError, match="no column 'fraction'"):
        read_fractions(gradient([(1, 0)]).drop(columns="fraction"), PANEL, "t.csv")
    with pytest.raises(RequestError, match="shares have no prior"):
        identify(gradient([(1, 0)]), question=Question(prior={"migrasome": 0.5, "exosome": 0.5}))
