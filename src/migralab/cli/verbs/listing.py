"""`migralab list`: the entries of the catalogue."""

from __future__ import annotations

from typing import Annotated

import typer

from migralab.cli.console import say, say_json


def list_entries(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False) -> None:
    """List the published systems that can be run by name."""
    from migralab.catalog.catalog import entry_ids, load_entry

    entries = [load_entry(entry).experiment for entry in entry_ids()]
    if as_json:
        say_json([{"id": e.id, "title": e.title, "status": e.status, "arms": [a.id for a in e.arms]} for e in entries])
        return
    for e in entries:
        say(f"{e.id}  [{e.status}]  {e.title}")
        say(f"    {len(e.arms)} arms, {len(e.claims)} claims. {e.question}")
    say()
    say("migralab show ID tells more; migralab run ID runs the control arm.")
