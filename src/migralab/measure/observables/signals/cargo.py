"""What migrasomes hold: molecules, and the share with RNA."""

from __future__ import annotations

import numpy as np

from migralab.core.errors import RequestError
from migralab.measure.view import Estimate, View, missing

KINDS = ("soluble_protein", "membrane_protein", "mrna", "mirna", "small_vesicles")


def measure_rna_share(view: View) -> Estimate:
    """Return the share of migrasomes that hold RNA, of those for which it is known."""
    positive = view.value("rna_positive")
    if np.isnan(positive).all():
        return missing("no migrasome of which it is known whether it holds RNA: the dish has no cargo, or is an image")
    return view.mean_of(view.owners, positive, method="share of migrasomes that hold RNA")


def measure_content(view: View, *, kind: str = "soluble_protein") -> Estimate:
    """Return the mean number of molecules in a migrasome on the ground.

    Parameters
    ----------
    view
        Frame of an experiment.
    kind
        One of `KINDS`.
    """
    if kind not in KINDS:
        raise RequestError(f"kind = '{kind}' is not a kind of cargo. Allowed: {', '.join(KINDS)}.")
    held = view.value(kind)
    if np.isnan(held).all():
        return missing("no migrasome of known content: the dish has no cargo, or is an image")
    return view.mean_of(view.owners, held, method=f"mean number of {kind.replace('_', ' ')} in a migrasome")
