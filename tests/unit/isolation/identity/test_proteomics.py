"""Tables of proteins: counts against chance, by sums done by hand and another implementation of the interval."""

from __future__ import annotations

from math import comb

import pandas as pd
import pytest
from scipy.stats import binomtest

from migralab.core.errors import DataError
from migralab.isolation.identity.identify import Question, identify, list_calls
from migralab.isolation.identity.proteomics import count_proteins, read_proteins, speakers
from migralab.isolation.identity.read import shipped_panel

PANEL = shipped_panel()


def table(**changes):
    """Return 16 other proteins, 4 of them enriched, and five of the panel: 3 of 4 of the migrasome enriched."""
    names = [f"P{n}" for n in range(16)] + ["CPQ", "NDST1", "PIGK", "EOGT", "PDCD6IP"]
    sample = [30.0] * 4 + [10.0] * 12 + [5.0, 40.0, 16.0, 10.0, 2.0]
    cell = [10.0] * 16 + [0.0, 2.0, 10.0, 20.0, 20.0]
    return pd.DataFrame({"gene": names, "vesicles": sample, "cell_body": cell}).assign(**changes)


def test_proteins_that_speak_for_a_class_are_those_of_the_papers():
    found = speakers(PANEL)
    assert set(found["migrasome"]) == {"CPQ", "NDST1", "EOGT", "PIGK"}
    assert {"ALIX", "TSG101", "CD63"} <= set(found["exosome"])
    assert "TSPAN4" not in {name for own in found.values() for name in own}  # also on exosomes: cannot separate


def test_counts_and_chance_are_the_sums_done_by_hand():
    counts = {own.vesicle_class: own for own in count_proteins(read_proteins(table(), "t"), PANEL)}
    own = counts["migrasome"]
    assert (own.listed, own.seen, own.enriched, own.names) == (4, 4, 3, ("CPQ", "NDST1", "PIGK"))
    assert own.chance == pytest.approx(7 / 21)
    assert own.fold == pytest.approx((3 / 4) / (7 / 21))
    interval = binomtest(3, 4).proportion_ci(method="exact")
    assert (own.low, own.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    ways = sum(comb(7, k) * comb(14, 4 - k) for k in (3, 4))
    assert own.p == pytest.approx(ways / comb(21, 4), rel=1e-12)
    other = counts["exosome"]
    assert (other.seen, other.enriched, other.low) == (1, 0, 0.0)
    assert set(other.missing) == {"TSG101", "CD63", "CD9", "CD81"}


def test_a_sample_is_called_by_its_ratios():
    found = identify(table())
    row = list_calls(found).iloc[0]
    assert (row["id"], row["call"]) == ("vesicles", "migrasome")


def test_a_long_table_says_the_same_as_a_wide_one():
    long = table().melt("gene", var_name="sample", value_name="abundance")
    one, two = (count_proteins(read_proteins(own, "t"), PANEL) for own in (table(), long))
    assert [repr(own) for own in one] == [repr(own) for own in two]


def test_names_of_groups_and_columns_that_are_named():
    rows = table(other=1.0)
    rows["gene"] = rows["gene"].replace({"CPQ": "CPQ;PGCP2"})
    own = read_proteins(rows.rename(columns={"cell_body": "lane3"}), "t", sample="vesicles", reference="lane3")
    assert "CPQ" in own.names
    assert (own.sample_name, own.reference_name) == ("vesicles", "lane3")


@pytest.mark.parametrize(
    ("rows", "asked", "said"),
    [
        (table().rename(columns={"cell_body": "b"}), {}, "no reference: which column .*--reference"),
        (table(), {"reference": "cells"}, "no column 'cells' of numbers"),
        (table(other=1.0), {}, "which column is the sample.*--sample"),
        (table(), {"sample": "x"}, "no column 'x'"),
        (table(vesicles=-1.0), {}, "is below 0.*not their logarithms"),
        (table(gene="CPQ"), {}, "CPQ stands in more than one row"),
        (table().rename(columns={"gene": "what"}), {}, "no column names the proteins"),
    ],
)
def test_bad_tables_are_refused(rows, asked, said):
    with pytest.raises(DataError, match=said):
        read_proteins(rows, "t.csv", **asked)


def test_a_table_without_any_marker_is_refused():
    rows = table().head(16)
    with pytest.raises(DataError, match="none of the proteins is a marker"):
        identify(rows, question=Question(kind="proteomics"))
