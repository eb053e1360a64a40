"""Constants of a model -> parameters of a mechanism, with unit, source and range."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import create_model, model_validator

from migralab.core import units
from migralab.core.errors import PathwayError, UnitError
from migralab.mechanisms.base import estimate
from migralab.pathways.network import Constant, Network
from migralab.pathways.shipped import Described
from migralab.spec.parameter import MechanismParameters, Parameter, Source, quantity
from migralab.spec.pathway import PathwayNumber


class PathwayParameters(MechanismParameters):
    """What every pathway has beside the constants of its model."""

    origin: ClassVar[tuple[str, str]]  # name and seams, from which the class is made again in another process

    active: Parameter = quantity(
        1.0, "", source=estimate("all cells run it unless a population says otherwise"), maximum=1.0,
        description="1 if these cells run it, 0 if not",
    )  # fmt: skip
    exchange: Parameter = quantity(
        1.0, "min", source=estimate("signals change within minutes; inputs are constant in between"), minimum=1e-6,
        description="time between two exchanges with the rest of the cell",
    )  # fmt: skip
    tolerance: Parameter = quantity(
        1e-6, "", source=estimate("far below the accuracy of any constant"), minimum=1e-12, maximum=1e-2,
        description="relative error of a step",
    )  # fmt: skip
    counted: Parameter = quantity(
        0.0, "", source=estimate("means, unless an arm asks for whole molecules"), maximum=1.0,
        description="1 if the variables that can be counted are whole molecules that come and go by chance",
    )  # fmt: skip

    @model_validator(mode="after")
    def _yes_or_no(self) -> Self:
        for name in ("active", "counted"):
            if (value := getattr(self, name).value) not in (0.0, 1.0):
                raise ValueError(f"{name} = {value:g} is neither 1 (yes) nor 0 (no)")
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return _make_again, (self.origin, values, self._others)


def _make_again(origin: tuple[str, str], values: dict[str, Parameter], others: Any) -> PathwayParameters:
    from migralab.mechanisms.pathways.kind import make_kind  # it needs this module

    made: PathwayParameters = make_kind(*origin).parameters(**values).beside(others)  # type: ignore[assignment]
    return made


SHARED = tuple(PathwayParameters.model_fields)


def parameter_names(constants: Sequence[Constant], takes: Iterable[str] = ()) -> dict[str, str]:
    """Return the name of the parameter for each constant; another one where the constant's own is taken already.

    Parameters
    ----------
    constants
        Of the model. Those that begin with _ come last, so that they take no name of another.
    takes
        Variables that receive molecules, each of which has a share.
    """
    taken = {*dir(PathwayParameters), *SHARED, *(share_name(symbol) for symbol in takes)}
    found: dict[str, str] = {}
    for constant in sorted(constants, key=lambda own: own.name.startswith("_")):
        name = constant.name.lstrip("_") or "constant"
        while name in taken or name.startswith("model_"):
            name = f"{name}_" if not name.startswith("model_") else f"the_{name}"
        taken.add(name)
        found[constant.name] = name
    return found


def make_parameters(described: Described, network: Network) -> type[PathwayParameters]:
    """Return the class of parameters of a pathway.

    Raises
    ------
    PathwayError
        If a constant has no value, or a unit that is not known here.
    """
    fields: dict[str, Any] = {}
    names = parameter_names(network.constants, described.seams.takes)
    for constant in network.constants:
        own = described.seams.parameters.get(constant.name) or _of_the_user(described)
        if not math.isfinite(constant.value):
            raise PathwayError(
                f"{described.file} ({constant.name}): it has no value that can be computed with. Give it one in the "
                "model, or make it an input that comes from a signal."
            )
        try:
            units.to_internal(1.0, constant.unit)
        except UnitError as error:
            raise PathwayError(f"{described.file} ({constant.name}): {error}") from None
        fields[names[constant.name]] = (
            Parameter,
            quantity(
                constant.value, constant.unit, source=own.source, minimum=None, low=own.low, high=own.high,
                calibrated_on=own.calibrated_on,
                description=own.description or constant.meaning or f"{constant.name} of the model",
            ),
        )  # fmt: skip
    for symbol, take in described.seams.takes.items():
        if take is None:
            continue
        share = take.share or Parameter(value=1.0, source=estimate("all of it, unless the pathway says otherwise"))
        fields[share_name(symbol)] = (
            Parameter,
            quantity(
                share.value, "", source=share.source, maximum=1.0, low=share.low, high=share.high,
                calibrated_on=share.calibrated_on,
                description=f"share of the delivered {take.cargo.replace('_', ' ')} that goes into {symbol}",
            ),
        )  # fmt: skip
    made: type[PathwayParameters] = create_model(
        f"Parameters of {described.id}", __base__=PathwayParameters, __module__=__name__, **fields
    )
    return made


def share_name(symbol: str) -> str:
    """Return the parameter that says which part of the delivered cargo goes into a variable."""
    return f"{symbol}_share"


def _of_the_user(described: Described) -> PathwayNumber:
    return PathwayNumber(source=Source(key="user", locator=described.file, tag="E"))


def constant_values(parameters: PathwayParameters, network: Network, takes: Iterable[str]) -> NDArray[np.float64]:
    """Return the constants in the model's own units, (populations, constants)."""
    names = parameter_names(network.constants, takes)
    columns = [
        parameters.varied(names[constant.name]) / units.to_internal(1.0, constant.unit)
        for constant in network.constants
    ]
    return (
        np.ascontiguousarray(np.column_stack(columns)) if columns else np.zeros((len(parameters.varied("active")), 0))
    )
