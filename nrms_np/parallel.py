"""A loop over independent pieces of work, on all cores.

Tutorial: tutorials/09_making_it_fast.md
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import numba

Piece, Result = TypeVar("Piece"), TypeVar("Result")


def in_parallel(function: Callable[[Piece], Result], pieces: Collection[Piece]) -> list[Result]:
    """[function(piece) for piece in pieces], with as many threads as Numba may use.

    NumPy lets go of Python's lock inside its loops, and so do kernels with ``nogil``: threads are enough. What a piece
    computes must not depend on the others, then the number of threads changes no bit of it.
    """
    threads = 1 if len(pieces) < 2 else numba.get_num_threads()
    return [function(piece) for piece in pieces] if threads == 1 else list(_pool(threads).map(function, pieces))


def row_blocks(rows: int, size: int = 512) -> list[slice]:
    """0..rows-1 in slices of ``size``."""
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="nrms_np")
