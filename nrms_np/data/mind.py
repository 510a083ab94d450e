"""MIND data in memory, as what trains a model, and as a folder with news.tsv and behaviors.tsv (chapter 12)."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from ..batch import cut_titles
from ..clicks import Split, find_clicks
from ..config import Config
from ..errors import InputError
from ..ragged import Ragged
from .lines import say
from .vocabulary import Tokens, Vocabulary


@dataclass(frozen=True, eq=False)
class News:
    """A catalogue. News number n is row n of each list; ``number[id]`` finds it."""

    ids: list[str]
    categories: list[str]
    titles: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    def append(self, news_id: str, category: str, title: str) -> None:
        """Add an article; for reading, before anything else looks at the catalogue."""
        self.number[news_id] = len(self.ids)
        for column, text in ((self.ids, news_id), (self.categories, category), (self.titles, title)):
            column.append(text)
        vars(self).pop("tokens", None)

    @cached_property
    def number(self) -> dict[str, int]:
        return {news_id: n for n, news_id in enumerate(self.ids)}

    @cached_property
    def tokens(self) -> Tokens:
        """The titles as tokens, split when first asked for."""
        return Tokens.from_titles(self.titles)


@dataclass(frozen=True, eq=False)
class Behaviors:
    """Impressions: what a user had clicked before, what was shown, and what was clicked of it.

    Arrays only, so that millions of impressions fit and can be mapped from files. Texts are UTF-8 in NumPy's bytes
    type; ``texts`` makes str of them.
    """

    impression_ids: np.ndarray  # bytes [impressions]; some test sets repeat one
    users: np.ndarray  # int32 [impressions], numbers into user_ids
    user_ids: np.ndarray  # bytes [distinct users]
    times: np.ndarray  # bytes [impressions], MIND's text form
    histories: Ragged  # [impressions] of news numbers, oldest click first
    candidates: Ragged  # [impressions] of news numbers, in the order of the file
    labels: np.ndarray | None  # int8 [all candidates], 1 = clicked; None for an unlabelled test file

    @classmethod
    def from_lists(cls, impression_ids: list[str], users: list[str], times: list[str], *others: Any) -> Self:
        """Behaviors with these ids and times of each impression; ``others`` are the fields from ``histories`` on."""
        number = {user: n for n, user in enumerate(dict.fromkeys(users))}
        numbers = np.array([number[user] for user in users], np.int32)
        ids, user_ids, time_texts = (
            np.array([text.encode() for text in column], bytes) for column in (impression_ids, number, times)
        )
        return cls(ids, numbers, user_ids, time_texts, *others)

    def __len__(self) -> int:
        return len(self.users)

    def known_labels(self) -> np.ndarray:
        """The labels. Raises InputError for unlabelled data."""
        if self.labels is None:
            raise InputError("behaviors.tsv has no labels (-0, -1): no clicks to learn from or to validate on")
        return self.labels

    def select(self, which: np.ndarray) -> Self:
        """The impressions numbered ``which``."""
        ids, users, times = (column[which] for column in (self.impression_ids, self.users, self.times))
        histories, candidates = self.histories.take(which), self.candidates.take(which)
        labels = None if self.labels is None else Ragged(self.labels, self.candidates.offsets).take(which).values
        return type(self)(ids, users, self.user_ids, times, histories, candidates, labels)

    @cached_property
    def checksum(self) -> int:
        """Changes when the histories, the candidates or the labels do."""
        checksum = 0
        arrays = [self.histories.values, self.histories.offsets, self.candidates.values, self.candidates.offsets]
        for array in arrays if self.labels is None else [*arrays, self.labels]:
            checksum = zlib.crc32(np.ascontiguousarray(array).data, checksum)
        return checksum

    def text_columns(self) -> tuple[list[str], list[str], list[str]]:
        """Impression ids, user ids and times of the impressions, as str."""
        return texts(self.impression_ids), texts(self.user_ids[self.users]), texts(self.times)

    def distinct_users(self) -> list[str]:
        """The ids of the users who have an impression."""
        return texts(self.user_ids[np.unique(self.users)])


def prepare(news: News, behaviors: Behaviors, vocabulary: Vocabulary, config: Config) -> Split:
    """Encode titles and find the clicks that can train. Raises InputError for unlabelled data."""
    histories, candidates, labels = behaviors.histories, behaviors.candidates, behaviors.known_labels()
    words = vocabulary.encode(news.tokens)
    if 2 * (cut := int((words.lengths > config.title_length).sum())) > len(news):
        say([f"{cut:,} of {len(news):,} titles are cut at {config.title_length} words; --title-length N keeps more"])
    words = cut_titles(words, config)
    return Split(words, histories, candidates, labels, find_clicks(histories, candidates, labels), len(vocabulary))


def texts(column: np.ndarray) -> list[str]:
    """A column of ``Behaviors`` as str."""
    return [text.decode() for text in column.tolist()]


def pack_lines(lines: Iterable[str]) -> np.ndarray:
    """Texts without line breaks as one array, uint8: each ends in a newline, so no text and one empty text differ."""
    return np.frombuffer("".join([f"{line}\n" for line in lines]).encode(), np.uint8)


def unpack_lines(array: np.ndarray) -> list[str]:
    """The texts that ``pack_lines`` was given. Raises ValueError when they are not UTF-8."""
    return array.tobytes().decode().split("\n")[:-1]


def mind_time(time: datetime) -> str:
    """As MIND writes it: 3/4/2030 1:00:00 PM. (strftime would write 03/04/2030.)"""
    return f"{time.month}/{time.day}/{time.year} {time.hour % 12 or 12}:{time:%M:%S} {'AM' if time.hour < 12 else 'PM'}"


class Impression(NamedTuple):
    """A line of behaviors.tsv. ``labels`` are 1 for what was clicked of ``shown``; None if nobody knows."""

    id: str
    user: str
    time: str
    history: list[str]
    shown: list[str]
    labels: list[int] | None

    @property
    def day(self) -> str:
        return self.time.split()[0]


def impressions_of(news: News, behaviors: Behaviors) -> Iterator[Impression]:
    """The impressions, with ids in place of numbers."""
    labels = None if behaviors.labels is None else Ragged(behaviors.labels, behaviors.candidates.offsets)
    for i, row in enumerate(zip(*behaviors.text_columns())):
        history, shown = ([news.ids[n] for n in lists[i]] for lists in (behaviors.histories, behaviors.candidates))
        yield Impression(*row, history, shown, None if labels is None else labels[i].tolist())


def write_folder(folder: Path, news: News, impressions: Behaviors | Iterable[Impression]) -> int:
    """Write a MIND folder, where columns that are not read stay empty. Returns how many impressions it has."""
    folder, count = Path(folder), 0
    if isinstance(impressions, Behaviors):
        impressions = impressions_of(news, impressions)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "news.tsv", "w", encoding="utf-8", newline="\n") as file:
        for news_id, category, title in zip(news.ids, news.categories, news.titles):
            file.write(f"{news_id}\t{category}\t\t{title}\t\t\t[]\t[]\n")
    with open(folder / "behaviors.tsv", "w", encoding="utf-8", newline="\n") as file:
        for count, (*row, history, shown, labels) in enumerate(impressions, 1):  # noqa: B007
            if labels is not None:
                shown = [f"{news_id}-{label}" for news_id, label in zip(shown, labels)]
            file.write("\t".join([*row, " ".join(history), " ".join(shown)]) + "\n")
    return count


def last_day(*parts: Behaviors, paths: Sequence[Path] = ()) -> np.ndarray:
    """True for the impressions of the last calendar day of all parts together. bool [impressions of all parts].

    ``paths`` are the files that they were read from. Raises InputError when a time begins neither as in MIND nor as in
    ISO 8601, or when there is only one day and none can be held out.
    """
    days: list[int] = []
    for part, path in zip(parts, paths or len(parts) * [Path("behaviors.tsv")]):
        for n, time in enumerate(texts(part.times)):
            try:
                days.append(_day(time.partition(" ")[0].partition("T")[0]))
            except ValueError:
                place = f"{path}, impression {part.impression_ids[n].decode()}"
                what = f"the time {time!r} does not begin like 11/9/2019 (MIND) or 2019-11-09 (ISO)"
                raise InputError(f"{place}: {what}; give --dev instead of holding out the last day") from None
    last = np.array(days) == max(days, default=0)
    if last.all():
        raise InputError("behaviors.tsv holds a single day, so no day can be held out; give --dev")
    return last


@lru_cache
def _day(date: str) -> int:
    """The number of a day. Raises ValueError for a date of another form than MIND's 11/9/2019 or ISO 8601."""
    return (datetime.strptime(date, "%m/%d/%Y") if "/" in date else datetime.fromisoformat(date)).toordinal()


def join_folders(parts: Sequence[tuple[News, Behaviors]]) -> tuple[News, Behaviors]:
    """Several folders as one, with all of their impressions. Ids may repeat.

    The same id with the same title is one article. With another title it is another article: each folder keeps its own.
    Raises InputError when only some of the folders are labelled.
    """
    number: dict[tuple[str, str], int] = {}  # by id and title
    categories: dict[int, str] = {}
    histories, candidates = [], []
    for news, part in parts:
        joined = np.array([number.setdefault(key, len(number)) for key in zip(news.ids, news.titles)], np.int32)
        categories |= zip(joined.tolist(), news.categories)
        histories.append(Ragged(joined[part.histories.values], part.histories.offsets))
        candidates.append(Ragged(joined[part.candidates.values], part.candidates.offsets))
    behaviors = [part for _, part in parts]
    user_ids, users = np.unique(np.concatenate([part.user_ids[part.users] for part in behaviors]), return_inverse=True)
    return News([key[0] for key in number], list(categories.values()), [key[1] for key in number]), Behaviors(
        np.concatenate([part.impression_ids for part in behaviors]),
        users.astype(np.int32),
        user_ids,
        np.concatenate([part.times for part in behaviors]),
        Ragged.concatenate(histories),
        Ragged.concatenate(candidates),
        np.concatenate([part.known_labels() for part in behaviors]),
    )
