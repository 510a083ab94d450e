"""What a command prints, whatever its output is: a terminal, a log, a pipe that was closed, an old code page."""

import errno
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..errors import OutputError

LINE_SECONDS = 30  # between two lines of a progress bar in a log
READER_GONE = {errno.EPIPE, errno.EIO, errno.EINVAL if os.name == "nt" else errno.EPIPE}


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
        shown = self._as_line(text) if text.startswith("\r") and not self._stream.isatty() else text
        self._try(self._stream.write, shown.encode(self._encoding, "backslashreplace").decode(self._encoding))
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def _as_line(self, bar: str) -> str:
        now = time.monotonic()
        if not bar.strip() or now - self._line_time < LINE_SECONDS:
            return ""
        self._line_time = now
        return bar.strip() + "\n"

    def _try(self, call: Callable[..., object], *text: str) -> None:
        try:
            call(*text)
        except OSError as error:
            with suppress(OSError, ValueError, AttributeError), open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())  # where what is buffered goes, too
            if error.errno not in READER_GONE:
                raise OutputError(f"the output cannot be written ({error.strerror or error})") from None
