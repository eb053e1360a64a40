"""What the verbs share: where text goes, how progress looks, and how quantities are read from options."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from migralab.core import units
from migralab.core.errors import RequestError, UnitError


def say(text: str = "") -> None:
    """Print a line of the answer to standard output."""
    sys.stdout.write(text + "\n")


def remark(text: str) -> None:
    """Print a line beside the answer to standard error."""
    sys.stderr.write(text + "\n")


def say_json(content: Any) -> None:
    """Print machine-readable output."""
    say(json.dumps(content, indent=2, default=str))


@contextmanager
def appearing_whole(out: Path) -> Iterator[Path]:
    """Give a folder beside `out` to write into; it gets its name when all is written, and goes if anything fails."""
    fresh = out.with_name(f"{out.name}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        yield fresh
        fresh.replace(out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as CSV, with the keys of the first as the header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def length_option(text: str | None, name: str) -> float | None:
    """Read a length option in um, None where it is not given."""
    return _option(text, name, "um", "0.1um")


def time_option(text: str | None, name: str) -> float | None:
    """Read a time option in min, None where it is not given."""
    seconds = _option(text, name, "min", "8min")
    return None if seconds is None else seconds / 60.0


def _option(text: str | None, name: str, unit: str, example: str) -> float | None:
    if text is None:
        return None
    try:
        value = units.parse(text, like=unit)
    except UnitError as error:
        raise RequestError(f"{name}: {error} Write for example {name} {example}.") from None
    if value <= 0:
        raise RequestError(f"{name} = {text} is not above 0. Write for example {name} {example}.")
    return value


SILENCE = 15.0  # s of long work without a line, where there is no terminal to show a bar


@contextmanager
def progress(title: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far long work is: a bar with rate and end time on a terminal, plain lines elsewhere."""
    if sys.stderr.isatty():
        with _bar(title, unit) as update:
            yield update
    else:
        yield _lines(title, unit)


@contextmanager
def _bar(title: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit),
        TextColumn("{task.fields[rate]}"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task, start = bar.add_task(title, total=None, rate=""), time.monotonic()

        def update(done: int, total: int) -> None:
            rate = done / max(time.monotonic() - start, 1e-9)
            bar.update(task, completed=done, total=total, rate=f"{rate:.1f} {unit}/s")

        yield update


def _lines(title: str, unit: str) -> Callable[[int, int], None]:
    start = shown = time.monotonic()
    next_share = 0.25

    def update(done: int, total: int) -> None:
        nonlocal next_share, shown
        if done < total * next_share and time.monotonic() - shown < SILENCE:
            return
        next_share, shown = done / total + 0.25, time.monotonic()
        passed = shown - start
        left = passed / max(done, 1) * (total - done)
        remark(f"{title}: {done} of {total} {unit}, {done / max(passed, 1e-9):.1f} a second, {left:.0f} s left")

    return update
