"""The two decorators that compile a function, and the folder in which compiled code is kept.

numba's own cache does not notice an edit in a function that a kernel calls from another file. The cache
folder is therefore named by a hash of all kernel sources and of the versions: edit one line and everything
is compiled again, never silently stale. A read-only installation works too, because the folder is the user's.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np

_Function = TypeVar("_Function", bound=Callable[..., Any])

# An idle thread must sleep, not spin: a spinning team runs ten times slower beside another busy program.
# Read when numba starts its threads, so it is in time here; a value that the user has set stays.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

WORTH_THREADS = 3000  # entities below which waking a second thread (30 us a loop) costs more than it saves

KEPT = 8  # folders of compiled code; other versions and checkouts of one user may be at work beside this one
_ROOMS = ("core", "physics", "imaging/signal", "imaging/detect")  # every room with a kernel
SOURCES = tuple(Path(__file__).parents[1] / room for room in _ROOMS)


def _source_hash() -> str:
    digest = hashlib.blake2b(f"{sys.version}/{numba.__version__}/{np.__version__}".encode(), digest_size=8)
    for folder in SOURCES:
        for file in sorted(folder.rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _forget_old(root: Path) -> None:
    """Remove all but the newest few folders of compiled code: each edit of a kernel leaves one behind."""
    with contextlib.suppress(OSError):  # another process may tidy up at the same time
        folders = sorted(root.iterdir(), key=lambda folder: folder.stat().st_mtime)
        for folder in folders[:-KEPT]:
            shutil.rmtree(folder, ignore_errors=True)


def _cache_folder() -> Path:
    if chosen := os.environ.get("MIGRALAB_CACHE"):
        root = Path(chosen)
    elif sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA", tempfile.gettempdir())) / "migralab"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "migralab"
    folder = root / "kernels" / _source_hash()
    try:
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)  # two workers may come at once
            _forget_old(folder.parent)
    except OSError:  # no writable home, as in some containers
        folder = Path(tempfile.gettempdir()) / "migralab-kernels" / folder.name
        folder.mkdir(parents=True, exist_ok=True)
    return folder


setattr(numba.config, "CACHE_DIR", str(_cache_folder()))  # noqa: B010  # numba sets its options by name


def plain(function: _Function) -> _Function:
    """Return the Python function behind a compiled one: the twin of one that works on arrays as on scalars."""
    return getattr(function, "py_func", function)


KERNELS: dict[str, Any] = {}
"""Every compiled function by ``module.name``; `migralab.warm` compiles them and the contract test lists them."""


def _register(function: _Function, *, parallel: bool) -> _Function:
    compiled = numba.njit(cache=True, error_model="numpy", nogil=True, parallel=parallel)(function)
    KERNELS[f"{function.__module__.removeprefix('migralab.')}.{function.__name__}"] = compiled
    return cast("_Function", compiled)


def kernel(function: _Function) -> _Function:
    """Compile a function of floats and plain arrays for one thread."""
    return _register(function, parallel=False)


def parallel_kernel(function: _Function) -> _Function:
    """Compile a function whose `prange` loops run on several threads; no sum may cross iterations."""
    return _register(function, parallel=True)


def threads() -> int:
    """Return how many threads the kernels may use now."""
    return int(numba.get_num_threads())


_allowed: list[int] = []  # threads that the outermost block found, once for each open block


@contextmanager
def threads_for(entities: int) -> Iterator[None]:
    """Run the kernels on one thread if there is little to do; the results are the same on any number.

    Blocks may be nested: a large field in a dish of few cells gets back the threads that the dish did not want.
    """
    before = numba.get_num_threads()
    _allowed.append(_allowed[-1] if _allowed else before)
    numba.set_num_threads(_allowed[-1] if entities >= WORTH_THREADS else 1)
    try:
        yield
    finally:
        numba.set_num_threads(before)
        _allowed.pop()
