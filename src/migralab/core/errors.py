"""Every error that migralab raises on purpose, and the exit code that each one ends the program with.

::

    MigralabError
    ├── RequestError (ValueError)      the request makes no sense            exit 2
    │   ├── SpecError                  a YAML file is wrong, with its place
    │   ├── UnitError                  a quantity cannot be read or converted
    │   ├── UnknownIdError             no such entry, arm, readout; lists the nearest
    │   ├── PathwayError               a model in Antimony or SBML cannot be read or run
    │   └── DataError                  an image, a table or a track file cannot be used
    └── BreakdownError (RuntimeError)  the run broke down; partial data kept  exit 3
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class MigralabError(Exception):
    """Root of the tree; its text is shown to the user as it is."""

    exit_code = 2


class RequestError(MigralabError, ValueError):
    """The request makes no sense; nothing was run and nothing was written."""


class UnitError(RequestError):
    """A quantity cannot be read, or its unit has another dimension than the one wanted."""


class UnknownIdError(RequestError):
    """An id names nothing; the nearest known ids are listed."""

    def __init__(self, kind: str, got: str, known: Iterable[str]) -> None:
        self.kind, self.got, self.known = kind, got, sorted(known)
        near = difflib.get_close_matches(got, self.known, n=3, cutoff=0.4)
        all_known = f"Known: {', '.join(self.known) or 'none'}."
        hint = f"Did you mean {' or '.join(near)}?" if near else all_known
        if near and len(self.known) <= 6 and set(near) != set(self.known):  # few enough to be read at once
            hint = f"{hint} {all_known}"
        super().__init__(f"There is no {kind} '{got}'. {hint}")


class PathwayError(RequestError):
    """A model in Antimony or SBML cannot be read, or asks for what is not supported; with line and element."""


class DataError(RequestError):
    """A file with images, tables or tracks cannot be used as asked."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands: file name, line (from 1) and path inside the document."""

    file: str
    line: int | None = None
    path: str = ""

    def __str__(self) -> str:
        line = f":{self.line}" if self.line is not None else ""
        path = f" ({self.path})" if self.path else ""
        return f"{self.file}{line}{path}"


class SpecError(RequestError):
    """An experiment file is wrong; the message begins with file, line and path."""

    def __init__(self, message: str, place: Place | None = None) -> None:
        self.place = place
        super().__init__(f"{place}: {message}" if place else message)


class BreakdownError(MigralabError, RuntimeError):
    """The run broke down after it had begun; what was computed until then is kept."""

    exit_code = 3
