"""Experiments of a few walking cells, run with two dishes: what a check does with arms, ways and sweeps."""

from __future__ import annotations

from migralab.checks.check import Checked, Scope, check_all
from migralab.spec.experiment import Experiment
from migralab.spec.loader import parse_experiment

WALK = """\
schema: 1
id: walk
title: Cells that walk
question: What does speed hang on?
dish: {cells: 4, duration: 2 h, step: 1 min, output_every: 30 min, geometry: {kind: open}}
mechanisms:
  motility.adhesion: {}
  motility.walk:
    speed: {value: 1 um/min, low: 0.5 um/min, high: 2 um/min, source: &own {key: migralab, locator: a test, tag: E}}
    spreading: {value: 0 min, source: *own}
    start_rate: {value: 10 1/min, source: *own}
    persistence: {value: 30 min, low: 10 min, high: 60 min, source: *own}
  motility.contact: {}
  motility.displacement: {}
arms:
  - {id: rest, control: true}
  - {id: fast, label: twice as fast, changes: {motility.walk.speed: {value: 2 um/min, source: *own}}}
  - {id: still, label: nearly still, proposed: true, changes: {motility.walk.speed: {value: 0.1 um/min, source: *own}}}
  - {id: small, label: small cells, against: fast, changes: {motility.contact.diameter: {value: 12 um, source: *own}}}
readouts: [speed.mean]
claims:
  - {id: fast-runs, statement: "a fast cell is fast", grade: by-construction, source: *own,
     comparison: {kind: sign, readout: speed.mean, arms: [fast, rest], direction: increase}}
  - {id: open-question, statement: "still cells stop", grade: T3, role: predicted, discriminating_arm: still, note: "the arm decides, since one account expects none of it", source: *own,
     comparison: {kind: sign, readout: speed.mean, arms: [still, rest], direction: decrease}}
  - {id: long, statement: "needs more dishes", grade: by-construction, tier: full, source: *own,
     comparison: {kind: sign, readout: speed.mean, arms: [small, rest], direction: increase}}
key_estimates: [motility.walk.speed]
explanations:
  as-written: {statement: "cells have a speed of their own"}
  stuck: {statement: "all cells walk at one speed", changes: {motility.walk.speed_cv: {value: 0.01, source: *own}}}
signalling:
  base: diffusing
  claims: [fast-runs, long]
  ways:
    diffusing: {}
    matrix: {changes: {motility.walk.speed: {value: 4 um/min, source: *own}}, most: {motility.walk.speed: {value: 1 um/min, source: *own}}}
    contact: {without: [motility.contact]}
"""  # noqa: E501


def walk(*pairs: tuple[str, str]) -> Experiment:
    """Return the experiment, with pieces of text replaced; each must be there."""
    text = WALK
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return parse_experiment(text, "walk.yaml").experiment


def small_check(experiment: Experiment, **scope) -> Checked:
    """Return what two dishes of an experiment give."""
    (checked,) = check_all([experiment], Scope(seeds=2, **scope))
    return checked
