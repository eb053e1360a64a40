"""`python -m benchmarks.identify_given`: the published marker tables, each judged without the paper it is from.

The words of evidence/measurement.md A2 are turned into intensities at the middle of what they mean. A sample that is
judged with its own paper's statements only shows that the program can read; that column is printed for comparison and
is no test.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.identify_simulator import SPANS
from migralab.isolation.identity.identify import Question, identify, list_calls

BLOT = {
    "migrasome": "CPQ present, NDST1 strong, PIGK strong, EOGT strong, ALIX weak, TSG101 weak, CANX trace, "
    "GOLGA2 absent, TIMM23 trace, H3 absent",
    "exosome": "CPQ absent, NDST1 trace, PIGK trace, EOGT weak, ALIX strong, TSG101 strong, CANX absent, "
    "GOLGA2 absent, TIMM23 absent, H3 absent",
    "cell_body": "CPQ absent, NDST1 trace, PIGK strong, EOGT strongest, ALIX present, TSG101 present, CANX strong, "
    "GOLGA2 strong, TIMM23 strong, H3 strong",
}  # fmt: skip
# sample, source, what it is, words, diameter in um, whether the lane of the cell body stands beside it
ZHU, WANG = "ALIX absent, TSG101 absent, CD63 present, ANXA1 strong", "PCCA present, CD63 absent, TIMM23 weak"
SAMPLES = (
    ("Zhao, migrasome lane", "zhao2019", "migrasome", BLOT["migrasome"], 0.612, True),
    ("Zhao, exosome lane", "zhao2019", "exosome", BLOT["exosome"], 0.139, True),
    ("Zhao, cell body lane", "zhao2019", "cell_body", BLOT["cell_body"], np.nan, True),
    ("Zhu, migrasomes", "zhu2021", "migrasome", ZHU, np.nan, False),
    ("Wang, migrasomes", "wang2022", "migrasome", f"{WANG}, SEC61A1 absent", np.nan, False),
    ("Wang, small EVs", "wang2022", "exosome", "CD63 strong, SEC61A1 absent", 0.0737, False),
    ("Wang, retractosomes", "wang2022", "retractosome", "PCCA weak, CD63 absent, TSPAN4 strong", 0.1405, False),
)  # fmt: skip


def _levels(words: str) -> dict[str, float]:
    pairs = (pair.rsplit(" ", 1) for pair in words.split(", "))
    return {name: 0.0 if word == "absent" else float(np.sqrt(np.prod(SPANS[word]))) for name, word in pairs}


def table_of(words: str, diameter: float, *, beside_cell: bool) -> pd.DataFrame:
    """Return a sample as a table of one row."""
    own, cell = _levels(words), _levels(BLOT["cell_body"])
    row: dict[str, float | str] = {f"{name}_intensity": value for name, value in own.items()}
    if beside_cell:
        row |= {f"{name}_to_cell": value / cell[name] for name, value in own.items() if cell.get(name, 0) > 0}
    return pd.DataFrame([row | ({"diameter_um": diameter} if np.isfinite(diameter) else {})])


def main() -> None:
    """Print what each sample is called, without and with its own paper."""
    for name, source, truth, words, diameter, beside in SAMPLES:
        table = table_of(words, diameter, beside_cell=beside)
        print(f"{name} (is {truth})")
        for left_out in ((source,), ()):
            row = list_calls(identify(table, question=Question(leave_out=left_out))).iloc[0]
            best = row["most_probable"]
            said = f"{best} {row[f'{best}_probability']:.2f} ({row[f'{best}_low']:.2f} to {row[f'{best}_high']:.2f})"
            own = f"{truth} {row[f'{truth}_probability']:.2f} ({row[f'{truth}_low']:.2f} to {row[f'{truth}_high']:.2f})"
            word = "without its paper" if left_out else "with it (no test)"
            print(f"  {word}: call {row['call']}; {said}; the truth, {own}. {row['reason']}")


if __name__ == "__main__":
    main()
