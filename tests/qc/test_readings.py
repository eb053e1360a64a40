"""Every entry is what its status says: reviewed after a second reading of every row, provisional without one.

A second reader fills in the sheet of ``python -m tests.qc.questions ID``; `tests.qc.compare` says what counts as
agreement, and ``python -m tests.qc.compare`` prints how far the readings agree.
"""

from __future__ import annotations

import re

import pytest

from migralab.catalog.catalog import entry_ids, load
from tests.qc.compare import problems
from tests.qc.questions import sheet
from tests.qc.reading import READINGS, read_reading
from tests.qc.sheet import rows_of


@pytest.mark.parametrize("entry", entry_ids())
def test_entry_is_what_its_status_says(entry):
    assert problems(load(entry).experiment, read_reading(entry)) == []


def test_every_reading_is_of_an_entry_and_says_so():
    files = sorted(READINGS.glob("*.yaml"))
    assert {file.stem for file in files} <= set(entry_ids())
    assert all(read_reading(file.stem).entry == file.stem for file in files)


@pytest.mark.parametrize("entry", entry_ids())
def test_sheet_asks_everything_once_and_tells_no_value(entry):
    rows = rows_of(load(entry).experiment)
    assert rows
    assert len({row.id for row in rows}) == len(rows)
    text = sheet(load(entry).experiment)
    answers = re.findall(r"^    (?:value|low|high|direction|tag|confidence):(.*)$", text, re.MULTILINE)
    assert answers
    assert set(answers) == {""}
    assert all("locator" not in line or line.endswith('""') for line in text.splitlines() if line.startswith("    loc"))
