"""`migralab image RUN|SCENE`: a virtual micrograph of a simulated dish, or of a scene that a file describes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migralab.cli.console import say
from migralab.core.errors import RequestError

if TYPE_CHECKING:
    from migralab.microscope.image_run import ImagedDish
    from migralab.microscope.presets import Microscope
    from migralab.microscope.protocol.protocol import Protocol
    from migralab.microscope.protocol.reporter import Reporter

_SCENES = (".yaml", ".yml")
_IMMERSIONS = (1.0, 1.33, 1.515)  # air, water, oil: the first that allows the aperture

_LOADS = {
    "enrichment": ("enrichment", "1"),
    "background": ("background", "1"),
    "fewer": ("fewer", "1"),
    "wga": ("wga_min", "min"),
}


def image(
    source: Annotated[Path, typer.Argument(metavar="RUN|SCENE", help="Run directory, or a scene file (YAML).")],
    frame: Annotated[str | None, typer.Option("--frame", help="Frame number or 'all'; the last by default.")] = None,
    channel: Annotated[
        str, typer.Option("--channel", help="Stains: WGA, TSPAN4, DiI, cytosol, SYTO14.")
    ] = "WGA,TSPAN4",
    preset: Annotated[
        str,
        typer.Option(
            "--preset", help="confocal, dim, spinning-disk, widefield, high-content, light-sheet or tem-section."
        ),
    ] = "confocal",
    aperture: Annotated[
        float | None, typer.Option("--na", help="Numerical aperture: the blur is computed from it and --emission.")
    ] = None,
    emission: Annotated[float, typer.Option("--emission", help="Wavelength of the light that is seen, nm.")] = 520.0,
    psf: Annotated[float | None, typer.Option("--psf", help="Blur as measured: standard deviation, um.")] = None,
    bits: Annotated[int | None, typer.Option("--bits", help="8 or 16 a pixel; the preset's by default.")] = None,
    stack: Annotated[str | None, typer.Option("--stack", help="A z-stack: planes x step, as 9x0.3um.")] = None,
    bleach: Annotated[
        str | None, typer.Option("--bleach", help="Share of the label that an exposure takes, as WGA=0.02.")
    ] = None,
    drift: Annotated[str | None, typer.Option("--drift", help="Of the stage in um a frame, as 0.1,-0.05.")] = None,
    reporter: Annotated[
        str | None, typer.Option("--reporter", help="Load of the label (estimates), as enrichment=2,wga=30min.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the photon noise.")] = 1,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="OME-TIFF or .ome.zarr to write.")] = None,
) -> None:
    """Take a micrograph of a run or a scene: OME-TIFF or OME-Zarr, with truth tables and labels beside it."""
    from migralab.microscope.write import write_micrographs

    if source.suffix.lower() in _SCENES:
        given = {"--frame": frame, "--na": aperture, "--psf": psf, "--bits": bits, "--stack": stack, "--bleach": bleach,
                 "--drift": drift, "--reporter": reporter}  # fmt: skip
        if named := [option for option, value in given.items() if value is not None]:
            raise RequestError(f"{', '.join(named)}: a scene file says this itself. Change {source}.")
        from migralab.microscope.scene_file.build import image_scene_file

        dish = image_scene_file(source)
    else:
        scope = _microscope(preset, aperture=aperture, emission=emission, psf=psf, bits=bits)
        dish = _image_run(source, frame, channel, scope, _protocol(stack, bleach, drift, reporter), seed=seed)
    target = out or source.with_name(f"{source.stem if source.is_file() else source.name}.ome.tiff")
    for path in write_micrographs(dish, target).values():
        say(str(path))


def _image_run(
    run: Path, frame: str | None, channel: str, scope: Microscope, protocol: Protocol | None, *, seed: int
) -> ImagedDish:
    from migralab.microscope.image_run import image_observations
    from migralab.results.run import open_run
    from migralab.simulation.observe import observe

    opened = open_run(run)
    frames = range(len(opened.provenance.frames_min)) if frame == "all" else None
    observations = observe(opened, list(frames) if frames is not None else None)
    return image_observations(
        observations,
        frames=frame,
        channels=channel,
        preset=scope,
        seed=seed,
        protocol=protocol,
    )


def _microscope(
    preset: str, *, aperture: float | None, emission: float, psf: float | None, bits: int | None
) -> Microscope:
    from migralab.microscope.presets import find_microscope, with_bits, with_measured_psf, with_objective
    from migralab.microscope.psf import Kind, Objective

    kinds: dict[str, Kind] = {"widefield": "widefield", "high-content": "widefield", "light-sheet": "light-sheet"}
    scope = find_microscope(preset)
    if aperture is not None and psf is not None:
        raise RequestError("--na and --psf both give the blur; give one of them.")
    if aperture is not None:
        kind = kinds.get(preset, "confocal")
        index = next((own for own in _IMMERSIONS if aperture < own), _IMMERSIONS[-1])
        scope = with_objective(scope, Objective(kind=kind, aperture=aperture, emission_um=emission / 1e3, index=index))
    if psf is not None:
        scope = with_measured_psf(scope, psf)
    if bits is not None:
        if bits not in (8, 16):
            raise RequestError(f"--bits {bits}: allowed are 8 and 16.")
        scope = with_bits(scope, 8 if bits == 8 else 16)
    return scope


def _protocol(stack: str | None, bleach: str | None, drift: str | None, reporter: str | None) -> Protocol | None:
    if stack is None and bleach is None and drift is None and reporter is None:
        return None
    from migralab.microscope.protocol.protocol import Protocol

    return Protocol(
        heights_um=_heights(stack), bleaching=_shares(bleach), drift_um=_drift(drift), reporter=_load(reporter)
    )


def _load(text: str | None) -> Reporter | None:
    if text is None:
        return None
    from migralab.core import units
    from migralab.core.errors import UnitError
    from migralab.microscope.protocol.reporter import Reporter

    given: dict[str, float] = {}
    try:
        for part in text.split(","):
            name, value = (side.strip() for side in part.split("="))
            word, unit = _LOADS[name]
            given[word] = units.from_internal(units.parse(value, like=unit), unit)
    except (KeyError, ValueError, UnitError):
        raise RequestError(
            f"--reporter {text} cannot be read. Name one or more of enrichment=FACTOR, background=FACTOR, fewer=SHARE "
            "and wga=TIME, for example enrichment=2,wga=30min."
        ) from None
    return Reporter(**given)


def _heights(text: str | None) -> tuple[float, ...]:
    if text is None:
        return ()
    from migralab.core import units
    from migralab.core.errors import UnitError
    from migralab.microscope.protocol.protocol import stack_heights

    planes, _, step = text.partition("x")
    try:
        return stack_heights(int(planes), units.parse(step, like="um"))
    except (ValueError, UnitError):
        raise RequestError(f"--stack {text} cannot be read. Write planes x step, for example 9x0.3um.") from None


def _shares(text: str | None) -> dict[str, float]:
    if text is None:
        return {}
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return {name.strip(): float(share) for name, share in pairs}
    except ValueError:
        raise RequestError(f"--bleach {text} cannot be read. Write for example WGA=0.02,TSPAN4=0.05.") from None


def _drift(text: str | None) -> tuple[float, float]:
    if text is None:
        return 0.0, 0.0
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise RequestError(f"--drift {text} cannot be read. Write x,y in um a frame, for example 0.1,-0.05.") from None
    return x, y
