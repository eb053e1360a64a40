"""Image a simulated dish: one micrograph per frame, with the specimen that each was taken of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migralab.core.errors import RequestError
from migralab.microscope.presets import Microscope, Stain, find_microscope, find_stains
from migralab.microscope.protocol.protocol import Protocol, take_series
from migralab.microscope.protocol.reporter import loaded_scene, loaded_stain
from migralab.microscope.render import Micrograph
from migralab.microscope.scene import Field, Scene, choose_field, scene_from_observations
from migralab.results.observations import Observations


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagedDish:
    """Micrographs of one field of one dish, and the scenes behind them.

    Parameters
    ----------
    scenes, micrographs
        One per frame, in order of time.
    microscope
        The instrument.
    seed
        Seed of the noise.
    experiment, condition
        Dish and arm that were imaged.
    field_chosen
        True where the field was chosen for what is in it: then no count per area may be taken from it.
    stains
        The stains of the channels, as they were used.
    protocol
        How the series was taken; None for single exposures.
    """

    scenes: tuple[Scene, ...]
    micrographs: tuple[Micrograph, ...]
    microscope: Microscope
    seed: int
    experiment: str
    condition: str
    field_chosen: bool
    stains: tuple[Stain, ...] = ()
    protocol: Protocol | None = None


def image_observations(
    observations: Observations,
    *,
    frames: Sequence[int] | str | None = None,
    channels: Sequence[str | Stain] = ("WGA", "TSPAN4"),
    preset: str | Microscope = "confocal",
    seed: int = 0,
    field: Field | None = None,
    protocol: Protocol | None = None,
) -> ImagedDish:
    """Return micrographs of a simulated dish.

    Parameters
    ----------
    observations
        Tables of a simulated dish.
    frames
        Numbers of the frames, ``"all"``, or None for the last.
    channels
        Channels to take: names of `presets.STAINS`, or stains.
    preset
        Name of a microscope, or one made by the caller.
    seed
        Seed of the noise and of what is only drawn; the same seed gives the same pixels.
    field
        x0, y0, x1, y1 in um of the dish; the same for all frames. None chooses what there is in the last of
        them (`choose_field`).
    protocol
        Stack, bleaching, drift, FRAP, load of the reporter; single exposures by default.

    Raises
    ------
    RequestError
        If frames, channels, preset or field make no sense, or the observations are not a simulation's.
    """
    find_stains(channels)
    numbers = _frame_numbers(observations, frames)
    seen = field or choose_field(observations, numbers[-1])
    return image_scenes(
        [scene_from_observations(observations, number, seen, look=seed) for number in numbers],
        channels=channels,
        preset=preset,
        seed=seed,
        protocol=protocol,
        labels=(observations.experiment, observations.condition, field is None),
    )


def image_scenes(
    scenes: Sequence[Scene],
    *,
    channels: Sequence[str | Stain] = ("WGA", "TSPAN4"),
    preset: str | Microscope = "confocal",
    seed: int = 0,
    protocol: Protocol | None = None,
    labels: tuple[str, str, bool] = ("scene", "", False),
) -> ImagedDish:
    """Return micrographs of scenes that follow each other in time; see `image_observations`.

    Parameters
    ----------
    scenes
        One per frame.
    channels, preset, seed, protocol
        As in `image_observations`.
    labels
        Experiment, condition, and whether the field was chosen for its content.
    """
    microscope = find_microscope(preset)
    stains = find_stains(channels)
    if not scenes:
        raise RequestError("There is no scene to image: give one for each frame.")
    if protocol is not None and protocol.reporter is not None:
        scenes = [loaded_scene(scene, protocol.reporter, key=seed) for scene in scenes]
        stains = tuple(loaded_stain(stain, protocol.reporter) for stain in stains)
    return ImagedDish(
        scenes=tuple(scenes),
        micrographs=take_series(scenes, microscope, key=seed, channels=stains, protocol=protocol),
        microscope=microscope,
        seed=seed,
        experiment=labels[0],
        condition=labels[1],
        field_chosen=labels[2],
        stains=stains,
        protocol=protocol,
    )


def _frame_numbers(observations: Observations, frames: Sequence[int] | str | None) -> list[int]:
    last = observations.last_frame
    if frames is None:
        return [last]
    if isinstance(frames, str):
        if frames == "all":
            return list(range(last + 1))
        if not frames.isdigit():
            raise RequestError(f"frames = '{frames}': give 'all' or numbers from 0 to {last}.")
        frames = [int(frames)]
    numbers = sorted({int(number) for number in frames})
    if not numbers or numbers[0] < 0 or numbers[-1] > last:
        raise RequestError(f"frames = {list(frames)}: the run has frames 0 to {last}.")
    return numbers
