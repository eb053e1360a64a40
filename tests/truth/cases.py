"""The semantic cases of the SBML test suite: read from the archive, run on the plain twin, judged as the suite judges.

A case passes if every value c of its table and ours, u, obey abs(c - u) <= absolute + relative * abs(c) with the
case's own tolerances. A case that is read but does not pass is wrong; one that the reader refuses has a reason.
"""

from __future__ import annotations

import csv
import functools
import io
import os
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from migralab.core.errors import MigralabError, PathwayError

ROOT = Path(__file__).resolve().parents[2]
ARCHIVE = Path(os.environ.get("MIGRALAB_DATA") or ROOT.parent / "shared" / "data") / "sbml_semantic_cases.tar.xz"
ABSENT = f"{ARCHIVE} is not on this machine; set MIGRALAB_DATA to the folder that has it"

# Far below the tightest tolerances of the suite (1e-4 relative, 1e-9 absolute), so that what is judged is the meaning
RTOL, ATOL = 1e-8, 1e-12


@dataclass(frozen=True)
class Case:
    """One case: the model's text, what to show, the expected table and its tolerances."""

    number: int
    model: str
    settings: dict[str, str]
    expected: str
    tags: str

    @property
    def names(self) -> list[str]:
        return _names(self.settings["variables"])

    @property
    def tolerances(self) -> tuple[float, float]:
        return float(self.settings["absolute"]), float(self.settings["relative"])

    def table(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the times and the (times, names) values that the suite expects."""
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(self.expected)) if any(row)]
        columns = {name: place for place, name in enumerate(rows[0])}
        values = np.array([[float(cell) for cell in row] for row in rows[1:]])
        times = values[:, 0]
        if self.settings.get("duration"):  # as settings say: the table has them rounded
            start, duration, steps = (float(self.settings[key]) for key in ("start", "duration", "steps"))
            times = start + duration * np.arange(int(steps) + 1) / steps
        return times, values[:, [columns[name] for name in self.names]]


@dataclass(frozen=True)
class Outcome:
    """What became of a case: ``passed``, ``refused`` or ``wrong``, and why."""

    number: int
    verdict: str
    reason: str = ""


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


@functools.cache
def cases() -> dict[int, Case]:
    """Return all cases by number."""
    parts: dict[int, dict[str, str]] = {}
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            found = re.fullmatch(r".*/(\d{5})-(settings\.txt|results\.csv|tags\.txt|sbml-.*\.xml)", member.name)
            content = archive.extractfile(member) if found else None
            if found and content:
                kind = "model" if found[2].startswith("sbml") else found[2].split(".")[0]
                parts.setdefault(int(found[1]), {})[kind] = content.read().decode()
    return {number: _case(number, part) for number, part in sorted(parts.items())}


def _case(number: int, part: dict[str, str]) -> Case:
    pairs = (line.split(":", 1) for line in part["settings"].splitlines() if ":" in line)
    settings = {key.strip(): value.strip() for key, value in pairs}
    return Case(number, part["model"], settings, part["results"], part["tags"])


def judge(case: Case, *, method: str = "explicit", check_start: bool = True) -> Outcome:
    """Read and run one case; without `check_start`, also one that starts with infinity or NaN."""
    from migralab.pathways.reader import read_model

    try:
        network = read_model(case.model, f"{case.number:05d}.xml", check_start=check_start)
    except PathwayError as error:
        return Outcome(case.number, "refused", str(error))
    except Exception as error:  # noqa: BLE001  # a reader that breaks down is wrong, not careful
        return Outcome(case.number, "wrong", f"reader: {type(error).__name__}: {error}")
    try:
        worst = _distance(case, network, method)
    except (MigralabError, ArithmeticError, LookupError, ValueError, TypeError, NameError) as error:
        return Outcome(case.number, "wrong", f"{type(error).__name__}: {error}")
    return (
        Outcome(case.number, "passed") if worst <= 1.0 else Outcome(case.number, "wrong", f"{worst:.3g} tolerances off")
    )


def _distance(case: Case, network, method: str) -> float:
    """Return the largest difference in units of the case's tolerance."""
    from migralab.pathways.course import Solver, simulate_course

    times, expected = case.table()
    course = simulate_course(network, times, solver=Solver(rtol=RTOL, atol=ATOL, method=method, plain=True))
    amounts, concentrations = (_names(case.settings.get(key, "")) for key in ("amount", "concentration"))
    ours = np.empty_like(expected)
    for place, name in enumerate(case.names):
        if name in amounts and name in network.amounts:
            ours[:, place] = course.amount(name)
        elif name in concentrations and name in network.concentrations:
            ours[:, place] = course.concentration(name)
        else:
            ours[:, place] = course[name]
    absolute, relative = case.tolerances
    same = (ours == expected) | (np.isnan(ours) & np.isnan(expected))
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.where(same, 0.0, np.abs(ours - expected) / (absolute + relative * np.abs(expected)))
    return float(np.max(np.where(np.isnan(off), np.inf, off), initial=0.0))
