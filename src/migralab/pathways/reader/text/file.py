"""The text of a file, or why it has none."""

from __future__ import annotations

import re
from pathlib import Path

from migralab.core.errors import PathwayError

MOST_BYTES = 40_000_000
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.-]+)[\"']")
_KNOWN = frozenset({"iso-8859-1", "latin-1", "iso-8859-15", "windows-1252", "us-ascii"})


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, in UTF-16 with its mark, or in the encoding that its XML declares.

    Raises
    ------
    PathwayError
        If there is no such file, or no text in it.
    """
    if not path.exists():
        raise PathwayError(f"{path}: there is no such file; check the path")
    if not path.is_file():
        raise PathwayError(f"{path}: this is not a file; give a model in Antimony or SBML")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PathwayError(f"{path}: the file is larger than {MOST_BYTES // 1_000_000} MB; make the model smaller")
        raw = path.read_bytes()
    except OSError as error:
        raise PathwayError(f"{path}: it cannot be read ({error.strerror}); check its permissions") from None
    encoding = "utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
    declared = _ENCODING.match(raw.lstrip()[:200])
    if declared and declared.group(1).decode("ascii").lower() in _KNOWN:
        encoding = declared.group(1).decode("ascii")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        raise PathwayError(f"{path}: this is not a text in UTF-8; save it as UTF-8") from None
