"""`python -m benchmarks.run [NAME ...]`: run the benchmarks and print them as Markdown."""

from __future__ import annotations

import sys

from benchmarks import agents, fields, formation, imaging, isolation, kernels, mechanisms, membrane, panels, pathways
from benchmarks.timing import machine

BENCHMARKS = {
    "kernels": kernels,
    "agents": agents,
    "formation": formation,
    "mechanisms": mechanisms,
    "fields": fields,
    "pathways": pathways,
    "membrane": membrane,
    "imaging": imaging,
    "panels": panels,
    "isolation": isolation,
}


def main(names: list[str]) -> int:
    if strange := sorted(set(names) - set(BENCHMARKS)):
        print(f"There is no benchmark '{strange[0]}'. Known: {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    print(f"Measured on {machine()}\n", flush=True)
    for name in names or BENCHMARKS:
        for table in BENCHMARKS[name].tables():
            print(table, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
