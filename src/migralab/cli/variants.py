"""An entry under one of its explanations, or with one way for its signal to travel: --variant and --most."""

from __future__ import annotations

from migralab.core.errors import RequestError
from migralab.spec.arms.variant import Way, find_variant
from migralab.spec.change import apply_variant, impossible_arms
from migralab.spec.experiment import Experiment

VARIANT_HELP = "An explanation of the entry, or a way of signalling."
MOST_HELP = "With a way of signalling: the most that a migrasome could carry."


def under_variant(experiment: Experiment, name: str | None, *, most: bool, arm: str | None = None) -> Experiment:
    """Return the experiment under the variant of this name; as it is without one.

    Raises
    ------
    UnknownIdError
        If the entry has no such explanation and no such way.
    RequestError
        If `most` is asked of what is no way of signalling, or `arm` cannot be done under the variant.
    """
    if name is None:
        if most:
            raise RequestError("--most belongs to --variant WAY; there is no variant here.")
        return experiment
    variant = find_variant(experiment, name)
    if most and not (isinstance(variant, Way) and variant.most):
        raise RequestError(f"--most: '{name}' of {experiment.id} states no most that a migrasome could carry.")
    if arm is not None and (reason := impossible_arms(experiment, variant).get(arm)):
        raise RequestError(f"Arm '{arm}' cannot be done under '{name}': {reason}.")
    return apply_variant(experiment, variant, most=most)
