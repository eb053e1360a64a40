"""A folder of results that appears complete or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from migralab.core.errors import RequestError


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give a folder to write into, and put it in the place of `target` when the block ends without an error.

    Parameters
    ----------
    target
        A new or empty directory.

    Raises
    ------
    RequestError
        If the directory holds anything, or cannot be written.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RequestError(f"'{target}' exists and is not an empty directory. Choose another with -o, or remove it.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise RequestError(f"'{target}' cannot be written: {error.strerror}.") from None
    try:
        yield building
        building.chmod(0o755)
        if target.exists():
            target.rmdir()
        os.replace(building, target)  # noqa: PTH105 - one atomic step; Path.replace is the same call
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
