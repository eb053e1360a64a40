"""A cohort of log-normal biology alone, for which everything is known in closed form."""

from __future__ import annotations

import math
from typing import Any

from migralab.isolation.diagnosis.plan import Plan


def pure_plan(**changes: Any) -> Plan:
    """Return a plan whose counts are so large that they add nothing, with these changes."""
    numbers: dict[str, Any] = {
        "control_id": "controls", "patient_id": "patients", "level": 1e12, "between": 0.5, "within": 0.0, "samples": 1,
        "creatinine": 8.0, "dilution": 0.0, "excretion": 0.0, "normalise": True, "volume_per_field": 1.0, "fields": 1,
        "recovery": 1.0, "recovery_spread": 0.0, "background": 0.0, "k": math.inf, "least_count": 0, "observers": 0.0,
        "fold": 2.0, "lost": 0.0, "background_fold": 1.0, "creatinine_fold": 1.0,
    }  # fmt: skip
    return Plan(**{**numbers, **changes})
