"""Courses agree with libRoadRunner (CVODE at 1e-12) to 1e-6: library, random networks, models of published size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

import migralab.pathways
from migralab.pathways.course import Solver, simulate_course
from migralab.pathways.reader import read_model
from tests.truth.published_size import mapk_cascade, signalling_network
from tests.truth.random_networks import DURATION, KINDS, OUTPUTS, kind_of, random_network
from tests.truth.reference import ABSENT, AGREEMENT, INSTALLED, Reference, furthest, stimulated

pytestmark = pytest.mark.skipif(not INSTALLED, reason=ABSENT)

LIBRARY = sorted((Path(migralab.pathways.__file__).parent / "library").glob("*.ant"))
RTOL, ATOL = 1e-9, 1e-14  # a thousandth of it for one step, since some hundred steps add up
NETWORKS = 200  # libRoadRunner 2.10 ran every one of them, so none had to be replaced
QUICK = 4 * len(KINDS)  # networks in `make test`; all in `make full`
HOURS = 48.0

seeds = [pytest.param(seed, marks=[] if seed < QUICK else pytest.mark.slow) for seed in range(NETWORKS)]


def methods_for(seed: int) -> tuple[str, ...]:
    """Return the integrators to try; the explicit one would take a day over rates of six decades."""
    return ("stiff",) if kind_of(seed) == "stiff" else ("explicit", "stiff")


def course_of(model: str, times: np.ndarray, method: str, *, plain: bool = True):
    solver = Solver(rtol=RTOL, atol=ATOL, method=method, plain=plain, most_steps=1_000_000)
    return simulate_course(read_model(model), times, solver=solver)


@pytest.mark.parametrize("seed", seeds)
def test_a_random_network_agrees(seed):
    model = random_network(seed)
    reference, times = Reference(model), np.linspace(0.0, DURATION, OUTPUTS)
    for method in methods_for(seed):
        off, name = furthest(reference, course_of(model, times, method))
        assert off < AGREEMENT, f"network {seed} ({kind_of(seed)}), {method}: {name}"


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: file.stem)
@pytest.mark.parametrize("at_rest", [True, False], ids=["rest", "stimulated"])
def test_a_pathway_of_the_library_agrees(file, at_rest):
    model = file.read_text(encoding="utf-8")
    if not at_rest:
        about = yaml.safe_load(file.with_suffix(".yaml").read_text(encoding="utf-8"))
        model = stimulated(model, about.get("inputs", {}), about.get("takes", {}))
    network = read_model(model, file.name)
    assert network.time_unit_s is not None
    times, reference = np.linspace(0.0, HOURS * 3600.0 / network.time_unit_s, 25), Reference(model)
    for method in ("auto", "stiff"):
        off, name = furthest(reference, course_of(model, times, method))
        assert off < AGREEMENT, f"{method}: {name}"


@pytest.mark.slow
@pytest.mark.parametrize(("model", "duration"), [(mapk_cascade(), 100.0), (signalling_network(), 20.0)])
def test_a_model_of_published_size_agrees(model, duration):
    course = course_of(model, np.linspace(0.0, duration, 11), "stiff", plain=False)
    off, name = furthest(Reference(model), course)
    assert off < AGREEMENT, name


SWITCHED = """
model switched()
  compartment cell = 2;
  species S in cell, P in cell;
  S = 3; P = 0; k = 0.4; dose = 0;
  S -> P; cell*k*S;
  P -> ; cell*0.2*P;
  refill: at S < 0.5: S = S + 2 + P, dose = dose + 1;
  shift: at time > 4.3, priority = 2: k = 1.7*k;
end
"""


@pytest.mark.parametrize("plain", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["plain", "compiled"])
@pytest.mark.parametrize("method", ["explicit", "stiff"])
def test_a_network_with_events_agrees(method, plain):
    times = np.linspace(0.0, 12.0, 25)
    course = course_of(SWITCHED, times, method, plain=plain)
    assert course["dose"][-1] >= 3  # something happened
    off, name = furthest(Reference(SWITCHED), course)
    assert off < AGREEMENT, name


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (6, 8, 9))])
def test_a_compiled_random_network_agrees(seed):
    model = random_network(seed)
    off, name = furthest(Reference(model), course_of(model, np.linspace(0.0, DURATION, OUTPUTS), "auto", plain=False))
    assert off < AGREEMENT, name
