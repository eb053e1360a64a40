"""Ctrl-C between ticks: a state is whole only there, and only a whole state may be kept."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class HeldInterrupt:
    """Holds back Ctrl-C until `release` is called or the block ends; a second Ctrl-C acts at once.

    Outside the main thread nothing is held: Python delivers no interrupt there.
    """

    def __init__(self) -> None:
        self.pending = False
        self._before: signal.Handlers | int | None = None
        self._holds = False

    def __enter__(self) -> HeldInterrupt:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)  # type: ignore[assignment]  # any handler
            self._holds = True
        return self

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if self.pending:
            raise KeyboardInterrupt
        self.pending = True

    def release(self) -> None:
        """Let a held interrupt through: call it where everything is whole."""
        if self.pending:
            self.pending = False
            raise KeyboardInterrupt

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the handler back; what was held back then is dropped, because the work is done."""
        if self._holds:
            signal.signal(signal.SIGINT, self._before)
