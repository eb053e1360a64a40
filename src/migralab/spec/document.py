"""A YAML document as plain data, with the line of everything in it. Strict: what is ambiguous is refused.

Only the core schema of YAML 1.2 is read (true, false, null, decimal numbers, text). The 1.1 rules that turn
``no`` into false, ``12:30`` into 750 and leave ``1e-4`` as text are traps in a file of measurements.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from migralab.core.errors import Place, SpecError

Location = tuple[str | int, ...]
Places = Mapping[Location, int]
"""Line (from 1) of every value, by its path in the document."""

LARGEST_FILE = 2_000_000
MOST_VALUES = 50_000  # aliases multiply: a few lines of them can stand for billions of values
DEEPEST = 30

_SCALARS: dict[str, tuple[str, str]] = {
    "null": (r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    "bool": (r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    "int": (r"^[-+]?[0-9]+$", "-+0123456789"),
    "float": (
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+.0123456789",
    ),
}  # fmt: skip
_TAG = "tag:yaml.org,2002:"


class _CoreLoader(yaml.SafeLoader):
    """Composes nodes only, with the scalars of YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012  # the attribute that PyYAML reads


def resolve_core_scalars(resolver: type[yaml.resolver.BaseResolver]) -> None:
    """Teach a loader or a dumper which plain text is no text: what the one reads, the other must quote."""
    for name, (pattern, first) in _SCALARS.items():
        letters = ["" if letter == "\0" else letter for letter in first]
        resolver.add_implicit_resolver(_TAG + name, re.compile(pattern), letters)


resolve_core_scalars(_CoreLoader)


def read_document(path: Path) -> tuple[dict[str, Any], Places]:
    """Read a YAML file whose top is a mapping.

    Returns
    -------
    data
        Nested dicts, lists and scalars.
    places
        Line of every value.

    Raises
    ------
    SpecError
        With file and line: not readable, not UTF-8, not YAML, a tab, a repeated key, a number that is not
        finite, a tag, too deep, or too large once aliases are written out.
    """
    text = _read_text(path)
    return parse_document(text, str(path))


def parse_document(text: str, name: str) -> tuple[dict[str, Any], Places]:
    """Read a document from text; `name` stands for the file in messages. See `read_document`."""
    for number, line in enumerate(text.splitlines(), start=1):
        if "\t" in line[: len(line) - len(line.lstrip())]:
            raise SpecError("a tab in the indentation. YAML indents with spaces only.", Place(name, number))
    try:
        root = yaml.compose(text, Loader=_CoreLoader)
    except yaml.YAMLError as error:
        raise _syntax_error(error, name) from None
    except RecursionError:
        raise SpecError(f"nested deeper than {DEEPEST} levels.", Place(name)) from None
    if not isinstance(root, yaml.MappingNode):
        got = {yaml.SequenceNode: "a list", yaml.ScalarNode: "one value"}.get(type(root), "nothing")
        raise SpecError(f"the file holds {got}; it must begin with 'schema: 1' and more keys.", Place(name, 1))
    reader = _Reader(name)
    data = reader.mapping(root, ())
    return data, MappingProxyType(reader.places)


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SpecError(f"larger than {LARGEST_FILE:,} bytes: no experiment file.", Place(str(path)))
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        message = "there is no such file. Write the path of an experiment file."
        raise SpecError(message, Place(str(path))) from None
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text (byte {error.start}). Save it as UTF-8."
        raise SpecError(message, Place(str(path))) from None
    except OSError as error:
        raise SpecError(f"cannot be read: {error.strerror}.", Place(str(path))) from None


def _syntax_error(error: yaml.YAMLError, name: str) -> SpecError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark is not None else None
    context, problem = getattr(error, "context", None), getattr(error, "problem", None)
    what = ", ".join(part for part in (context, problem) if part) or str(error).splitlines()[0]
    advice = "Check indentation, the colon and space after keys, quotes and brackets, here and in the line above."
    return SpecError(f"not valid YAML: {what}. {advice}", Place(name, line))


class _Reader:
    """Turns nodes into plain data and writes down the line of each."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[Location, int] = {}

    def build(self, node: yaml.Node, path: Location) -> object:
        """Return the data of any node."""
        self.places[path] = node.start_mark.line + 1
        if len(path) > DEEPEST:
            raise self._error(node, path[:3], f"nested deeper than {DEEPEST} levels.")
        if len(self.places) > MOST_VALUES:
            raise self._error(node, path, f"more than {MOST_VALUES:,} values, aliases (*name) written out.")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._refuse_tag(node, path, "seq")
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def mapping(self, node: yaml.MappingNode, path: Location) -> dict[str, Any]:
        """Return the data of a mapping; its keys' lines are those of the values."""
        self.places.setdefault(path, node.start_mark.line + 1)
        self._refuse_tag(node, path, "map")
        result: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._error(key, path, "a key must be plain text, not a list or a mapping.")
            if key.value in result:
                first = self.places[(*path, key.value)]
                raise self._error(key, path, f"the key '{key.value}' stands twice (first in line {first}).")
            result[key.value] = self.build(value, (*path, key.value))
            self.places[(*path, key.value)] = key.start_mark.line + 1
        return result

    def _scalar(self, node: yaml.Node, path: Location) -> object:
        kind = node.tag.removeprefix(_TAG)
        if kind in _SCALARS and not re.match(_SCALARS[kind][0], node.value):
            self._refuse_tag(node, path, "str")  # a tag that was typed, such as !!int abc
        if kind == "null":
            return None
        if kind == "bool":
            return node.value.lower() == "true"
        if kind == "int":
            return int(node.value) if len(node.value) < 20 else self._number(node, path)
        if kind == "float":
            return self._number(node, path)
        self._refuse_tag(node, path, "str")
        return node.value

    def _number(self, node: yaml.Node, path: Location) -> float:
        value = float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if not math.isfinite(value):
            message = f"{node.value} is not a finite number. Write a value, or leave the field out."
            raise self._error(node, path, message)
        return value

    def _refuse_tag(self, node: yaml.Node, path: Location, allowed: str) -> None:
        if node.tag != _TAG + allowed:
            message = f"the tag '{node.tag}' is not allowed here; write plain values without tags."
            raise self._error(node, path, message)

    def _error(self, node: yaml.Node, path: Location, message: str) -> SpecError:
        return SpecError(message, Place(self.name, node.start_mark.line + 1, show(path)))


def show(path: Location, data: object = None) -> str:
    """Return a path as text, ``claims[dose-rise].comparison.low``: items by their id where `data` has one."""
    text = ""
    for item in path:
        data = _child(data, item)
        if isinstance(item, int):
            label = data.get("id") if isinstance(data, dict) else None
            text += f"[{label if isinstance(label, str) else item}]"
        else:
            text += f".{item}" if text else item
    return text


def _child(data: object, item: str | int) -> object:
    if isinstance(data, dict):
        return data.get(item)
    if isinstance(data, list) and isinstance(item, int) and item < len(data):
        return data[item]
    return None
