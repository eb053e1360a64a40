"""Write a file that appears whole or not at all, and never over an old one unless that is asked for."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from migralab.core.errors import RequestError


def write_whole(path: str | Path, write: Callable[[Path], None], *, replace: bool) -> Path:
    """Let `write` make a file beside `path`, then put it there in one step.

    Parameters
    ----------
    path
        Where the file shall be.
    write
        Makes the file whose name it is given. That file is new and has the ending of `path`.
    replace
        Whether an existing file is replaced; it is never appended to.

    Raises
    ------
    RequestError
        If the file is there and `replace` is False, or it cannot be written.
    """
    target = Path(path)
    if target.is_dir():
        raise RequestError(f"'{target}' is a directory, not a file. Choose another name.")
    if target.exists() and not replace:
        raise RequestError(f"'{target}' exists and is left as it is. Choose another name, or say replace (--replace).")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise RequestError(f"'{target}' cannot be written: {error.strerror}.") from None
    building = folder / target.name
    try:
        write(building)
        os.replace(building, target)  # noqa: PTH105 - one atomic step; Path.replace is the same call
    except OSError as error:
        raise RequestError(f"'{target}' cannot be written: {error.strerror or error}.") from None
    finally:
        building.unlink(missing_ok=True)
        folder.rmdir()
    return target
