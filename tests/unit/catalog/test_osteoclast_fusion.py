"""The entry of system 8 is T3 and says so; erasing changes the trails alone."""

from __future__ import annotations

import pytest

from migralab.catalog.catalog import load_entry
from migralab.spec.change import apply_variant
from migralab.spec.experiment import Experiment


def entry() -> Experiment:
    return load_entry("osteoclast-fusion").experiment


def test_no_claim_gets_a_verdict_and_one_names_what_would_decide() -> None:
    assert {claim.grade for claim in entry().claims} == {"T3"}
    (deciding,) = [c for c in entry().claims if c.discriminating_arm is not None]
    assert deciding.id == "cells-go-along-trails"
    assert deciding.comparison is not None
    assert "By-trails" in deciding.note
    assert "by-encounter" in deciding.note


def test_the_arm_of_systems_md_is_compared_and_said_not_to_decide() -> None:
    erased = [c for c in entry().claims if c.comparison is not None and "erased" in c.comparison.arms]
    assert {c.id for c in erased} == {"trails-are-needed", "erased-is-alike"}
    assert "does not decide" in erased[0].note


def test_erasing_trails_leaves_speed_density_and_competence() -> None:
    arm = entry().arm("erased")
    assert arm.proposed
    assert {path: p.internal for path, p in arm.changes.items()} == {"biogenesis.retraction-fibre.anchor_density": 0.0}


def test_cells_begin_where_the_pathway_is_after_three_days() -> None:
    """docs/pathways/rankl-fusion.md, row of 100 ng/ml: NFATc1 0.90 and competence 0.55 at 72 h; 100/(20 + 100)."""
    own = entry().mechanisms["pathways.rankl-fusion"]
    starts = [own[f"start_of_{name}"].internal for name in ("early_signal", "nfatc1", "fusion_competence")]
    assert starts == pytest.approx([100 / 120, 0.90, 0.55], abs=0.005)
    assert all(p.internal == 0.0 for p in entry().arm("no-rankl").changes.values())


def test_at_random_nobody_feels_a_trail_and_a_cue_needs_receptors() -> None:
    held = {name: apply_variant(entry(), own) for name, own in entry().explanations.items()}
    for name in ("by-encounter", "by-attraction"):
        assert not {"recipients.trails", "recipients.contact-guidance"} & set(held[name].mechanisms)
    number = {name: x.mechanisms["recipients.receptors"]["number"].internal for name, x in held.items()}
    assert number["by-trails"] == number["by-encounter"] == 0.0 < number["by-attraction"]
