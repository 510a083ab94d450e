"""Tables of any site: rows by column name from CSV, TSV, JSON or parquet, and times in the usual forms."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ..errors import InputError
from .lines import Notes, explain_missing, refuse_other_files

Row = dict[str, Any]

TIME = re.compile(
    r"(\d{4}|\d\d?)[-/.](\d\d?)[-/.](\d{4}|\d\d?)"  # a date, from either end
    r"(?:[T ,]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*([AP]M)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?",
    re.IGNORECASE,
)
DIGITS = re.compile(r"(19|20)\d{6}(\d\d){0,3}")  # of a date, perhaps with hours, minutes and seconds


def read_table(path: Path, notes: Notes, *columns: str) -> Iterator[tuple[str, Row]]:
    """Place (file:line) and columns by name of each row. Rows that do not fit the first line go into ``notes``.

    Of parquet only these ``columns`` are read, if any are named. Raises InputError for what is no such table.
    """
    if parts := sorted(path.glob("part-*")):  # of a folder that Spark wrote
        for part in parts:
            yield from read_table(part, notes, *columns)
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
        first, start_of_table, skipped = file.readline(), 0, 0
        if re.match('"?sep=', first):  # Excel's own
            start_of_table, skipped, first = file.tell(), 1, file.readline()
        file.seek(start_of_table)
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
                file.seek(start_of_table)
            if twice := [name for name, count in Counter(reader.fieldnames or ()).items() if name and count > 1]:
                raise InputError(f"{path}: has two columns of the name {twice[0]}; rename or remove one")
            for row in reader:
                yield reader.line_num + skipped, None if None in row or None in row.values() else row


def _read_parquet(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise InputError(f"{path}: reading parquet needs pyarrow: pip install 'nrms_np[parquet]'") from None
    try:
        for batch in ParquetFile(path).iter_batches(10_000, columns=columns or None):
            yield from batch.to_pylist()
    except ArrowException as error:
        raise InputError(f"{path}: no parquet file ({error})") from None


def read_times(places: dict[str, str], form: str | None = None) -> dict[str, datetime]:
    """The time of each of these texts, of which ``places`` says where it stands first.

    Understood are ISO 8601, dates with the year last, as in MIND, and seconds (or milli-, micro-, nanoseconds) since
    1970; ``form`` is a format of strptime for others. Times with a zone become UTC, times without one stay as they are.
    Raises InputError for what is no time, for times with and without zones, and where days and months could be
    exchanged: no day is above 12, and not all are as MIND writes them, the month first, AM or PM, no zero in front.
    """
    found = {text: TIME.fullmatch(text) for text in places}
    year_last = [match for match in found.values() if match and len(match[3]) == 4]
    day_first = any(int(match[1]) > 12 for match in year_last)
    month_first = any(int(match[2]) > 12 for match in year_last) or all(
        match[8] and "0" not in {part[0] for part in match.group(1, 2, 4)} for match in year_last
    )
    if not (form or day_first or month_first):
        text = year_last[0].string
        either = " or ".join(repr(_form(year_last[0], *parts)) for parts in (("%d", "%m"), ("%m", "%d")))
        what = f"may have the day or the month first; say which: --time-format {either}"
        raise InputError(f"{places[text]}: {text!r} {what}")
    times = {}
    for text, place in places.items():
        try:
            time = datetime.strptime(text, form) if form else _time(text, found[text], day_first)
            times[text] = time.astimezone(UTC) if time.tzinfo else time
        except (ValueError, OverflowError):
            digits = f" {'%Y%m%d%H%M%S'[: len(text) - 2]!r}" if DIGITS.fullmatch(text) else ""
            what = f"is no time in a form that is known, or lies in the future; give --time-format{digits}"
            if form:
                what = f"does not fit --time-format {form!r}"
            raise InputError(f"{place}: {text!r} {what}") from None
    zoned = [text for text, time in times.items() if time.tzinfo]
    if 0 < len(zoned) < len(times):
        raise InputError(f"{places[zoned[0]]}: {zoned[0]!r} has a time zone, others have none")
    return times


def _form(match: re.Match[str], first: str, second: str) -> str:
    """The format of strptime for times that are written like this one, with the year last."""
    zone = "%Z" if (match[9] or "").isalpha() else "%z"
    text, codes = match.string, (first, second, "%Y", "%I" if match[8] else "%H", "%M", "%S", "%f", "%p", zone)
    for group in range(9, 0, -1):
        if match[group]:
            text = text[: match.start(group)] + codes[group - 1] + text[match.end(group) :]
    return text


def _time(text: str, match: re.Match[str] | None, day_first: bool) -> datetime:
    if not match:
        if "T" in text:  # 20191108T080000Z
            return datetime.fromisoformat(text)
        number = float(text)
        seconds = number / 1000 ** sum(abs(number) >= limit for limit in (1e11, 1e14, 1e17))
        is_date = len(text) == 12 and DIGITS.fullmatch(text)
        if is_date or not 1e8 <= seconds < datetime.now().timestamp() + 86_400:  # since 1973; less is a number of days
            raise ValueError
        return datetime(1970, 1, 1) + timedelta(seconds=seconds)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    if len(match[3]) == 4:
        year, month, day = (day, month, year) if day_first else (day, year, month)
    if match[8]:
        hour = hour % 12 + 12 * (match[8].upper() == "PM")
    zone = re.sub("UTC|GMT", "Z", (match[9] or "").upper())
    return datetime.fromisoformat(f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}")
