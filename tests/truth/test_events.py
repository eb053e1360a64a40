"""What events must do beyond the semantic cases: moments, memory between exchanges, draws, ends that never come."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core.errors import BreakdownError
from migralab.pathways.course import Solver, simulate_course
from migralab.pathways.generate.compiled import Settings, build
from migralab.pathways.reader import read_model


def course_of(model: str, times: list[float], **more):
    return simulate_course(read_model(model), times, solver=Solver(rtol=1e-9, atol=1e-13, plain=True, **more))


@pytest.mark.parametrize("method", ["explicit", "stiff"])
def test_the_moment_of_an_event_is_found_to_ten_digits(method):
    """x = exp(-t) falls below 0.3 at ln(1/0.3); the integrator's own error at 1e-9 a step is the larger part."""
    course = course_of("x = 1; when = 0; x' = -x; at x < 0.3: when = time;", [0.0, 5.0], method=method)
    assert course["when"][-1] == pytest.approx(np.log(1 / 0.3), rel=1e-8)


def test_a_moment_of_time_is_found_to_the_last_bit():
    course = course_of("x = 0; when = 0; x' = 0.1; at time >= 1.7: when = time;", [0.0, 5.0])
    assert course["when"][-1] == 1.7


@pytest.mark.parametrize("start", [4.0, 6.5])
def test_what_is_true_for_a_part_of_a_step_only_is_seen(start):
    """x' = 1 lets steps grow until the last one, from about 3.4 to 10, while the trigger holds for 1.7."""
    course = course_of(f"x = 0; n = 0; x' = 1; at x > {start} && x < {start + 1.7}: n = n + 1;", [0.0, 10.0])
    assert course["n"][-1] == 1


@pytest.mark.parametrize("start", [4.0, 6.5])
def test_what_is_false_for_a_part_of_a_step_only_fires_again(start):
    course = course_of(f"x = 0; n = 0; x' = 1; at x < {start} || x > {start + 1.7}: n = n + 1;", [0.0, 10.0])
    assert course["n"][-1] == 1


def test_an_event_is_due_at_the_very_time_that_is_shown():
    course = course_of("x = 0; n = 0; x' = 1; at time >= 5: n = 1;", [0.0, 4.9, 5.0])
    assert course["n"].tolist() == [0.0, 0.0, 1.0]


def test_events_that_set_each_other_off_for_ever_are_refused():
    model = "a = 0; b = 1; up: at a < b: a = b + 1; down: at a > b: a = b - 1; x = 0; x' = 1; at x > 1: a = 3;"
    with pytest.raises(BreakdownError, match="events set each other off without end"):
        course_of(model, [0.0, 2.0])


def test_a_trigger_on_an_input_fires_once_when_the_input_changes():
    network = read_model("x = 0; n = 0; dose = 0; x' = 1; at dose > 1: n = n + 1;").with_inputs(["dose"])
    pathway = build(network, method="explicit", plain=True)
    p, h = pathway.constants, np.zeros(1)
    row = [variable.name for variable in network.variables].index("n")
    y = pathway.start(p, np.array([[0.0]]))
    counts = []
    for exchange, dose in enumerate([0.0, 2.0, 2.0, 0.0, 2.0]):
        assert not pathway.advance(y, np.array([[dose]]), p, float(exchange), 1.0, h, Settings()).any()
        counts.append(y[row, 0])
    assert counts == [0.0, 1.0, 1.0, 1.0, 2.0]


RACE = """
a = 0; b = 0; last = 0;
first: at time - last >= 0.1, priority = 1, persistent = false: a = a + 1, last = time;
second: at time - last >= 0.1, priority = 1, persistent = false: b = b + 1, last = time;
"""


def wins(cells: list[int]) -> np.ndarray:
    """Return how often the first of two equal events won in cells of these numbers, in 100 races each."""
    network = read_model(RACE)
    pathway = build(network, method="explicit", plain=True)
    p, u = pathway.constants, np.zeros((0, len(cells)))
    y = pathway.start(p, u)
    y[-2] = cells
    assert not pathway.advance(y, u, p, 0.0, 10.05, np.zeros(len(cells)), Settings()).any()
    names = [variable.name for variable in network.variables]
    assert (y[names.index("a")] + y[names.index("b")] == 100).all()
    return y[names.index("a")]


def test_equal_priorities_are_drawn_by_each_cell_for_itself():
    """Five cells of 100 fair draws: beyond 25 or 75 with a chance of 3e-7 each; all alike with less than 1e-4."""
    alone, together = [wins([cell])[0] for cell in (3, 4, 5)], wins([5, 9, 3, 11, 4])
    assert together[[2, 4, 0]].tolist() == alone
    assert (np.abs(together - 50) < 25).all()
    assert len(set(together.tolist())) > 1


def test_compiled_and_plain_agree_cell_by_cell():
    """Compiled sums may be contracted, so not to the last bit; 1e-12 is some tens of roundings."""
    network = read_model("x = 2; n = 0; x' = -k*x; k = 1; at x < 0.5: x = 2, n = n + 1;").with_inputs(["k"])
    rates = np.linspace(0.5, 3.0, 7)[None]
    states = []
    for plain in (True, False):
        pathway = build(network, method="explicit", plain=plain)
        y, h = pathway.start(pathway.constants, rates), np.zeros(7)
        for exchange in range(5):
            assert not pathway.advance(y, rates, pathway.constants, 1.0 * exchange, 1.0, h, Settings()).any()
        states.append(y)
    assert states[0] == pytest.approx(states[1], rel=1e-12)
    one = build(network, method="explicit")
    y, h = one.start(one.constants, rates[:, 3:4]), np.zeros(1)
    for exchange in range(5):
        one.advance(y, rates[:, 3:4], one.constants, 1.0 * exchange, 1.0, h, Settings())
    assert (y[:-2, 0] == states[1][:-2, 3]).all()  # alone as among others, to the last bit
