"""How much memory a run may still take."""

from __future__ import annotations

import math
import os
from pathlib import Path


def free_memory() -> float:
    """Return the bytes that a new array may take; infinity where the system does not say, as on Windows."""
    try:  # on Linux pages that only cache files count as free too
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024.0 * int(line.split()[1])
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return math.inf
