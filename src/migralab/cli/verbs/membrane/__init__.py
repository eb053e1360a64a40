"""`migralab membrane`: shapes of a fibre with a stiff domain, their phases, how they come about, and junctions."""

from __future__ import annotations

import typer

from migralab.cli.console import say
from migralab.cli.verbs.membrane import dynamics, junction, phase, shape

app = typer.Typer(
    help="Why a retraction fibre swells, and what makes the swelling stay.",
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    epilog="Exit codes: 0 done, 2 the request makes no sense, 3 what was asked did not converge.",
)


@app.callback()
def _membrane(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        say(context.get_help())


app.command("shape")(shape.shape)
app.command("phase")(phase.phase)
app.command("dynamics")(dynamics.dynamics)
app.command("junction")(junction.junction)
