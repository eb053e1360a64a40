"""`migralab isolate`: what comes out of a centrifuge, fraction by fraction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from migralab.cli.console import appearing_whole, progress, remark, say, say_json, write_csv
from migralab.core.errors import RequestError

if TYPE_CHECKING:
    from migralab.isolation.bench.isolation import Isolation
    from migralab.isolation.bench.mixture import Mixture
    from migralab.isolation.bench.optimise import Option
    from migralab.isolation.bench.population import Population
    from migralab.isolation.bench.protocol import Protocol

FEWEST = 700  # some dozens of each kind
QUICK = 400_000  # particles that are through within a second
SEARCHED = 20_000  # particles of the optimiser
UNSEEN = 1_000_003  # added to the seed for the particles that judge


def isolate(
    source: Annotated[
        str | None,
        typer.Argument(help="A run directory, a table of vesicles (CSV, TSV, Parquet), or the id of a mixture."),
    ] = None,
    protocol: Annotated[str | None, typer.Option("--protocol", help="Id of a protocol, or a protocol file.")] = None,
    mixture: Annotated[
        str | None,
        typer.Option("--mixture", help="Id or file: what comes with a run's migrasomes, and what a table leaves out."),
    ] = None,
    aim: Annotated[str | None, typer.Option("--aim", help="Kind that is wanted; by default the protocol's.")] = None,
    particles: Annotated[int, typer.Option("--particles", help="How many to follow, all kinds together.")] = 200_000,
    seed: Annotated[int, typer.Option("--seed", help="Of the random numbers.")] = 1,
    optimise: Annotated[
        bool, typer.Option("--optimise", help="Also look for better forces, times, pores and cuts.")
    ] = False,
    least_yield: Annotated[
        float, typer.Option("--least-yield", help="For --optimise: share of the aim that must be kept.")
    ] = 0.0,
    tries: Annotated[int, typer.Option("--tries", help="For --optimise: protocols to try.")] = 160,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Directory for page, tables and figures; must not exist.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="List protocols, mixtures, rotors and media.")] = False,
) -> None:
    """Take vesicles through an isolation protocol and say what is in each fraction, how pure, and what was lost."""
    if listing:
        from migralab.report.isolation.isolate_answer import list_bench

        for line in list_bench():
            say(line)
        return
    if protocol is None:
        raise RequestError("--protocol is missing: give an id or a file. 'migralab isolate --list' shows the ids.")
    _refuse_numbers(particles, tries, least_yield)
    if out is not None:
        from migralab.results.run import refuse_existing

        refuse_existing(out)
    plan, document = _protocol(protocol)
    mixed, name = _mixture(source, mixture, plan)
    aim = _aim(aim or plan.aim)

    def gather(count: int, own_seed: int) -> Population:
        from migralab.isolation.bench.population import gather_population

        return gather_population(name, mixed, count, own_seed)

    from migralab.isolation.bench.isolate import isolate as take_through

    population = gather(particles, seed)
    if aim not in population.kinds:
        raise RequestError(
            f"--aim {aim}: there is none in {population.origin}. It holds: {', '.join(population.kinds)}."
        )
    with progress(f"isolate {plan.id}", "steps") as update:
        result = take_through(population, plan, update if particles > QUICK else None, seed=seed)
    options: list[Option] = []
    if optimise:
        from migralab.isolation.bench.optimise import optimise as search

        pair = gather(SEARCHED, seed), gather(SEARCHED, seed + UNSEEN)
        with progress("optimise", "protocols") as update:
            options = search(pair, document, aim, update, tries=tries, least_yield=least_yield, seed=seed)
    _tell(result, aim, mixed, options, as_json=as_json)
    if out is not None:
        _write(out, result, aim, mixed, options)


def _refuse_numbers(particles: int, tries: int, least_yield: float) -> None:
    if not FEWEST <= particles <= 10_000_000:
        raise RequestError(f"--particles {particles}: give {FEWEST} to 10,000,000.")
    if not 2 <= tries <= 20_000:
        raise RequestError(f"--tries {tries}: give 2 to 20,000.")
    if not 0 <= least_yield < 1:
        raise RequestError(f"--least-yield {least_yield:g} is a share: give 0 or more and less than 1.")


def _is_file(text: str) -> bool:
    return Path(text).suffix.lower() in {".yaml", ".yml"} or Path(text).is_file()


def _protocol(text: str) -> tuple[Protocol, dict[str, Any]]:
    """Return a protocol by id or file, and its document for the optimiser."""
    from migralab.isolation.bench.library import read_shipped
    from migralab.isolation.bench.protocol import read_protocol, shipped_protocol
    from migralab.spec.document import read_document

    if _is_file(text):
        return read_protocol(text), read_document(Path(text))[0]
    return shipped_protocol(text), read_shipped("protocols", f"{text}.yaml")


def _mixture(source: str | None, mixture: str | None, plan: Protocol) -> tuple[Mixture, str | None]:
    """Return the mixture, and the run or table where the source is one."""
    from migralab.isolation.bench.library import shipped_ids
    from migralab.isolation.bench.mixture import read_mixture, shipped_mixture

    name = mixture or plan.mixture
    if source is not None and not Path(source).exists() and not Path(source).suffix:
        name, source = source, None
        if name not in shipped_ids("mixtures"):
            known = ", ".join(shipped_ids("mixtures"))
            raise RequestError(f"There is no run directory, table or mixture '{name}'. Mixtures: {known}.")
    elif source is not None and Path(source).suffix.lower() in {".yaml", ".yml"}:
        name, source = source, None
    return (read_mixture(name) if _is_file(name) else shipped_mixture(name)), source


def _aim(name: str) -> str:
    from migralab.core.errors import UnknownIdError
    from migralab.isolation.bench.mixture import KINDS

    if name not in KINDS:
        raise UnknownIdError("kind", name, KINDS)
    return name


def _tell(result: Isolation, aim: str, mixture: Mixture, options: list[Option], *, as_json: bool) -> None:
    from migralab.report.isolation.isolate_answer import option_rows, say_isolation, say_options, tables_of

    if as_json:
        content = _summary(result, aim) | tables_of(result)
        say_json(content | ({"front": option_rows(options)} if options else {}))
        return
    for line in say_isolation(result, aim, mixture):
        say(line)
    for line in say_options(options, aim) if options else []:
        say(line)


def _summary(result: Isolation, aim: str) -> dict[str, Any]:
    """Return what was done and what came of it; a study reads ``recovery`` as the share that the isolation keeps."""
    from migralab.core.version import VERSION
    from migralab.isolation.bench.protocol import loads

    product = result.answer(aim)
    return {
        "protocol": result.protocol.id, "from": result.population.origin, "aim": aim, "recovery": product["yield"],
        "product": product, "particles": len(result.population), "seed": result.seed, "migralab": VERSION,
        "tubes": {str(step): load.tubes for step, load in loads(result.protocol).items()},
    }  # fmt: skip


def _write(out: Path, result: Isolation, aim: str, mixture: Mixture, options: list[Option]) -> None:
    import yaml

    from migralab.report.isolation.isolate_answer import option_rows, tables_of
    from migralab.report.isolation.isolate_figures import draw_all, draw_front
    from migralab.report.isolation.isolate_page import render_isolation

    figures = draw_all(result, aim)
    rows = option_rows(options)
    if options:
        figures = {"front": draw_front(options, aim)} | figures
    with appearing_whole(out) as fresh:
        for name, table in tables_of(result).items():
            write_csv(fresh / f"{name}.csv", table)
        (fresh / "summary.json").write_text(json.dumps(_summary(result, aim), indent=2) + "\n", encoding="utf-8")
        for name, figure in figures.items():
            (fresh / f"{name}.png").write_bytes(figure.data)
        if options:
            write_csv(fresh / "front.csv", rows)
            (fresh / "protocols").mkdir()
            for row, option in zip(rows, options, strict=True):
                text = yaml.safe_dump(option.document | {"id": f"{result.protocol.id}-{row['point']}"},
                                      sort_keys=False, allow_unicode=True, width=110)  # fmt: skip
                (fresh / "protocols" / f"{row['point']}.yaml").write_text(text, encoding="utf-8")
        page = render_isolation(result, aim, mixture, figures, rows)
        (fresh / "isolation.html").write_text(page, encoding="utf-8")
    remark(f"Page, tables and figures are in {out}; open {out / 'isolation.html'}.")
