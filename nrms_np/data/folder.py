"""Large MIND folders are read once: their arrays are kept as .npy files, which later runs map into memory.

They lie in a folder ``nrms_np_cache`` beside the data, or below the user's cache folder where that cannot be written.
It can be removed at any time.

Tutorial: tutorials/12_real_data.md
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..parallel import in_parallel
from ..ragged import Ragged
from .mind import Behaviors, News
from .read_mind import read_behaviors, read_news
from .vocabulary import TOKEN, Tokens

FORMAT = 1  # of the arrays; another number makes all caches be built anew
LEAST_BYTES = 20_000_000  # smaller folders are read in about a second: not worth files
ABANDONED = 86_400  # seconds after which an unfinished cache belongs to a process that was killed
BROKEN = (OSError, ValueError, KeyError, TypeError, EOFError)  # what loading a damaged cache can raise


def read_folder(folder: Path) -> tuple[News, Behaviors]:
    """Read a MIND folder, or what is kept of it.

    A cache is used only if size, modification time and status-change time of both files are those that it was built
    from (the last one no program can set back), and if the checksums of its arrays are right. It is built anew
    otherwise. Raises InputError as ``read_news`` and ``read_behaviors`` do.
    """
    folder = Path(folder)
    name = _name(folder)
    if name is None:
        return _read(folder)
    places = _places(folder)
    for place in places:
        kept = _load(place / name)
        if kept:
            return kept
    data = _read(folder)
    if _name(folder) != name:  # the files changed while they were read
        return data
    for place in places:
        if _save(place, name, data):
            return _load(place / name) or data
    where = " and ".join(map(str, places))
    print(f"nothing is kept of {folder} for later runs: cannot write {where}", file=sys.stderr)
    return data


def _read(folder: Path) -> tuple[News, Behaviors]:
    news = read_news(folder / "news.tsv")
    return news, read_behaviors(folder / "behaviors.tsv", news)


def _name(folder: Path) -> str | None:
    """What the cache of these files is called; None where they are missing or too small for one."""
    try:
        files = [os.stat(folder / name) for name in ("news.tsv", "behaviors.tsv")]
    except OSError:
        return None
    if sum(one.st_size for one in files) < LEAST_BYTES:
        return None
    known = [FORMAT, TOKEN.pattern, *([one.st_size, one.st_mtime_ns, one.st_ctime_ns] for one in files)]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:16]


def _places(folder: Path) -> list[Path]:
    """Where a cache of this folder may lie, the best place first."""
    beside = folder / "nrms_np_cache"
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.path.isabs(home):  # a user without a home
        return [beside]
    return [beside, Path(home) / "nrms_np" / hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]]


def _to_arrays(news: News, behaviors: Behaviors) -> dict[str, np.ndarray]:
    columns = {"ids": news.ids, "categories": news.categories, "titles": news.titles, "words": news.tokens.words}
    arrays = {name: np.frombuffer("".join([f"{x}\n" for x in one]).encode(), np.uint8) for name, one in columns.items()}
    for name in ("impression_ids", "users", "user_ids", "times"):
        arrays[name] = getattr(behaviors, name)
    lists = {"tokens": news.tokens.titles, "histories": behaviors.histories, "candidates": behaviors.candidates}
    for name, one in lists.items():
        arrays |= {f"{name}.values": one.values, f"{name}.offsets": one.offsets}
    if behaviors.labels is not None:
        arrays["labels"] = behaviors.labels
    arrays["checksum"] = np.array([behaviors.checksum])
    return arrays


def _from_arrays(arrays: dict[str, np.ndarray]) -> tuple[News, Behaviors]:
    ids, categories, titles, words = (
        arrays[name].tobytes().decode().split("\n")[:-1] for name in ("ids", "categories", "titles", "words")
    )
    tokens, histories, candidates = (
        Ragged(arrays[f"{name}.values"], arrays[f"{name}.offsets"]) for name in ("tokens", "histories", "candidates")
    )
    columns = [arrays[name] for name in ("impression_ids", "users", "user_ids", "times")]
    behaviors = Behaviors(*columns, histories, candidates, arrays.get("labels"))
    vars(behaviors)["checksum"] = int(arrays["checksum"][0])  # where cached_property looks first
    return News.from_lists(ids, categories, titles, Tokens(words, tokens)), behaviors


def _load(folder: Path) -> tuple[News, Behaviors] | None:
    """The data of a cache, mapped from its files; None when it is not there or not whole."""
    try:
        index, checksum = (folder / "index.json").read_text(encoding="utf-8").splitlines()
        if zlib.crc32(index.encode()) != int(checksum):
            return None
        checksums = json.loads(index)
        paths = {name: folder / f"{name}.npy" for name in checksums}
        if in_parallel(_checksum, paths.values()) != list(checksums.values()):
            return None
        # "c", a private copy on write: for read-only arrays Numba would compile each kernel once more
        maps = {name: np.load(path, mmap_mode="c", allow_pickle=False) for name, path in paths.items()}
        return _from_arrays({name: np.asarray(one) for name, one in maps.items()})
    except BROKEN:
        return None


def _save(place: Path, name: str, data: tuple[News, Behaviors]) -> bool:
    """Keep the data as ``place / name``. False where that cannot be written.

    Everything is written to a new folder of its own and flushed to disk, and only then given its name, so whoever finds
    the name finds all of it. Where another process was faster, its work is kept.
    """
    part = place / f"part-{secrets.token_hex(8)}"
    damaged = part.with_suffix(".damaged")
    try:
        place.mkdir(parents=True, exist_ok=True)
        if place.is_symlink():  # it could lead anywhere
            return False
        part.mkdir()
        checksums = {}
        for array_name, array in _to_arrays(*data).items():
            _write(part / f"{array_name}.npy", lambda file, array=array: np.save(file, array, allow_pickle=False))
            checksums[array_name] = _checksum(part / f"{array_name}.npy")
        index = json.dumps(checksums)
        _write(part / "index.json", lambda file: file.write(f"{index}\n{zlib.crc32(index.encode())}\n".encode()))
        if (place / name).exists() and not _load(place / name):
            os.rename(place / name, damaged)
        if not (place / name).exists():
            os.rename(part, place / name)
        _remove_old(place, name)
        return True
    except OSError:
        return (place / name).exists()  # another process was faster by a hair
    finally:
        for one in (part, damaged):
            _remove(one)


def _write(path: Path, write: Callable[[BinaryIO], None]) -> None:
    with open(path, "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())


def _checksum(path: Path) -> int:
    """CRC-32 of a file, by reading it: mapped pages would count as memory of the process."""
    checksum = 0
    with open(path, "rb") as file:
        while block := file.read(1 << 22):
            checksum = zlib.crc32(block, checksum)
    return checksum


def _remove_old(place: Path, name: str) -> None:
    """Remove caches of files that have changed since, and what killed processes left."""
    for one in place.iterdir():
        old = re.fullmatch(r"[0-9a-f]{16}", one.name) and one.name != name
        left = one.name.startswith("part-") and time.time() - one.lstat().st_mtime > ABANDONED
        if old or left:
            _remove(one)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        path.unlink()
