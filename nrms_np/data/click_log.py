"""Clicks of any site as impressions: what was shown together, what of it was clicked, what had been clicked before."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InputError
from ..rng import generator
from .lines import COLUMNS, NO_TITLE, Notes
from .mind import Impression, News, mind_time
from .read_mind import LABELS, LONGEST_TEXT
from .tables import Row, read_table, read_times, text_of

Cells = dict[str, Any]  # of a row, by kind: texts, or lists of what was shown and of what was clicked
Key = tuple[str, str]  # of an impression: a user and a group; also a user and an article


class Event(NamedTuple):
    """An article that was shown to a user, and perhaps clicked."""

    time: str
    user: str
    item: str
    clicked: bool
    group: str  # what was shown to a user together has the same: a session or a time


def _find_columns(path: Path, row: Row, given: dict[str, Any], *needed: str) -> dict[str, str]:
    """The column of each kind: the ``given`` one, or the first that has one of its usual names.

    Without ids, titles are the items; where all that was shown stands in lists, there is no column of single items. A
    given name may be that of the table of articles alone, which is read before the log. Raises InputError when a given
    column or a needed one is not there.
    """
    usual = {re.sub(r"[\W_]", "", str(name)).lower(): name for name in reversed(list(row))}
    is_log = "item" not in needed
    given.setdefault("of_articles", () if is_log else row)
    found: dict[str, Any] = {}
    for kind in COLUMNS if is_log else ("item", "title", "category"):
        named = (usual[name] for name in COLUMNS[kind].split() if name in usual)
        name = given.get(kind)
        if name not in row and (not is_log or name in given["of_articles"]):
            name = None
        found[kind] = name or next(named, None)
    if is_log:
        is_list = _is_yes(row.get(found["shown"], "")) is None
        found["item"] = None if is_list else found["item"] or found["title"]
        has_labels = is_list and re.search(r"-[01]\b", str(row[found["shown"]]))
        needed = (*needed, *(() if has_labels else ("clicked",) if is_list else ("item",)))
    for kind, name in found.items():
        if name not in row and (name or kind in needed):
            columns = ", ".join(map(str, row))
            raise InputError(f"{path}: which column is the {kind}? say --{kind} with one of: {columns}")
    return {kind: name for kind, name in found.items() if name}


def _read_cells(path: Path, given: dict[str, Any], notes: Notes, *needed: str) -> Iterator[tuple[str, Cells]]:
    """Place and cells of each row: each text on one line, empty where nothing is in it.

    Raises InputError for one that holds named values (of JSON or parquet), or a list where one text belongs.
    """
    rows = read_table(path, notes)
    head = list(islice(rows, 1000))  # in JSON, the first row may lack what others have
    filled: Row = {}
    for _, row in head:
        filled |= {name: cell for name, cell in row.items() if filled.get(name) in (None, "", [])}
    columns = _find_columns(path, filled, given, *needed) if head else {}
    for place, row in chain(head, rows):
        cells: Cells = {}
        for kind, name in columns.items():
            cell: Any = row.get(name)
            is_list = isinstance(cell, list) and kind in ("shown", "clicked")
            cells[kind] = [text_of(part, place, notes) for part in cell] if is_list else text_of(cell, place, notes)
            odd = isinstance(cell, (dict, list)) and not (is_list and {dict, list}.isdisjoint(map(type, cell)))
            if odd or kind == "user" and len(cells[kind]) > LONGEST_TEXT:
                what = f"the {kind} ({name}) is {str(cell)[:60]}"
                raise InputError(f"{place}: {what}; give one text of up to {LONGEST_TEXT:,} characters in its place")
        if "item" in cells:
            (cells["item"],) = _ids([cells["item"]])
        else:
            cells |= {kind: _ids(cells[kind]) for kind in ("shown", "clicked") if kind in cells}
        yield place, cells


def read_articles(path: Path, given: dict[str, Any], notes: Notes) -> News:
    """The articles of a table of ids and titles."""
    news = News([], [], [])
    for place, cells in _read_cells(path, given, notes, "item", "title"):
        _add_article(news, cells, place, notes)
    return news


def _add_article(news: News, cells: Cells, place: str, notes: Notes) -> None:
    item, title = cells["item"], cells.get("title")
    if title and item not in news.number:
        news.append(item, cells.get("category", ""), title)
    elif title and title != news.titles[news.number[item]]:
        notes.add("rows that give an article another title, which is left out", place)


def read_log(path: Path, given: dict[str, Any], news: News, notes: Notes) -> list[tuple[datetime, Event]]:
    """The events of a log by their times; articles that have a title in the log are added to ``news``.

    A row is an article that was shown to a user, with a column that says whether it was clicked (without one, all
    were); or all that was shown at once, in lists of ids. ``given``: names of columns by kind, ``time_format``, and
    ``yes``, the values in small letters that mean a click. Raises InputError for what is missing or not understood.
    """
    events: dict[Event, None] = {}
    places: dict[str, str] = {}  # where each time stands first
    odd: dict[str, str] = {}  # and each value of the column of clicks that says neither yes nor no
    for place, cells in _read_cells(path, given, notes, "user", "time"):
        is_list, clicked = "item" not in cells, _read_clicks(cells, given["yes"])
        user, time, session = (cells.get(kind) for kind in ("user", "time", "session"))
        if None in clicked.values() or given["yes"] and True not in clicked.values():
            odd.setdefault(str(cells.get("clicked")), place)
            clicked = {item: value for item, value in clicked.items() if value is not None}
        if "" in clicked:
            notes.add("empty ids in lists, left out", place)
            del clicked[""]
        if not (user and time and time != "NaT" and clicked):
            notes.add("rows without a click or view of an article, a user or a time, left out", place)
            continue
        places.setdefault(time, place)
        if not is_list:
            _add_article(news, cells, place, notes)
        for item in clicked:
            of_list = is_list and ("clicked" not in cells or item in cells["shown"])
            event = Event(time, user, item, bool(clicked[item]), place if of_list else session or time)
            if event in events:
                notes.add("rows that repeat another one, left out", place)
            events[event] = None
    if odd and len({event.clicked for event in events} | {False for _ in given["yes"]}) < 2:  # clicks are among them
        raise InputError(
            f"{next(iter(odd.values()))}: the column of clicks holds {', '.join(map(repr, [*odd][:9]))}; say which "
            "values mean a click: --yes VALUE ... (all others mean none then), or remove the rows of something else"
        )
    if not events:
        raise InputError(f"{path}: holds no row of a user, a time and an article")
    grouped = not is_list and any(event.group != event.time for event in events)
    groups = {(event.user, event.group) for event in events}
    if grouped and (len(groups) == len(events) or len({group for _, group in groups}) == 1):
        notes.add("column of sessions differs in all rows or none, so times say what was shown together", str(path))
        events = {event._replace(group=event.time): None for event in events}
    times = read_times(places, given["time_format"])
    return sorted(((times[event.time], event) for event in events), key=lambda pair: pair[0])


def _read_clicks(cells: Cells, yes: list[str]) -> dict[str, bool | None]:
    """The articles of a row that were shown, and whether each was clicked, if that is understood.

    In lists, clicks are ids or, for each of what was shown, 1 or 0; without them, ids end in -1 and -0.
    """
    if "item" in cells:
        text = str(cells.get("clicked", ""))
        clicked = "clicked" not in cells or (text.lower() in yes if yes else _is_yes(text))
        is_event = clicked is not False or _is_yes(cells.get("shown", "yes"))
        return {cells["item"]: clicked} if cells["item"] and is_event else {}
    shown, of_them = cells["shown"], cells.get("clicked", [])
    if "clicked" not in cells:
        return {item[:-2]: item.endswith("-1") for item in shown if item[-2:] in LABELS}
    is_label = {*map(str.lower, of_them)} <= {"0", "1", "false", "true"}  # a list of three ids would repeat one
    if is_label and len(shown) == len(of_them) and (len(shown) > 2 or not {*shown} & {*of_them}):
        return {item: _is_yes(label) for item, label in zip(shown, of_them)}
    return {item: item in of_them for item in [*shown, *of_them]}


def _ids(cell: str | list[str]) -> list[str]:
    """The ids of a list, or of its text, which NumPy may have written: array([np.str_('a1')], dtype=object)."""
    if isinstance(cell, str):
        cell = re.findall(r"""[^][(){}\s'",;|]+""", re.sub(r"\b[A-Za-z_][\w.]*\(|\bdtype=[^)\s]+", " ", cell))
        cell = ["" if text.lower() in NO_TITLE else text for text in cell]
    return [re.sub(r"^(\d+)\.0$", r"\1", text.replace(" ", "_")) for text in cell]  # pandas writes 3 as 3.0


def _is_yes(cell: Any) -> bool | None:
    """True for yes, click, numbers above 0; False for no, view, other numbers and nothing; None for anything else."""
    text = str(cell).strip().lower()
    if re.fullmatch(r"[+-]?\d+([.,]\d+)?", text):
        return float(text.replace(",", ".")) > 0
    yes = ("true", "t", "yes", "y", "click", "clicked", "open", "opened", "read")
    no = ("false", "f", "no", "n", "view", "viewed", "impression", "show", "shown", "seen", "displayed")
    return True if text in yes else False if not text or text in NO_TITLE or text in no else None


def make_impressions(events: list[tuple[datetime, Event]], notes: Notes) -> list[Impression]:
    """What was shown together, by its first second: in one session, or to one user at one time.

    A click later than that belongs to the last impression that showed its article. A click on what was never shown
    counts in histories only. A history holds the user's clicks before the impression began.
    """
    viewed = {(event.user, event.group) for _, event in events if not event.clicked}
    begun: dict[Key, tuple[str, list[str]]] = {}  # time and history of each impression
    shown: dict[Key, dict[str, bool]] = defaultdict(dict)  # its articles, and whether they were clicked
    last: dict[Key, Key] = {}  # by user and article: the impression that showed it last
    clicks: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for time, event in events:
        user, item = event.user, event.item
        key: Key | None = (user, event.group if viewed else event.time)
        before = last.get((user, item))
        if event.clicked:
            if key not in viewed:
                key = before if viewed else before or key
            if key and key == before and shown[key][item]:
                notes.add("clicks on what the user had clicked before, left out", f"{user} on {item}")
                continue
            clicks[user].append((time, item))
        if not key:
            notes.add("clicks on what was not shown, in histories only", f"{user} on {item}, {event.time}")
            continue
        if key not in begun:
            history = [clicked for clicked_at, clicked in clicks[user] if clicked_at < time]
            begun[key] = mind_time(time), history
        shown[key][item] = event.clicked or shown[key].get(item, False)
        last[user, item] = key
    return [
        Impression(str(n), key[0], *begun[key], list(clicked), list(map(int, clicked.values())))
        for n, (key, clicked) in enumerate(shown.items(), 1)
    ]


def draw_unclicked(impressions: Iterable[Impression], count: int, notes: Notes) -> list[Impression]:
    """Add up to ``count`` articles to each impression, of those that others clicked on its day and the user never did.

    An article is drawn as often as it was clicked, so that being popular is no sign of a click.
    """
    of_day: dict[str, list[str]] = defaultdict(list)
    of_user: dict[str, set[str]] = defaultdict(set)
    impressions = list(impressions)
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
