"""A strict reader of BibTeX: entries by key, with their fields and their text as written.

Our bibliography is our own file, so a short reader that refuses everything unusual, with the line, is safer
than a tolerant library that drops what it cannot read. Not read: ``@string``, ``@preamble``, ``#``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from migralab.core.errors import Place, SpecError

_HEAD = re.compile(r"@\s*([A-Za-z]+)\s*\{\s*([^\s,{}\"#%=]+)\s*,")
_FIELD = re.compile(r"\s*([A-Za-z][\w-]*)\s*=\s*")
_BARE = re.compile(r"[0-9]+|[A-Za-z]{3}\b")
_END = re.compile(r"\s*(,?)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class BibEntry:
    """One entry of a bibliography.

    Parameters
    ----------
    key
        As cited.
    kind
        ``article``, ``book``, ... in lower case.
    fields
        By lower-case name, without the outer braces or quotes, blanks collapsed.
    text
        The entry as it stands in the file.
    """

    key: str
    kind: str
    fields: Mapping[str, str]
    text: str


def read_bibtex(path: Path) -> dict[str, BibEntry]:
    """Read a BibTeX file. See `parse_bibtex`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"the bibliography cannot be read ({error}).", Place(str(path))) from None
    return parse_bibtex(text, str(path))


def parse_bibtex(text: str, name: str = "<text>") -> dict[str, BibEntry]:
    """Return the entries of a bibliography by key, in the order of the file.

    Raises
    ------
    SpecError
        With the line: a key or a field that stands twice, a brace that is not closed, text between entries
        that is not a ``%`` comment, or anything that is not ``@kind{key, field = {value}, ...}``.
    """
    entries: dict[str, BibEntry] = {}
    position = 0
    while (start := _skip_blank(text, position)) < len(text):
        head = _HEAD.match(text, start)
        if head is None:
            raise _error(text, start, name, "expected '@kind{key,' or a comment that begins with %")
        kind, key = head.group(1).lower(), head.group(2)
        if key in entries:
            raise _error(text, start, name, f"the key '{key}' stands twice")
        fields, position = _read_fields(text, head.end(), name)
        entries[key] = BibEntry(key=key, kind=kind, fields=fields, text=text[start:position])
    return entries


def _skip_blank(text: str, position: int) -> int:
    while position < len(text):
        if text[position].isspace():
            position += 1
        elif text[position] == "%":
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
        else:
            break
    return position


def _read_fields(text: str, position: int, name: str) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    comma = True
    while True:
        position = _skip_blank(text, position)
        if text[position : position + 1] == "}":
            return fields, position + 1
        field = _FIELD.match(text, position)
        if field is None or not comma:
            raise _error(text, position, name, "expected 'field = {value}', a comma between fields, or '}'")
        label = field.group(1).lower()
        if label in fields:
            raise _error(text, position, name, f"the field '{label}' stands twice")
        value, position = _read_value(text, field.end(), name)
        fields[label] = " ".join(value.split())
        end = _END.match(text, position)
        comma = end is not None and end.group(1) == ","
        position = end.end() if end is not None else position


def _read_value(text: str, start: int, name: str) -> tuple[str, int]:
    opening = text[start : start + 1]
    if opening not in ("{", '"'):
        bare = _BARE.match(text, start)
        if bare is None:
            raise _error(text, start, name, 'a value stands in {braces} or "quotes", or is a whole number')
        return bare.group(), bare.end()
    depth = 0
    for position in range(start, len(text)):
        letter = text[position]
        if letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
        if depth < 0:
            break
        closes = letter == "}" if opening == "{" else letter == '"' and position > start
        if depth == 0 and closes:
            return text[start + 1 : position], position + 1
    raise _error(text, start, name, "this value is never closed; count its braces")


def _error(text: str, position: int, name: str, message: str) -> SpecError:
    return SpecError(f"{message}.", Place(name, text.count("\n", 0, position) + 1))
