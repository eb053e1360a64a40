"""A small dish, simulated once, and a report with every part."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from migralab.catalog.catalog import load
from migralab.measure import combine, measure
from migralab.report.content import MeasuredMicrograph, Picture, Report
from migralab.report.published import fibronectin_dose_response, migrasome_growth
from migralab.simulation.compile import compile_experiment
from migralab.simulation.observe import observe
from migralab.simulation.simulate import simulate
from migralab.spec.change import apply_setting


@pytest.fixture(scope="session")
def experiment():
    small = load("migrasome-formation").experiment
    for setting in ("dish.cells=25", "dish.duration=7 h", "dish.output_every=30 min"):
        small = apply_setting(small, setting)
    return small


@pytest.fixture(scope="session")
def run(experiment):
    return simulate(compile_experiment(experiment), 3)


@pytest.fixture(scope="session")
def seen(run):
    return observe(run)


def verdict(**changes):
    usual = {
        "entry": "migrasome-formation", "id": "some-claim", "statement": "Something holds", "grade": "T1",
        "role": "predicted", "verdict": "pass", "observed": 1.0, "interval": [0.9, 1.1], "unit": "",
        "expected": "0.8 to 1.2", "expected_low": 0.8, "expected_high": 1.2, "by_how_much": 0.0,
        "source": "chen2019, fig 1g [D]", "seeds": 20,
        "note": "",
    }  # fmt: skip
    return usual | changes


@pytest.fixture(scope="session")
def full(experiment, run, seen):
    found = measure(seen)
    control = combine([found])
    few = {
        arm: combine([measure(dataclasses.replace(seen, condition=arm))]) for arm in ("fibronectin-1", "fibronectin-20")
    }
    green = np.zeros((60, 70, 3), np.uint8)
    green[20:40, 20:40, 1] = 200
    picture = Picture(pixels=green, pixel_size_um=0.4, caption="A published cell.", credit="Somebody 2019, CC BY 4.0")
    return Report(
        experiment=experiment, parameters=compile_experiment(experiment).experiment.mechanisms, run=run,
        observations=seen, readouts={"fibronectin-10": control} | few,
        dose_response=fibronectin_dose_response(experiment), growth=migrasome_growth(),
        verdicts=[
            verdict(id="good", verdict="pass"),
            verdict(
                id="bad", verdict="fail", observed=1.7, interval=[1.5, 1.9], by_how_much=0.5, unit="1/cell",
                statement="Fewer at 20 ug/ml",
            ),
            verdict(id="unsure", verdict="inconclusive"),
            verdict(id="set", role="calibrated"),
            verdict(id="typed", grade="by-construction", role="by-construction"),
        ],
        sensitivity=[
            {"change": "biogenesis.breakage.half_age x0.5", "id": "good", "before": "pass", "after": "fail",
             "observed_before": 1.0, "observed_after": 1.6},
        ],
        published_picture=picture, micrographs=[MeasuredMicrograph(picture=picture, readouts=found, note="An image.")],
        citations="@article{chen2019,\n  title = {WGA & <migrasomes>}\n}",
    )  # fmt: skip


@pytest.fixture(scope="session")
def page(full, tmp_path_factory):
    from migralab.report.page import write_report

    return write_report(full, tmp_path_factory.mktemp("report") / "report.html").read_text(encoding="utf-8")
