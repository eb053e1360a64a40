"""After `python -m migralab.warm` no run compiles anything."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap

import pytest
from numba.core.caching import NullCache

from migralab.core.kernel import KERNELS, kernel
from migralab.warm import _told

RUN = """
    import json, sys
    import numpy as np
    from migralab.cli.main import main
    from migralab.core.kernel import KERNELS

    code = main(["run", "migrasome-formation", *sys.argv[1:]])
    used = {name: [sum(k.stats.cache_hits.values()), sum(k.stats.cache_misses.values())] for name, k in KERNELS.items()}
    print(json.dumps({"code": code, "used": used}))
"""
SIDE_BY_SIDE = """
    import json, sys
    import migralab
    from migralab.core.kernel import KERNELS

    models = {"one": migralab.compile_experiment(migralab.load("migrasome-formation"))}
    migralab.run_batch(models, [1, 2], ["count.per_cell"])
    used = {name: [sum(k.stats.cache_hits.values()), sum(k.stats.cache_misses.values())] for name, k in KERNELS.items()}
    print(json.dumps({"code": 0, "used": used}))
"""


def run(*command):
    """Return the output of a fresh Python."""
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def warmed():
    return run("-m", "migralab.warm")


def test_warming_ends_with_a_count_and_a_time(warmed):
    assert re.fullmatch(r" *\d+ kernels stand, \d+ compiled just now, [\d.]+ s", warmed.splitlines()[-1])


@pytest.mark.usefixtures("warmed")
def test_warming_again_compiles_nothing():
    assert " 0 compiled just now" in run("-m", "migralab.warm")


@pytest.mark.usefixtures("warmed")
@pytest.mark.parametrize("script", [RUN, SIDE_BY_SIDE])
def test_a_fresh_process_finds_every_kernel_compiled(script, tmp_path):
    told = json.loads(run("-c", textwrap.dedent(script), "--out", str(tmp_path / "dish")).splitlines()[-1])
    assert told["code"] == 0
    assert {name for name, (_, misses) in told["used"].items() if misses} == set()
    assert sum(hits for hits, _ in told["used"].values()) >= 10  # the run did use kernels


def test_each_compilation_is_told_with_its_time():
    @kernel
    def twice(x):
        return 2 * x

    twice._cache = NullCache()  # found in a cache of an earlier run it would not be compiled, and nothing told
    name = next(name for name, known in KERNELS.items() if known is twice)
    lines = []
    try:
        with _told(lines.append) as compiled:
            assert twice(2.5) == 5.0
    finally:
        del KERNELS[name]
    assert compiled == [name]
    assert lines[0].startswith(f"  {name}: ")
