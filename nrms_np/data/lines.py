"""Lines of text files: what every reader of this folder shares, with errors and notes that say what to do."""

import codecs
import lzma
import os
import re
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import IO

from tqdm import tqdm

from ..errors import InputError

LONGEST_LINE = 1 << 20  # bytes; a history of 100,000 clicks still fits
AS_UNZIPPED = "is this the file as MIND unzips it? (convert reads logs; a catalogue may be lines of id, tab, title)"
# what programs write for a missing text
NO_TITLE = {"nan", "none", "null", "(null)", "<na>", "n/a", "#n/a", "undefined", "\\n"}
COLUMNS = {  # their usual names, in small letters without marks
    "user": "user userid uid visitor visitorid client clientid customer customerid reader readerid member memberid",
    "time": "time timestamp datetime date eventtime impressiontime clicktime createdat ts",
    "item": "item itemid news newsid nid article articleid content contentid document documentid docid iid id url",
    "title": "title headline newstitle articletitle itemtitle name",
    "category": "categorystr category section topic",
    "clicked": "clicked click isclick isclicked clicks label articleidsclicked event eventtype action",
    "shown": "shown impressions inview articleidsinview candidates isshown displayed",
    "session": "session sessionid impressionid requestid pageviewid",
}
OTHER_FILES = {  # how they begin
    b"PK\3\4": "a zip archive; unpack it and give what is in it (a spreadsheet: save it as CSV UTF-8)",
    b"\x1f\x8b": "packed by gzip; unpack it and give what is in it",
    b"\x93NUMPY": "a NumPy array, which holds no words; give a text file",
    b"\xba\x16\x4f\x2f": "a model of fastText; give its .vec file",
    b"\x80": "a pickle (gensim?); write its vectors as text: save_word2vec_format('vectors.txt')",
    **dict.fromkeys((b"\xff\xfe", b"\xfe\xff"), "UTF-16 text; save it as UTF-8"),
}


class Notes:
    """What was left out or looks odd: of each kind how much, and where first."""

    def __init__(self, strict: bool = False):
        self.strict = strict
        self.counts: Counter[str] = Counter()
        self.first: dict[str, str] = {}

    def add(self, kind: str, place: str, error: str = "") -> None:
        """Count one more. Strict reading raises InputError, "``place`` ``error``", if it is an error."""
        if self.strict and error:
            raise InputError(f"{place} {error}")
        self.counts[kind] += 1
        self.first.setdefault(kind, place)

    def refuse_most(self, kind: str, total: int, remedy: str) -> None:
        """Raises InputError when more than half of ``total`` are of this kind: that is no accident."""
        count = self.counts[kind]
        if 2 * count > total:
            what = f"the first of {count:,} {kind.split(',')[0]}, most of all {total:,}"
            raise InputError(f"{self.first[kind]}: {what}; {remedy}")

    def lines(self) -> list[str]:
        return [f"{kind}: {self.counts[kind]:,} (first: {place})" for kind, place in self.first.items()]


def say(lines: Iterable[str]) -> None:
    """Print notes on stderr, where they do not mix with results."""
    for line in lines:
        print(f"note: {line}", file=sys.stderr)


def read_lines(
    path: Path, remedy: str, unpack: Callable[[BufferedReader], IO[bytes]] = lambda file: file
) -> Iterator[tuple[str, bytes]]:
    """Place (file:line) and bytes of each line, without a byte order mark. A bar shows how far reading has come.

    Raises InputError, which ends in the ``remedy``, for a file of another kind and for a line that is too long.
    """
    try:
        bar = tqdm(desc=f"reading {path}", unit="B", unit_scale=True, delay=1, leave=False)  # after a second
        with open(path, "rb") as file, bar:
            bar.total = os.fstat(file.fileno()).st_size
            text = unpack(file)
            for number, line in enumerate(iter(lambda: text.readline(LONGEST_LINE + 1), b""), 1):
                if number == 1:
                    refuse_other_files(path, line)
                    line = line.removeprefix(codecs.BOM_UTF8)
                if len(line) > LONGEST_LINE:
                    raise InputError(f"{path}:{number}: longer than {LONGEST_LINE:,} bytes; {remedy}")
                yield f"{path}:{number}", line
                if number % 1000 == 0:
                    bar.update(file.tell() - bar.n)
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError) as error:
        raise InputError(f"{path}: {explain_missing(path, error)}") from None


def read_columns(
    path: Path, *columns: int, notes: Notes | None = None, must_end: bool = False
) -> Iterator[tuple[str, list[str]]]:
    """Place (file:line) and tab-separated columns of each line. With ``notes``, a header is noted and skipped.

    Where several counts of columns are possible, the first line decides; a wrong one names the line. ``must_end``:
    refuse a last line without its end, because a file that was cut off in its last column would be read in silence.
    """
    fields: list[str] = []
    for place, line in read_lines(path, AS_UNZIPPED):
        if notes and not line.strip(b"\r\n"):
            notes.add(f"empty lines in {path.name}, skipped", place)
            continue
        if must_end and not line.endswith(b"\n"):
            remedy = "unzip it again, or end the line if it is whole"
            raise InputError(f"{place}: the last line has no end, so the file seems cut off; {remedy}")
        first = not fields
        try:
            fields = line.decode().rstrip("\r\n").split("\t")
        except UnicodeDecodeError as error:
            what = f"not UTF-8 text ({error.reason} at byte {error.start} of the line)"
            raise InputError(f"{place}: {what}; save it as UTF-8") from None
        if len(fields) not in columns:
            remedy = AS_UNZIPPED
            if "\r" in "".join(fields):
                remedy = "its lines end in CR alone: end them with LF"
            elif len(fields) - 1 in columns and not fields[0]:
                remedy = "write it without the index (pandas: index=False)"
            expected = " or ".join(map(str, columns))
            raise InputError(f"{place}: {len(fields)} tab-separated columns, expected {expected}; {remedy}")
        columns = (len(fields),)
        if first and notes and _is_header(fields):
            notes.add(f"line of column names in {path.name}, skipped", place)
        else:
            yield place, fields
    if not fields:
        raise InputError(f"{path}: the file is empty; {AS_UNZIPPED}")


def _is_header(fields: list[str]) -> bool:
    """0, 1, 2 ..., the usual names of id and title or, of MIND's own columns, words without digits in all of them."""
    names = [re.sub(r"[\W_]", "", field).lower() for field in fields]
    items, titles = ({*COLUMNS[kind].split()} for kind in ("item", "title"))
    usual = items & {names[0], names[0].rstrip("s")} and titles & {*names} or names == [*map(str, range(len(names)))]
    return bool(usual) or len(fields) > 3 and all(re.fullmatch(r"[^\W\d]+([ -][^\W\d]+)*", field) for field in fields)


def refuse_other_files(path: Path, start: bytes) -> None:
    """Raises InputError when a file begins like one of another kind."""
    if start[257:262] == b"ustar":
        raise InputError(f"{path}: a tar archive; unpack it and give what is in it")
    for magic, what in OTHER_FILES.items():
        if start.startswith(magic):
            raise InputError(f"{path}: {what}")


def explain_missing(path: Path, error: Exception) -> str:
    """Why there is no file ``path`` that can be read, and what to do."""
    folder = path.parent
    if path.is_file():
        return f"cannot be read ({getattr(error, 'strerror', None) or error})"
    if path.is_dir():
        return f"a folder; give a file of it, such as {min(path.iterdir(), default=path.name)}, or move that up"
    if folder.is_file():
        return f"{folder.name} is a file; unpack it if it is an archive, otherwise give its folder, {folder.parent}"
    if path.exists():
        return "not a file that can be read twice, as is needed; save what comes through this pipe and give the file"
    of_mind = path.name in ("news.tsv", "behaviors.tsv")
    patterns = [f"*/{path.name}", *(("*.zip", "*/*/behaviors.parquet") if of_mind else ())]
    if near := [file for pattern in patterns for file in folder.glob(pattern)]:
        return f"no such file; is {min(near)} the one?"
    return f"no such file; {'give a folder that holds news.tsv and behaviors.tsv' if of_mind else 'is its name right?'}"
