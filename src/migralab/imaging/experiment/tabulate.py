"""From a sample sheet and what was found in its images to the tables that are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from migralab.core.errors import DataError
from migralab.imaging.experiment.pool_images import pool_fields
from migralab.imaging.experiment.sample_sheet import SampleImage, SampleSheet
from migralab.measure import measure
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd


def tabulate_objects(sheet: SampleSheet, seen: Mapping[Path, Observations], table: str = "migrasomes") -> pd.DataFrame:
    """Return the objects of all images with condition, replicate, day and image in front, for the mixed model.

    Parameters
    ----------
    sheet
        The images.
    seen
        What was found in each, by the path of the sheet.
    table
        ``migrasomes``, ``fibres`` or ``cells``.

    Raises
    ------
    DataError
        If an image of the sheet was not measured.
    """
    import pandas as pd

    parts = []
    for image in sheet.images:
        rows = _seen(image, seen)[table].copy()
        words = {"condition": image.condition, "replicate": image.replicate, "day": image.day, "image": image.file.name}
        for number, (name, word) in enumerate(words.items()):
            rows.insert(number, name, word)
        parts.append(rows)
    return pd.concat(parts, ignore_index=True)


def tabulate_replicates(sheet: SampleSheet, seen: Mapping[Path, Observations], readouts: Sequence[str]) -> pd.DataFrame:
    """Return one row per replicate with its readouts, all fields of it measured together.

    Parameters
    ----------
    sheet, seen
        As in `tabulate_objects`.
    readouts
        Ids of observables, for example ``count.per_cell``; each becomes a column, NaN where it is not known.

    Raises
    ------
    DataError
        If an image was not measured.
    UnknownIdError
        If an id is no observable.
    """
    import pandas as pd

    rows = []
    for condition in sheet.conditions:
        for replicate in sheet.replicates(condition):
            images = sheet.images_of(condition, replicate)
            fields = [_seen(image, seen) for image in images]
            whole = pool_fields(fields, experiment=replicate, condition=condition)
            found = measure(whole, readouts)
            rows.append(
                {"condition": condition, "replicate": replicate, "day": images[0].day, "images": len(images)}
                | {name: found[name].value for name in readouts}
            )
    return pd.DataFrame(rows)


def _seen(image: SampleImage, seen: Mapping[Path, Observations]) -> Observations:
    if image.file not in seen:
        raise DataError(f"'{image.file}' is in the sample sheet and was not measured. Measure it, or leave it out.")
    return seen[image.file]
