"""The published systems, by id: YAML files and a bibliography that lie beside this module."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from migralab.core.errors import UnknownIdError
from migralab.spec.loader import ExperimentFile, load_experiment, parse_experiment


def entry_ids() -> list[str]:
    """Return the ids of all entries."""
    folder = files("migralab.catalog")
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


def load_entry(entry: str) -> ExperimentFile:
    """Return an entry by id.

    Raises
    ------
    UnknownIdError
        With the nearest ids.
    """
    if entry not in entry_ids():
        raise UnknownIdError("catalogue entry", entry, entry_ids())
    name = f"{entry}.yaml"
    return parse_experiment(files("migralab.catalog").joinpath(name).read_text(encoding="utf-8"), name)


def load(source: str | Path) -> ExperimentFile:
    """Return an experiment by catalogue id or from a file.

    Raises
    ------
    UnknownIdError
        If `source` is neither an entry nor a file.
    SpecError
        If the file is wrong, with every problem and its line.
    """
    path = Path(source)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return load_experiment(path)
    return load_entry(str(source))
