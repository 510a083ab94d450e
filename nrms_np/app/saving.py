"""When a training run is saved: from time to time, and before it stops."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from . import mpi
from .signals import on_stop, stop

SAVED = "all steps are saved"


@contextmanager
def saving(
    save: Callable[[], None], seconds: float, steps_are_done: Callable[[], bool]
) -> Iterator[Callable[[], None]]:
    """Gives on_step(): it saves every ``seconds``, and after Ctrl-C, SIGTERM or SIGHUP saves and raises Stopped.

    The signal waits for the end of a step, because between two steps the weights and Adam's moments belong together; a
    second one does not wait. When the steps of an epoch are done, they are saved, so that during validation and while
    files are written no signal has to wait. A signal to one rank stops all of them after the same step; rank 0 saves.
    """
    asked: list[int] = []
    saved, resting = time.monotonic(), False

    def ask(number: int) -> None:
        if resting:
            stop(number, SAVED)
        if asked:
            stop(number)
        asked.append(number)

    def on_step() -> None:
        nonlocal saved, resting
        resting = False
        due = time.monotonic() - saved > seconds
        number, late = map(max, zip(*mpi.ranks().gather((asked[0] if asked else 0, due))))
        if number or steps_are_done() or late:
            mpi.first(save)
            saved = time.monotonic()
        if number:
            stop(number, SAVED)
        resting = steps_are_done()

    with on_stop(ask):
        yield on_step
