"""The program `migralab`: the table of verbs, and what happens when one of them fails."""

from __future__ import annotations

import os
import sys
from itertools import pairwise

# Before numpy is loaded: our threads are the kernels' and the workers'; a linear-algebra pool only disturbs them
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer
from typer.exceptions import TyperException

from migralab.cli.console import remark, say
from migralab.cli.verbs import (
    bench,
    demo,
    export,
    identify,
    image,
    isolate,
    membrane,
    pathway,
    report,
    run_verb,
    signal,
    study,
)
from migralab.cli.verbs.catalogue import listing, pages, show
from migralab.cli.verbs.claims import check, suggest
from migralab.cli.verbs.measuring import command as measuring
from migralab.core.errors import MigralabError
from migralab.core.version import VERSION

BROKE_DOWN = 3
INTERRUPTED = 130

app = typer.Typer(
    name="migralab",
    help="A virtual laboratory for migrasomes: simulate, image, measure, and check published claims.",
    epilog="Exit codes: 0 done, 1 a claim failed, 2 the request makes no sense, 3 the run broke down, 130 interrupted.",
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"migralab {VERSION}")
        raise typer.Exit


@app.callback()
def _top(
    context: typer.Context,
    _: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    if context.invoked_subcommand is None:
        say(context.get_help())


app.command("list")(listing.list_entries)
app.command("show")(show.show)
app.command("cite")(listing.cite)
app.command("catalogue")(pages.catalogue)
app.command("run")(run_verb.run)
app.command("check")(check.check)
app.command("suggest")(suggest.suggest)
app.command("image")(image.image)
app.command("measure")(measuring.measure)
app.command("isolate")(isolate.isolate)
app.command("identify")(identify.identify)
app.command("study")(study.study)
app.command("report")(report.report)
app.command("export")(export.export)
app.command("bench")(bench.bench)
app.command("signal")(signal.signal)
app.command("pathway")(pathway.pathway)
app.add_typer(membrane.app, name="membrane")
app.command("demo")(demo.demo)


def run() -> None:
    """Run the program: exit 0 done, 1 a claim failed, 2 bad request, 3 broke down, 130 interrupted."""
    sys.exit(main(sys.argv[1:]))


def _where_to_look(arguments: list[str]) -> str:
    if arguments[:1] != ["membrane"]:
        return "See migralab --help, or --help after the verb."
    names = {command.name for command in membrane.app.registered_commands}
    verb = f" {arguments[1]}" if len(arguments) > 1 and arguments[1] in names else ""
    return f"See migralab membrane{verb} --help."


def _with_typed(message: str, arguments: list[str]) -> str:
    """Return the message with what was typed after the option that it names, if it does not show it."""
    for option, text in pairwise(arguments):
        if arguments[0] == "membrane" and f"value for '{option}'" in message and f"'{text}'" not in message:
            return message.replace(f"'{option}'", f"'{option}' '{text}'")
    return message


def main(arguments: list[str]) -> int:
    """Run the program with these arguments and return its exit code; errors become one message."""
    try:
        code = app(args=arguments, prog_name="migralab", standalone_mode=False)
    except MigralabError as error:
        remark(f"migralab: {error}")
        return error.exit_code
    except TyperException as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        message = _with_typed(message, arguments)
        remark(f"migralab: {message.rstrip('.')}. {_where_to_look(arguments)}")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        if os.environ.get("MIGRALAB_DEBUG"):
            raise
        remark(
            f"migralab: this should not happen: {type(error).__name__}: {error}\n"
            "It is a mistake of migralab. Run again with MIGRALAB_DEBUG=1 for the place, and please report it."
        )
        return BROKE_DOWN
    if code == INTERRUPTED:  # typer turns Ctrl-C into this code without a word
        more = "; the run goes on with the same command and --resume" if arguments[:1] == ["run"] else ""
        remark(f"migralab: interrupted. Nothing is half-written{more}.")
    return code if isinstance(code, int) else 0
