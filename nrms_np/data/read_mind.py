"""Reading MIND's files: news.tsv (8 columns) and behaviors.tsv (5 columns), as MIND unzips them.

Neither file is CSV: quotes are text, columns are separated by tabs and by nothing else (https://msnews.github.io).

Tutorial: tutorials/12_real_data.md
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..errors import InputError
from ..ragged import Ragged
from .lookup import Lookup
from .mind import Behaviors, News

LONGEST_LINE = 1 << 20  # bytes; a history of 100,000 clicks still fits
LONGEST_ID = 64  # bytes
BLOCK = 10_000  # lines whose ids are looked up at a time
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
AS_UNZIPPED = "is this the file as MIND unzips it?"
LABELS = ("-0", "-1")


def _lines(path: Path, columns: int, must_end: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Line number and tab-separated columns of each line; a wrong column count names the line.

    A byte order mark is dropped. ``must_end``: refuse a last line without its end, which would be read wrong in silence
    where a file that was cut off still has all columns.
    """
    line_number = 0
    try:
        with open(path, "rb") as file, _bar(path, os.fstat(file.fileno()).st_size) as bar:
            while line := file.readline(LONGEST_LINE + 1):
                line_number += 1
                if line_number == 1:
                    line = line.removeprefix(BYTE_ORDER_MARK)
                if len(line) > LONGEST_LINE:
                    raise InputError(f"{path}:{line_number}: longer than {LONGEST_LINE:,} bytes; {AS_UNZIPPED}")
                if must_end and not line.endswith(b"\n"):
                    raise InputError(
                        f"{path}:{line_number}: the last line has no end, so the file seems cut off; "
                        "unzip it again, or end the line if it is whole"
                    )
                fields = line.decode().rstrip("\r\n").split("\t")
                if len(fields) != columns:
                    raise InputError(
                        f"{path}:{line_number}: {len(fields)} tab-separated columns, expected {columns}; {AS_UNZIPPED}"
                    )
                yield line_number, fields
                if line_number % 1000 == 0:
                    bar.update(file.tell() - bar.n)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; give a folder that holds news.tsv and behaviors.tsv") from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}:{line_number}: not UTF-8 text ({error.reason} at byte {error.start} of the line); {AS_UNZIPPED}"
        ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not line_number:
        raise InputError(f"{path}: the file is empty; {AS_UNZIPPED}")


def _bar(path: Path, size: int) -> tqdm:
    """A bar by bytes, for reading that takes longer than a second."""
    return tqdm(total=size, desc=f"reading {path}", unit="B", unit_scale=True, delay=1, leave=False)


def read_news(path: Path) -> News:
    """Read news.tsv: id, category, sub-category, title, abstract, url, title entities, abstract entities.

    Raises InputError with file:line for a wrong column count or a repeated id.
    """
    ids, categories, titles, number = [], [], [], {}
    for line_number, fields in _lines(Path(path), 8):
        if fields[0] in number:
            raise InputError(f"{path}:{line_number}: news id {fields[0]} appears twice; remove one of the lines")
        number[fields[0]] = len(ids)
        ids.append(fields[0])
        categories.append(fields[1])
        titles.append(fields[3])
    return News(ids, categories, titles, number)


def read_behaviors(path: Path, news: News) -> Behaviors:
    """Read behaviors.tsv: impression id, user, time, history, impressions.

    Labels are ``-1`` / ``-0`` at the end of each shown id; a file without any label is an unlabelled test file.
    Raises InputError with file:line for a wrong column count, a repeated impression id, an unknown news id, a label
    that is not 0 or 1, a mixture of labelled and unlabelled candidates, a text that is too long, or a file cut off.
    """
    path = Path(path)
    impression_ids, user_numbers, users, times = {}, {}, array("i"), []
    columns = _Columns(path, news)
    for line_number, (impression_id, user, time, clicked, shown) in _lines(path, 5, must_end=True):
        if impression_id in impression_ids:
            raise InputError(
                f"{path}:{line_number}: impression id {impression_id} appears twice, first in line "
                f"{list(impression_ids).index(impression_id) + 1}; remove one of the lines"
            )
        impression_ids[impression_id] = None
        users.append(user_numbers.setdefault(user, len(user_numbers)))
        times.append(time)
        columns.add(clicked, shown)
    users = np.array(users, np.int32)
    return Behaviors(
        _short(path, list(impression_ids), "impression id"),
        users,
        _short(path, list(user_numbers), "user id", users),
        _short(path, times, "time"),
        *columns.finish(),
    )


class _Columns:
    """Histories and impressions of lines, looked up a block of lines at a time."""

    def __init__(self, path: Path, news: News):
        self.path, self.news = path, news
        self.labelled: bool | None = None  # until the first candidate
        self.lines_done = 0
        self.clicked: list[str] = []  # of the block under way
        self.shown: list[str] = []
        self.history_of_id = Lookup(news.ids)
        self.shown_of_id = self.history_of_id
        self.histories: list[Ragged] = []  # of each block
        self.candidates: list[Ragged] = []
        self.labels: list[np.ndarray] = []

    def add(self, clicked: str, shown: str) -> None:
        if self.labelled is None and shown.strip(" "):
            first = shown.split()[0]
            self.labelled = "-" in first and first not in self.news.number
            if self.labelled:  # id n with label l has number 2 n + l
                self.shown_of_id = Lookup([one + label for one in self.news.ids for label in LABELS])
        self.clicked.append(clicked)
        self.shown.append(shown)
        if len(self.clicked) == BLOCK:
            self._look_up()

    def _look_up(self) -> None:
        histories, candidates = self.history_of_id.find(self.clicked), self.shown_of_id.find(self.shown)
        bad = [one for one in (histories, candidates) if isinstance(one, int)]
        if bad:
            i = min(bad)
            message = _explain(self.clicked[i], self.shown[i], bool(self.labelled), self.news)
            raise InputError(f"{self.path}:{self.lines_done + i + 1}: {message}")
        if self.labelled:
            self.labels.append((candidates.values & 1).astype(np.int8))
            candidates = Ragged(candidates.values >> 1, candidates.offsets)
        self.histories.append(histories)
        self.candidates.append(candidates)
        self.lines_done += len(self.clicked)
        self.clicked, self.shown = [], []

    def finish(self) -> tuple[Ragged, Ragged, np.ndarray | None]:
        """Histories, candidates, and labels where there are any."""
        self._look_up()
        histories, candidates = Ragged.concatenate(self.histories), Ragged.concatenate(self.candidates)
        return histories, candidates, np.concatenate(self.labels) if self.labelled else None


def _explain(clicked: str, shown: str, labelled: bool, news: News) -> str:
    """What is wrong with the first bad id or label of a line."""
    clicked, shown = ([one for one in column.split(" ") if one] for column in (clicked, shown))
    if labelled:
        for one in shown:
            if one[-2:] not in LABELS:
                return f"the label of {one!r} is neither -0 nor -1; label all candidates of the file, or none"
        shown = [one[:-2] for one in shown]
    unknown = next(one for one in clicked + shown if one not in news.number)
    if not labelled and unknown[-2:] in LABELS:
        return f"{unknown!r} has a label, but the lines before have none; label all candidates of the file, or none"
    return f"news id {unknown!r} is not in news.tsv; use the news.tsv of the same folder"


def _short(path: Path, column: list[str], name: str, users: np.ndarray | None = None) -> np.ndarray:
    """The column as bytes. Raises InputError for a text that the bytes type cannot hold in little memory.

    Text i is of line i + 1 or, where ``users`` are given, of the first line of user i.
    """
    column = [one.encode() for one in column]
    for i, one in enumerate(column):
        if len(one) > LONGEST_ID or b"\0" in one:
            line_number = (i if users is None else int(np.argmax(users == i))) + 1
            what = "a zero byte" if len(one) <= LONGEST_ID else f"{len(one)} bytes, more than {LONGEST_ID}"
            raise InputError(f"{path}:{line_number}: {name} with {what}; {AS_UNZIPPED}")
    return np.array(column, dtype=bytes)
