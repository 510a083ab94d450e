"""Reading MIND's files: news.tsv (8 columns) and behaviors.tsv (5 columns), as MIND unzips them, and EB-NeRD's.

Neither file is CSV: quotes are text, columns are separated by tabs and by nothing else (https://msnews.github.io).
"""

import re
from array import array
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..ragged import Ragged
from .lines import AS_UNZIPPED, NO_TITLE, Notes, read_columns, say
from .mind import Behaviors, Impression, News, mind_time
from .tables import read_table, read_times

LONGEST_TEXT = 1000  # characters of an id or a time, which NumPy's bytes type gives to each
LABELS = {"-0": 0, "-1": 1}
Numbers = dict[str, int]  # of news, by id
LEFT_OUT = "ids in histories that news.tsv does not hold, left out"
NO_ARTICLE = "candidates that news.tsv does not hold, taken as articles without a title"
SAME_FOLDER = "use the news.tsv of the same folder"
LABEL_ALL = "label all candidates of the file, or none, and write them without quotes"


def read_news(path: Path, notes: Notes | None = None) -> News:
    """Read news.tsv: id, category, sub-category, title, abstract, url, title entities, abstract entities.

    Also xMIND's three columns, id, title and abstract, or the first two. Of an id that appears again the first line
    counts. What is odd goes into ``notes``, or is said. Raises InputError with file:line for a wrong column count.
    """
    found = notes or Notes()
    news = News([], [], [])
    for place, fields in read_columns(Path(path), 8, 3, 2, notes=found):
        news_id, title = fields[0], fields[3 if len(fields) == 8 else 1]
        if news_id not in news.number:
            if not title.strip():
                found.add("articles without a title", place)
            news.append(news_id, fields[1] if len(fields) == 8 else "", title)
        elif title == news.titles[news.number[news_id]]:
            found.add("lines that repeat an article, skipped", place)
        else:
            kind = "lines that give an article another title, skipped"
            found.add(kind, f"{place}: news id {news_id!r}", "has another title in an earlier line")
    missing = [n for n, title in enumerate(news.titles) if title.lower() in NO_TITLE]
    for n in missing if len(missing) > 1 else []:  # a single one could be meant
        found.add("titles such as 'nan', taken as missing", f"{path}, id {news.ids[n]}")
        news.titles[n] = ""
    if notes is None:
        say(found.lines())
    return news


def read_behaviors(path: Path, news: News, notes: Notes) -> Behaviors:
    """Read behaviors.tsv: impression id, user, time, history, impressions. What is odd goes into ``notes``.

    Labels are ``-1`` / ``-0`` at the end of each shown id; a test file has none. An id that ``news`` does not know is
    left out of a history; as a candidate it stays, because each needs a rank, and is added to ``news`` without a title.

    Raises InputError with file:line for a wrong column count, a label that is not 0 or 1, a mixture of labelled and
    unlabelled candidates, a text that is too long, a file cut off, and where most ids are unknown.
    """
    impression_ids, users, times = [], [], []
    known: dict[str, str] = {}  # users and times, each once in memory
    untitled: Numbers = {}
    # MIND-large names 150 million ids: buffers of 4 bytes for each, where a list of Python's would take 8 or more
    clicked, shown, labels = array("i"), array("i"), array("b")
    clicked_offsets, shown_offsets = array("q", [0]), array("q", [0])
    labelled: bool | None = None  # until the first candidate
    for place, (impression_id, user, time, history, impression) in read_columns(path, 5, notes=notes, must_end=True):
        if max(len(impression_id), len(user), len(time)) > LONGEST_TEXT or "\0" in impression_id + user + time:
            what = f"an id or a time is longer than {LONGEST_TEXT:,} characters or holds a zero byte"
            raise InputError(f"{place}: {what}; {AS_UNZIPPED}")
        impression_ids.append(impression_id)
        users.append(known.setdefault(user, user))
        times.append(known.setdefault(time, time))
        candidates = _split(impression)
        if labelled is None and candidates:
            labelled = "-" in candidates[0] and not all(text in news.number for text in candidates)
        if labelled:
            try:
                labels.fromlist([LABELS[text[-2:]] for text in candidates])
            except KeyError:
                bad = next(text for text in candidates if text[-2:] not in LABELS)
                raise InputError(f"{place}: the label of {bad!r} is neither -0 nor -1; {LABEL_ALL}") from None
            candidates = [text[:-2] for text in candidates]
        clicked.fromlist(_numbers(place, _split(history), news.number, notes))
        shown.fromlist(_numbers(place, candidates, news.number, notes, untitled, bool(labelled)))
        clicked_offsets.append(len(clicked))
        shown_offsets.append(len(shown))
    for kind, total in ((LEFT_OUT, len(clicked) + notes.counts[LEFT_OUT]), (NO_ARTICLE, len(shown))):
        notes.refuse_most(kind, total, f"{SAME_FOLDER} (the ids in this one are like {news.ids[:2]})")
    for news_id in untitled:
        news.append(news_id, "", "")
    histories = Ragged(np.asarray(clicked), np.asarray(clicked_offsets))
    impressions = Ragged(np.asarray(shown), np.asarray(shown_offsets))
    clicks = np.asarray(labels) if labelled else None
    return Behaviors.from_lists(impression_ids, users, times, histories, impressions, clicks)


def read_histories(path: Path, notes: Notes | None = None) -> Iterator[tuple[str, list[str]]]:
    """The user id and the history of each line of behaviors.tsv, one at a time."""
    for _, (_, user, _, history, _) in read_columns(Path(path), 5, notes=notes or Notes()):
        yield user, _split(history)


def _split(column: str) -> list[str]:
    """The ids of a column. Spaces separate them, and no other white space does."""
    return [text for text in column.split(" ") if text]


def _numbers(
    place: str, ids: list[str], number: Numbers, notes: Notes, untitled: Numbers | None = None, labelled: bool = True
) -> list[int]:
    """The news numbers of these ids. Raises InputError for what cannot be an id.

    One that news.tsv does not hold is noted, and left out or, if there is ``untitled``, numbered in it.
    """
    try:
        return [number[news_id] for news_id in ids]
    except KeyError:
        found = []
    for news_id in ids:
        if news_id in number:
            found.append(number[news_id])
            continue
        if not labelled and news_id[-2:] in LABELS:
            raise InputError(f"{place}: {news_id!r} has a label, but those before it have none; {LABEL_ALL}")
        if any(part in number for part in re.split(r"""[][(){}'",;]+""", news_id)):
            raise InputError(f"{place}: {news_id!r} is no id; write ids with spaces between them, and nothing else")
        kind = LEFT_OUT if untitled is None else NO_ARTICLE
        notes.add(kind, f"{place}: news id {news_id!r}", f"is not in news.tsv; {SAME_FOLDER}")
        if untitled is not None:
            found.append(untitled.setdefault(news_id, len(number) + len(untitled)))
    return found


def read_ebnerd(folder: Path, notes: Notes) -> Iterator[Impression]:
    """The impressions of a folder of EB-NeRD: behaviors.parquet and history.parquet; the test set has no clicks."""
    history = {
        row["user_id"]: " ".join(map(str, row["article_id_fixed"] or ()))  # a list of them would take much memory
        for _, row in read_table(folder / "history.parquet", notes, "user_id", "article_id_fixed", "")
    }
    names = ("impression_id", "user_id", "impression_time", "article_ids_inview", "article_ids_clicked")
    for place, row in read_table(folder / "behaviors.parquet", notes, *names):
        impression_id, user, time, shown, *clicks = (row[name] for name in names if name in row)
        if None in (user, time, shown):
            notes.add("impressions without a user, a time or what was shown, left out", place)
            continue
        if not isinstance(time, datetime):
            time = read_times({str(time): place})[str(time)]
        labels = [int(item in (clicks[0] or ())) for item in shown] if clicks else None
        if clicks and set(clicks[0] or ()) - set(shown):
            notes.add("clicks on what was not shown, left out", f"impression {impression_id}")
        if user not in history:
            notes.add("impressions of users without a history", f"impression {impression_id}")
        known = history.get(user, "").split()
        yield Impression(str(impression_id), str(user), mind_time(time), known, list(map(str, shown)), labels)
