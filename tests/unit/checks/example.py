"""Claims in one line, and dishes whose truth is known."""

from __future__ import annotations

import numpy as np

from migralab.spec.claim import Claim

SOURCE = {"key": "chen2019", "locator": "fig 1g", "tag": "D"}
T1_KINDS = ("interval", "ratio", "exponent", "rescue")


def claim(kind, *arms, grade=None, role="predicted", laboratory=None, **fields):
    """Return a claim on the readout ``count``, graded T1 or T2 as its kind allows."""
    grade = grade or ("T1" if kind in T1_KINDS else "T2")
    return Claim.model_validate(
        {
            "id": kind, "statement": "s", "grade": grade, "role": role, "tolerance_reason": "made up",
            "comparison": {"kind": kind, "readout": "count", "arms": list(arms), **fields},
            "observer": "count-in-field", "discriminating_arm": arms[0], "source": SOURCE, "laboratory": laboratory,
        }
    )  # fmt: skip


def spread_evenly(ratio, spread, seeds=20):
    """Return two arms whose geometric mean ratio is exactly `ratio`, with even spread between seeds."""
    return {
        "a": {"count": ratio * np.exp(spread * np.linspace(-1, 1, seeds))},
        "b": {"count": np.ones(seeds)},
    }


def dishes(seeds, seed=1, *, sigma=0.35, noise=0.1, **means):
    """Return values by arm: log-normal dishes that share an experiment effect, with noise of their own.

    The medians are the means given, so that ratios of arms are known exactly.
    """
    rng = np.random.Generator(np.random.Philox(key=seed))
    effect = sigma * rng.standard_normal(seeds)
    return {arm: {"count": mean * np.exp(effect + noise * rng.standard_normal(seeds))} for arm, mean in means.items()}
