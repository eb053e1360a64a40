"""``python -m tests.qc.questions ID``: print the question sheet of an entry, without a single value of it.

Whoever answers may read ``shared/evidence`` and the papers, and may open neither the entry's YAML nor its page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from migralab.catalog.catalog import load
from migralab.spec.experiment import Experiment
from tests.qc.sheet import Row, rows_of

HOW = """\
# Question sheet of {id}. Fill it in and save it as tests/qc/readings/{id}.yaml.
# Read shared/evidence and the papers. Do not open the entry, its page, its test, or what `migralab show` says of it.
# For each row:
#   value, or low and high     what the evidence says, in the unit given or another one of the same kind
#   direction                  increase, decrease, alike, before or after, where the row asks for it
#   tag                        FTE FT FIG D ABS REV 2ND C as read; E where no source was found
#   locator                    where in the evidence: file, section, figure, row of effects.csv
#   confidence                 high, medium or low
# No source found? Then tag E, locator 'no source found', and low and high of what would be reasonable.
# A row that stays empty is not read, and the entry stays provisional.
"""


def sheet(experiment: Experiment) -> str:
    """Return the question sheet as YAML to be filled in."""
    lines = [HOW.format(id=experiment.id).rstrip()]
    lines += [f"# {experiment.title}", f"# {experiment.question}", "# Arms, and the arrow that each touches:"]
    lines += [
        f"#   {arm.id}: {arm.label or arm.id}" + (f" ({arm.edge})" if arm.edge else " (control)")
        for arm in experiment.arms
    ]
    lines += [f"entry: {experiment.id}", 'reader: ""', 'date: ""', "readings:"]
    for row in rows_of(experiment):
        lines += list(_question(row))
    return "\n".join(lines) + "\n"


def _question(row: Row) -> Iterable[str]:
    yield f'  "{row.id}":'
    yield f"    # {_line(row.what)}"
    yield f"    # where: {_line(row.where)}" + (f"; the entry cites {row.cited}" if row.cited else "")
    if row.kind == "direction":
        yield "    direction:"
    else:
        yield "    value:"
        yield "    low:"
        yield "    high:"
        yield f'    unit: "{row.unit}"'
    yield from ("    tag:", '    locator: ""', "    confidence:")


def _line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Which entry? python -m tests.qc.questions ID > tests/qc/readings/ID.yaml")
    sys.stdout.write(sheet(load(sys.argv[1]).experiment))
