"""What the mechanisms share: the sources of their defaults, and the step as a whole number of ticks."""

from __future__ import annotations

from migralab.spec.parameter import Source


def estimate(reason: str) -> Source:
    """Return the source of a default that is an estimate, with its reason."""
    return Source(key="migralab", locator=reason, tag="E")


def computed(inputs: str) -> Source:
    """Return the source of a default that was computed here, with its inputs."""
    return Source(key="migralab", locator=inputs, tag="C")


def ticks_in(interval: float, dt: float) -> int:
    """Return how many ticks of `dt` make up `interval`, at least one (both in s)."""
    return max(1, round(interval / dt))
