"""`measure`: the tables of one experiment in, its readouts out. Theory: docs/theory/observables.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from migralab.core.errors import RequestError, UnknownIdError
from migralab.measure.readout import Readout, Readouts
from migralab.measure.registry import OBSERVABLES
from migralab.measure.view import View
from migralab.results.observations import Observations


def measure(
    observations: Observations,
    ids: Iterable[str] | None = None,
    frame: int | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> Readouts:
    """Measure one experiment.

    Every interval is a bootstrap over the cells of this experiment, and says nothing about other experiments:
    `combine` makes the interval over experiments.

    Parameters
    ----------
    observations
        Tables of one experiment, simulated or from images.
    ids
        Observables (`migralab.measure.registry`); all by default.
    frame
        Frame to measure; the last by default.
    options
        Options by observable, for example ``{"diameter.share_below": {"cutoff_um": 0.6}}``.

    Raises
    ------
    UnknownIdError
        If an id is no observable.
    RequestError
        If the frame does not exist, or an observable has no such option.
    """
    wanted = list(OBSERVABLES) if ids is None else [ids] if isinstance(ids, str) else list(ids)
    options = options or {}
    for name in (*wanted, *options):
        if name not in OBSERVABLES:
            raise UnknownIdError("observable", name, OBSERVABLES)
    view = View(observations, frame)
    return Readouts(_measure_one(view, name, options.get(name, {})) for name in wanted)


def _measure_one(view: View, name: str, options: Mapping[str, Any]) -> Readout:
    observable = OBSERVABLES[name]
    if options and (strange := sorted(set(options) - set(allowed := observable.options()))):
        raise RequestError(f"'{name}' has no option {', '.join(strange)}. Allowed: {', '.join(allowed) or 'none'}.")
    found = observable.function(view, **{**observable.fixed, **options})
    return Readout(
        id=name, value=found.value, unit=observable.unit, low=found.low, high=found.high, n=found.n,
        n_unit=found.n_unit, method=found.method, experiment=view.observations.experiment,
        condition=view.observations.condition, note=found.note,
    )  # fmt: skip
