"""A run begins at once: what it does not need before its first tick, or in it, is not loaded."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

SLOW_LIBRARIES = (
    "pint", "pandas", "zarr", "pyarrow", "matplotlib", "skimage", "PIL", "tifffile", "jinja2", "rich", "scipy.stats",
    "scipy.optimize", "scipy.spatial", "scipy.ndimage", "scipy.fft", "scipy.signal", "scipy.interpolate", "numba.cuda",
)  # fmt: skip
ROOMS_FOR_LATER = ("migralab.imaging", "migralab.microscope", "migralab.report", "migralab.checks", "migralab.measure")

RUN = """
    import json, sys
    from migralab.cli.main import main
    from migralab.engine.engine import Engine

    ticks = 0
    once = Engine._tick

    def watched(engine, state):
        global ticks
        if ticks == 3:
            print(json.dumps(sorted(sys.modules)))
            sys.exit()
        once(engine, state)
        ticks += 1

    Engine._tick = watched
    main(["run", "migrasome-formation", "--out", sys.argv[1]])
"""


def is_in(module, loaded):
    """Return what of a module or package is loaded."""
    return sorted(name for name in loaded if f"{name}.".startswith(f"{module}."))


def loaded_by(script, *arguments):
    """Return the names of all modules that a script in a fresh process has loaded when it prints them."""
    command = [sys.executable, "-c", textwrap.dedent(script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def loaded_at_third_tick(tmp_path_factory):
    return loaded_by(RUN, str(tmp_path_factory.mktemp("cold") / "dish"))


def test_the_run_was_caught_while_it_ticked(loaded_at_third_tick):
    assert {"numba", "migralab.simulation.simulate", "migralab.physics.attachments"} <= loaded_at_third_tick


@pytest.mark.parametrize("module", [*SLOW_LIBRARIES, *ROOMS_FOR_LATER])
def test_a_run_ticks_without(module, loaded_at_third_tick):
    assert is_in(module, loaded_at_third_tick) == []


@pytest.fixture(scope="module")
def loaded_by_the_command_line():
    return loaded_by("import json, sys, migralab.cli.main; print(json.dumps(sorted(sys.modules)))")


@pytest.mark.parametrize("module", ["numpy", "numba", "scipy", *SLOW_LIBRARIES])
def test_the_command_line_answers_without(module, loaded_by_the_command_line):
    assert is_in(module, loaded_by_the_command_line) == []
