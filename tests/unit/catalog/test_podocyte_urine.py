"""The entry says what Liu 2020 (abstract) and systems.md S5 say, and its arms differ in what they name alone."""

import pytest

from migralab.catalog.catalog import load_entry
from migralab.spec.change import apply_arm


@pytest.fixture(scope="module")
def entry():
    return load_entry("podocyte-urine").experiment


def test_size_is_400_to_2000_nm(entry):
    mean = next(c for c in entry.claims if c.id == "size-mean").comparison
    assert (mean.low, mean.high) == (0.4, 2.0)


def test_both_limits_follow_one_rule_and_are_swept(entry):
    limits = [f"pools.urine.assays.{what}.limit" for what in ("vesicles", "albumin")]
    assert set(limits) <= set(entry.key_estimates)
    urine = entry.pools["urine"]
    sheet = urine.collects.through_barrier["albumin"]
    leak = (
        entry.mechanisms["phenotype.barrier"]["permeability"].internal * sheet.area.internal * sheet.concentration.value
    )
    rest = leak / (urine.volume.internal * urine.rate("turnover"))  # uM
    limit = urine.assays["albumin"].limit
    assert limit.unit == "uM"
    assert limit.value == pytest.approx(2 * rest, rel=0.02)


def test_5_5_grams_over_30_mg_of_albumin_at_rest(entry):
    claim = next(c for c in entry.claims if c.id == "below-5-5-grams")
    urine, sheet = entry.pools["urine"], entry.pools["urine"].collects.through_barrier["albumin"]
    leak = (
        entry.mechanisms["phenotype.barrier"]["permeability"].internal * sheet.area.internal * sheet.concentration.value
    )
    rest = 1e3 * leak / (urine.volume.internal * urine.rate("turnover"))  # nM
    assert claim.comparison.high == pytest.approx(5.5 / 0.03 * rest, rel=0.05)


def test_arms_touch_what_they_name(entry):
    dose = {arm.id: arm.changes.get("signals.bath@injury.concentration") for arm in entry.arms}
    assert dose["rest"] is None
    assert {dose[a].value for a in ("injured", "injured-rac1", "tubular")} == {1}
    assert dose["severe"] == dose["severe-fixed"]
    gone = {arm.id: set(entry.rules) - set(apply_arm(entry, arm.id).rules) for arm in entry.arms}
    assert gone["injured-rac1"] == {"injured-run"}
    assert gone["severe-fixed"] == {"lost-cells"}
    assert not gone["injured"] | gone["severe"] | gone["tubular"]


def test_the_time_order_is_of_one_arm_and_the_deciding_arm_is_proposed(entry):
    order = next(c for c in entry.claims if c.id == "before-protein")
    assert order.comparison.kind == "time-order"
    assert order.comparison.arms == ("injured",)
    assert next(c for c in entry.claims if c.id == "hump").discriminating_arm == "severe-fixed"
    assert entry.arm("severe-fixed").proposed
