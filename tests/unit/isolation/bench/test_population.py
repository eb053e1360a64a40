"""Populations: what a mixture draws, what a table says, what a run gives, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from migralab.core.errors import DataError, SpecError, UnknownIdError
from migralab.isolation.bench.library import shipped_ids
from migralab.isolation.bench.mixture import KINDS, read_mixture, shipped_mixture
from migralab.isolation.bench.population import draw_population, from_run, gather_population, read_table
from migralab.results.observations import conform
from migralab.results.run import Provenance, Run, write_run


def table(tmp_path, name="v.csv", **columns):
    path = tmp_path / name
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def drawn(particles=70_000):
    return draw_population(shipped_mixture("medium"), particles, seed=3)


def test_purified_migrasomes_are_as_large_as_in_zhao_s1g():
    """Geometric mean 0.571 um, SD of ln d 0.37, 35 % below 0.5 um (n = 57), digitised."""
    people = drawn()
    d = 1e6 * people.diameter[people.kind == people.kinds.index("migrasome")]
    assert np.exp(np.log(d).mean()) == pytest.approx(0.571, rel=0.02)  # cut at 0.2 and 3 um; 10,000 drawn
    assert np.log(d).std() == pytest.approx(0.37, rel=0.03)
    assert (d < 0.5).mean() == pytest.approx(0.35, abs=0.03)


def test_small_vesicle_protein_is_three_times_that_of_retractosomes():
    """Wang 2022; it set the number ratio, so this is a check of the arithmetic."""
    people = drawn()
    mass = dict(zip(people.kinds, np.bincount(people.kind, people.number * people.protein), strict=True))
    assert mass["exosome"] / mass["retractosome"] == pytest.approx(3.0, rel=0.1)


@pytest.mark.parametrize("name", shipped_ids("mixtures"))
def test_every_number_of_a_mixture_has_source_and_tag_and_what_is_guessed_has_a_range_or_reason(name):
    mixture = shipped_mixture(name)
    assert list(mixture.kinds) == list(KINDS)
    for kind in mixture.kinds.values():
        for field in type(kind).model_fields:
            own = getattr(kind, field)
            assert isinstance(own, str) or (own.source and own.tag)


def test_exosomes_seen_at_their_density_in_sucrose_are_lighter_in_iodixanol():
    """An intact vesicle in isotonic iodixanol is not shrunken; EVs are reported at 1.08-1.12 there, 1.13-1.19 here."""
    people = drawn()
    own = people.kind == people.kinds.index("exosome")
    isotonic = people.phi[own] * people.matter[own] + (1 - people.phi[own]) * 1006
    assert 1050 < np.median(isotonic) < 1120


def test_draws_depend_on_seed_and_order_alone():
    few, many, other = drawn(700), drawn(7000), draw_population(shipped_mixture("medium"), 700, seed=4)
    np.testing.assert_array_equal(few.diameter[:50], many.diameter[:50])  # the first kind has 58
    assert not np.isin(few.diameter[:50], other.diameter).any()


def test_a_table_keeps_ids_sizes_and_numbers_and_the_kind_fills_the_rest(tmp_path):
    path = table(tmp_path, id=["a", "b", "c"], kind=["exosome", "migrasome", "exosome"], diameter_nm=[100, 600, 120],
                 number=[5, 2, 1], density_g_per_ml=[1.09, None, 1.07], leaky=["no", "yes", "yes"])  # fmt: skip
    people = read_table(path, shipped_mixture("medium"), seed=1)
    assert list(people.ids) == ["b", "a", "c"]  # kinds in the usual order
    np.testing.assert_allclose(people.diameter, [6e-7, 1e-7, 1.2e-7])
    np.testing.assert_allclose(people.number, [2, 5, 1])
    assert list(people.leaky) == [True, False, True]
    phi = people.phi[1]
    assert phi * people.matter[1] + (1 - phi) * 1006 == pytest.approx(1090)  # intact: the mean is what was given
    assert people.matter[2] == pytest.approx(1070)  # leaky: the matter bands there
    assert 1000 < people.matter[0] < 1150  # not known: drawn


@pytest.mark.parametrize(("columns", "said"), [
    ({"diameter": [1.0]}, "has no unit"),
    ({"diameter_um": [-1.0]}, "below 0.001"),
    ({"diameter_um": [1.0, None]}, "no diameter"),
    ({"diameter_um": [1.0, 2.0], "id": ["a", "a"]}, "more than one row"),
    ({"diameter_um": [1.0], "kind": ["exosom"]}, "there is no kind 'exosom'"),
    ({"diameter_um": [1.0], "number": [-3]}, "below 0"),
    ({"diameter_um": [1.0], "leaky": ["maybe"]}, "true or false"),
    ({"diameter_um": [1.0], "density_g_per_ml": [0.2]}, "below 0.9"),
])  # fmt: skip
def test_a_table_that_makes_no_sense_is_refused_with_the_reason(tmp_path, columns, said):
    with pytest.raises(DataError, match=said):
        read_table(table(tmp_path, **columns), shipped_mixture("medium"), seed=1)


def made_run(tmp_path, attached):
    n = len(attached)
    migrasomes = conform("migrasomes", {"frame": [0] * n + [1] * n, "attached": [True] * n + attached,
                                        "diameter_um": [1.0] * n + list(np.linspace(0.6, 2.0, n))})  # fmt: skip
    tables = {name: conform(name, {}) for name in ("cells", "nodes", "lives", "retractosomes")}
    record = Provenance(key="k", entry="e", arm="a", seed=1, status="completed", field_area_um2=1.0,
                        frames_min=(0.0, 60.0))  # fmt: skip
    run = Run(experiment="schema: 1\n", provenance=record, tables=tables | {"migrasomes": migrasomes})
    return write_run(run, tmp_path / "run").directory


def test_a_run_gives_its_detached_migrasomes_among_the_usual_company(tmp_path):
    people = from_run(made_run(tmp_path, [False, True, False, False]), shipped_mixture("medium"), 7000, seed=1)
    count = dict(zip(people.kinds, np.bincount(people.kind, people.number), strict=True))
    assert count["migrasome"] == pytest.approx(3)
    assert count["exosome"] == pytest.approx(3 * 50)
    own = people.diameter[people.kind == 0]
    np.testing.assert_allclose(np.unique(own.round(12)), [0.6e-6, 1.53333333e-6, 2.0e-6], rtol=1e-6)


def test_a_run_without_detached_migrasomes_is_refused(tmp_path):
    with pytest.raises(DataError, match="no migrasome is detached"):
        gather_population(made_run(tmp_path, [True, True]), shipped_mixture("medium"), 700, seed=1)


def test_what_is_neither_run_nor_table_is_refused(tmp_path):
    with pytest.raises(DataError, match="neither a run directory nor a table"):
        gather_population(tmp_path / "x.pdf", shipped_mixture("medium"), 700, seed=1)
    with pytest.raises(UnknownIdError, match="Did you mean culture"):
        shipped_mixture("cultur")


SHARE = "{value: 2, source: mine, tag: E}"


@pytest.mark.parametrize(("text", "line", "said"), [
    (f"schema: 1\nbased_on: medium\nnumber_shares:\n  exosom: {SHARE}\n", 4, "not allowed here"),
    ("schema: 1\nbased_on: medium\nnumber_shares:\n  exosome: {value: 2, tag: E}\n", 4, "'source' is missing"),
    ("schema: 1\nbased_on: medium\nnumber_shares:\n  exosome: {value: 2, source: x, tag: Z}\n", 4, "not allowed here"),
    ("schema: 1\ntitle: nothing\n", None, "give kinds"),
])  # fmt: skip
def test_a_mixture_file_that_makes_no_sense_is_refused_with_its_line(tmp_path, text, line, said):
    path = tmp_path / "m.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=said) as error:
        read_mixture(path)
    if line:
        assert f"m.yaml:{line}" in str(error.value)


def test_a_mixture_of_ones_own_changes_what_it_names(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(f"schema: 1\nid: mine\nbased_on: medium\nnumber_shares:\n  exosome: {SHARE}\n")
    mixture = read_mixture(path)
    assert mixture.kinds["exosome"].number_share.value == 2
    assert mixture.kinds["migrasome"] == shipped_mixture("medium").kinds["migrasome"]


def table_of(tmp_path, text):
    path = tmp_path / "v.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(path, shipped_mixture("culture"), seed=1)


def test_what_a_table_leaves_empty_comes_from_the_mixture(tmp_path):
    text = "kind,diameter_um,leaky,density_g_per_ml\nMigrasome,1,,\nmigrasome,1,no,\nmigrasome,1,yes,1.07\n"
    people = table_of(tmp_path, text)
    assert people.kinds == ("migrasome",)
    assert people.leaky[1:].tolist() == [False, True]
    alone = table_of(tmp_path, "kind,diameter_um\nmigrasome,1\n")
    assert people.leaky[0] == alone.leaky[0]
    assert people.matter[0] == alone.matter[0]


def test_a_table_without_kinds_says_what_it_is_taken_for(tmp_path):
    assert "all taken for migrasomes" in table_of(tmp_path, "diameter_um\n1\n").origin


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind,diameter_um\nmigrasome,1\n,1\n", "row 2: it has no kind"),
        ("kind,diameter_um\nmigrasom,1\n", "row 1: there is no kind 'migrasom'. Did you mean migrasome"),
        ("diameter_um\n120\n", "Is the unit right"),
        ("diameter_um,density_g_per_ml\n1,1070\n", "Is the unit right"),
    ],
)
def test_rows_that_make_no_sense_are_named(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        table_of(tmp_path, text)
