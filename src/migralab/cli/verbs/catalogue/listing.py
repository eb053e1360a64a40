"""`migralab list` and `migralab cite ID`: the entries of the catalogue, and the references behind one, as BibTeX."""

from __future__ import annotations

from typing import Annotated

import typer

from migralab.cli.console import remark, say, say_json


def list_entries(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False) -> None:
    """List the published systems that can be run by name."""
    from migralab.catalog.catalog import entry_ids, load_entry
    from migralab.catalog.status import STATUS

    entries = [load_entry(entry).experiment for entry in entry_ids()]
    if as_json:
        say_json([{"id": e.id, "title": e.title, "status": e.status, "arms": [a.id for a in e.arms]} for e in entries])
        return
    for e in entries:
        say(f"{e.id}  {e.title}  [{STATUS[e.status]}]")
        proposed = sum(arm.proposed for arm in e.arms)
        arms = f"{len(e.arms)} arms" + (f" ({proposed} proposed, in no paper)" if proposed else "")
        rivals = f", {len(e.explanations)} rival explanations" if e.explanations else ""
        say(f"    {arms}, {len(e.claims)} claims{rivals}. {e.question}")
    say()
    say("migralab show ID tells more; migralab run ID runs the control arm.")
    say("migralab pathway list tells what can run inside the cells.")


def cite(entry: Annotated[str, typer.Argument(help="Catalogue id, YAML file, or 'all'.")]) -> None:
    """Print BibTeX of everything an entry rests on: numbers, arms, claims, explanations, ways, and migralab itself."""
    from migralab.catalog.bibliography import keys_of_entry
    from migralab.catalog.catalog import entry_ids, load, load_entry
    from migralab.cli.verbs.claims.validate import references_of

    files = [load_entry(name) for name in entry_ids()] if entry == "all" else [load(entry)]
    known = {key: own for file in files for key, own in references_of(file).items()}
    for key in dict.fromkeys(key for file in files for key in keys_of_entry(file.experiment)):
        if key in known:
            say(known[key].text.strip())
        else:
            remark(f"migralab: no reference for '{key}' in the bibliography")
