"""`migralab measure --blind` and `--unblind`: names away before a count, and back after it."""

from __future__ import annotations

from pathlib import Path

from migralab.cli.console import remark, say
from migralab.core.errors import DataError, RequestError


def hide_names(images: list[Path], out: Path, key: Path | None, repeats: int) -> None:
    """Copy images under shuffled code names; the key goes to a file apart."""
    from migralab.imaging.people.blind import blind

    if not images:
        raise RequestError("--blind needs the images whose names are to be hidden.")
    kept = key or out.with_name(f"{out.name}-key.json")
    made = blind(images, out, key=kept, repeats=repeats)
    say(f"{len(made.codes)} copies without names: {out}")
    remark(f"The key is {kept}. Give whoever counts the folder and not the key; after the count:")
    remark(f"migralab measure COUNTS.csv --unblind {kept} -o NAMED.csv (COUNTS.csv with a column 'image')")


def tell_names(tables: list[Path], key: Path, out: Path | None) -> None:
    """Write a table of counts with the names of the images in it."""
    import pandas as pd

    from migralab.imaging.people.blind import read_key, unblind

    if len(tables) != 1:
        raise RequestError("--unblind takes one table of counts (CSV with a column 'image').")
    (table,) = tables
    target = out or table.with_name(f"{table.stem}-named.csv")
    if target.exists():
        raise RequestError(f"{target} exists. Choose another name with -o, or remove it.")
    try:
        counts = pd.read_csv(table)
    except (OSError, ValueError) as error:
        raise DataError(f"{table} cannot be read as a table: {error}.") from None
    named = unblind(counts, read_key(key))
    named.to_csv(target, index=False)
    if missing := named.attrs["missing"]:
        remark(f"note: no row for {', '.join(missing)}: nothing was found there, or it was not counted.")
    say(str(target))
