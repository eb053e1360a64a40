"""`migralab bench`: how fast this machine runs the model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from migralab.core.errors import RequestError


def bench(name: Annotated[str | None, typer.Argument(help="One benchmark; all by default.")] = None) -> None:
    """Run the benchmarks of a source checkout: ratios within one run, never bare seconds."""
    root = Path(__file__).parents[4]
    if not (root / "benchmarks" / "run.py").is_file():
        raise RequestError(
            "The benchmarks are part of the source checkout, not of an installed package. Use git clone."
        )
    command = [sys.executable, "-m", "benchmarks.run", *([name] if name else [])]
    raise typer.Exit(subprocess.run(command, cwd=root, check=False).returncode)
