"""Saving a run when it is due, and on Ctrl-C."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def saving(save: Callable[[], None], seconds: float) -> Iterator[Callable[[], None]]:
    """Gives on_step(): it saves every ``seconds``, and after Ctrl-C saves and raises KeyboardInterrupt.

    Ctrl-C waits for the end of a step, because between two steps the weights and Adam's moments belong together; a
    second one does not wait.
    """
    asked = []

    def ask(*_: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(True)

    saved = time.monotonic()

    def on_step() -> None:
        nonlocal saved
        if asked or time.monotonic() - saved > seconds:
            save()
            saved = time.monotonic()
        if asked:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield on_step
    finally:
        signal.signal(signal.SIGINT, before)
