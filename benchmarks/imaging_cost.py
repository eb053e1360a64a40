"""``python -m benchmarks.imaging_cost METHOD``: CPU and memory of one method on one bench image, as JSON.

Each method runs in a process of its own, on a small image first, so that compiling and importing do not count.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.imaging_ours import SETTINGS, as_micrograph
from benchmarks.imaging_peers import MASSES, RIDGES, THRESHOLDS, Gates, Picture, peers
from benchmarks.timing import Table
from migralab.imaging import analyse_micrograph
from migralab.microscope.bench import bench_image

SEED, LEVEL, SIDE = 1, 6.0, 1024
OURS, MASK, RIDGE = "ours", "cell mask", "sato gate"


def costs(note: str) -> Table:
    """Return CPU and memory of all methods."""
    rows = []
    for name in (OURS, *(peer.name for peer in peers()[0]), MASK, RIDGE):
        command = [sys.executable, "-m", "benchmarks.imaging_cost", name]
        told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        rows.append([name, f"{told['cpu']:.2f}", f"{told['MB']:.0f}"])
    note = (
        "Memory is the larger of what the system and what Python's allocator saw above the start; a peer with gates "
        f"costs the sum of its row and the last two. {note}"
    )
    head = ("method", "CPU s per megapixel", "peak extra MB per megapixel")
    return Table(title="Cost of one frame of 1.05 megapixels at SNR 4.4", head=head, rows=rows, note=note)


def job(name: str, size: int) -> Callable[[], object]:
    """Return the work of a method on an image of this size, with everything made that does not count."""
    image = bench_image(SEED, LEVEL, size)
    if name == OURS:
        micrograph = as_micrograph(image)
        return lambda: analyse_micrograph(micrograph, SETTINGS)
    picture = Picture(image)
    if name == MASK:
        return lambda: picture.body
    if name == RIDGE:
        picture.body  # noqa: B018  # made once, and counted in its own row
        return lambda: Gates(RIDGES[1], 0.0).pass_through(picture, np.array([[5.0, 5.0, 1.0]]))
    peer = next(peer for peer in peers()[0] if peer.name == name)
    threshold = MASSES[3] if name == "trackpy" else THRESHOLDS[3]
    return lambda: peer.find(picture, threshold)


def cost(name: str) -> dict[str, float]:
    """Return CPU s and MB per megapixel."""
    job(name, 256)()
    work = job(name, SIDE)
    gc.collect()
    before = _forget_peak()
    start = time.process_time()
    work()
    spent = time.process_time() - start
    seen = _status("VmHWM") - before if before else 0.0
    again = job(name, SIDE)
    gc.collect()
    tracemalloc.start()
    again()
    counted = tracemalloc.get_traced_memory()[1] / 1e6
    megapixels = SIDE**2 / 1e6
    return {"cpu": spent / megapixels, "MB": max(seen, counted) / megapixels}


def _forget_peak() -> float:
    """Forget the largest memory use so far; MB in use now, 0 where the system does not tell."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return _status("VmRSS")
    except OSError:
        return 0.0


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(name)).split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    print(json.dumps(cost(sys.argv[1])))
