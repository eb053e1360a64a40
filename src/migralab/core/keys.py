"""A key that names content: the same content gives the same key, on every machine and in every session."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def content_key(content: object, *, size: int = 16) -> str:
    """Return a hexadecimal key of plain content, or of a pydantic model.

    Parameters
    ----------
    content
        Mappings with text keys, lists, tuples, text, numbers, booleans, None, numpy scalars and pydantic
        models, nested at will. The order of a mapping does not matter; that of a list does. A whole float
        is the same content as the integer, because YAML does not tell ``12`` from ``12.0`` apart.
    size
        Length of the key in bytes; the text is twice as long.

    Raises
    ------
    TypeError
        If something has no canonical form (a set, an open file).
    ValueError
        If a number is not finite.
    """
    text = json.dumps(_canonical(content), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()


def _canonical(content: object) -> object:
    if hasattr(content, "model_dump"):
        content = content.model_dump(mode="json")
    elif hasattr(content, "item") and getattr(content, "ndim", None) == 0:
        content = content.item()
    if content is None or isinstance(content, str | bool | int):
        return content
    if isinstance(content, float):
        return int(content) if content.is_integer() else content
    if isinstance(content, list | tuple):
        return [_canonical(item) for item in content]
    if isinstance(content, Mapping):
        if wrong := [key for key in content if not isinstance(key, str)]:
            raise TypeError(f"the key {wrong[0]!r} is not text, so the content has no canonical form")
        return {key: _canonical(value) for key, value in content.items()}
    raise TypeError(f"{type(content).__name__} has no canonical form")
