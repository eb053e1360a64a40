"""A series as it is taken: stack, bleaching, drift and FRAP, from one exposure to the next."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from migralab.core.errors import RequestError
from migralab.microscope.light.camera import generator_for
from migralab.microscope.light.shot import Shot
from migralab.microscope.presets import Microscope, Stain, find_stains
from migralab.microscope.protocol.frap import Frap, after_frap
from migralab.microscope.protocol.reporter import Reporter
from migralab.microscope.render import Micrograph, channel_names, render, render_stack
from migralab.microscope.specimen import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How a series is taken.

    Parameters
    ----------
    heights_um
        Focal planes of a stack, um above the usual focus; empty for single planes.
    focus_um
        Focus of single planes, and what a stack is moved by.
    bleaching
        Share of the label that one exposure (each plane of a stack) takes, by channel.
    drift_um
        Drift from frame to frame, x and y.
    jitter_um
        Standard deviation of a frame's place about the drift, along each axis.
    frap
        A bleached region.
    reporter
        Load of the label on the cells (`image_scenes` applies it).
    """

    heights_um: tuple[float, ...] = ()
    focus_um: float = 0.0
    bleaching: Mapping[str, float] = field(default_factory=dict)
    drift_um: tuple[float, float] = (0.0, 0.0)
    jitter_um: float = 0.0
    frap: Frap | None = None
    reporter: Reporter | None = None

    def __post_init__(self) -> None:
        for channel, share in self.bleaching.items():
            if not 0 <= share < 1:
                raise RequestError(f"bleaching = {share} of channel '{channel}' is no share: allowed is 0 to < 1.")
        if not self.jitter_um >= 0:
            raise RequestError(f"jitter_um = {self.jitter_um} is negative.")

    def check_channels(self, names: Sequence[str]) -> None:
        """Raise RequestError where bleaching or FRAP name a channel that is not taken."""
        wanted = [*self.bleaching, *([self.frap.channel] if self.frap else [])]
        for name in wanted:
            if name not in names:
                raise RequestError(f"channel '{name}' is bleached but not taken. Channels taken: {', '.join(names)}.")


def stack_heights(planes: int, step_um: float) -> tuple[float, ...]:
    """Return the heights of a stack of `planes` that is centred on the usual focus."""
    if planes < 1 or not step_um > 0:
        raise RequestError(f"a stack of {planes} planes, {step_um} um apart: give 1 plane or more and a step > 0.")
    return tuple(float(z) for z in (np.arange(planes) - (planes - 1) / 2) * step_um)


def shot_of(protocol: Protocol, number: int, *, key: int, frame: int) -> Shot:
    """Return the exposure of the frame that is taken as number `number` (from 0)."""
    before = number * max(len(protocol.heights_um), 1)
    jitter = generator_for(key, f"jitter/{frame}").normal(0, 1, 2) * protocol.jitter_um
    shift = number * np.array(protocol.drift_um) + jitter
    return Shot(
        focus_um=protocol.focus_um,
        shift_um=(float(shift[0]), float(shift[1])),
        remaining={channel: (1 - share) ** before for channel, share in protocol.bleaching.items()},
    )


def take_series(
    scenes: Sequence[Scene],
    optics: Microscope,
    *,
    key: int,
    channels: Sequence[str | Stain] = ("WGA", "TSPAN4"),
    protocol: Protocol | None = None,
) -> tuple[Micrograph, ...]:
    """Return the micrographs of scenes that follow each other in time.

    Parameters
    ----------
    scenes
        One per frame.
    optics
        The microscope.
    key
        Seed of the noise.
    channels
        Channels to take.
    protocol
        Stack, bleaching, drift and FRAP; none of them by default.

    Raises
    ------
    RequestError
        If the protocol bleaches a channel that is not taken.
    """
    plan = protocol or Protocol()
    plan.check_channels(channel_names(optics, channels))
    return tuple(
        _take(scene, optics, shot_of(plan, number, key=key, frame=scene.frame), key=key, channels=channels, plan=plan)
        for number, scene in enumerate(scenes)
    )


def _take(
    scene: Scene, optics: Microscope, shot: Shot, *, key: int, channels: Sequence[str | Stain], plan: Protocol
) -> Micrograph:
    if plan.frap is None:
        return _expose(scene, optics, shot, key=key, channels=channels, plan=plan)
    # only one channel is bleached: it sees another specimen than the rest
    shots = [
        _expose(
            after_frap(scene, plan.frap) if stain.name == plan.frap.channel else scene,
            optics, shot, key=key, channels=[stain], plan=plan,
        )
        for stain in find_stains(channels)
    ]  # fmt: skip
    return dataclasses.replace(
        shots[0],
        pixels=np.concatenate([one.pixels for one in shots], axis=1 if plan.heights_um else 0),
        channels=tuple(one.channels[0] for one in shots),
        saturated=tuple(one.saturated[0] for one in shots),
    )


def _expose(
    scene: Scene, optics: Microscope, shot: Shot, *, key: int, channels: Sequence[str | Stain], plan: Protocol
) -> Micrograph:
    if not plan.heights_um:
        return render(scene, optics, key=key, channels=channels, shot=shot)
    return render_stack(scene, optics, heights=plan.heights_um, key=key, channels=channels, shot=shot)
