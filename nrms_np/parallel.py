"""Loops over independent pieces of work, on the cores that the process may use (chapter 09b).

There is one way to be parallel: plain serial kernels, which let go of Python's lock, called from a pool of threads on
pieces that each own their output. So the number of threads changes no bit of a result.
"""

import math
import os
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, TypeVar

import numba
import numpy as np

Piece = TypeVar("Piece")
Result = TypeVar("Result")
Function = TypeVar("Function", bound=Callable[..., Any])

BLOCK = 512  # rows of a matrix product computed at a time
TERMS = 1024  # rows that one piece of a sum over rows takes in
# app/ puts in their places one that keeps machine code on disk, and one that keeps BLAS to the calling thread
njit: Callable[..., Any] = numba.njit
blas_on_one_thread: Callable[[], AbstractContextManager] = nullcontext


def kernel(function: Function) -> Function:
    """The one decorator of all loops that Numba compiles.

    NaN and infinity keep their meaning (no "nnan", no "ninf"), so a broken input shows up as a NaN and not as a number;
    the other flags let the compiler split a sum over the lanes of a vector register. Division by zero is NumPy's: with
    Python's, an exception, each division is preceded by a test, and then the divisions of a loop do not fill registers.
    """
    flags = {"nsz", "arcp", "contract", "afn", "reassoc"}
    return njit(nogil=True, error_model="numpy", fastmath=flags)(function)


_threads: int | None = None


def set_threads(count: int) -> None:
    """How many threads ``in_parallel`` uses from now on, in the whole process."""
    global _threads
    _threads = count


def in_parallel(function: Callable[[Piece], Result], pieces: Collection[Piece]) -> list[Result]:
    """[function(piece) for piece in pieces], on as many threads as ``set_threads`` says (all of Numba's if it was not).

    Safe to call from several threads at once, and after a fork; not from within a piece.
    """
    with blas_on_one_thread():
        threads = 1 if len(pieces) < 2 else _threads or numba.get_num_threads()
        if threads == 1:
            return [function(piece) for piece in pieces]
        return list(_pool(threads).map(function, pieces))


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """np.empty whose data begin at a multiple of 64 bytes, so that a vector register is loaded from one cache line."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


def row_blocks(rows: int, size: int = BLOCK) -> list[slice]:
    """0..rows-1 in slices of ``size``. row_blocks(5, 2) is [slice(0, 2), slice(2, 4), slice(4, 5)]."""
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b in blocks of the rows of a. [R, I] @ [I, J] -> [R, J]."""
    out = empty((len(a), b.shape[1]), a.dtype)
    in_parallel(lambda rows: np.matmul(a[rows], b, out=out[rows]), row_blocks(len(a)))
    return out


def matmul_transposed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a.T @ b, the sum over rows that a weight's gradient is, in pieces added in order. [R, I], [R, J] -> [I, J]."""
    out = np.zeros((a.shape[1], b.shape[1]), a.dtype)
    for part in in_parallel(lambda rows: a[rows].T @ b[rows], row_blocks(len(a), TERMS)):
        out += part
    return out


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="nrms_np")


# A child process has none of the pool's threads. (Windows has no fork.)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)
