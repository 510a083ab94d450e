"""Clicks of any site as impressions: what was shown together, what of it was clicked, what had been clicked before."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InputError
from ..rng import generator
from .lines import Notes
from .mind import Impression, News, mind_time
from .read_mind import LABELS, NO_TITLE
from .tables import EPOCH, read_table, read_times

Cells = dict[str, Any]  # of a row, by kind
Names = Mapping[str, str | None]  # of columns, by kind

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
YES = "true t yes y click clicked open opened read".split()
NO = "false f no n none nan null view viewed impression show shown seen displayed".split()


class Event(NamedTuple):
    """An article that was shown to a user, and perhaps clicked."""

    time: str
    user: str
    item: str
    clicked: bool
    group: str  # what was shown to a user together has the same: a session or a time


def _find_columns(path: Path, row: Mapping[str, Any], given: Names, *needed: str) -> dict[str, str]:
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
            columns = ", ".join(map(str, row))
            raise InputError(f"{path}: which column is the {kind}? say --{kind} with one of: {columns}")
    return found


def _cells(row: Mapping[str, Any], columns: dict[str, str], place: str) -> Cells:
    """The cells of a row by kind.

    Raises InputError for one that holds named values (of JSON or parquet), or a list where one text belongs.
    """
    cells = {kind: row.get(name) for kind, name in columns.items()}
    for kind, cell in cells.items():
        parts = cell if isinstance(cell, list) and kind in ("shown", "clicked") else [cell]
        if any(isinstance(part, (dict, list)) for part in parts):
            what = f"the {kind} ({columns[kind]}) is {str(cell)[:60]}"
            raise InputError(f"{place}: {what}; give one text or number in its place")
    return cells


def read_articles(path: Path, given: Names, notes: Notes) -> News:
    """The articles of a table of ids and titles."""
    news = News([], [], [])
    columns: dict[str, str] = {}
    for place, row in read_table(path, notes):
        columns = columns or _find_columns(path, row, given, "item", "title")
        cells = _cells(row, columns, place)
        _add_article(news, _id(cells), cells, place, notes)
    return news


def _add_article(news: News, item: str, cells: Cells, place: str, notes: Notes) -> None:
    title = _text(cells, "title")
    if title and item not in news.number:
        news.append(item, _text(cells, "category"), title)
    elif title and title != news.titles[news.number[item]]:
        notes.add("rows that give an article another title, which is left out", place)


def read_log(
    path: Path, given: Names, form: str | None, news: News, notes: Notes, yes: Sequence[str] = ()
) -> list[tuple[float, Event]]:
    """The events of a log by their seconds; articles that have a title in the log are added to ``news``.

    A row is an article that was shown to a user, with a column that says whether it was clicked (without one, all
    were); or all that was shown at once, in lists of ids. ``yes`` are the values of that column that mean a click,
    where they are not the usual ones. Raises InputError when a column is missing or its values are not understood.
    """
    events: dict[Event, None] = {}
    places: dict[str, str] = {}  # where each time stands first
    odd: dict[str, str] = {}  # and each value of the column of clicks that says neither yes nor no
    columns: dict[str, str] = {}
    is_list = False
    for place, row in read_table(path, notes):
        if not columns:
            columns = _find_columns(path, row, given, "user", "time")
            is_list = "shown" in columns and _is_yes(_text(_cells(row, columns, place), "shown")) is None
            if not is_list and "item" not in columns:
                _find_columns(path, row, given, "title")
        cells = _cells(row, columns, place)
        clicked = _read_lists(cells) if is_list else _read_row(cells, yes, place, odd)
        user, time, session = (_text(cells, kind) for kind in ("user", "time", "session"))
        if not (user and time and clicked):
            notes.add("rows without a click or view of an article, a user or a time, left out", place)
            continue
        places.setdefault(time, place)
        for item in clicked:
            if not is_list:
                _add_article(news, item, cells, place, notes)
            event = Event(time, user, item, clicked[item], place if is_list else session or time)
            if event in events:
                notes.add("rows that repeat another one, left out", place)
            events[event] = None
    _check_events(path, events, odd)
    if "session" in columns and not is_list and len({(event.user, event.group) for event in events}) == len(events):
        kind = f"column {columns['session']!r} differs in all rows, so the times say what was shown together"
        notes.add(kind, str(path))
        events = {event._replace(group=event.time): None for event in events}
    seconds = read_times(places, form)
    return sorted(((seconds[event.time], event) for event in events), key=lambda pair: pair[0])


def _check_events(path: Path, events: Iterable[Event], odd: dict[str, str]) -> None:
    """Raises InputError for no event, and where all clicks, or all but the clicks, may be among ``odd`` values."""
    if odd and len({event.clicked for event in events}) < 2:
        raise InputError(
            f"{next(iter(odd.values()))}: the column of clicks holds {', '.join(map(repr, [*odd][:9]))}; say which "
            "values mean a click: --yes VALUE ... (all others mean none then), or remove the rows of something else"
        )
    if not events:
        raise InputError(f"{path}: holds no row of a user, a time and an article")


def _read_row(cells: Cells, yes: Sequence[str], place: str, odd: dict[str, str]) -> dict[str, bool]:
    """The article of a row, and whether it was clicked; nothing for a row of something else."""
    item, text = _id(cells), _text(cells, "clicked")
    clicked = text.lower() in [one.lower() for one in yes] if yes else _is_yes(text)
    if clicked is None:
        odd.setdefault(text, place)
        return {}
    clicked = clicked or "clicked" not in cells
    return {item: clicked} if item and (clicked or "shown" not in cells or _is_yes(_text(cells, "shown"))) else {}


def _read_lists(cells: Cells) -> dict[str, bool]:
    """The articles of a row, and whether each was clicked; without a column of clicks, ids end in -1 and -0."""
    shown, clicked = _ids(cells.get("shown")), _ids(cells.get("clicked"))
    if "clicked" not in cells:
        return {item[:-2]: item.endswith("-1") for item in shown if item[-2:] in LABELS}
    return {item: item in clicked for item in [*shown, *clicked]}


def _ids(cell: Any) -> list[str]:
    return list(map(str, cell)) if isinstance(cell, list) else re.findall(r"""[^][(){}\s'",;|]+""", str(cell or ""))


def _is_yes(text: str) -> bool | None:
    """True for yes, click, numbers above 0; False for no, view, other numbers and nothing; None for anything else."""
    text = text.lower()
    if re.fullmatch(r"[+-]?\d+([.,]\d+)?", text):
        return float(text.replace(",", ".")) > 0
    return True if text in YES else False if text in ("", *NO) else None


def _text(cells: Cells, kind: str) -> str:
    """A cell on one line; empty where there is no such column, or nothing in it."""
    text = " ".join(str(cells.get(kind, "")).split())
    return "" if text.lower() in NO_TITLE else text


def _id(cells: Cells) -> str:
    """The id of a row's article, without spaces, which separate ids in MIND; without ids the title is one."""
    text = _text(cells, "item" if "item" in cells else "title").replace(" ", "_")
    return re.sub(r"^(\d+)\.0$", r"\1", text)  # a number that pandas wrote beside missing ones


def make_impressions(events: list[tuple[float, Event]], notes: Notes) -> list[Impression]:
    """What was shown together, by its first second: in one session, or to one user at one time.

    A click later than that belongs to the last impression that showed its article. A click on what was never shown
    counts in histories only. A history holds the user's clicks before the impression began.
    """
    only_clicks = all(event.clicked for _, event in events)
    viewed = {(event.user, event.group) for _, event in events if not event.clicked}
    began: dict[tuple[str, str], Impression] = {}  # by user and group
    shown: dict[tuple[str, str], dict[str, bool]] = {}  # and its articles, and whether they were clicked
    last: dict[tuple[str, str], tuple[str, str]] = {}  # by user and article: the impression that showed it last
    clicks: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for second, event in events:
        key = event.user, event.time if only_clicks else event.group
        before = last.get((event.user, event.item))
        if event.clicked:
            if not only_clicks and key not in viewed:
                key = before or ("", "")
            if before and (only_clicks or shown[before][event.item] and key == before):
                notes.add("clicks on what the user had clicked before, left out", f"{event.user} on {event.item}")
                continue
            clicks[event.user].append((second, event.item))
        if not key[0]:
            notes.add("clicks on what was not shown, in histories only", f"{event.user} on {event.item}, {event.time}")
            continue
        if key not in began:
            history = [item for clicked_at, item in clicks[event.user] if clicked_at < second]
            time = mind_time(EPOCH + timedelta(seconds=second))
            began[key], shown[key] = Impression(str(len(began) + 1), event.user, time, history, [], []), {}
        shown[key][event.item] = shown[key].get(event.item, False) or event.clicked
        last[event.user, event.item] = key
    return [
        impression._replace(shown=list(shown[key]), labels=list(map(int, shown[key].values())))
        for key, impression in began.items()
    ]


def draw_unclicked(impressions: list[Impression], count: int, notes: Notes) -> list[Impression]:
    """Add up to ``count`` articles to each impression, of those that others clicked on its day and the user never did.

    An article is drawn as often as it was clicked, so that being popular is no sign of a click.
    """
    of_day: dict[str, list[str]] = defaultdict(list)
    of_user: dict[str, set[str]] = defaultdict(set)
    for one in impressions:
        of_day[one.day] += one.shown
        of_user[one.user] |= {*one.history, *one.shown}
    draw, full = generator(0, "what was not clicked"), []
    for one in impressions:
        pool = of_day[one.day]
        drawn = dict.fromkeys(pool[n] for n in draw.integers(len(pool), size=4 * count)) if pool else {}
        shown = [*one.shown, *[item for item in drawn if item not in of_user[one.user]][:count]]
        if len(shown) == len(one.shown):
            notes.add("impressions for which nothing could be drawn", f"impression {one.id}")
        order = draw.permutation(len(shown))
        labels = [int(n < len(one.shown)) for n in order]
        full.append(one._replace(shown=[shown[n] for n in order], labels=labels))
    return full
