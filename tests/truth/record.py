"""Write docs/pathways-semantic-cases.md: what became of every semantic case. ``python -m tests.truth.record``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

import numpy as np

from tests.truth.cases import ROOT, Outcome, cases, judge

PAGE = ROOT / "docs" / "pathways-semantic-cases.md"

# What is refused, by a word that the reader's message must contain; the first that fits
REASONS = {
    "algebraic rule": r"algebraic rules are not supported",
    "event with a delay": r"events with a delay are not supported",
    "value from the past": r"delay\(\) is not supported",
    "fast reaction": r"fast reactions are not supported",
    "flux balance": r"flux balance .* is not supported",
    "submodel in another file": r"lies in another file",
    "not finite at the start": r"has no finite value at the start",
}

HEAD = """# SBML semantic test cases

The SBML test suite has small models with the course that each of them must give. All {total} of
`sbml_semantic_cases.tar.xz` are read and run by `tests/truth/test_semantic_cases.py`, on the plain twin of the
generated code, and judged as the suite judges: every value within the case's own absolute plus relative
tolerance. A case passes, or the reader refuses its model in one message with the element and the reason.
A case that is read and gives another course would be an error of migralab.

| what became of them | cases |
|---|---|
| passed | {passed} |
| refused, with the reason | {refused} |
| wrong | {wrong} |

This page is written by `python -m tests.truth.record`; the tests fail where it and the program disagree.

## Refused

What is not finite at the start is about infinity and NaN as values; those cases pass with `check_start=False`.

| reason | cases | which |
|---|---|---|
"""


def reason_of(message: str) -> str:
    """Return the kind of a refusal.

    Raises
    ------
    ValueError
        If it is none that is known: then it is no refusal that we mean.
    """
    for reason, pattern in REASONS.items():
        if re.search(pattern, message, re.IGNORECASE):
            return reason
    raise ValueError(f"an unknown reason: {message}")


def page_of(outcomes: Iterable[Outcome]) -> str:
    """Return the text of the page."""
    found = list(outcomes)
    refused = [one for one in found if one.verdict == "refused"]
    passed = sum(one.verdict == "passed" for one in found)
    text = HEAD.format(total=len(found), passed=passed, refused=len(refused), wrong=len(found) - passed - len(refused))
    groups: dict[str, list[int]] = {}
    for one in refused:
        groups.setdefault(reason_of(one.reason), []).append(one.number)
    for reason in REASONS:
        if numbers := groups.get(reason):
            text += f"| {reason} | {len(numbers)} | {', '.join(f'{number:05d}' for number in numbers)} |\n"
    return text


def recorded() -> tuple[dict[str, int], dict[int, str]]:
    """Return what the page says: how many passed, were refused and wrong, and the reason of every refused case."""
    text = PAGE.read_text(encoding="utf-8")
    counts = {
        verdict: int(number) for verdict, number in re.findall(r"^\| (passed|refused|wrong).*?\| (\d+) \|$", text, re.M)
    }
    reasons = {}
    for reason, count, numbers in re.findall(r"^\| ([a-z ]+) \| (\d+) \| ([\d, ]+) \|$", text, re.M):
        listed = [int(number) for number in numbers.split(",")]
        if len(listed) != int(count):
            raise ValueError(f"{PAGE}: {count} cases of {reason}, but {len(listed)} are listed")
        reasons.update(dict.fromkeys(listed, reason))
    return counts, reasons


def main() -> None:
    """Run all cases and write the page; end with 1 if one is wrong."""
    with np.errstate(all="ignore"):
        outcomes = [judge(case) for case in cases().values()]
    wrong = [one for one in outcomes if one.verdict == "wrong"]
    PAGE.write_text(page_of(outcomes), encoding="utf-8")
    for one in wrong:
        sys.stderr.write(f"{one.number:05d}: {one.reason}\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
