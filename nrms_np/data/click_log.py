"""Clicks of any site as impressions: what was shown together, what of it was clicked, and what had been clicked before.

Tutorial: tutorials/12_real_data.md
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from ..errors import InputError
from ..rng import generator
from .lines import Notes
from .mind import Behaviors, News, mind_time
from .read_mind import LABELS, NO_TITLE
from .tables import EPOCH, read_parquet, read_table, read_times

Key: TypeAlias = tuple[str, str]  # of an impression: the user, and the session or time
Row: TypeAlias = Mapping[str, Any]
Articles: TypeAlias = dict[str, tuple[str, str]]  # category and title by id

COLUMNS = {  # their usual names, in small letters without marks
    "user": "user userid uid visitor visitorid client clientid customer customerid reader readerid member memberid",
    "time": "time timestamp datetime date eventtime impressiontime clicktime createdat ts",
    "item": "item itemid news newsid nid article articleid content contentid document documentid docid iid id url",
    "title": "title headline newstitle articletitle itemtitle name",
    "category": "categorystr category section topic",
    "clicked": "clicked click isclick isclicked clicks label event eventtype action",
    "shown": "shown impressions inview articleidsinview candidates isshown displayed",
    "session": "session sessionid impressionid requestid pageviewid",
}
YES = {"true", "t", "yes", "y", "click", "clicked", "open", "opened", "read"}
NO = {
    "",
    "false",
    "f",
    "no",
    "n",
    "none",
    "nan",
    "null",
    "view",
    "viewed",
    "impression",
    "show",
    "shown",
    "seen",
    "displayed",
}


@dataclass(frozen=True)
class Impression:
    """A line of behaviors.tsv. ``clicked`` is None where nobody says what was clicked."""

    id: str
    user: str
    time: str
    history: list[str]
    shown: list[str]
    clicked: set[str] | None


class Event(NamedTuple):
    """An article that was shown to a user, and perhaps clicked."""

    time: str
    clicked: bool
    user: str
    item: str
    session: str  # what was shown together has one; empty: what has the same user and time


def find_columns(path: Path, row: Row, given: Mapping[str, str | None], *needed: str) -> dict[str, str]:
    """The column of each kind: the ``given`` one, or the first that has one of its usual names.

    Raises InputError when a given one or a needed one is not there.
    """
    usual = {re.sub(r"[\W_]", "", str(name)).lower(): name for name in reversed(list(row))}
    found = {}
    for kind, names in COLUMNS.items():
        name = given.get(kind) or next((usual[one] for one in names.split() if one in usual), None)
        if name and name in row:
            found[kind] = name
        elif name or kind in needed:
            raise InputError(
                f"{path}: which column is the {kind}? say --{kind} with one of: {', '.join(map(str, row))}"
            )
    return found


def read_articles(path: Path, given: Mapping[str, str | None], notes: Notes) -> Articles:
    """Category and title by id, from a table of articles."""
    articles: Articles = {}
    columns: dict[str, str] = {}
    for place, row in read_table(path, notes):
        columns = columns or find_columns(path, row, given, "item", "title")
        _add_article(articles, _id(row, columns), row, columns, place, notes)
    return articles


def read_log(
    path: Path, given: Mapping[str, str | None], form: str | None, articles: Articles, notes: Notes
) -> list[tuple[float, Event]]:
    """The events of a log by their seconds; titles in the log are added to ``articles``.

    A row is an article that was shown to a user, with a column that says whether it was clicked (without one, all
    were); or all that was shown at once, in lists of ids. Raises InputError when a column is missing.
    """
    events: dict[Event, None] = {}
    places: dict[str, str] = {}
    columns: dict[str, str] = {}
    is_list = False
    for place, row in read_table(path, notes):
        if not columns:
            columns = find_columns(path, row, given, "user", "time")
            is_list = "shown" in columns and _is_click(row[columns["shown"]]) is None
            if not is_list and "item" not in columns:
                columns = find_columns(path, row, given, "title")
        user, time = _text(row, columns, "user"), _text(row, columns, "time")
        clicked = _read_lists(row, columns) if is_list else _read_row(row, columns, place, notes)
        if not (user and time and clicked):
            notes.add("rows without a click or article, a user or a time, left out", place)
            continue
        places.setdefault(time, place)
        if not is_list:
            _add_article(articles, next(iter(clicked)), row, columns, place, notes)
        for item in clicked:
            event = Event(time, clicked[item], user, item, place if is_list else _text(row, columns, "session"))
            if event in events:
                notes.add("rows that repeat another one, left out", place)
            events[event] = None
    if not events:
        raise InputError(f"{path}: holds no row of a user, a time and an article")
    seconds = read_times(places, form)
    return sorted(((seconds[event.time], event) for event in events), key=lambda pair: pair[0])


def _read_row(row: Row, columns: dict[str, str], place: str, notes: Notes) -> dict[str, bool]:
    """The article of a row, and whether it was clicked; nothing for a row of another kind."""
    item = _id(row, columns)
    clicked = _is_click(row[columns["clicked"]]) if "clicked" in columns else True
    if clicked is None:
        notes.add("rows of other events than views and clicks, left out", place)
    shown = clicked or "shown" not in columns or _is_click(row[columns["shown"]])
    return {item: clicked} if item and shown and clicked is not None else {}


def _read_lists(row: Row, columns: dict[str, str]) -> dict[str, bool]:
    """The articles of a row, and whether each was clicked; without a column of clicks, ids end in -1 and -0."""
    shown = _ids(row[columns["shown"]])
    if "clicked" in columns:
        clicked = _ids(row[columns["clicked"]])
        return {item: item in clicked for item in [*shown, *clicked]}
    return {item[:-2]: item.endswith("-1") for item in shown if item[-2:] in LABELS}


def _is_click(value: Any) -> bool | None:
    """True for yes, click, numbers above 0; False for no, view, 0 and nothing; None for anything else."""
    text = "" if value is None else str(value).strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text) > 0
    return True if text in YES else False if text in NO else None


def _ids(value: Any) -> list[str]:
    return (
        [str(one) for one in value]
        if isinstance(value, list)
        else re.findall(r"""[^][(){}\s'",;|]+""", str(value or ""))
    )


def _text(row: Row, columns: dict[str, str], kind: str) -> str:
    """A cell on one line; empty where there is no such column, or nothing in it."""
    value = row.get(columns.get(kind, ""))
    text = "" if value is None else " ".join(str(value).split())
    return "" if text.lower() in NO_TITLE else text


def _id(row: Row, columns: dict[str, str]) -> str:
    """The id of a row's article, without spaces, which separate ids in MIND; without ids the title is one."""
    return _text(row, columns, "item" if "item" in columns else "title").replace(" ", "_")


def _add_article(articles: Articles, item: str, row: Row, columns: dict[str, str], place: str, notes: Notes) -> None:
    title = _text(row, columns, "title")
    if title and articles.setdefault(item, (_text(row, columns, "category"), title))[1] != title:
        notes.add("rows that give an article another title, which is left out", place)


def make_impressions(events: list[tuple[float, Event]], notes: Notes) -> list[tuple[float, Impression]]:
    """What was shown together, by its first second: in one session, or to one user at one time.

    A click later than that belongs to the last impression that showed its article. A click on what was never shown
    counts in histories only. A history holds the user's clicks before the impression began.
    """
    only_clicks = all(event.clicked for _, event in events)
    shown: dict[Key, dict[str, bool]] = {}  # in each impression, whether it was clicked
    began: dict[Key, float] = {}
    last: dict[tuple[str, str], Key] = {}  # by user and article, the impression that showed it last
    clicks: dict[str, tuple[list[float], list[str]]] = {}
    viewed = {_key(event) for _, event in events if not event.clicked}
    for second, event in events:
        key: Key | None = (event.user, event.time) if only_clicks else _key(event)
        if event.clicked:
            if only_clicks and (event.user, event.item) in last:
                notes.add("clicks on what the user had clicked before, left out", f"{event.user} on {event.item}")
                continue
            times, items = clicks.setdefault(event.user, ([], []))
            times.append(second)
            items.append(event.item)
            if key not in viewed and not only_clicks:
                key = last.get((event.user, event.item))
        if key is None:
            notes.add("clicks on what was not shown, in histories only", f"{event.user} on {event.item}, {event.time}")
            continue
        began.setdefault(key, second)
        shown.setdefault(key, {})[event.item] = shown.get(key, {}).get(event.item, False) or event.clicked
        last[event.user, event.item] = key
    made = []
    for number, key in enumerate(sorted(shown, key=began.__getitem__), 1):
        times, items = clicks.get(key[0], ([], []))
        clicked = {item for item, was_clicked in shown[key].items() if was_clicked}
        time = mind_time(EPOCH + timedelta(seconds=began[key]))
        history = items[: bisect_left(times, began[key])]
        made.append((began[key], Impression(str(number), key[0], time, history, list(shown[key]), clicked)))
    return made


def _key(event: Event) -> Key:
    return event.user, event.session or event.time


def impressions_of(news: News, behaviors: Behaviors) -> list[Impression]:
    """Those of a MIND folder."""
    found = []
    for i, row in enumerate(zip(*behaviors.text_columns())):
        history, shown = ([news.ids[n] for n in lists[i]] for lists in (behaviors.histories, behaviors.candidates))
        clicked = None
        if behaviors.labels is not None:
            start = behaviors.candidates.offsets[i]
            clicked = {item for item, label in zip(shown, behaviors.labels[start:]) if label}
        found.append(Impression(*row, history, shown, clicked))
    return found


def draw_unclicked(impressions: list[Impression], count: int, notes: Notes) -> list[Impression]:
    """Add up to ``count`` articles to each impression, of those that others clicked on its day and the user never did.

    An article is drawn as often as it was clicked, so that being popular is no sign of a click.
    """
    of_day: dict[str, list[str]] = defaultdict(list)
    of_user: dict[str, set[str]] = defaultdict(set)
    for one in impressions:
        of_day[one.time.split()[0]] += sorted(one.clicked or ())
        of_user[one.user] |= {*one.history, *(one.clicked or ())}
    draw, full = generator(0, "what was not clicked"), []
    for one in impressions:
        pool = of_day[one.time.split()[0]]
        drawn = dict.fromkeys(pool[n] for n in draw.integers(len(pool), size=4 * count).tolist()) if pool else {}
        others = [item for item in drawn if item not in of_user[one.user]][:count]
        if not others:
            notes.add("impressions for which nothing could be drawn", one.id)
        shown = [*one.shown, *others]
        full.append(replace(one, shown=[shown[n] for n in draw.permutation(len(shown))]))
    return full


def write_mind(folder: Path, articles: Articles, impressions: Iterable[Impression]) -> int:
    """Write a MIND folder, line by line; returns how many impressions it holds."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "news.tsv", "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{item}\t{category}\t\t{title}\t\t\t[]\t[]\n" for item, (category, title) in articles.items())
    count = 0
    with open(folder / "behaviors.tsv", "w", encoding="utf-8", newline="\n") as file:
        for one in impressions:
            clicked = one.clicked
            shown = one.shown if clicked is None else [f"{item}-{int(item in clicked)}" for item in one.shown]
            file.write("\t".join([one.id, one.user, one.time, " ".join(one.history), " ".join(shown)]) + "\n")
            count += 1
    return count


def read_ebnerd(folder: Path, notes: Notes) -> Iterator[Impression]:
    """The impressions of a folder of EB-NeRD: behaviors.parquet and history.parquet; the test set has no clicks."""
    rows = read_parquet(folder / "history.parquet", "user_id", "article_id_fixed")
    history = {row["user_id"]: [str(item) for item in row["article_id_fixed"]] for row in rows}
    names = ("impression_id", "user_id", "impression_time", "article_ids_inview", "article_ids_clicked")
    for row in read_parquet(folder / "behaviors.parquet", *names):
        impression_id, user, time, inview, *clicked = (row[name] for name in names if name in row)
        shown = [str(item) for item in inview]
        chosen = {str(item) for item in clicked[0]} if clicked else None
        if chosen and not chosen <= set(shown):
            notes.add(
                "impressions with a click on what was not shown, which is left out", f"impression {impression_id}"
            )
        if user not in history:
            notes.add("impressions of users without a history", f"impression {impression_id}")
        yield Impression(str(impression_id), str(user), mind_time(time), history.get(user, []), shown, chosen)
