"""Reading a MIND folder; a large one only once, because its arrays are kept as .npy files that later runs map.

The files are in a folder ``nrms_np_cache`` beside the data or, where that cannot be written, below the user's cache
folder. It can be removed at any time.

Tutorial: tutorials/12_real_data.md
"""

import hashlib
import json
import os
import re
import shutil
import sys
import time
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ..parallel import in_parallel
from ..ragged import Ragged
from .lines import Notes, say
from .mind import Behaviors, News, pack_lines, unpack_lines
from .read_mind import read_behaviors, read_news
from .vocabulary import TOKEN, Tokens

FORMAT = 3  # of the arrays; a new number makes every cache be rebuilt
LEAST_BYTES = 20_000_000  # smaller folders are read in about a second: not worth files
PART = "part-"  # begins the name of an unfinished cache
ABANDONED = 86_400  # seconds after which an unfinished cache belongs to a process that was killed
COLUMNS = ("impression_ids", "users", "user_ids", "times")  # columns of Behaviors


def read_folder(folder: Path, strict: bool = False) -> tuple[News, Behaviors]:
    """Read a MIND folder, or what is kept of it, and say what was left out or looks odd.

    A cache is used only if both files still have the size, modification time and status-change time that it was built
    from (no program can set the last one back), and if the checksums of its arrays are right. Otherwise it is rebuilt.
    Raises InputError as ``read_news`` and ``read_behaviors`` do; if ``strict``, also for an id that news.tsv lacks.
    """
    folder = Path(folder)
    name = _name(folder)
    caches = [place / name for place in _places(folder)] if name else []
    data = next(filter(None, map(_load, caches)), None)
    if data is None or strict and data[1].notes:  # one of the notes may be an error then
        data = _read(folder, strict)
        unchanged = _name(folder) == name  # while they were read
        if caches and unchanged and not any(_save(cache, data) for cache in caches):
            where = " and ".join(str(cache.parent) for cache in caches)
            print(f"nothing is kept of {folder} for later runs: cannot write {where}", file=sys.stderr)
    say(data[1].notes)
    return data


def _read(folder: Path, strict: bool = False) -> tuple[News, Behaviors]:
    notes = Notes(strict)
    news = read_news(folder / "news.tsv", notes)
    return news, read_behaviors(folder / "behaviors.tsv", news, notes)


def _name(folder: Path) -> str | None:
    """The name of the cache of these files; None where they are missing or too small for one."""
    try:
        files = [os.stat(folder / name) for name in ("news.tsv", "behaviors.tsv")]
    except OSError:
        return None
    if sum(file.st_size for file in files) < LEAST_BYTES:
        return None
    known = [FORMAT, TOKEN.pattern, *([file.st_size, file.st_mtime_ns, file.st_ctime_ns] for file in files)]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:16]


def _places(folder: Path) -> list[Path]:
    """Folders for a cache of this folder, the best one first."""
    beside = folder / "nrms_np_cache"
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.path.isabs(home):  # a user without a home
        return [beside]
    return [beside, Path(home) / "nrms_np" / hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]]


def _to_arrays(news: News, behaviors: Behaviors) -> dict[str, np.ndarray]:
    arrays = {
        "ids": pack_lines(news.ids),
        "categories": pack_lines(news.categories),
        "titles": pack_lines(news.titles),
        "words": pack_lines(news.tokens.words),
        "notes": pack_lines(behaviors.notes),
        "labels": np.empty(0, np.int8) if behaviors.labels is None else behaviors.labels,
        "checksum": np.array([behaviors.checksum]),
        **{name: getattr(behaviors, name) for name in COLUMNS},
    }
    lists = {"tokens": news.tokens.titles, "histories": behaviors.histories, "candidates": behaviors.candidates}
    for name, ragged in lists.items():
        arrays[f"{name}.values"], arrays[f"{name}.offsets"] = ragged.values, ragged.offsets
    return arrays


def _from_arrays(arrays: dict[str, np.ndarray]) -> tuple[News, Behaviors]:
    ids, categories, titles, words, notes = (
        unpack_lines(arrays[name]) for name in ("ids", "categories", "titles", "words", "notes")
    )
    tokens, histories, candidates = (
        Ragged(arrays[f"{name}.values"], arrays[f"{name}.offsets"]) for name in ("tokens", "histories", "candidates")
    )
    labels = arrays["labels"] if len(arrays["labels"]) else None
    news = News(ids, categories, titles)
    columns = {name: arrays[name] for name in COLUMNS}
    behaviors = Behaviors(**columns, histories=histories, candidates=candidates, labels=labels, notes=tuple(notes))
    vars(news)["tokens"] = Tokens(words, tokens)  # where cached_property looks first
    vars(behaviors)["checksum"] = int(arrays["checksum"][0])
    return news, behaviors


def _load(folder: Path) -> tuple[News, Behaviors] | None:
    """The data of a cache, mapped from its files; None when it is missing or damaged."""
    try:
        paths, arrays = list(folder.iterdir()), {}
        for path, checksum in zip(paths, in_parallel(_checksum, paths)):
            name, stated, _ = path.name.rsplit(".", 2)
            if stated != checksum:
                return None
            # "c", a private copy on write: for read-only arrays Numba would compile each kernel once more
            arrays[name] = np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))
        return _from_arrays(arrays)
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def _save(cache: Path, data: tuple[News, Behaviors]) -> bool:
    """Keep the data. False where it cannot be written.

    Everything is written to a new folder and flushed to disk before the folder gets its name, so whoever finds the name
    finds all of it. Where another process was faster, its work is kept.
    """
    place = cache.parent
    try:
        place.mkdir(parents=True, exist_ok=True)
        if place.is_symlink():  # it could lead anywhere
            return False
        with TemporaryDirectory(prefix=PART, dir=place, ignore_cleanup_errors=True) as part:
            new = Path(part) / "new"
            new.mkdir()  # the temporary folder itself can be read by nobody else
            _write(new, _to_arrays(*data))
            if cache.exists() and not _load(cache):
                cache.rename(Path(part) / "damaged")
            if not cache.exists():
                new.rename(cache)
        _remove_old(place, cache.name)
        return True
    except OSError:
        return cache.exists()  # another process was just faster


def _write(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    """Each array as a file that is named after it and its checksum, and is on disk."""
    for name, array in arrays.items():
        path = folder / name
        with open(path, "wb") as file:
            np.save(file, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        path.rename(f"{path}.{_checksum(path)}.npy")


def _checksum(path: Path) -> str:
    """CRC-32 of a file. It is read, because mapped pages would count as memory of the process."""
    checksum = 0
    with open(path, "rb") as file:
        while block := file.read(1 << 22):
            checksum = zlib.crc32(block, checksum)
    return f"{checksum:08x}"


def _remove_old(place: Path, name: str) -> None:
    """Remove caches of files that have changed since, and what killed processes left behind."""
    for path in place.iterdir():
        old = re.fullmatch(r"[0-9a-f]{16}", path.name) and path.name != name
        left = path.name.startswith(PART) and time.time() - path.lstat().st_mtime > ABANDONED
        if old or left:
            shutil.rmtree(path, ignore_errors=True)
