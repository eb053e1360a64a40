"""The pages of the catalogue say what entries and results say, and those in docs/catalogue are not stale."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from migralab.catalog.bibliography import keys_of_entry
from migralab.catalog.catalog import entry_ids, load_entry
from migralab.catalog.status import STATUS
from migralab.cli.main import main
from migralab.core.errors import RequestError
from migralab.report.catalogue.entry_page import MADE, WORKING_NOTES, cites_notes, entry_page
from migralab.report.catalogue.numbers import numbers_of
from migralab.report.catalogue.overview import overview, system
from migralab.report.catalogue.results import Results, judged_claims, read_results
from migralab.report.catalogue.sections import words
from migralab.report.catalogue.verdict_figure import draw_verdicts, scale_of
from migralab.report.catalogue.ways import summary, ways_table
from migralab.report.catalogue.write import catalogue_pages, write_catalogue
from migralab.spec.arms.variant import Way, Ways
from migralab.spec.bibtex import parse_bibtex

DOCS = Path(__file__).resolve().parents[3] / "docs" / "catalogue"
RETINA = load_entry("retina-pvr").experiment


def row(name, verdict, **more):
    return {"id": name, "verdict": verdict, "observed": 1.07, "interval": [1.06, 1.09], "seeds": 20} | more


def results(*rows, **parts):
    return Results(claims={own["id"]: own for own in rows}, **parts)


def test_committed_pages_are_those_that_entries_and_results_make():
    made = catalogue_pages(DOCS / "results")
    stale = [name for name, text in made.items() if not (DOCS / name).is_file() or (DOCS / name).read_text() != text]
    left = sorted({page.name for page in DOCS.glob("*.md")} - set(made))
    lost = [
        f"{folder}/{entry}.svg"
        for entry in entry_ids()
        for folder in ("graphs", "figures")
        if f"]({folder}/{entry}.svg)" in made[f"{entry}.md"] and not (DOCS / folder / f"{entry}.svg").is_file()
    ]
    wrong = {"stale": stale, "left over": left, "figures lost": lost}
    assert not any(wrong.values()), f"run `make catalogue` and commit: {wrong}"


@pytest.mark.parametrize("entry", entry_ids())
def test_page_of_an_entry_names_all_that_stands_in_it(entry):
    e = load_entry(entry).experiment
    page = entry_page(e, Results(), {})
    assert STATUS[e.status].capitalize() in page
    assert "not yet judged" in page
    for part in (*e.arms, *(c for c in e.claims), *(n for n in e.graph)):
        assert getattr(part, "id", None) is None or f"`{part.id}`" in page
    for name in (*e.explanations, *e.rules, *e.key_estimates):
        assert name in page
    assert all(f"`{n.quantity}`" in page for n in numbers_of(e))
    assert page.count("**proposed**") == sum(arm.proposed for arm in e.arms)
    assert len(page.splitlines()) + len(keys_of_entry(e)) < 300


def test_failing_claims_stand_first_with_how_far_they_are_off():
    page = entry_page(
        RETINA,
        results(
            row("tgfb-raises-tspan4", "pass"),
            row("purified-run", "fail", by_how_much=-0.08, expected="at least 1.2"),
        ),
        {},
    )
    assert "| **FAIL** by -0.08, right way | 1.07 [1.06, 1.09] | at least 1.2 |" in page
    assert page.index("(`purified-run`)") < page.index("(`tgfb-raises-tspan4`)")


def test_estimates_on_which_verdicts_hang_are_listed_and_those_that_change_nothing_too():
    verdicts = {"before": "fail", "after": "pass", "observed_before": 0.79, "observed_after": 0.9}
    change = {"change": "a.b x2", "id": "loop-is-weak", **verdicts}
    swept = {"entry": "retina-pvr", "swept": ["a.b x0.5", "a.b x2"], "changes": [change]}
    page = entry_page(RETINA, results(estimates=(swept,)), {})
    assert "2 changes were tried" in page
    assert "1 verdict changes" in page
    assert "| `a.b x2` | loop-is-weak: **FAIL** → pass (0.79 → 0.9) |" in page
    assert "| `a.b x0.5` | none |" in page


def test_a_claim_without_a_verdict_changes_sides_and_a_page_without_verdicts_claims_no_strength():
    change = {"change": "a.b x2", "id": "loop-is-weak", "before": "for", "after": "not for"}
    swept = {"entry": "retina-pvr", "swept": ["a.b x2"], "changes": [change | {"observed_before": 0.9}]}
    page = entry_page(RETINA, results(estimates=(swept,)), {})
    assert "0 verdicts change. 1 times a claim without a verdict crosses the limit" in page
    assert "loop-is-weak: would speak for it → would not" in page
    assert "holds over the range from half to double" in page
    open_ones = tuple(claim for claim in RETINA.claims if claim.grade == "T3")
    bare = entry_page(RETINA.model_copy(update={"claims": open_ones}), results(estimates=(swept,)), {})
    assert "No claim of this entry has a verdict that could change." in bare
    assert "holds over the range" not in bare


def with_ways():
    way = Way(statement="free")
    put = ("loop-is-weak", "smad-block-restores")
    ways = Ways(base="diffusing", claims=put, ways={"diffusing": way, "contact": way})
    return RETINA.model_copy(update={"signalling": ways})


def way_row(way, load, name, verdict):
    return {"entry": "retina-pvr", "way": way, "load": load, "id": name, "verdict": verdict, "observed": 2.0}


def test_a_way_holds_fails_or_holds_only_at_the_most():
    names = ("loop-is-weak", "smad-block-restores")
    free = [way_row("diffusing", "carried", name, "pass") for name in names]
    touch = [way_row("contact", "carried", names[0], "fail"), way_row("contact", "carried", names[1], "pass")]
    most = [way_row("contact", "most", name, "pass") for name in names]
    assert summary(results(ways=tuple(free)), "diffusing") == "**holds**"
    assert summary(results(ways=tuple(free)), "contact") == "not yet judged"
    assert summary(results(ways=tuple(touch)), "contact") == "**fails** (1 of 2 claims pass)"
    assert summary(results(ways=(*touch, *most)), "contact") == "**only at the most**"
    lines = ways_table(with_ways(), results(ways=(*free, *touch, *most)))
    assert any(line.endswith("| pass 2 | **FAIL** 2 → pass 2 |") for line in lines)
    impossible = [way_row("contact", "carried", name, "impossible") for name in names]
    assert summary(results(ways=tuple(impossible)), "contact") == "impossible"


def test_overview_counts_by_verdict_and_role_and_shows_what_fails_and_what_is_open():
    found = results(row("smad-block-restores", "pass"), row("purified-run", "fail", by_how_much=-0.05))
    text = overview([system(with_ways(), found)])
    assert re.search(r"Predicted: 1 pass, 1 \*\*FAIL\*\*.*\. Not yet measured by anyone: –\.", text)
    assert "## What is explained" in text
    assert "(`purified-run`) | predicted | **FAIL** by -0.05, right way |" in text
    assert "the definition of g, no test of it" in text[text.index("## What published arms cannot decide, and which") :]
    assert "1 of 1 entries are **reviewed: read twice, independently, by programs" in text
    assert "by which way can a migrasome signal?" in text


def test_a_row_of_the_figure_shows_the_band_that_passes():
    inside = scale_of(0.7, (0.6, 0.8), 0.5, 0.9)
    assert inside.band == pytest.approx((0.33, 0.67))
    assert inside.place(0.7) == pytest.approx(0.5)  # the middle of the band
    floor = scale_of(1.5, (1.4, 1.6), 1.2, None)
    assert floor.band == pytest.approx((0.4, 1.0))
    assert floor.place(1.5) > 0.4 > floor.place(1.1)
    far = scale_of(1000.0, None, 0.5, 0.9)
    assert far.beyond(1000.0)
    assert far.place(1000.0) == 1.0
    assert scale_of(1.0, None, None, None) is None


def test_figure_of_verdicts_is_the_same_each_time_and_absent_without_numbers():
    claims = judged_claims(RETINA, results(row("smad-block-restores", "pass", expected_low=0.83, expected_high=1.2)))
    assert draw_verdicts(claims) == draw_verdicts(claims)
    assert b"at rest" in draw_verdicts(claims)
    assert draw_verdicts(judged_claims(RETINA, Results())) is None


def test_results_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "x.json").write_text('{"claims": 3}')
    with pytest.raises(RequestError, match=r"x\.json is no result of a check"):
        read_results(tmp_path, "x")
    assert not read_results(tmp_path, "y").judged


def suggested(*rows, **more):
    return {"between": ["loop", "no-loop"], "seeds": 20, "rows": list(rows)} | more


def apart(arm, **more):
    ends = {"value": 2.0, "low": 1.5, "high": 2.5}
    return {
        "arm": arm, "label": "block", "against": "control", "proposed": True, "readout": "count.per_cell", "unit": "",
        "scale": "log-ratio", "expected": {"loop": ends, "no-loop": ends | {"low": None}}, "replicates": 7,
        "replicates_paired": 3, "separates": True,
    } | more  # fmt: skip


def test_page_and_overview_say_which_arm_would_decide_and_how_many_dishes_it_needs():
    found = results(suggest=(suggested(apart("block-open"), apart("block-open", replicates=9)),))
    page = entry_page(RETINA, found, {})
    brief = "arm `block-open` (block), proposed; migrasomes on the ground per cell; 7 dishes or 3 pairs"
    assert f"**Would decide.** `loop` or `no-loop`: {brief}." in page
    assert "| 2 [1.5, 2.5] | 2, no limits | 7 | 3 |" in page
    assert page.count("`block-open`: block") == 1  # one row an arm
    assert brief in overview([system(RETINA, found)])
    assert "Not yet computed" in entry_page(RETINA.model_copy(update={"claims": ()}), Results(), {})
    none = entry_page(RETINA, results(suggest=(suggested(apart("block-open", separates=False)),)), {})
    assert "none of the arms, published or proposed" in none
    assert words.span({"value": None, "low": None, "high": None}) == "the reference has none"
    assert "every dish is the same" in entry_page(RETINA, results(suggest=(suggested(identical=True),)), {})


@pytest.mark.parametrize("entry", entry_ids())
def test_page_with_all_that_can_be_found_stays_short(entry):
    e = load_entry(entry).experiment
    rows = [row(c.id, "fail", note="a note" * (k < 30), expected="x") for k, c in enumerate(e.claims)]
    names = [f"{path} x{times}" for path in e.key_estimates for times in (0.5, 2)]
    change = {"before": "fail", "after": "pass", "observed_before": 0.7, "observed_after": 0.9}
    changes = [change | {"change": name, "id": c.id} for name in names for c in e.claims[:6]]
    pairs = [
        suggested(*(apart(arm.id) for arm in e.arms[:3]), between=["a", b], apart_in_control=["speed.mean"])
        for b in list(e.explanations)[1:]
    ]
    estimates = ({"entry": entry, "swept": names, "changes": changes},)
    page = entry_page(e, results(*rows, estimates=estimates, suggest=tuple(pairs)), {})
    assert len(page.splitlines()) + len(keys_of_entry(e)) < 300


def test_notes_of_several_paragraphs_stay_so_and_working_notes_are_called_such():
    note = "Read: the abstract.\nAssumed: much.\n- one\n- two\nNot modelled: the rest (systems.md S5)."
    page = entry_page(RETINA.model_copy(update={"note": note}), Results(), {})
    assert "**What to know.** Read: the abstract.\n\nAssumed: much.\n\n- one\n- two\n\nNot modelled" in page
    assert page.count(WORKING_NOTES) == 1
    assert WORKING_NOTES in overview([system(RETINA.model_copy(update={"note": note}), Results())])
    assert not cites_notes("zhang2020, abstract")


def found_of(entry, name, **more):
    experiment = load_entry(entry).experiment
    claims = judged_claims(experiment, results(row(name, "fail", **more)))
    return next(c for c in claims if c.claim.id == name)


def test_times_lengths_and_shares_read_as_a_biologist_says_them():
    late = {
        "observed": -882.0,
        "interval": [-1044.0, -720.0],
        "by_how_much": -882.0,
        "expected": "code",
    }
    time = found_of("podocyte-urine", "before-protein", **late)
    assert words.seen(time) == "882 [720, 1040] min earlier"
    assert words.expected(time) == "albumin in urine after vesicles in urine"
    assert words.off(time) == ""  # T3: shown, not judged
    limits = {"expected": "-0.01 to 0.05", "expected_low": -0.01, "expected_high": 0.05}
    share = found_of("podocyte-urine", "size-largest", **limits)
    assert words.expected(share) == "at most 0.05"
    unbounded = found_of("podocyte-urine", "size-mean", interval=[None, None])
    assert words.seen(unbounded) == "1.07 um, no limits"
    assert [words.short(x) for x in (7992.9, 0.14217, 2.9e7)] == ["7990", "0.142", "2.9e+07"]
    assert [words.unit_words(unit) for unit in ("1/cell/h", "1/100um", "um")] == ["per cell and h", "per 100 um", "um"]


def test_verb_writes_pages_and_takes_away_only_its_own(tmp_path, capsys):
    (tmp_path / "results").mkdir()
    content = {"claims": [row("smad-block-restores", "pass", expected_low=0.83, expected_high=1.2)]}
    (tmp_path / "results" / "retina-pvr.json").write_text(json.dumps(content))
    (tmp_path / "gone.md").write_text(MADE + "\n# gone\n")
    (tmp_path / "mine.md").write_text("# by hand\n")
    write_catalogue(tmp_path, tmp_path / "results", [RETINA])
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {
        "index.md", "mine.md", "retina-pvr.md", "graphs/retina-pvr.svg", "figures/retina-pvr.svg",
        "results/retina-pvr.json",
    }  # fmt: skip
    assert main(["catalogue", str(tmp_path / "mine.md")]) == 2
    assert "is a file" in capsys.readouterr().err


def test_cite_all_is_one_valid_bibliography_with_everything_that_any_entry_rests_on(capsys):
    assert main(["cite", "all"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    entries = parse_bibtex(said.out)  # refuses a key that stands twice
    assert set(entries) == {key for entry in entry_ids() for key in keys_of_entry(load_entry(entry).experiment)}


def test_cite_names_what_explanations_ways_and_replaced_mechanisms_rest_on():
    parts = RETINA.model_dump(by_alias=True, mode="json")
    rate = {"value": "0.02 1/h", "source": {"key": "only-here", "locator": "x", "tag": "ABS"}}
    parts["explanations"] = {"rival": {"changes": {"phenotype.division.rate": rate}}}
    rival = type(RETINA).model_validate(parts)
    assert "only-here" in keys_of_entry(rival)
    assert "only-here" not in keys_of_entry(RETINA)
    defaults = {"zhao2019", "wu2017"}  # of retraction fibres and breakage, which the entry takes over
    assert defaults <= set(keys_of_entry(RETINA))


def test_show_tells_status_loop_and_calibrated_numbers_plainly(capsys):
    assert main(["show", "retina-pvr"]) == 0
    said = capsys.readouterr().out
    assert "no person has checked it" in " ".join(said.split())
    assert "↺ migrasomes" in said
    assert "\x1b" not in said  # no terminal, no colours
    assert "Numbers that results of this system set: none" in said
    assert main(["show", "pten-transfer"]) == 0
    assert "Numbers that results of this system set: none" not in capsys.readouterr().out


def test_show_draws_the_graph_into_a_file(tmp_path, capsys):
    assert main(["show", "retina-pvr", "--graph", str(tmp_path / "graph.svg")]) == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "graph.svg").read_bytes().startswith(b"<?xml")
    assert main(["show", "retina-pvr", "--graph", str(tmp_path / "graph.pdf")]) == 2


def test_list_says_of_every_entry_whether_it_was_read_twice(capsys):
    assert main(["list"]) == 0
    said = capsys.readouterr().out
    assert sum(said.count(f"[{meaning}]") for meaning in STATUS.values()) == len(entry_ids())
