"""The entry of system 10a says what its sources say, and no more."""

from __future__ import annotations

from migralab.catalog.catalog import load_entry
from migralab.spec.experiment import Experiment

LEVEL, BETA4, RHOA = (f"pathways.pdl1-rhoa.{name}" for name in ("pdl1_level", "beta4_level", "restored_activation"))


def entry() -> Experiment:
    return load_entry("tumour-pdl1").experiment


def changed(arm: str) -> dict[str, float]:
    return {path: float(parameter.internal) for path, parameter in entry().arm(arm).changes.items()}


def test_each_loss_is_complete_and_touches_nothing_else() -> None:
    assert changed("pdl1-loss") == {LEVEL: 0.0}
    assert changed("beta4-loss") == {BETA4: 0.0}


def test_the_discriminating_arm_gives_back_what_beta_4_adds_and_keeps_the_loss() -> None:
    arm = entry().arm("pdl1-loss-rhoa")
    assert arm.proposed, "no paper has it"
    assert arm.against == "pdl1-loss"
    assert changed(arm.id)[LEVEL] == 0.0
    assert abs(60.0 * changed(arm.id)[RHOA] - 0.3) < 1e-12, "activation_by_beta4 of the pathway, 1/min"


def test_published_signs_score_nothing_and_the_review_is_not_judged() -> None:
    for claim in entry().claims:
        if claim.source.key == "wang2022jcb":
            assert claim.grade == "by-construction", claim.id
    assert next(c for c in entry().claims if c.source.key == "jiang2023").grade == "T3"


def test_what_the_network_says_without_noise_scores_nothing() -> None:
    judged = {claim.id for claim in entry().claims if claim.grade == "T2"}
    assert judged == {"rhoa-rescues-migrasomes", "less-fibre-not-fewer-on-it"}, "what the ground adds"


def test_nothing_is_calibrated_here() -> None:
    changes = [p for arm in entry().arms for p in arm.changes.values()]
    own = [p for parameters in entry().mechanisms.values() for p in parameters.values()]
    assert not any(p.calibrated_on for p in changes + own)
    assert not any(claim.role == "calibrated" for claim in entry().claims)


def test_both_accounts_of_persistence_give_the_wild_type_the_same() -> None:
    polarity = entry().explanations["by-polarity"]
    assert entry().rules["persistence"].text == "rear contractility sets persistence time"
    # 12 + (108 - 12)/2 at the wild type's difference of 0.5, which is the half-max: the default of 60 min
    assert polarity.rules == {
        "persistence": "front-rear tension difference raises persistence time from 12 to 108 min, half-max 0.5, Hill 2"
    }
    assert polarity.changes["motility.walk.persistence"].internal == 12 * 60.0
