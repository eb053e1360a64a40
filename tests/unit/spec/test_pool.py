"""Pools in an experiment file: plain text with one source, and every mistake with its line."""

from __future__ import annotations

import pytest

from migralab.core.errors import RequestError, SpecError, UnknownIdError
from migralab.mechanisms.signals.cargo import KINDS
from migralab.spec.change import apply_arm, apply_setting, scale_parameter
from migralab.spec.dump import dump_yaml
from migralab.spec.loader import parse_experiment
from migralab.spec.pool import CARGO, carried_rate, estimates_in, substances
from tests.unit.spec.example import TEXT, line_of

POOLS = """\
pools:
  blood:
    volume: 2 ml
    tissue_cells: 1e6
    drains: {urine: 0.1 ml/min}
    turnover: 1/day
    collects: {migrasomes: 0.01 1/min}
    source: {key: user, locator: made up, tag: E}
  urine:
    volume: {value: 1 ml, low: 0.5, high: 2, source: {key: other, locator: of the volume alone, tag: FT}}
    collects:
      through_barrier:
        albumin: {permeability: 1e-5 um/s, area: 2 mm^2, concentration: 600 uM}
    assays:
      vesicles: {limit: 1e3 1/ml}
      albumin: {limit: 1 nM, source: {key: maker, locator: leaflet, tag: FT}}
    source: {key: user, locator: made up, tag: E}
"""
FILE = TEXT.replace("arms:\n", POOLS + "arms:\n", 1)


def parsed(*pairs):
    text = FILE
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return parse_experiment(text, "pools.yaml").experiment


def refused(*pairs, at):
    with pytest.raises(SpecError) as caught:
        parsed(*pairs)
    message, changed = str(caught.value), FILE
    for old, new in pairs:
        changed = changed.replace(old, new, 1)
    assert message.startswith(f"pools.yaml:{line_of(changed, at)} "), message
    return message


def test_plain_text_takes_the_source_of_its_block():
    blood, urine = parsed().pools.values()
    assert (str(blood.volume), blood.volume.source.locator) == ("2 ml", "made up")
    assert urine.volume.source.key == "other"
    assert blood.drains["urine"].source.key == "user"
    assert urine.assays["vesicles"].limit.source.key == "user"
    assert urine.assays["albumin"].limit.source.key == "maker"


def test_quantities_are_in_internal_units():
    blood, urine = parsed().pools.values()
    assert blood.volume.internal == pytest.approx(2e12)
    assert blood.rate("turnover") == pytest.approx(1 / 86400)
    assert blood.rate("lysis") == 0.0
    assert urine.limit_per_ml("vesicles") == pytest.approx(1e3)
    assert urine.limit_per_ml("albumin") == pytest.approx(6.02214076e23 * 1e-12)  # 1 nM is 1e-12 mol per ml
    assert urine.limit_per_ml("mrna_in_vesicles") is None


def test_a_pool_holds_what_pools_above_it_collect():
    found = substances(parsed().pools)
    assert "albumin" not in found["blood"]
    assert {"vesicles", "soluble_protein", "mirna_in_vesicles", "albumin"} <= set(found["urine"])
    assert carried_rate(parsed().pools) == {"blood": pytest.approx(0.01 / 60)}


def test_cargo_has_the_names_of_the_mechanism():
    assert CARGO == KINDS


def test_written_and_read_again_they_are_the_same():
    experiment = parsed()
    assert parse_experiment(dump_yaml(experiment)).experiment == experiment


def test_a_missing_source_is_named_with_its_line():
    message = refused(("    source: {key: user, locator: made up, tag: E}\n", ""), at="    volume: 2 ml")
    assert "pools.blood.volume" in message
    assert "'source' is missing" in message
    assert f"pools.yaml:{line_of(FILE, 'drains: {urine')}" in message  # all of them in one message


@pytest.mark.parametrize(
    ("old", "new", "at", "words"),
    [
        ("volume: 2 ml", "volume: 0 ml", "volume: 0 ml", "'0 ml' must be above 0 ml"),
        ("volume: 2 ml", "volume: 2 mm", "volume: 2 mm", "'2 mm' cannot be read as ml"),
        ("0.1 ml/min", "-0.1 ml/min", "drains: {", "'-0.1 ml/min' must be at least 0 ml/min"),
        ("turnover: 1/day", "turnover: -1 1/day", "turnover", "must be at least 0 1/h"),
        ("tissue_cells: 1e6", "tissue_cells: 0", "tissue_cells", "must be above 0"),
        ("area: 2 mm^2", "area: 2 mm", "albumin: {perm", "cannot be read as um^2"),
        ("drains: {urine", "drains: {urin", "drains: {", "There is no pool 'urin'. Did you mean urine?"),
        ("drains: {urine", "drains: {blood", "drains: {", "pool 'blood' drains into itself"),
        ("vesicles: {limit: 1e3 1/ml}", "vesicle: {limit: 1e3 1/ml}", "vesicle: {", "Did you mean vesicles"),
        ("limit: 1e3 1/ml", "limit: 1 nM", "vesicles: {limit: 1 nM", "is written for example '1e3 1/ml'"),
        ("limit: 1 nM", "limit: 1 1/ml", "albumin: {limit: 1 1/ml", "is written for example '1 nM'"),
        ("limit: 1 nM", "limit: 0 nM", "albumin: {limit: 0 nM", "'0 nM' must be above 0"),
        ("turnover: 1/day", "turnovr: 1/day", "turnovr", "there is no field 'turnovr'. Did you mean turnover?"),
    ],
)  # fmt: skip
def test_what_is_impossible_is_refused_with_its_line(old, new, at, words):
    assert words in refused((old, new), at=at)


def test_a_circle_of_drains_is_named():
    turn = ("    assays:\n", "    drains: {blood: 1 ml/h}\n    assays:\n")
    assert "blood -> urine -> blood" in refused(turn, at="drains: {urine")


def test_an_arm_and_the_command_line_change_a_quantity():
    arm = ("motility.adhesion.fibronectin: {value: 0.1 ug/ml", "pools.blood.drains.urine: {value: 0 ml/min")
    changed = apply_arm(parsed(arm), "low")
    assert changed.pools["blood"].drains["urine"].internal == 0.0
    assert changed.pools["urine"] == parsed().pools["urine"]
    found = apply_setting(parsed(), "pools.urine.assays.vesicles.limit=1e5 1/ml")
    assert found.pools["urine"].limit_per_ml("vesicles") == pytest.approx(1e5)
    assert found.pools["urine"].assays["vesicles"].limit.source.locator == "command line"


def test_a_change_of_nothing_or_to_the_impossible_is_refused():
    place = "motility.adhesion.fibronectin: {value: 0.1 ug/ml"
    wrong = ("pools.blod.volume: {value: 3 ml", "pools.blood.volume: {value: 0 ml")
    assert "Did you mean pools.blood.volume" in refused((place, wrong[0]), at="pools.blod")
    assert "must be above 0 ml" in refused((place, wrong[1]), at="pools.blood.volume")
    with pytest.raises(UnknownIdError, match=r"pools\.urine\.volume"):
        apply_setting(parsed(), "pools.urine.volme=1 ml")
    with pytest.raises(RequestError, match="must be above 0 ml"):
        apply_setting(parsed(), "pools.urine.volume=0 ml")


def test_more_of_a_cue_than_there_is_cannot_be_collected():
    both = (
        ("    collects: {migrasomes: 0.01 1/min}", "    collects: {migrasomes: 0.01 1/min, cues: {cue: 0.7}}"),
        ("    collects:\n", "    collects:\n      cues: {cue: 0.7}\n"),
    )
    assert "together collect 1.4 of what leaves of 'cue'" in refused(*both, at="cues: {cue: 0.7}\n")


def test_limits_and_estimates_with_a_range_are_swept():
    experiment = parsed()
    assert set(estimates_in(experiment.pools)) == {
        "pools.urine.assays.vesicles.limit",
        "pools.urine.assays.albumin.limit",
    }
    wide = parsed(("turnover: 1/day", "turnover: {value: 1 1/day, low: 0.5}"))
    assert "pools.blood.turnover" in estimates_in(wide.pools)
    path = "pools.urine.assays.vesicles.limit"
    doubled = scale_parameter(experiment, path, 2.0, estimates_in(experiment.pools)[path])
    assert doubled.pools["urine"].limit_per_ml("vesicles") == pytest.approx(2e3)
