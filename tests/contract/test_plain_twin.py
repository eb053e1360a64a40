"""The fibre kernels run one attachment after another: their plain twin is the same code without compilation."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np

SCRIPT = """
import json
import numba
from tests.dish import ALWAYS_MOVING, found_dish
names = ("motility.adhesion", "motility.walk", "motility.contact", "motility.displacement", "biogenesis.rear-width",
         "biogenesis.retraction-fibre", "biogenesis.breakage", "biogenesis.nucleation", "biogenesis.growth",
         "biogenesis.fate")
engine, state = found_dish(cells=3, dt=120.0, changes=ALWAYS_MOVING, names=names)
engine.run(state, 75)
fibres, cells = state["fibres"], state["cells"]
print(json.dumps({"compiled": not numba.config.DISABLE_JIT, "kind": fibres["kind"].tolist(),
    "parent": fibres["parent"].tolist(), "x": fibres["x"].tolist(), "laid": cells["fibre_laid"].tolist(),
    "attachments": state["rears"]["attachments"].tolist()}))
"""


def run(**environment):
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_compiled_and_plain_python_lay_the_same_fibres():
    compiled, plain = run(), run(NUMBA_DISABLE_JIT="1")
    assert compiled.pop("compiled")
    assert not plain.pop("compiled")
    assert len(plain["kind"]) > 300
    assert plain["kind"] == compiled["kind"]
    assert plain["parent"] == compiled["parent"]
    assert plain["attachments"] == compiled["attachments"]
    np.testing.assert_allclose(plain["x"], compiled["x"], rtol=1e-5, atol=1e-4)  # float32 columns
    np.testing.assert_allclose(plain["laid"], compiled["laid"], rtol=1e-9)
