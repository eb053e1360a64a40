"""Cell tracks from the command line: each file is an experiment, several are combined."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migralab.cli.console import remark, say, say_json
from migralab.cli.verbs.measuring.places import require_files, targets_of

if TYPE_CHECKING:
    from migralab.measure import Readouts


def measure_tracks_of(
    files: list[Path], out: Path | None, wanted: list[str] | None, *, as_json: bool, **how: Any
) -> None:
    """Measure each file as one experiment, and where there are several combine them."""
    from migralab.measure import combine
    from migralab.measure import measure as measure_observations
    from migralab.measure.tracks import IN_TRACKS, measure_tracks
    from migralab.report.tracks import write_track_measurement

    targets = dict(zip(files, targets_of(files, out), strict=True))
    require_files(files)
    ids = wanted or list(IN_TRACKS)
    seen = {path: measure_tracks(path, **how) for path in targets}  # all are read before anything is written
    found = {path: measure_observations(observations, ids) for path, observations in seen.items()}
    together = combine(list(found.values())) if len(found) > 1 else None
    for path, target in targets.items():
        write_track_measurement(seen[path], found[path], path, target)
    if as_json:
        say_json(
            {
                "experiments": {str(path): readouts.to_dict() for path, readouts in found.items()},
                "combined": together.to_dict() if together else None,
            }
        )
        return
    for path, target in targets.items():
        say(f"{path}: one experiment; intervals are over its cells")
        _print_readouts(found[path])
        for note in seen[path].notes:
            remark(f"  note: {note}")
        say(f"  cells, readouts and a picture of the tracks: {target}")
    if together is not None:
        say(f"{len(found)} experiments together; intervals are over experiments")
        _print_readouts(together)


def _print_readouts(readouts: Readouts) -> None:
    for readout in readouts.values():
        if not readout.known:
            say(f"  {readout.id:<30} not known: {readout.note}")
            continue
        interval = "no interval" if math.isnan(readout.low) else f"[{readout.low:.3g}, {readout.high:.3g}]"
        value = f"{readout.value:9.3g} {readout.unit:<7} {interval:<19}"
        say(f"  {readout.id:<30} {value} n = {readout.n} {readout.n_unit}{f'; {readout.note}' if readout.note else ''}")
