"""Estimates halved and doubled in every arm: which there are, and the experiment with one of them changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migralab.core.errors import UnknownIdError
from migralab.simulation.compile import compile_experiment
from migralab.spec.change import scale_parameter
from migralab.spec.experiment import Experiment
from migralab.spec.parameter import Parameter
from migralab.spec.pool import estimates_in

FACTORS = (0.5, 2.0)


def estimates_to_sweep(experiment: Experiment, *, every: bool = True) -> list[str]:
    """Return the estimates that may matter, as ``mechanism.parameter``.

    Parameters
    ----------
    every
        All estimates with a stated range, of the control, of a population or of an arm; detection limits of pools
        are always among them, since what is seen first hangs on them. Else the key estimates of the entry, where it
        names some.
    """
    resolved = compile_experiment(experiment).experiment
    if not every and experiment.key_estimates:
        for path in experiment.key_estimates:
            value_in(resolved, path)
        return list(experiment.key_estimates)
    found = {
        f"{mechanism}.{name}": None
        for mechanism, parameters in resolved.mechanisms.items()
        for name, parameter in parameters.items()
        if _is_estimate(parameter)
    }
    base = tuple(f"{mechanism}." for mechanism in experiment.mechanisms)
    found |= dict.fromkeys(path for path in _stated_elsewhere(experiment) if path.startswith(base))
    return [*found, *estimates_in(resolved.pools)]


def _is_estimate(parameter: Parameter) -> bool:
    return parameter.low is not None and parameter.source.tag in ("E", "C")


def _stated_elsewhere(experiment: Experiment) -> Iterator[str]:
    """Yield the estimates that only a population or an arm states."""
    changes = [own.changes for own in experiment.populations.values()] + [arm.changes for arm in experiment.arms]
    for own in changes:
        for path, parameter in own.items():
            if _is_estimate(parameter) and not path.startswith("pools."):
                yield path.split(".", 2)[-1] if path.startswith("populations.") else path


def refuse_unknown(experiment: Experiment, estimates: Sequence[str]) -> None:
    """Raise if a path is no estimate with a range.

    Raises
    ------
    UnknownIdError
        With the nearest.
    """
    known = dict.fromkeys([*estimates_to_sweep(experiment), *experiment.key_estimates])
    for path in estimates:
        if path not in known:
            raise UnknownIdError("estimate with a range", path, known)


def scaled(experiment: Experiment, path: str, factor: float) -> Experiment:
    """Return the experiment with one estimate multiplied in the base, in populations and in every arm that sets it.

    An arm that sets the parameter itself is scaled with it: half the speed stays half the speed.

    Raises
    ------
    UnknownIdError
        If the control has no such parameter.
    RequestError
        If no dish allows the new value, such as twice a share of 0.8.
    """
    resolved = compile_experiment(experiment).experiment
    return scale_parameter(experiment, path, factor, value_in(resolved, path))


def value_in(resolved: Experiment, path: str) -> Parameter:
    """Return a quantity of a resolved control, or raise UnknownIdError."""
    if (pooled := estimates_in(resolved.pools).get(path)) is not None:
        return pooled
    mechanism, _, name = path.rpartition(".")
    parameters = resolved.mechanisms.get(mechanism, {})
    if name not in parameters:
        known = (f"{key}.{own}" for key, values in resolved.mechanisms.items() for own in values)
        raise UnknownIdError("parameter of the control", path, known)
    return parameters[name]
