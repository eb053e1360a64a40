"""A check as a whole on cells that walk: arms, ways of signalling, sweeps, and what is written of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from migralab.checks.check import Scope, check_all
from migralab.checks.evaluate import judge
from migralab.checks.sweep import estimates_to_sweep
from migralab.checks.table import dump, score, summary, to_document
from migralab.checks.ways import MOST, RESULTS, WayVerdict, cells, result_of
from migralab.core.errors import UnknownIdError
from tests.unit.checks.example import claim
from tests.unit.checks.experiments import small_check, walk

OWN = "source: {key: migralab, locator: a test, tag: E}"


@pytest.fixture(scope="module")
def checked():
    return small_check(walk(), ways=True, sweep="key")


def test_what_is_t3_is_measured_and_names_what_would_decide(checked):
    verdict = next(v for v in checked.verdicts if v.id == "open-question")
    assert (verdict.verdict, verdict.scores, verdict.by_how_much) == ("none", False, None)
    assert verdict.observed == pytest.approx(0.1, rel=0.2)
    assert verdict.interval is not None
    assert (verdict.discriminating_arm, verdict.discriminating_label) == ("still", "nearly still")
    assert "one account" in verdict.claim_note
    assert score(checked.verdicts).not_judged == 1


def test_what_is_t3_and_strays_from_its_claim_is_no_failure():
    values = {"a": {"count": np.full(20, 1.0)}, "b": {"count": np.linspace(1.9, 2.1, 20)}}
    verdict = judge("e", claim("sign", "a", "b", grade="T3", direction="increase"), values)
    assert (verdict.verdict, verdict.by_how_much) == ("none", None)
    assert verdict.observed == pytest.approx(0.5, rel=0.01)


def test_claims_of_the_full_tier_wait(checked):
    assert [v.id for v in checked.verdicts] == ["fast-runs", "open-question"]
    assert set(checked.batch.readouts) == {"rest", "fast", "still"}
    assert [v.id for v in small_check(walk(), claims=("long",)).verdicts] == ["long"]
    with pytest.raises(UnknownIdError, match="claim of walk"):
        small_check(walk(), claims=("longer",))


def test_key_estimates_are_swept_where_they_are_named(checked):
    assert checked.swept == ("motility.walk.speed x0.5", "motility.walk.speed x2")
    every = estimates_to_sweep(walk())
    assert {"motility.walk.speed", "motility.walk.persistence"} < set(every)
    assert estimates_to_sweep(walk(("key_estimates: [motility.walk.speed]", "")), every=False) == every
    with pytest.raises(UnknownIdError, match="parameter of the control"):
        small_check(walk(("key_estimates: [motility.walk.speed]", "key_estimates: [motility.walk.sped]")), sweep="key")


def test_an_estimate_that_only_an_arm_or_a_population_states_can_be_swept():
    interval = "motility.walk.interval: {value: 2 min, low: 1 min, high: 4 min,"
    in_arm = walk(("motility.walk.speed: {value: 0.1 um/min,", interval))
    assert "motility.walk.interval" in estimates_to_sweep(in_arm)
    assert "motility.walk.interval" not in estimates_to_sweep(walk())


def test_what_no_dish_allows_is_named_and_not_swept():
    spread = "    speed_cv: {value: 2, low: 1, high: 3, source: *own}\n"
    wide = walk(("    spreading: {value: 0 min", f"{spread}    spreading: {{value: 0 min"))
    found = small_check(wide, estimates=("motility.walk.speed_cv",))
    assert (found.swept, found.refused) == (("motility.walk.speed_cv x0.5",), ("motility.walk.speed_cv x2",))
    assert to_document([found])["estimates"][0]["impossible"] == ["motility.walk.speed_cv x2"]


def test_every_way_is_judged_at_each_load_that_it_states(checked):
    found = {(own.way, own.load): own.verdict for own in checked.ways}
    assert list(found) == [("diffusing", "carried"), ("matrix", "carried"), ("matrix", "most"), ("contact", "carried")]
    assert found["diffusing", "carried"] == checked.verdicts[0]
    assert found["matrix", "carried"].observed == pytest.approx(0.5, rel=0.2)
    assert found["matrix", "most"].observed == pytest.approx(2.0, rel=0.2)


def test_a_claim_whose_arm_cannot_be_done_says_why():
    found = small_check(walk(), claims=("long",), ways=True)
    contact = found.ways[-1]
    assert (contact.way, contact.verdict.verdict) == ("contact", "impossible")
    assert contact.verdict.note == "arm small: there is no motility.contact.diameter to be changed"
    assert result_of([contact]) == "impossible"


@pytest.mark.parametrize(
    ("carried", "most", "result"),
    [
        ("pass", "fail", "holds"), ("fail", "pass", "most"), ("inconclusive", "pass", "most"),
        ("fail", "fail", "never"), ("fail", None, "fails"), ("inconclusive", "fail", "open"),
        ("fail", "inconclusive", "open"),
        ("inconclusive", None, "open"), ("none", "none", "none"),
    ],
)  # fmt: skip
def test_what_became_of_a_claim_under_a_way(checked, carried, most, result):
    from dataclasses import replace

    verdict = checked.verdicts[0]
    loads = {"carried": carried, **({MOST: most} if most else {})}
    own = [WayVerdict(way="w", load=k, verdict=replace(verdict, verdict=v)) for k, v in loads.items()]
    assert result_of(own) == RESULTS[result]
    assert cells(own) == {("fast-runs", "w"): own}


def test_the_document_is_strict_json_with_all_that_was_found(checked):
    document = json.loads(dump(to_document([checked])), parse_constant=pytest.fail)
    assert set(document) == {"claims", "estimates", "ways", "entries"}
    assert document["estimates"][0] == {
        "entry": "walk", "swept": list(checked.swept), "changes": document["estimates"][0]["changes"], "impossible": []
    }  # fmt: skip
    assert {"entry", "way", "load", "id", "verdict", "observed", "interval", "result"} <= document["ways"][0].keys()
    own = document["entries"]["walk"]
    assert (own["seeds"], own["tier"], own["dishes"]) == (2, "fast", 2 * (3 * 3 + 2 + 2 + 2))
    assert own["cpu_s"] > 0
    assert "cpu_s" not in to_document([checked], timed=False)["entries"]["walk"]


def test_the_summary_has_a_line_an_entry_and_a_total(checked):
    lines = summary([*checked.verdicts])
    assert [line.split()[0] for line in lines] == ["entry", "pass/fail/?", "walk", "all"]
    assert lines[-1].split()[1:] == ["0/0/0", "0/0/0", "0/0/0", "1", "1"]


def test_results_do_not_depend_on_the_pool_nor_on_other_entries(checked):
    entries = [walk(("id: walk", "id: other")), walk()]
    told = []
    found = check_all(
        entries,
        Scope(seeds=2, ways=True, sweep="key"),
        workers=2,
        progress=lambda done, all_: told.append((done, all_)),
    )
    assert [own.entry for own in found] == ["other", "walk"]
    assert found[1].verdicts == checked.verdicts
    assert found[1].ways == checked.ways
    assert found[1].changes == checked.changes
    assert told[-1] == (2 * 30, 2 * 30)
