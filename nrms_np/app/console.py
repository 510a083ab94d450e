"""A command and its terminal: what asks it to stop, and what it prints, wherever that goes."""

import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, NoReturn

from ..errors import OutputError

# Ctrl-C, SIGTERM of ``docker stop`` and SLURM, SIGHUP of a closed terminal
STOPPING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
LINE_SECONDS = 30  # between two lines of a progress bar in a log
READER_GONE = {errno.EPIPE, errno.EIO, errno.EINVAL if os.name == "nt" else errno.EPIPE}

# ``python -m nrms_np.train`` imports NumPy and Numba before any code of the command runs: Ctrl-C then just ends it.
# (Python's argv begins with -m until it has found the command, so a program that imports the package keeps its own.)
if sys.argv[:1] == ["-m"] and any(word.startswith("nrms_np") for word in sys.orig_argv):
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))


class Stopped(KeyboardInterrupt):
    """Raised for one of STOPPING, its argument; notes say what became of the work, and how to go on."""


def stop(number: int) -> NoReturn:
    raise Stopped(signal.Signals(number))


def stop_again(unraisable: Any) -> None:
    """For sys.unraisablehook: a signal that came during a callback, which lets no exception out, comes once more."""
    if not isinstance(unraisable.exc_value, Stopped):
        return sys.__unraisablehook__(unraisable)
    # pthread_kill also ends a wait of the main thread; Windows lacks it
    send = getattr(signal, "pthread_kill", lambda _, number: signal.raise_signal(number))
    threading.Timer(0.1, send, (threading.main_thread().ident, *unraisable.exc_value.args)).start()


@contextmanager
def on_stop(handle: Callable[[int], None]) -> Iterator[None]:
    """Inside, a signal of STOPPING calls handle(its number), unless it is ignored (nohup ignores SIGHUP).

    Outside the main thread, where Python has no handlers, nothing changes.
    """
    with ExitStack() as after:
        if threading.current_thread() is threading.main_thread():
            after.callback(setattr, sys, "unraisablehook", sys.unraisablehook)
            sys.unraisablehook = stop_again
            for number in STOPPING:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    before = signal.signal(number, lambda number, _: handle(number))
                    after.callback(signal.signal, number, before)
        yield


class Stream:
    """A text stream that survives its reader.

    A character that the encoding does not know is escaped. When the reader goes away (``| head``), the rest goes
    nowhere. Where the stream is no terminal, a progress bar (text that begins with a carriage return) becomes a line
    every LINE_SECONDS.
    """

    def __init__(self, stream: Any):
        self._stream = stream or open(os.devnull, "w")  # Windows gives none to a program without a window
        self._encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._line_time = time.monotonic()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        shown = text
        if text.startswith("\r") and not self._stream.isatty():
            now, shown = time.monotonic(), ""
            if text.strip() and now - self._line_time >= LINE_SECONDS:
                self._line_time, shown = now, text.strip() + "\n"
        self._try(self._stream.write, shown.encode(self._encoding, "backslashreplace").decode(self._encoding))
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def _try(self, call: Callable[..., object], *text: str) -> None:
        try:
            call(*text)
        except OSError as error:
            with suppress(OSError, ValueError, AttributeError), open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())  # where what is buffered goes, too
            if error.errno not in READER_GONE:
                raise OutputError(f"the output cannot be written ({error.strerror or error})") from None
