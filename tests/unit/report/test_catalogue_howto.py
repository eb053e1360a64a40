"""What the how-to page shows of rival accounts is an entry that can be read and compiled under each of them."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from migralab.checks.check import compile_arm
from migralab.spec.arms.variant import variants_of
from migralab.spec.change import apply_variant, impossible_arms
from migralab.spec.experiment import Experiment

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "add-a-catalogue-entry.md"


def test_lines_for_rival_accounts_make_the_entry_of_the_page_one_with_all_of_them():
    text = PAGE.read_text(encoding="utf-8")
    (entry,) = (yaml.safe_load(own) for own in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    (more,) = (yaml.safe_load(own) for own in re.findall(r"^~~~yaml\n(.*?)^~~~", text, re.MULTILINE | re.DOTALL))
    entry["mechanisms"] |= more.pop("mechanisms")
    entry["arms"] += more.pop("arms")
    experiment = Experiment.model_validate(entry | more)
    assert [arm.id for arm in experiment.arms if arm.proposed] == ["drugged"]
    assert set(variants_of(experiment)) == {"by-speed", "by-tetraspanin", "diffusing", "contact"}
    for name, variant in variants_of(experiment).items():
        changed, impossible = apply_variant(experiment, variant), impossible_arms(experiment, variant)
        assert set(impossible) == ({"drugged"} if name == "contact" else set())
        for arm in experiment.arms:
            if arm.id not in impossible:
                compile_arm(changed, arm.id, "fast")
