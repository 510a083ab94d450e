"""MIND data: a folder with news.tsv (8 columns) and behaviors.tsv (5 columns), as MIND unzips it.

Neither file is CSV: quotes are text, columns are separated by tabs and by nothing else (https://msnews.github.io).

Tutorial: tutorials/12_real_data.md
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..ragged import Ragged

TIME_FORMAT = "%m/%d/%Y %I:%M:%S %p"  # 11/9/2019 12:01:13 AM


@dataclass(frozen=True, eq=False)
class News:
    """A catalogue. News number n is row n of each list; ``number[id]`` finds it."""

    ids: list[str]
    categories: list[str]
    titles: list[str]
    number: dict[str, int]

    @classmethod
    def from_lists(cls, ids: list[str], categories: list[str], titles: list[str]) -> News:
        return cls(ids, categories, titles, {one: n for n, one in enumerate(ids)})

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Behaviors:
    """Impressions: what a user had clicked before, what was shown, and what was clicked of it."""

    impression_ids: list[str]  # [impressions]
    users: list[str]  # [impressions]
    times: list[str]  # [impressions], MIND's text form
    histories: Ragged  # [impressions] of news numbers, oldest click first
    candidates: Ragged  # [impressions] of news numbers, in the order of the file
    labels: np.ndarray | None  # int8 [all candidates], 1 = clicked; None for an unlabelled test file

    def __len__(self) -> int:
        return len(self.users)

    def select(self, which: np.ndarray) -> Behaviors:
        """The impressions numbered ``which``."""
        labels = self.labels
        if labels is not None:
            labels = Ragged(labels, self.candidates.offsets).take(which).values
        pick = [[column[i] for i in which] for column in (self.impression_ids, self.users, self.times)]
        return Behaviors(*pick, self.histories.take(which), self.candidates.take(which), labels)


def _lines(path: Path, columns: int) -> Iterator[tuple[int, list[str]]]:
    """Line number and tab-separated columns of each line; a wrong column count names the line."""
    try:
        with open(path, "rb") as file:
            for line_number, line in enumerate(file, 1):
                fields = line.decode().rstrip("\r\n").split("\t")
                if len(fields) != columns:
                    raise InputError(
                        f"{path}:{line_number}: {len(fields)} tab-separated columns, expected {columns}; "
                        "is this the file as MIND unzips it?"
                    )
                yield line_number, fields
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; give a folder that holds news.tsv and behaviors.tsv") from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}:{line_number}: not UTF-8 text ({error.reason} at byte {error.start} of the line)"
        ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def read_news(path: Path) -> News:
    """Read news.tsv: id, category, sub-category, title, abstract, url, title entities, abstract entities.

    Raises InputError with file:line for a wrong column count or a repeated id.
    """
    ids, categories, titles, number = [], [], [], {}
    for line_number, fields in _lines(Path(path), 8):
        if fields[0] in number:
            raise InputError(f"{path}:{line_number}: news id {fields[0]} appears twice")
        number[fields[0]] = len(ids)
        ids.append(fields[0])
        categories.append(fields[1])
        titles.append(fields[3])
    if not ids:
        raise InputError(f"{path}: the file is empty")
    return News(ids, categories, titles, number)


def read_behaviors(path: Path, news: News) -> Behaviors:
    """Read behaviors.tsv: impression id, user, time, history, impressions.

    Labels are ``-1`` / ``-0`` at the end of each shown id; a file without any label is an unlabelled test file.
    Raises InputError with file:line for a wrong column count, an unknown news id, a label that is not 0 or 1,
    or a mixture of labelled and unlabelled candidates.
    """
    impression_ids, users, times = [], [], []
    history, shown, labels = array("i"), array("i"), array("b")
    history_lengths, shown_lengths = array("q"), array("q")
    labelled = None
    for line_number, (impression_id, user, time, clicked, impressions) in _lines(Path(path), 5):
        try:
            history.extend([news.number[one] for one in clicked.split()])
            history_lengths.append(len(clicked.split()))
            tokens = impressions.split()
            if labelled is None and tokens:
                labelled = "-" in tokens[0] and tokens[0] not in news.number
            if labelled:
                shown.extend([news.number[one[:-2]] for one in tokens])
                labels.extend([_LABELS[one[-2:]] for one in tokens])
            else:
                shown.extend([news.number[one] for one in tokens])
            shown_lengths.append(len(tokens))
        except KeyError:
            raise InputError(f"{path}:{line_number}: {_explain(clicked, impressions, labelled, news)}") from None
        impression_ids.append(impression_id)
        users.append(user)
        times.append(time)
    if not users:
        raise InputError(f"{path}: the file is empty")
    return Behaviors(
        impression_ids,
        users,
        times,
        Ragged.from_lengths(np.array(history, dtype=np.int32), np.array(history_lengths)),
        Ragged.from_lengths(np.array(shown, dtype=np.int32), np.array(shown_lengths)),
        np.array(labels, dtype=np.int8) if labelled else None,
    )


_LABELS = {"-0": 0, "-1": 1}


def _explain(clicked: str, impressions: str, labelled: bool, news: News) -> str:
    """What is wrong with the first bad id or label of a line."""
    shown = impressions.split()
    if labelled:
        for one in shown:
            if one[-2:] not in _LABELS:
                return f"the label of {one!r} is neither -0 nor -1"
        shown = [one[:-2] for one in shown]
    unknown = next(one for one in clicked.split() + shown if one not in news.number)
    if not labelled and unknown[-2:] in _LABELS:
        return f"{unknown!r} has a label, but the lines before have none"
    return f"news id {unknown!r} is not in news.tsv; use the news.tsv of the same folder"


def read_folder(folder: Path) -> tuple[News, Behaviors]:
    """Read a MIND folder."""
    news = read_news(Path(folder) / "news.tsv")
    return news, read_behaviors(Path(folder) / "behaviors.tsv", news)


def write_folder(folder: Path, news: News, behaviors: Behaviors) -> None:
    """Write a MIND folder: the exact inverse of ``read_folder`` (unused columns stay empty)."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "news.tsv", "w", encoding="utf-8", newline="\n") as file:
        for one, category, title in zip(news.ids, news.categories, news.titles):
            file.write(f"{one}\t{category}\t\t{title}\t\t\t[]\t[]\n")
    with open(folder / "behaviors.tsv", "w", encoding="utf-8", newline="\n") as file:
        for i, row in enumerate(zip(behaviors.impression_ids, behaviors.users, behaviors.times)):
            history = " ".join(news.ids[n] for n in behaviors.histories[i])
            shown = [news.ids[n] for n in behaviors.candidates[i]]
            if behaviors.labels is not None:
                start = behaviors.candidates.offsets[i]
                shown = [f"{one}-{behaviors.labels[start + j]}" for j, one in enumerate(shown)]
            file.write("\t".join([*row, history, " ".join(shown)]) + "\n")


def last_day(behaviors: Behaviors) -> np.ndarray:
    """True for the impressions of the last calendar day. bool [impressions].

    Raises InputError when a time is not MIND's form or when there is only one day, so nothing can be held out.
    """
    try:
        days = np.array([datetime.strptime(time, TIME_FORMAT).toordinal() for time in behaviors.times])
    except ValueError as error:
        raise InputError(f"behaviors.tsv: {error}; give --dev instead of holding out the last day") from None
    last = days == days.max()
    if last.all():
        raise InputError("behaviors.tsv holds a single day, so no day can be held out; give --dev")
    return last
