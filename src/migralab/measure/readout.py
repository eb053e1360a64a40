"""A readout: one number with its unit, its interval, how many of what it rests on, and how it was made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from migralab.core.errors import UnknownIdError

if TYPE_CHECKING:
    import pandas as pd

NAN = float("nan")
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Readout:
    """One measured number.

    Parameters
    ----------
    id
        Observable, for example ``count.per_cell``.
    value, low, high
        Value and interval in `unit`; NaN where they cannot be known, with the reason in `note`.
    confidence
        Coverage of the interval.
    n, n_unit
        Number of replicates that the interval is over, and what they are: ``cells`` within one experiment,
        ``experiments`` after `combine`. Vesicles and fibres are never replicates.
    method
        How value and interval were made.
    experiment, condition
        Replicate and arm; after `combine`, the experiments joined by commas.
    note
        What the reader of the number must know.
    """

    id: str
    value: float
    unit: str
    low: float = NAN
    high: float = NAN
    confidence: float = CONFIDENCE
    n: int = 0
    n_unit: str = "cells"
    method: str = ""
    experiment: str = ""
    condition: str = ""
    note: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a value at all."""
        return not math.isnan(self.value)

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold: NaN becomes None and infinity the word ``inf``."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        interval = "no interval" if math.isnan(self.low) else f"{self.low:.3g} to {self.high:.3g}"
        return f"{self.id} {self.value:.3g}{unit} ({interval}; n = {self.n} {self.n_unit})"


class Readouts(Mapping[str, Readout]):
    """Readouts by id, in the order in which they were measured."""

    __slots__ = ("_by_id",)

    def __init__(self, readouts: Iterable[Readout] = ()) -> None:
        self._by_id = {readout.id: readout for readout in readouts}

    def __getitem__(self, key: str) -> Readout:
        try:
            return self._by_id[key]
        except KeyError:
            raise UnknownIdError("readout", str(key), self._by_id) from None

    def __contains__(self, key: object) -> bool:
        return key in self._by_id

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a readout, or `default` where it was not measured."""
        return self._by_id.get(key, default)

    def __repr__(self) -> str:
        return "\n".join(map(str, self._by_id.values())) or "Readouts()"

    @property
    def experiment(self) -> str:
        """Experiment of the readouts; empty where they come from several."""
        return self._shared("experiment")

    @property
    def condition(self) -> str:
        """Arm of the readouts; empty where they come from several."""
        return self._shared("condition")

    def _shared(self, name: str) -> str:
        values = {getattr(readout, name) for readout in self._by_id.values()}
        return cast("str", values.pop()) if len(values) == 1 else ""

    def to_frame(self) -> pd.DataFrame:
        """Return one row per readout, with the fields of `Readout` as columns."""
        import pandas as pd

        rows = [asdict(readout) for readout in self._by_id.values()]
        return pd.DataFrame(rows, columns=list(Readout.__dataclass_fields__))

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return a dictionary by id that JSON can hold."""
        return {key: readout.to_dict() for key, readout in self._by_id.items()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Mapping[str, Any]]) -> Readouts:
        """Read back what `to_dict` wrote."""
        return cls(Readout(**{name: _parsed(name, value) for name, value in row.items()}) for row in stored.values())


def _plain(value: object) -> object:
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return value if math.isfinite(value) else ("inf" if value > 0 else "-inf")
    return value


def _parsed(name: str, value: Any) -> Any:
    if name in {"value", "low", "high", "confidence"}:
        return NAN if value is None else float(value)
    return value
