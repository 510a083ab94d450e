"""Tables of any site: rows by column name from CSV, TSV, JSON or parquet, and times in the usual forms."""

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ..errors import InputError
from .lines import NO_TITLE, Notes, explain_missing, refuse_other_files

Row = dict[str, Any]

TIME = re.compile(
    r"(\d{4}|\d\d?)[-/.](\d\d?)[-/.](\d{4}|\d\d?)"  # a date, from either end
    r"(?:[T ,]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s*([AP]M)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?",
    re.IGNORECASE,
)
LOST = re.compile("[\0\ud800-\udfff]")  # zero bytes, halves of characters
MIND_TIME = re.compile(r"[1-9]\d?/[1-9]\d?/\d{4} [1-9]\d?:\d\d:\d\d [AP]M")  # the month first, no zero first


def read_table(path: Path, notes: Notes, *columns: str) -> Iterator[tuple[str, Row]]:
    """Place (file:line) and columns by name of each row. Rows that do not fit the first line go into ``notes``.

    Of parquet only these ``columns`` are read, if any; the last may be missing. Raises InputError for what is no table.
    """
    if parts := sorted(path.glob("part-*")):  # of a folder that Spark wrote
        yield from (row for part in parts for row in read_table(part, notes, *columns))
        return
    line = 1
    try:
        for line, row in _read_rows(path, columns):
            if isinstance(row, dict):
                yield f"{path}:{line}", row
            else:
                notes.add("rows that do not fit the first line, left out", f"{path}:{line}")
    except OSError as error:
        raise InputError(f"{path}: {explain_missing(path, error)}") from None
    except (UnicodeError, csv.Error, json.JSONDecodeError) as error:
        what = f"what follows is not CSV, TSV or JSON lines in UTF-8 ({error}); save it so"
        raise InputError(f"{path}:{line}: {what}") from None


def _read_rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, Row | None]]:
    if path.is_fifo():
        raise OSError("a second look at it would wait for ever")
    with open(path, "rb") as binary:
        start = binary.read(512)
    is_utf_16 = start[:2] in (b"\xff\xfe", b"\xfe\xff")
    if not is_utf_16:
        refuse_other_files(path, start)
    if start.startswith(b"PAR1") or ".parquet" in path.name:
        yield from enumerate(_read_parquet(path, columns), 1)
        return
    csv.field_size_limit(1 << 27)
    with open(path, encoding="utf-16" if is_utf_16 else "utf-8-sig") as file:
        top = file.tell() if re.match('"?sep=', file.readline()) else 0  # below what Excel writes for itself
        file.seek(top)
        first = file.readline()
        file.seek(top)
        if first.lstrip().startswith("["):
            yield from enumerate(json.load(file), 1)
        elif first.lstrip().startswith("{"):
            yield from ((n, json.loads(line)) for n, line in enumerate(file, 1) if line.strip())
        else:
            delimiter = max("\t,;|", key=first.count)
            reader = csv.DictReader(file, delimiter=delimiter, strict=True)
            if delimiter == "\t":  # in many of these files, quotes are text
                try:
                    for _ in csv.reader(file, delimiter=delimiter, strict=True):
                        pass
                except csv.Error:
                    reader = csv.DictReader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE)
                file.seek(top)
            names = [name for name in reader.fieldnames or () if name]
            if len({*names}) < len(names):
                raise InputError(f"{path}: two columns are called {max(names, key=names.count)!r}; rename one")
            for row in reader:
                yield reader.line_num + bool(top), None if None in row or None in row.values() else row


def _read_parquet(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise InputError(f"{path}: reading parquet needs pyarrow: pip install 'nrms_np[parquet]'") from None
    try:
        for batch in ParquetFile(path).iter_batches(10_000, columns=columns or None):
            if missing := [name for name in columns[:-1] if name not in batch.schema.names]:
                raise InputError(f"{path}: has no column {missing[0]}")
            yield from batch.to_pylist()
    except ArrowException as error:
        raise InputError(f"{path}: no parquet file ({error})") from None


def text_of(cell: Any, place: str, notes: Notes) -> str:
    """A cell on one line; empty for what programs write where nothing is."""
    text = " ".join((cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)).split())
    if not text.isprintable() and LOST.search(text):  # the first is the faster one
        text = LOST.sub("\ufffd", text)
        notes.add("texts with half an emoji or a zero byte, which becomes \ufffd", place)
    return "" if text.lower() in NO_TITLE else text


def read_times(places: dict[str, str], form: str | None = None) -> dict[str, datetime]:
    """The time of each of these texts, of which ``places`` says where it stands first.

    Understood are ISO 8601, dates with the year last, as in MIND, and seconds (or milli-, micro-, nanoseconds) since
    1970; ``form`` is "day-first", "month-first" or a format of strptime. Times with a zone become UTC, others stay as
    they are. Raises InputError for what is no time, for times with and without zones, and where days and months could
    be exchanged: no day is above 12, and not all are as MIND writes them, AM or PM and no zero in front.
    """
    found = {text: TIME.fullmatch(text) for text in places}
    year_last = [match for match in found.values() if match and len(match[3]) == 4]
    day_first = any(int(match[1]) > 12 for match in year_last)
    month_first = any(int(match[2]) > 12 for match in year_last)
    month_first |= all(MIND_TIME.fullmatch(match[0]) for match in year_last)
    if form in ("day-first", "month-first"):
        form, day_first, month_first = None, form == "day-first", True
    if not (form or day_first or month_first):
        text = year_last[0].string
        what = "may have the day or the month first; say which: --time-format day-first or month-first"
        raise InputError(f"{places[text]}: {text!r} {what}")
    times = {}
    for text, place in places.items():
        try:
            time = datetime.strptime(text, form) if form else _time(text, found[text], day_first)
            times[text] = time.astimezone(UTC) if time.tzinfo else time
        except (ValueError, OverflowError):
            what = "is no time in a form that is known, or is to come; give --time-format, such as '%Y%m%d%H%M%S'"
            raise InputError(f"{place}: {text!r} {f'does not fit --time-format {form}' if form else what}") from None
    zoned = [text for text, time in times.items() if time.tzinfo]
    if 0 < len(zoned) < len(times):
        raise InputError(f"{places[zoned[0]]}: {zoned[0]!r} has a time zone, others have none")
    return times


def _time(text: str, match: re.Match[str] | None, day_first: bool) -> datetime:
    if not match:
        if "T" in text:  # 20191108T080000Z
            return datetime.fromisoformat(text)
        number = float(text)
        seconds = number / 1000 ** sum(abs(number) >= limit for limit in (1e11, 1e14, 1e17))
        if not 3e8 <= seconds < datetime.now().timestamp() + 86_400:  # rather a date of digits, or a number of days
            raise ValueError
        return datetime(1970, 1, 1) + timedelta(seconds=seconds)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    if len(match[3]) == 4:
        year, month, day = (day, month, year) if day_first else (day, year, month)
    if match[7]:
        hour = hour % 12 + 12 * (match[7].upper() == "PM")
    zone = re.sub("UTC|GMT", "Z", (match[8] or "").upper())
    return datetime.fromisoformat(f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}")
