"""Reading MIND's files: news.tsv (8 columns) and behaviors.tsv (5 columns), as MIND unzips them.

Neither file is CSV: quotes are text, columns are separated by tabs and by nothing else (https://msnews.github.io).

Tutorial: tutorials/12_real_data.md
"""

import re
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..ragged import Ragged
from .lines import AS_UNZIPPED, Notes, read_columns, say
from .mind import Behaviors, News

LONGEST_ID, LONGEST_TIME = 1000, 64  # bytes
LABELS = {"-0": 0, "-1": 1}
ID_NAMES = ("id", "nid", "newsid", "newsids", "itemid", "articleid")  # of the first column, in a header
LEFT_OUT = "ids in histories that news.tsv does not hold, left out"
NO_ARTICLE = "candidates that news.tsv does not hold, taken as articles without a title"
ANOTHER_TITLE = "lines that give an article another title, skipped"
SAME_FOLDER = "use the news.tsv of the same folder"
LABEL_ALL = "label all candidates of the file, or none"
NO_TITLE = ("nan", "none", "null", "<na>", "n/a")  # what programs write for a missing text


def read_news(path: Path, notes: Notes | None = None) -> News:
    """Read news.tsv: id, category, sub-category, title, abstract, url, title entities, abstract entities.

    Also xMIND's three columns: id, title, abstract. Of an id that appears again the first line counts. What is odd goes
    into ``notes``, or is said. Raises InputError with file:line for a wrong column count.
    """
    found = notes or Notes()
    news = News([], [], [])
    for line_number, fields in read_columns(Path(path), 8, 3):
        place, news_id, title = f"{path}:{line_number}", fields[0], fields[3 if len(fields) == 8 else 1]
        if line_number == 1 and _is_header(fields):
            found.add("line of column names above the news, skipped", place)
        elif news_id not in news.number:
            if not title.strip():
                found.add("articles without a title", place)
            news.append(news_id, fields[1] if len(fields) == 8 else "", title)
        elif title == news.titles[news.number[news_id]]:
            found.add("lines that repeat an article, skipped", place)
        else:
            found.add(ANOTHER_TITLE, f"{place}: news id {news_id!r}", "has another title in an earlier line")
    _blank(news, path, found)
    if notes is None:
        say(found.lines())
    return news


def _is_header(fields: list[str]) -> bool:
    """The usual names of id and title, or in all columns words without digits, which no article has."""
    names = [re.sub(r"[\W_]", "", field).lower() for field in fields]
    usual = names[0] in ID_NAMES and "title" in names
    return usual or len(fields) == 8 and all(re.fullmatch(r"[^\W\d]+( [^\W\d]+)?", field) for field in fields)


def _blank(news: News, path: Path, notes: Notes) -> None:
    """Remove the titles that stand for a missing one, if there are several: a single one could be meant."""
    missing = [n for n, title in enumerate(news.titles) if title.lower() in NO_TITLE]
    if len(missing) > 1:
        for n in missing:
            notes.add("titles such as 'nan', taken as missing", f"{path}, id {news.ids[n]}")
            news.titles[n] = ""


def read_behaviors(path: Path, news: News, notes: Notes) -> Behaviors:
    """Read behaviors.tsv: impression id, user, time, history, impressions.

    Labels are ``-1`` / ``-0`` at the end of each shown id; a test file has none. An id that ``news`` does not know is
    left out of a history; as a candidate it stays, because each needs a rank, and is added to ``news`` without a title.
    What is odd goes into ``notes``.

    Raises InputError with file:line for a wrong column count, a label that is not 0 or 1, a mixture of labelled and
    unlabelled candidates, a text that is too long, a file cut off, and where most ids are unknown.
    """
    impression_ids: list[bytes] = []
    user_numbers: dict[bytes, int] = {}
    untitled: dict[str, int] = {}
    times: list[bytes] = []
    # MIND-large names 150 million ids: buffers of 4 bytes for each, where a list of Python's would take 8 or more
    users, clicked, shown, labels = array("i"), array("i"), array("i"), array("b")
    clicked_offsets, shown_offsets = array("q", [0]), array("q", [0])
    labelled: bool | None = None  # until the first candidate
    for place, (impression_id, user, time), history, candidates in _impressions(path, news, notes):
        impression_ids.append(_encode(place, "impression id", impression_id))
        users.append(user_numbers.setdefault(_encode(place, "user id", user), len(user_numbers)))
        times.append(_encode(place, "time", time, LONGEST_TIME))
        if labelled is None and candidates:
            labelled = "-" in candidates[0] and not all(text in news.number for text in candidates)
        if labelled:
            labels.fromlist(_labels(place, candidates))
            candidates = [text[:-2] for text in candidates]
        clicked.fromlist(_numbers(place, LEFT_OUT, history, news, notes, None, False))
        shown.fromlist(_numbers(place, NO_ARTICLE, candidates, news, notes, untitled, not labelled))
        clicked_offsets.append(len(clicked))
        shown_offsets.append(len(shown))
    notes.refuse_most(LEFT_OUT, len(clicked) + notes.counts[LEFT_OUT], SAME_FOLDER)
    notes.refuse_most(NO_ARTICLE, len(shown), SAME_FOLDER)
    for news_id in untitled:
        news.append(news_id, "", "")
    return Behaviors(
        np.array(impression_ids, dtype=bytes),
        np.asarray(users),
        np.array(list(user_numbers), dtype=bytes),
        np.array(times, dtype=bytes),
        Ragged(np.asarray(clicked), np.asarray(clicked_offsets)),
        Ragged(np.asarray(shown), np.asarray(shown_offsets)),
        np.asarray(labels) if labelled else None,
        tuple(notes.lines()),
    )


def _impressions(path: Path, news: News, notes: Notes) -> Iterator[tuple[str, list[str], list[str], list[str]]]:
    """Of each line its place, its first three columns, the ids of the history and the candidates; not of a header."""
    for line_number, fields in read_columns(path, 5, must_end=True):
        place, candidates = f"{path}:{line_number}", _split(fields[4])
        if line_number == 1 and re.fullmatch(r"[^\W\d]+( [^\W\d]+)?", fields[2]):  # a time has digits
            if not any(text in news.number or text[:-2] in news.number for text in candidates):
                notes.add("line of column names above the impressions, skipped", place)
                continue
        yield place, fields[:3], _split(fields[3]), candidates


def read_histories(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The user id and the history of each line of behaviors.tsv, one at a time."""
    for _, (_, user, _, history, _) in read_columns(Path(path), 5):
        yield user, _split(history)


def _split(column: str) -> list[str]:
    """The ids of a column. Spaces separate them, and no other white space does."""
    return [text for text in column.split(" ") if text]


def _labels(place: str, candidates: list[str]) -> list[int]:
    try:
        return [LABELS[text[-2:]] for text in candidates]
    except KeyError:
        bad = next(text for text in candidates if text[-2:] not in LABELS)
        raise InputError(f"{place}: the label of {bad!r} is neither -0 nor -1; {LABEL_ALL}") from None


def _numbers(
    place: str, kind: str, ids: list[str], news: News, notes: Notes, untitled: dict[str, int] | None, unlabelled: bool
) -> list[int]:
    """The news numbers of these ids. Raises InputError for what cannot be an id.

    One that news.tsv does not hold is noted as of this ``kind``, and left out or numbered in ``untitled``, from the
    number of news on.
    """
    number = news.number
    try:
        return [number[news_id] for news_id in ids]
    except KeyError:
        found = []
    for news_id in ids:
        if news_id in number:
            found.append(number[news_id])
            continue
        if unlabelled and news_id[-2:] in LABELS:
            raise InputError(f"{place}: {news_id!r} has a label, but those before it have none; {LABEL_ALL}")
        if any(part in number for part in re.split(r"""[][(){}'",;]+""", news_id)):
            raise InputError(f"{place}: {news_id!r} is no id; write ids with spaces between them, and nothing else")
        notes.add(kind, f"{place}: news id {news_id!r}", f"is not in news.tsv; {SAME_FOLDER}")
        if untitled is not None:
            found.append(untitled.setdefault(news_id, len(number) + len(untitled)))
    return found


def _encode(place: str, name: str, text: str, longest: int = LONGEST_ID) -> bytes:
    """The text in UTF-8. Raises InputError if an array of NumPy's bytes type cannot hold it in little memory."""
    encoded = text.encode()
    if len(encoded) > longest:
        raise InputError(f"{place}: {name} with {len(encoded)} bytes, more than {longest}; {AS_UNZIPPED}")
    if b"\0" in encoded:
        raise InputError(f"{place}: {name} with a zero byte; {AS_UNZIPPED}")
    return encoded
