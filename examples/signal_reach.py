"""How far and how long can one migrasome be felt? The five figures and numbers of the tutorial (1 min)."""

import sys
import time
from pathlib import Path

from migralab.physics.signals.budget import Setting
from migralab.report.signal_answer import MODES, answer_mode


def main(folder: Path, modes: tuple[str, ...] = tuple(MODES)) -> None:
    for mode in modes:
        start = time.monotonic()
        answer = answer_mode(mode, Setting())
        (folder / f"signal-{mode}.png").write_bytes(answer.picture)
        print(answer.question, *answer.words, sep="\n  ")
        print(f"signal-{mode}.png, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path())
