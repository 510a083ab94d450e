"""Machine code is kept on disk by Numba's cache. A disk that fails is no reason to stop: kernels compile again."""

import pickle
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile


def njit(**options: Any) -> Callable[[Any], Any]:
    """numba.njit with ``cache=True``, where there is a place for a cache."""

    def compile_later(function: Any) -> Any:
        kernel = numba.njit(**options)(function)
        if kernel is not function:  # NUMBA_DISABLE_JIT gives the function itself
            try:
                kernel._cache = FunctionCache(function)
                kernel._cache._cache_file.__class__ = _File
            except RuntimeError:  # neither the folder of the package nor one of the user can be written
                _say_not_kept()
        return kernel

    return compile_later


class _File(IndexDataCacheFile):
    """Numba's file with a checksum: machine code of which a bit has changed would still run."""

    def load(self, key: Any) -> Any:
        try:
            return super().load(key)
        except Exception:  # for damaged bytes pickle raises errors of many kinds
            with suppress(OSError):
                self.flush()
            return None

    def save(self, key: Any, data: Any) -> None:
        try:
            super().save(key, data)
        except Exception:  # the disk is full, the folder is gone
            _say_not_kept()

    def _dump(self, data: Any) -> bytes:
        pickled: bytes = super()._dump(data)
        return pickled + zlib.crc32(pickled).to_bytes(4, "big")  # pickle does not read beyond its own end

    def _load_data(self, name: str) -> Any:
        data = Path(self._data_path(name)).read_bytes()
        if zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "big"):
            raise ValueError("the checksum differs")
        return pickle.loads(data)


@cache  # once in a process
def _say_not_kept() -> None:
    say = "compiled loops cannot be kept on disk, so each start compiles them again; to keep them, set NUMBA_CACHE_DIR"
    print(f"{say} to a folder that can be written", file=sys.stderr)
