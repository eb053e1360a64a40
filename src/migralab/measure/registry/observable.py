"""One line of the registry: an observable with its function, its unit and one sentence."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from migralab.measure.view import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Observable:
    """One line of the registry.

    Parameters
    ----------
    id
        ``family.name``; after an ``@`` the variant.
    function
        Takes a `View` and options by name, returns an `Estimate`.
    unit
        Unit of the value; empty for a pure number.
    description
        One sentence.
    fixed
        Options that make the variant.
    """

    id: str
    function: Callable[..., Estimate]
    unit: str
    description: str
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def options(self) -> tuple[str, ...]:
        """Return the names of the options that may be set."""
        return tuple(list(inspect.signature(self.function).parameters)[1:])


def line(name: str, function: Callable[..., Estimate], unit: str, description: str, **fixed: object) -> Observable:
    """Return a line; `fixed` are the options that make the variant."""
    return Observable(id=name, function=function, unit=unit, description=description, fixed=fixed)
