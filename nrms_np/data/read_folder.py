"""Reading a MIND folder; a large one only once, because its arrays are kept in a file that later runs map (chapter 12).

The file is beside the data or, where that cannot be written, below the user's cache folder. It can be removed at any
time.
"""

import hashlib
import json
import os
import re
import sys
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import numpy as np

from ..ragged import Ragged
from .lines import Notes, say
from .mind import Behaviors, News
from .read_mind import read_behaviors, read_news
from .vocabulary import TOKEN, Tokens

FORMAT = 4  # of the file; a new number makes every cache be rebuilt
LEAST_BYTES = 20_000_000  # smaller folders are read in about a second: not worth a file
NAME = "nrms_np_cache."  # begins the names of all that is written here
COLUMNS = ("impression_ids", "users", "user_ids", "times", "labels")  # of Behaviors; there may be no labels


def read_folder(folder: Path, strict: bool = False) -> tuple[News, Behaviors]:
    """Read a MIND folder, or what is kept of it, and say what was left out or looks odd.

    A cache is used only if both files still have the size, modification time and status-change time that it was built
    from (no program can set the last one back; Windows has none), and if its checksum is right. Else it is rebuilt.
    Raises InputError as ``read_news`` and ``read_behaviors`` do; if ``strict``, also for an id that news.tsv lacks.
    """
    folder = Path(folder)
    caches = _caches(folder)
    data = next(filter(None, map(_load, filter(Path.is_file, caches))), None)
    if data is None or strict and data[1].notes:  # one of the notes may be an error then
        notes = Notes(strict)
        news = read_news(folder / "news.tsv", notes)
        data = news, read_behaviors(folder / "behaviors.tsv", news, notes)
        unchanged = _caches(folder) == caches  # while they were read
        if caches and unchanged and not any(_save(cache, *data) for cache in caches):
            where = " and ".join(str(cache.parent) for cache in caches)
            print(f"nothing is kept of {folder} for later runs: cannot write into {where}", file=sys.stderr)
    say(data[1].notes)
    return data


def _caches(folder: Path) -> list[Path]:
    """Where a cache of these files can be, the best place first. Nowhere if they are missing or too small for one."""
    try:
        files = [os.stat(folder / name) for name in ("news.tsv", "behaviors.tsv")]
    except OSError:
        return []
    if sum(file.st_size for file in files) < LEAST_BYTES:
        return []
    known = [FORMAT, TOKEN.pattern, *([file.st_size, file.st_mtime_ns, file.st_ctime_ns] for file in files)]
    name = NAME + hashlib.sha256(json.dumps(known).encode()).hexdigest()[:16]
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    below_home = home / "nrms_np" / hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return [folder / name, below_home / name] if home.is_absolute() else [folder / name]  # there may be no home


def _load(cache: Path) -> tuple[News, Behaviors] | None:
    """The data of a cache (see ``_save``), mapped from its file; None when it is missing or damaged."""
    try:
        with open(cache, "rb") as file:
            end = file.seek(-4, os.SEEK_END)
            if file.read() != _checksum(file, end):
                return None
            file.seek(0)
            head = json.loads(file.readline())
            start = file.tell()
        # "c", a private copy on write: for read-only arrays Numba would compile each kernel once more
        mapped = np.asarray(np.memmap(cache, np.uint8, "c"))
    except (OSError, ValueError):
        return None
    arrays = []
    for dtype, size in head["arrays"]:
        start += -start % 64
        arrays.append(mapped[start : start + size].view(dtype))
        start += size
    tokens, histories, candidates = (Ragged(*arrays[n : n + 2]) for n in (0, 2, 4))
    columns = {"labels": None, **dict(zip(COLUMNS, arrays[6:]))}
    news = News(*head["news"])
    behaviors = Behaviors(histories=histories, candidates=candidates, notes=tuple(head["notes"]), **columns)
    vars(news)["tokens"] = Tokens(head["words"], tokens)  # where cached_property looks first
    vars(behaviors)["checksum"] = head["checksum"]
    return news, behaviors


def _save(cache: Path, news: News, behaviors: Behaviors) -> bool:
    """Keep the data: a line of JSON, the arrays, a checksum. False where it cannot be written.

    All is on disk before the file gets its name, so whoever finds the name finds all of it.
    """
    lists = (news.tokens.titles, behaviors.histories, behaviors.candidates)
    arrays = [array for ragged in lists for array in (ragged.values, ragged.offsets)]
    arrays += [column for name in COLUMNS if (column := getattr(behaviors, name)) is not None]
    head = {
        "news": (news.ids, news.categories, news.titles),
        "words": news.tokens.words,
        "notes": behaviors.notes,
        "checksum": behaviors.checksum,
        "arrays": [(array.dtype.str, array.nbytes) for array in arrays],
    }
    part = cache.with_name(f"{cache.name}.{uuid4()}.part")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "x+b") as file:
            file.write(json.dumps(head).encode() + b"\n")
            for array in arrays:
                file.write(bytes(-file.tell() % 64))  # an array begins at a cache line
                file.write(array.data)
            file.write(_checksum(file, file.tell()))
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, cache)
        for other in cache.parent.iterdir():  # of files that have changed since, or of a process that was killed
            ours = re.fullmatch(rf"{re.escape(NAME)}[0-9a-f]{{16}}(\.[0-9a-f-]{{36}}\.part)?", other.name)
            if ours and other != cache and (not ours[1] or time.time() - other.stat().st_mtime > 86_400):
                other.unlink()
    except OSError:
        return cache.is_file()  # another process was just faster
    finally:
        with suppress(OSError):  # after the rename there is none
            part.unlink()
    return True


def _checksum(file: BinaryIO, end: int) -> bytes:
    """CRC-32 of the bytes before ``end``. They are read, because mapped pages would count as memory of the process."""
    checksum = file.seek(0)
    while block := file.read(min(1 << 22, end - file.tell())):
        checksum = zlib.crc32(block, checksum)
    return checksum.to_bytes(4, "little")
