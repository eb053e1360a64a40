"""The words of the models said as options, so that advice names what can be typed, and ranges of options."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from migralab.core.errors import RequestError


def as_options(text: str, names: Mapping[str, str]) -> str:
    """Return a message with the names of the models replaced by options; longer names first."""
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<![-\w])`?{re.escape(name)}`?(?!\w)", names[name], text)
    return text


@contextmanager
def in_options(names: Mapping[str, str]) -> Iterator[None]:
    """Let a refusal of the models name options."""
    try:
        yield
    except RequestError as error:
        raise RequestError(as_options(str(error), names)) from None


def within(value: float, limits: tuple[float, float], said: str, allowed: str, why: str) -> None:
    """Refuse an option outside its limits, or nan; `said` is the option as typed."""
    low, high = limits
    if not (math.isfinite(value) and low <= value <= high):
        raise RequestError(f"{said} is outside {allowed}: {why}.")
