"""Reading a MIND folder; a large one only once, because its arrays are kept in a file for later runs (chapter 12).

The file is beside the data or, where that cannot be written, below the user's cache folder. It can be removed at any
time.
"""

import hashlib
import json
import os
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import OutputError
from ..ragged import Ragged
from .files import write_file
from .lines import Notes, say
from .mind import Behaviors, News
from .read_mind import read_behaviors, read_news
from .vocabulary import TOKEN, Tokens

FORMAT = 6  # of the file; a new number makes every cache be rebuilt
LEAST_BYTES = 20_000_000  # smaller folders are read in about a second: not worth a file
NAME = "nrms_np_cache.bin"
RAGGED = ("tokens", "histories", "candidates")


def read_folder(folder: Path, strict: bool = False) -> tuple[News, Behaviors]:
    """Read a MIND folder, or what is kept of it, and say what was left out or looks odd.

    A cache is used only if both files still have the size, modification time and status-change time that it was made of
    (no program can set the last one back; Windows has none), and if its checksums are right. Else it is written again.
    Raises InputError as ``read_news`` and ``read_behaviors`` do; if ``strict``, also for an id that news.tsv lacks.
    """
    folder = Path(folder)
    made_of = _made_of(folder)
    places = [folder / NAME]  # the best one first
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    if home.is_absolute():  # there may be no home
        places.append(home / "nrms_np" / hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()[:16] / NAME)
    kept = data = next(filter(None, (_load(place, made_of) for place in places if made_of and place.is_file())), None)
    if data is None or strict and data[2]:  # one of the notes may be an error then
        notes = Notes(strict)
        news = read_news(folder / "news.tsv", notes)
        data = news, read_behaviors(folder / "behaviors.tsv", news, notes), notes.lines()
        worth_keeping = not kept and made_of and made_of == _made_of(folder)  # they may change while they are read
        if worth_keeping and not any(_save(place, made_of, *data) for place in places):
            where = " and ".join(str(place.parent) for place in places)
            print(f"nothing is kept of {folder} for later runs: cannot write into {where}", file=sys.stderr)
    say(data[2])
    return data[:2]


def _made_of(folder: Path) -> list:
    """What a cache of this folder depends on; nothing if its files are missing or too small for one."""
    try:
        files = [os.stat(folder / name) for name in ("news.tsv", "behaviors.tsv")]
    except OSError:
        return []
    found = [FORMAT, TOKEN.pattern, *([file.st_size, file.st_mtime_ns, file.st_ctime_ns] for file in files)]
    return found if sum(file.st_size for file in files) >= LEAST_BYTES else []


def _load(place: Path, made_of: list) -> tuple[News, Behaviors, list[str]] | None:
    """What ``_save`` kept, mapped from its file; None when that is missing, damaged or made of other files."""
    try:
        # "c", a private copy on write: for read-only arrays Numba would compile each kernel once more
        mapped = np.asarray(np.memmap(place, np.uint8, "c"))
        checksum, start = map(int, mapped[:64].tobytes().split())
        if zlib.crc32(mapped[64:].data) != checksum:
            return None
        head = json.loads(mapped[64:start].tobytes())
    except (OSError, ValueError):
        return None
    if head["made_of"] != made_of:
        return None
    arrays: dict[str, Any] = {}
    for name, dtype, size in head["arrays"]:
        start += -start % 64
        arrays[name] = mapped[start : start + size].view(dtype)
        start += size
    for name in RAGGED:
        arrays[name] = Ragged(arrays.pop(f"{name}.values"), arrays.pop(f"{name}.offsets"))
    news = News(*head["news"])
    vars(news)["tokens"] = Tokens(head["words"], arrays.pop("tokens"))  # where cached_property looks first
    behaviors = Behaviors(**{"labels": None, **arrays})
    vars(behaviors)["checksum"] = head["checksum"]
    return news, behaviors, head["notes"]


def _save(place: Path, made_of: list, news: News, behaviors: Behaviors, notes: list[str]) -> bool:
    """Keep the data: a checksum, the length of what is JSON, that, the arrays. False where it cannot be written."""
    arrays = {name: value for name, value in vars(behaviors).items() if isinstance(value, np.ndarray)}
    for name, ragged in zip(RAGGED, (news.tokens.titles, behaviors.histories, behaviors.candidates)):
        arrays |= {f"{name}.values": ragged.values, f"{name}.offsets": ragged.offsets}
    head = {
        "made_of": made_of,
        "news": (news.ids, news.categories, news.titles),
        "words": news.tokens.words,
        "notes": notes,
        "checksum": behaviors.checksum,
        "arrays": [(name, array.dtype.str, array.nbytes) for name, array in arrays.items()],
    }
    pieces: list[Any] = [json.dumps(head).encode()]
    for array in arrays.values():
        pieces += [bytes(-len(pieces[-1]) % 64), array.view(np.uint8).data]  # an array begins at a cache line
    checksum = 0
    for piece in pieces:
        checksum = zlib.crc32(piece, checksum)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink() or place.exists() and not place.is_file():  # write_file would write into it
            place.unlink()
        write_file(place, lambda file: file.writelines([b"%10d %53d" % (checksum, 64 + len(pieces[0])), *pieces]))
    except OSError as error:  # no error if its .part is gone: another process was just faster
        return isinstance(error, OutputError) and isinstance(error.__context__, FileNotFoundError)
    return True
