"""Where generated modules lie, and how they come back.

The folder is named by the sources that write a module, inside the folder of compiled kernels, whose own name holds the
versions of Python, numpy and numba. So no edit of a solver can be answered with old code. A file is written elsewhere
and then put in place at once: two programs that come together both find a whole one.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numba

from migralab.core import kernel as kernels  # names the folder of compiled code before anything is compiled

ROOM = Path(__file__).parents[1]
SOURCES = (ROOM / "generate", ROOM / "solver", ROOM / "differentiate.py", ROOM / "expression.py", ROOM / "network.py")


def digest(*parts: str | bytes) -> str:
    """Return a short name for some content."""
    found = hashlib.blake2b(digest_size=12)
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        found.update(f"{len(content)}/".encode())
        found.update(content)
    return found.hexdigest()


def source_digest(sources: tuple[Path, ...]) -> str:
    """Return a short name for the content of some files and folders of Python."""
    files = [file for own in sources for file in ([own] if own.is_file() else sorted(own.rglob("*.py")))]
    return digest(*(part for file in files for part in (file.name, file.read_bytes())))


@cache
def folder() -> Path:
    """Return the folder of generated modules, made if it is not there."""
    root = Path(vars(numba.config)["CACHE_DIR"]) / "pathways"
    own = root / source_digest(SOURCES)
    if not own.exists():
        own.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # another process may tidy up at the same time
            for old in sorted(root.iterdir(), key=lambda found: found.stat().st_mtime)[: -kernels.KEPT]:
                shutil.rmtree(old, ignore_errors=True)
    return own


def put(name: str, text: str) -> Path:
    """Write a file of the cache at once, unless it is there, and return its path."""
    target = folder() / name
    if not target.exists():  # a second write would change its time, and numba would compile again
        handle, path = tempfile.mkstemp(dir=folder())
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        try:
            os.link(path, target)  # fails if another process was faster, whose file then stays
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            Path(path).replace(target)
        Path(path).unlink(missing_ok=True)
    return target


def get(name: str) -> str | None:
    """Return a file of the cache, or None if there is none."""
    try:
        return (folder() / name).read_text(encoding="utf-8")
    except OSError:
        return None


def get_record(name: str) -> dict[str, Any] | None:
    """Return a JSON file of the cache, or None if there is none or it is damaged."""
    with contextlib.suppress(json.JSONDecodeError):
        found = json.loads(get(name) or "null")
        return found if isinstance(found, dict) else None
    return None


def _module_name(key: str) -> str:
    return f"migralab_pathway_{key}"


def has_module(key: str) -> bool:
    """Return whether a module has been written."""
    return (folder() / f"{_module_name(key)}.py").exists()


def load_module(key: str, text: str | None = None) -> ModuleType:
    """Import a generated module; numba then finds what it has compiled for it before.

    Parameters
    ----------
    text
        Written first if the module is not there.
    """
    name = _module_name(key)
    if name in sys.modules:
        return sys.modules[name]
    path = folder() / f"{name}.py" if text is None else put(f"{name}.py", text)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def run_plain(text: str, scope: dict[str, Any]) -> dict[str, Any]:
    """Return the names that a generated text defines when it is run as it stands."""
    names = dict(scope)
    exec(compile(text, "<pathway>", "exec"), names)
    return names
