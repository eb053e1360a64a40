"""All semantic cases of the SBML test suite: each passes or is refused with the recorded reason, none is wrong."""

from __future__ import annotations

import dataclasses

import pytest

from tests.truth.cases import ABSENT, ARCHIVE, cases, judge
from tests.truth.record import reason_of, recorded

pytestmark = pytest.mark.skipif(not ARCHIVE.exists(), reason=ABSENT)

BLOCKS = 40  # by number; each a test, so that workers can share them
LONG = {952, 953, 962, 964, 965, 1588, 1591, 1627}  # thousands of events each: two minutes without compiling
INFINITE = (950, 1811, 1813)  # about infinity and NaN, which are refused unless one asks for them


def block_of(number: int) -> int:
    """Return the block of a case: numbers reach 1,820."""
    return number * BLOCKS // 1821


def surprise(number: int, reasons: dict[int, str], method: str = "explicit") -> str:
    """Return how a case differs from what is recorded; empty if it does not."""
    outcome = judge(cases()[number], method=method)
    reason = reason_of(outcome.reason) if outcome.verdict == "refused" else ""
    expected = ("refused", reasons[number]) if number in reasons else ("passed", "")
    if (outcome.verdict, reason) == expected:
        return ""
    return f"{number:05d}: {outcome.verdict} ({outcome.reason}); recorded: {' '.join(expected)}"


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_case_passes_or_is_refused_as_recorded(block):
    _, reasons = recorded()
    numbers = [number for number in cases() if block_of(number) == block and number not in LONG]
    assert numbers
    assert [found for number in numbers if (found := surprise(number, reasons))] == []


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_case_passes_with_the_stiff_integrator_too(block):
    _, reasons = recorded()
    numbers = [number for number in cases() if block_of(number) == block and number not in LONG | set(reasons)]
    assert [found for number in numbers if (found := surprise(number, reasons, "stiff"))] == []


@pytest.mark.slow
@pytest.mark.parametrize("number", sorted(LONG))
def test_a_case_with_thousands_of_events_passes(number):
    assert surprise(number, recorded()[1]) == ""


@pytest.mark.parametrize("number", INFINITE)
def test_a_case_about_infinity_passes_where_it_is_asked_for(number):
    assert judge(cases()[number], check_start=False).verdict == "passed"


@pytest.mark.parametrize("number", [1, 17, 26, 41])
def test_a_course_that_is_wrong_by_a_thousandth_is_seen(number):
    case = cases()[number]
    header, *rows = case.expected.splitlines()
    last = rows[-1].split(",")
    last[1] = repr(1.001 * float(last[1]) + 2.0 * case.tolerances[0])
    broken = dataclasses.replace(case, expected="\n".join([header, *rows[:-1], ",".join(last)]))
    assert judge(broken).verdict == "wrong"


def test_the_page_counts_what_it_lists():
    counts, reasons = recorded()
    assert counts["refused"] == len(reasons)
    assert counts["passed"] == len(cases()) - len(reasons)
    assert counts["wrong"] == 0


TAGS = {
    "algebraic rule": "AlgebraicRule",
    "event with a delay": "EventWithDelay",
    "value from the past": "CSymbolDelay",
    "fast reaction": "FastReaction",
    "flux balance": "FluxBalanceSteadyState",
    "submodel in another file": "ExternalModelDefinition",
}
EMPTY = {1241, 1244}  # their delay and their algebraic rule have no formula, so there is nothing to refuse


def test_the_suite_itself_says_that_it_uses_what_is_refused():
    _, reasons = recorded()
    for number, case in cases().items():
        used = {reason for reason, tag in TAGS.items() if tag in case.tags}
        if number in reasons:
            assert reasons[number] in used or number in INFINITE, number
        else:
            assert not used or number in EMPTY, number
