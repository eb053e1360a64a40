"""`measure`: the tables of one experiment in, its readouts out. Theory: docs/theory/observables.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from migralab.measure.readout import Readout, Readouts
from migralab.measure.registry import OBSERVABLES, Request, find_observable
from migralab.measure.registry.request import require_options
from migralab.measure.view import Estimate, View, missing
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
        Tables of one experiment, simulated, from images or from tracks.
    ids
        Observables (`migralab.measure.registry`); all by default. In brackets behind an id stand a population and
        options: ``speed.mean[kg1a]``, ``site.density[kg1a, x_um=0, y_um=50]``.
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
    asked = {name: find_observable(name) for name in (*wanted, *options)}
    for name, own in options.items():
        require_options(name, asked[name].observable, dict(own))
    whole = View(observations, frame)
    views: dict[str | None, View] = {None: whole}
    for request in asked.values():
        if request.population not in views:
            views[request.population] = whole.of(request.population)
    return Readouts(_measure_one(views[asked[n].population], n, asked[n], options.get(n, {})) for n in wanted)


def _measure_one(view: View, name: str, request: Request, options: Mapping[str, Any]) -> Readout:
    observable = request.observable
    absent = _absence(view)
    found = absent or observable.function(view, **{**observable.fixed, **request.options, **options})
    return Readout(
        id=name, value=found.value, unit=observable.unit, low=found.low, high=found.high, n=found.n,
        n_unit=found.n_unit, method=found.method, experiment=view.observations.experiment,
        condition=view.observations.condition, note=found.note,
    )  # fmt: skip


def _absence(view: View) -> Estimate | None:
    """Return why nothing of a population can be measured, or None."""
    if view.population is None or len(view.members):
        return None
    there = [str(name) for name in np.unique(view.observations["cells"]["population"].to_numpy(str))]
    if there == ["unknown"]:
        return missing(f"the populations of the cells are not known here, so none is '{view.population}'")
    return missing(f"no cell of population '{view.population}' here; there are: {', '.join(there) or 'no cells'}")
