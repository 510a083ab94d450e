"""Threads and memory of the process, set in one place. Call before the first ``import numpy``.

Tutorial: tutorials/09_making_it_fast.md
"""

from __future__ import annotations

import ctypes
import os
import sys


def prepare(threads: int = 0) -> None:
    """Set the threads of BLAS and Numba (0: every core), and make both fit for many short steps.

    BLAS and OpenMP read these variables when they are loaded. Their idle threads must sleep instead of spinning: two
    pools that wait busily for their next task take the cores from each other, which doubled the time of a step.
    """
    threads = min(threads, os.cpu_count() or 1)  # more would only wait for each other
    if "numpy" in sys.modules:  # too late for BLAS; Numba can still be told to use fewer of the threads it has
        if threads:
            import numba

            numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        return
    if threads:
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
            os.environ[name] = str(threads)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "10")  # 2^10 cycles; the default of 2^26 is 30 ms
    _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Ask glibc to keep freed memory for the next step instead of giving it back to the kernel.

    A step frees and allocates the same large arrays again and again. Fresh pages from the kernel must be zeroed and
    mapped on first touch, which cost a third of a step. With this, plain NumPy code reuses its buffers by itself.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc only
    if mallopt:
        mmap_max, trim_threshold = -4, -1  # malloc.h: M_MMAP_MAX, M_TRIM_THRESHOLD
        mallopt(mmap_max, 0)
        mallopt(trim_threshold, 2**31 - 1)
