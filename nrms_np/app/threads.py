"""Threads (also of BLAS) and memory of the process, set at import and by the commands' --threads (chapter 09b)."""

import ctypes
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np

from ..parallel import set_threads


def use(threads: int = 0) -> None:
    """Use so many threads (0: every core that the process may use), and keep freed memory for the next step.

    A step frees and allocates the same large arrays again and again. Fresh pages from the kernel must be zeroed and
    mapped on first touch, which cost a third of a step. With this, plain NumPy code reuses its buffers by itself.
    """
    cores = usable_cores()
    set_threads(min(threads, cores) if threads else cores)  # more would only wait for each other
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform.startswith("linux") else None  # glibc only
    if mallopt:
        mallopt(-4, 0)  # M_MMAP_MAX of malloc.h
        mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD


def usable_cores() -> int:
    """The cores that the process may use: of its affinity, of Numba's own setting, and of its container's CPU quota."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cpu_quota()
    return max(1, min(affinity, numba.get_num_threads(), math.ceil(quota) if quota else affinity))


def _cpu_quota(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> float | None:
    """The CPU time that cgroups allow, in cores; None without a limit. A group is bound by those above it, too."""
    quotas: list[float | None] = []
    with suppress(OSError):  # not Linux
        for line in own.read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            if not controllers or "cpu" in controllers.split(","):
                folder = root / controllers / group.strip("/")  # version 1 has a tree for each controller
                quotas += [_quota_of(one) for one in (folder, *folder.parents)]
    return min(filter(None, quotas), default=None)


def _quota_of(folder: Path) -> float | None:
    """The limit of one cgroup, of version 2 (cpu.max) or 1 (cpu.cfs_quota_us)."""
    for names in (["cpu.max"], ["cpu.cfs_quota_us", "cpu.cfs_period_us"]):
        with suppress(OSError, ValueError):  # no such file; or "max": no limit
            quota, period = map(float, " ".join((folder / name).read_text() for name in names).split())
            return quota / period if quota > 0 else None
    return None


_lock, _inside, _before = threading.Lock(), 0, 1


@contextmanager
def blas_on_one_thread() -> Iterator[None]:
    """Matrix products inside use the calling thread alone; when nobody is inside, BLAS has its threads back.

    Two pools on the same cores wait for each other, and BLAS's idle threads spin for a while after each product. (Its
    environment variables do the same only when they are set before NumPy is imported.)
    """
    global _inside, _before
    get, put = _openblas()
    with _lock:
        if not _inside:
            _before = get()
            put(1)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                put(_before)


@cache
def _openblas() -> tuple[Callable[[], int], Callable[[int], Any]]:
    """What gets and what sets the threads of the OpenBLAS in NumPy's wheels; for another BLAS, what does nothing."""
    packages = Path(np.__file__).parents[1]
    for path in [*packages.glob("numpy.libs/*openblas*"), *packages.glob("numpy/.dylibs/*openblas*")]:
        library = ctypes.CDLL(str(path))  # already loaded by NumPy: this only finds it
        if hasattr(library, "scipy_openblas_set_num_threads64_"):
            return library.scipy_openblas_get_num_threads64_, library.scipy_openblas_set_num_threads64_
    return lambda: 1, lambda count: None


def _after_fork() -> None:
    """Perhaps the holder of the lock is not in the child."""
    global _lock, _inside
    _lock, _inside = threading.Lock(), 0


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork)
