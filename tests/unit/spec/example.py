"""A small experiment that is right in every line; tests break one thing in it at a time."""

from __future__ import annotations

from migralab.spec.loader import ExperimentFile, parse_experiment

TEXT = """\
schema: 1
id: dose
title: Dose of a coating
question: Does the count rise with the dose?
graph:
  - source: coating
    target: engagement
    sign: +
    evidence: perturbed
    cite: {key: chen2019, locator: fig 1g, tag: D}
dish: {cells: 40, duration: 6 h, step: 1 min, output_every: 30 min, density: 1e-4 1/um^2}
mechanisms:
  motility.walk: {}
  motility.adhesion:
    fibronectin: {value: 10 ug/ml, source: {key: chen2019, locator: fig 1g, tag: D}}
arms:
  - id: high
    control: true
  - id: low
    edge: coating -> engagement
    changes:
      motility.adhesion.fibronectin: {value: 0.1 ug/ml, source: {key: chen2019, locator: fig 1g, tag: D}}
readouts: [count.per_cell, time.first]
claims:
  - id: rise
    statement: The count rises with the dose.
    grade: T2
    role: predicted
    comparison: {kind: sign, readout: count.per_cell, arms: [high, low], direction: increase}
    observer: count-in-field
    discriminating_arm: low
    source: {key: chen2019, locator: fig 1g, tag: D}
"""


def line_of(text: str, part: str) -> int:
    """Return the line in which `part` first stands."""
    return text[: text.index(part)].count("\n") + 1


def changed(*pairs: tuple[str, str]) -> str:
    """Return the example with pieces of text replaced; each must be there."""
    text = TEXT
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def example(*pairs: tuple[str, str]) -> ExperimentFile:
    """Return the example, with pieces of text replaced."""
    return parse_experiment(changed(*pairs), "dose.yaml")
