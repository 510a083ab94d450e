"""The demo corpus: made-up news and readers, generated from a seed, so that everything runs with no download.

A headline stands in a section of the site and mentions two topics, as a rule one of each half of TOPICS. Only the topic
of the section's half decides: "Household: No more meteors near the gearbox" is about motoring, the same words under
"Weekend:" are about space. A reader has one interest in each half, so neither the section nor the topics say by
themselves whether the headline interests: a mean of words cannot know, a word that attends to the others can.

Because this truth is known, a model can be compared with the oracle, ranking by true probability, and its attention
with the words that decide.
"""

import re
from collections.abc import Iterator
from configparser import RawConfigParser
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import rng
from ..ragged import Ragged
from .mind import Behaviors, News, mind_time, write_folder
from .vocabulary import tokenize

_words = RawConfigParser(delimiters="=", allow_no_value=True)
_words.optionxform = str  # type: ignore[assignment, method-assign]  # capitals count
_words.read(Path(__file__).with_name("demo_words.ini"), encoding="utf-8")
KINDS = ("who", "thing", "many", "doing")
TOPICS = {
    topic: dict(zip(KINDS, [kind.split() for kind in text.split("|")], strict=True))
    for topic, text in _words.items("topics")
}
FILLERS = {slot: text.split() for slot, text in _words.items("fillers")}
SECTIONS = [text.split() for _, text in _words.items("sections")]
CLOSERS = [text if text[0] == "," else f" {text}" for text in _words["closers"]]
TEMPLATES = list(_words["templates"])

MIXED = 0.9  # share of the headlines whose second topic is of the other half; in the others it is the same topic
HALF = len(TOPICS) // 2
WORDS_OF_TOPIC = list(TOPICS.values())
SKEW = 2.0  # topical words are drawn at place u ** SKEW of their list, u uniform: the first ones are the common ones
CLOSED = 0.7  # share of the headlines with a closing phrase, where the template takes one

INTERESTS = 2  # one in each half
DRIFT = 0.005  # chance at each sitting (an impression, or SITTING earlier clicks) that one is replaced in its half
SITTING = 5
# Click probability: logistic in the match: 1 when the topic that decides interests the reader, else 0.
LOGIT_OF_NO_INTEREST = -6.0
LOGIT_GAIN = 4.3
FAVOUR = 1.0  # a site guesses by words: news that mention an interest are shown 1 + FAVOUR times as readily
CANDIDATES = (8, 30)  # fewest and most news in an impression

EARLIER_CLICKS = (8, 6.5)  # clicks of a user before the first day: fewest, and mean of the exponential on top
NEWCOMERS = 0.02  # share of the users who have none
TRAIN_DAYS = 5  # the next day is the dev day
DAYS = TRAIN_DAYS + 1
ARCHIVE = 0.3  # share of the news from before the first day; only earlier clicks know them
LEAST_NEWS = 500
FIRST_DAY = datetime(2030, 3, 4)


@dataclass(frozen=True, eq=False)
class Demo:
    """A corpus and the truth behind it."""

    news: News
    train: Behaviors
    dev: Behaviors  # the day after the training days
    dev_probabilities: np.ndarray  # float64 [all dev candidates]: the chance of each click when it was drawn
    topical_words: frozenset[str]  # lower-case words that carry a topic; all other words are fillers
    deciding: Ragged  # for each token of each title: 1 = it decides (the section, a word of the topic that counts)


def make_demo(
    seed: int = 0,
    users: int = 5000,
    news: int = 30000,
    train_impressions: int = 10000,
    dev_impressions: int = 1600,
    mixed: float = MIXED,
) -> Demo:
    """Generate the corpus. The same arguments give the same corpus, byte by byte.

    With ``mixed`` = 0 each headline is about one topic: a small and easy corpus, which a mean of words can rank.

    An impression without a click, or with nothing but clicks, is shown anew, with other news. Given that it counts, the
    chance of each click is therefore larger than in ``dev_probabilities``, but the order, which the oracle uses, is the
    same. Raises ValueError when ``news`` is too small to fill every topic and day.
    """
    if news < LEAST_NEWS:
        raise ValueError(f"news = {news}: the demo corpus needs at least {LEAST_NEWS}")
    about = _draw_topics(seed, news, mixed)
    titles, deciding = _write_headlines(seed, about)
    names = list(TOPICS)
    visits = _make_visits(seed, users, train_impressions, dev_impressions, about)
    return Demo(
        News([f"N{n + 1}" for n in range(news)], [names[decides] for decides, _ in about], titles),
        _behaviors(visits[:train_impressions]),
        _behaviors(visits[train_impressions:]),
        np.concatenate([visit.chance for visit in visits[train_impressions:]]),
        frozenset(word for topic in TOPICS.values() for words in topic.values() for word in words),
        deciding,
    )


class _Visit(NamedTuple):
    """An impression, and how it came about."""

    user: int
    second: int  # since the first day began
    history: list[int]
    shown: np.ndarray
    clicked: np.ndarray
    chance: np.ndarray


def _behaviors(visits: list[_Visit]) -> Behaviors:
    return Behaviors.from_lists(
        [str(number) for number in range(1, len(visits) + 1)],
        [f"U{visit.user + 1}" for visit in visits],
        [mind_time(FIRST_DAY + timedelta(seconds=visit.second)) for visit in visits],
        Ragged.from_lists([visit.history for visit in visits]),
        Ragged.from_lists([visit.shown for visit in visits]),
        np.concatenate([visit.clicked for visit in visits]).astype(np.int8),
    )


def write_demo(folder: Path, demo: Demo) -> None:
    """Write the corpus as MIND's two folders, ``train`` and ``dev``."""
    write_folder(Path(folder) / "train", demo.news, demo.train)
    write_folder(Path(folder) / "dev", demo.news, demo.dev)


def _draw_topics(seed: int, news: int, mixed: float) -> np.ndarray:
    """Of each headline the topic that decides and the one that is merely mentioned. int64 [news, 2]."""
    draw = rng.generator(seed, "demo topics")
    decides = draw.integers(len(TOPICS), size=news)
    other_half = draw.integers(HALF, size=news) + HALF * (decides < HALF)
    return np.stack([decides, np.where(draw.random(news) < mixed, other_half, decides)], axis=1)


def _write_headlines(seed: int, about: np.ndarray) -> tuple[list[str], Ragged]:
    """The titles, and for each of their tokens whether it decides."""
    draws = rng.generator(seed, "demo headlines").random((len(about), 24)).tolist()
    titles, deciding = [], []
    for (decides, mentioned), draw in zip(about.tolist(), draws):
        title, words = _headline(decides, mentioned, iter(draw))
        titles.append(title)
        deciding.append([token in words for token in tokenize(title)])
    return titles, Ragged.from_lists(deciding)


def _headline(decides: int, mentioned: int, draws: Iterator[float]) -> tuple[str, set[str]]:
    """A headline of the section where the topic ``decides`` counts, and the words that decide."""

    def pick(choices: list[str], skew: float = 1.0) -> str:
        return choices[int(next(draws) ** skew * len(choices))]

    section = pick(SECTIONS[decides // HALF])
    deciding = {section.lower()}
    phrases = [decides, mentioned] if next(draws) < 0.5 else [mentioned, decides]

    def fill(slot: re.Match) -> str:
        kind = slot.group(1)
        if kind in FILLERS:
            return pick(FILLERS[kind])
        topic = phrases.pop()
        word = pick(WORDS_OF_TOPIC[topic][kind], SKEW)
        if topic == decides:
            deciding.add(word)
        return word

    pattern = pick(TEMPLATES)
    if next(draws) < CLOSED and not pattern.endswith("?"):
        pattern += pick(CLOSERS)
    text = re.sub(r"\{(\w+)\}", fill, pattern)
    text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
    return f"{section}: {text[0].upper()}{text[1:]}", deciding


class _Reader:
    """A reader's interests, which drift, and clicks so far."""

    def __init__(self, draw: np.random.Generator):
        self.draw = draw
        self.topics = draw.permuted(np.arange(len(TOPICS)).reshape(2, HALF), axis=1)  # of interest: the first column
        self.clicks: list[int] = []

    def interests(self) -> np.ndarray:
        """The topics of interest at this moment; now and then one of them has just been replaced."""
        if self.draw.random() < DRIFT:
            half, found = self.topics[self.draw.integers(2)], self.draw.integers(1, HALF)  # half is a view
            half[0], half[found] = half[found], half[0]
        return self.topics[:, 0]


def _make_readers(seed: int, users: int, topic: np.ndarray) -> list[_Reader]:
    """All readers with their earlier clicks. ``topic`` is the one that decides, of each archive headline."""
    draw = rng.generator(seed, "demo readers")
    headlines = [np.flatnonzero(topic == one) for one in range(len(TOPICS))]
    sizes = np.array([len(of_topic) for of_topic in headlines])
    readers = [_Reader(draw) for _ in range(users)]
    for reader in readers:
        if draw.random() < NEWCOMERS:
            continue
        count = EARLIER_CLICKS[0] + draw.exponential(EARLIER_CLICKS[1])
        while len(reader.clicks) < count:
            clicked = reader.interests()[draw.integers(INTERESTS, size=SITTING)]
            reader.clicks += [int(headlines[one][n]) for one, n in zip(clicked, draw.integers(sizes[clicked]))]
    return readers


def _make_visits(
    seed: int, users: int, train_impressions: int, dev_impressions: int, about: np.ndarray
) -> list[_Visit]:
    """All visits in time order: those of the training days, then those of the dev day."""
    archive = int(ARCHIVE * len(about))
    readers = _make_readers(seed, users, about[:archive, 0])
    fresh = _news_of_each_day(seed, archive, len(about))
    draw = rng.generator(seed, "demo impressions")
    train_end = TRAIN_DAYS * 86400
    seconds = np.sort(draw.integers(0, train_end, size=train_impressions)).tolist()
    seconds += np.sort(draw.integers(train_end, DAYS * 86400, size=dev_impressions)).tolist()
    visits = []
    for second, user in zip(seconds, draw.integers(users, size=len(seconds)).tolist()):
        reader, pool = readers[user], fresh[second // 86400]
        interests = np.isin(about[pool], reader.interests())  # bool [news that can be shown, 2]
        match, mentions = interests[:, 0], interests.any(axis=1)
        clicked = np.zeros(0, bool)
        while clicked.all() or not clicked.any():
            size = int(draw.integers(CANDIDATES[0], CANDIDATES[1] + 1))
            arrival = draw.exponential(size=len(pool)) / (1 + FAVOUR * mentions)  # the first to arrive are shown
            places = np.sort(np.argpartition(arrival, size)[:size])
            chance = 1 / (1 + np.exp(-(LOGIT_OF_NO_INTEREST + LOGIT_GAIN * match[places])))
            clicked = draw.random(size) < chance
        shown = pool[places]
        visits.append(_Visit(user, second, list(reader.clicks), shown, clicked, chance))
        reader.clicks += shown[clicked].tolist()
    return visits


def _news_of_each_day(seed: int, archive: int, news: int) -> list[np.ndarray]:
    """The news that can be shown on each day: born that day, or the day before and still alive."""
    number = np.arange(archive, news)
    birth = (number - archive) * DAYS // (news - archive)
    two_days = rng.generator(seed, "demo lives").random(len(number)) < 0.5
    return [number[(birth == day) | ((birth == day - 1) & two_days)] for day in range(DAYS)]
