"""Signals that ask a process to stop: Ctrl-C, SIGTERM of ``docker stop`` and SLURM, SIGHUP of a closed terminal."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

STOPPING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]

# ``python -m nrms_np.train`` imports NumPy and Numba before any code of the command runs: Ctrl-C then just ends it.
# (Python's argv begins with -m until it has found the command, so a program that imports the package keeps its own.)
if sys.argv[:1] == ["-m"] and any(word.startswith("nrms_np") for word in sys.orig_argv):
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))


class Stopped(KeyboardInterrupt):
    """Raised for one of STOPPING, its argument; notes say what became of the work, and how to go on."""


def stop(number: int) -> NoReturn:
    raise Stopped(signal.Signals(number))


@contextmanager
def on_stop(handle: Callable[[int], None]) -> Iterator[None]:
    """Inside, a signal of STOPPING calls handle(its number).

    What is ignored stays ignored (nohup ignores SIGHUP), and outside the main thread, where Python has no handlers,
    nothing changes.
    """
    before = {}
    try:
        for number in STOPPING:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                with suppress(ValueError):  # not the main thread
                    before[number] = signal.signal(number, lambda number, _: handle(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
