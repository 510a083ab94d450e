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
from .mind import Behaviors, News

LONGEST_LINE = 1 << 20  # bytes; a history of 100,000 clicks still fits
LONGEST_ID = 64  # bytes
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
AS_UNZIPPED = "is this the file as MIND unzips it?"
LABELS = {"-0": 0, "-1": 1}


def _lines(path: Path, columns: int, must_end: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Line number and tab-separated columns of each line; a wrong column count names the line.

    A byte order mark is dropped. ``must_end``: refuse a last line without its end, because a file that was cut off in
    its last column would be read without complaint.
    """
    line_number = 0
    try:
        with open(path, "rb") as file, byte_bar(path, os.fstat(file.fileno()).st_size) as bar:
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


def byte_bar(path: Path, size: int) -> tqdm:
    """A progress bar in bytes, shown when reading takes longer than a second."""
    return tqdm(total=size, desc=f"reading {path}", unit="B", unit_scale=True, delay=1, leave=False)


def read_news(path: Path) -> News:
    """Read news.tsv: id, category, sub-category, title, abstract, url, title entities, abstract entities.

    Raises InputError with file:line for a wrong column count or a repeated id.
    """
    ids: list[str] = []
    categories: list[str] = []
    titles: list[str] = []
    number: dict[str, int] = {}
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
    impression_ids: dict[bytes, None] = {}
    user_numbers: dict[bytes, int] = {}
    times: list[bytes] = []
    # MIND-large names 150 million ids: buffers of 4 bytes for each, where a list of Python's would take 8 or more
    users, clicked, shown, labels = array("i"), array("i"), array("i"), array("b")
    clicked_offsets, shown_offsets = array("q", [0]), array("q", [0])
    labelled: bool | None = None  # until the first candidate
    for line_number, (impression_id, user, time, history, impression) in _lines(Path(path), 5, must_end=True):
        place = f"{path}:{line_number}"
        key = _encode(place, "impression id", impression_id)
        if key in impression_ids:
            first = f"first in line {list(impression_ids).index(key) + 1}"
            raise InputError(f"{place}: impression id {impression_id} appears twice, {first}; remove one of the lines")
        impression_ids[key] = None
        users.append(user_numbers.setdefault(_encode(place, "user id", user), len(user_numbers)))
        times.append(_encode(place, "time", time))
        candidates = _split(impression)
        if labelled is None and candidates:
            labelled = "-" in candidates[0] and candidates[0] not in news.number
        numbers = _numbers(place, _split(history), candidates, bool(labelled), news.number)
        for buffer, of_line in zip((clicked, shown, labels), numbers):
            buffer.fromlist(of_line)
        clicked_offsets.append(len(clicked))
        shown_offsets.append(len(shown))
    return Behaviors(
        np.array(list(impression_ids), dtype=bytes),
        np.asarray(users),
        np.array(list(user_numbers), dtype=bytes),
        np.array(times, dtype=bytes),
        Ragged(np.asarray(clicked), np.asarray(clicked_offsets)),
        Ragged(np.asarray(shown), np.asarray(shown_offsets)),
        np.asarray(labels) if labelled else None,
    )


def read_histories(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The user id and the history of each line of behaviors.tsv, one at a time."""
    for _, (_, user, _, history, _) in _lines(Path(path), 5):
        yield user, _split(history)


def _split(column: str) -> list[str]:
    """The ids of a column. Spaces separate them, and no other white space does."""
    return [text for text in column.split(" ") if text]


def _numbers(
    place: str, history: list[str], candidates: list[str], labelled: bool, number: dict[str, int]
) -> tuple[list[int], list[int], list[int]]:
    """The news numbers of a history and of candidates, and the labels of these. Raises InputError for a bad one."""
    try:
        clicked = [number[news_id] for news_id in history]
        if not labelled:
            return clicked, [number[news_id] for news_id in candidates], []
        return clicked, [number[text[:-2]] for text in candidates], [LABELS[text[-2:]] for text in candidates]
    except KeyError:
        raise InputError(f"{place}: {_explain(history, candidates, labelled, number)}") from None


def _explain(history: list[str], candidates: list[str], labelled: bool, number: dict[str, int]) -> str:
    """What is wrong with the first bad label or id of a line."""
    for text in candidates:
        if labelled and text[-2:] not in LABELS:
            return f"the label of {text!r} is neither -0 nor -1; label all candidates of the file, or none"
        if not labelled and text not in number and text[-2:] in LABELS:
            return f"{text!r} has a label, but those before it have none; label all candidates of the file, or none"
    ids = [*history, *(text[:-2] if labelled else text for text in candidates)]
    unknown = next(news_id for news_id in ids if news_id not in number)
    return f"news id {unknown!r} is not in news.tsv; use the news.tsv of the same folder"


def _encode(place: str, name: str, text: str) -> bytes:
    """The text in UTF-8. Raises InputError if an array of NumPy's bytes type cannot hold it in little memory."""
    encoded = text.encode()
    if len(encoded) > LONGEST_ID:
        raise InputError(f"{place}: {name} with {len(encoded)} bytes, more than {LONGEST_ID}; {AS_UNZIPPED}")
    if b"\0" in encoded:
        raise InputError(f"{place}: {name} with a zero byte; {AS_UNZIPPED}")
    return encoded
