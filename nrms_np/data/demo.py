"""The demo corpus: made-up news and readers, generated from a seed, so that everything runs with no download.

Each headline is about one topic or two. Each reader has two interests, and now and then one gives way to another.
What is shown is clicked with a probability that depends only on how many of the headline's topics interest the reader
at that moment. Because this truth is known, a model can be compared with the oracle: ranking by true probability.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from .. import rng
from ..ragged import Ragged
from .demo_words import CLOSERS, FILLERS, OPENERS, TEMPLATES, TOPICS
from .mind import Behaviors, News, write_folder

MIXED = 0.1  # share of the headlines whose second phrase is about another topic
SKEW = 2.0  # topical words are drawn at place u ** SKEW of their list, u uniform: the first ones are the common ones

INTERESTS = 2
DRIFT = 0.005  # chance at each sitting (an impression, or SITTING earlier clicks) that one interest is replaced
SITTING = 5
# Click probability: logistic in the match, the share of a headline's topics that interest the reader (0, 1/2 or 1).
LOGIT_OF_NO_INTEREST = -6.0
LOGIT_GAIN = 4.3
FAVOUR = 3.6  # a site guesses well: news of full match are shown 1 + FAVOUR times as readily as news of none
CANDIDATES = (8, 30)  # fewest and most news in an impression

EARLIER_CLICKS = (8, 6.5)  # clicks of a user before the first day: fewest, and mean of the exponential on top
NEWCOMERS = 0.02  # share of the users who have none
TRAIN_DAYS = 5  # the next day is the dev day
DAYS = TRAIN_DAYS + 1
ARCHIVE = 0.5  # share of the news from before the first day; only earlier clicks know them
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


def make_demo(
    seed: int = 0, users: int = 5000, news: int = 6000, train_impressions: int = 6400, dev_impressions: int = 1600
) -> Demo:
    """Generate the corpus. The same arguments give the same corpus, byte by byte.

    An impression without a click, or with nothing but clicks, is shown anew, with other news. Given that it counts, the
    chance of each click is therefore larger than in ``dev_probabilities``, but the order, which the oracle uses, is the
    same. Raises ValueError when ``news`` is too small to fill every topic and day.
    """
    if news < LEAST_NEWS:
        raise ValueError(f"news = {news}: the demo corpus needs at least {LEAST_NEWS}")
    about = _draw_topics(seed, news)
    names = list(TOPICS)
    catalogue = News.from_lists(
        [f"N{n + 1}" for n in range(news)], [names[first] for first, _ in about], _write_headlines(seed, about)
    )
    impressions = _make_impressions(seed, users, train_impressions, dev_impressions, about)
    train, dev = impressions[:train_impressions], impressions[train_impressions:]
    return Demo(
        catalogue,
        _behaviors(train),
        _behaviors(dev),
        np.concatenate([one.chance for one in dev]),
        frozenset(word for topic in TOPICS.values() for words in topic.values() for word in words),
    )


def _behaviors(impressions: list[_Impression]) -> Behaviors:
    return Behaviors.from_lists(
        [str(i + 1) for i in range(len(impressions))],
        [f"U{one.user + 1}" for one in impressions],
        [_mind_time(one.second) for one in impressions],
        Ragged.from_lists([one.history for one in impressions]),
        Ragged.from_lists([one.shown for one in impressions]),
        np.concatenate([one.clicked for one in impressions]).astype(np.int8),
    )


def write_demo(folder: Path, demo: Demo) -> None:
    """Write the corpus as MIND's two folders, ``train`` and ``dev``."""
    write_folder(Path(folder) / "train", demo.news, demo.train)
    write_folder(Path(folder) / "dev", demo.news, demo.dev)


def _draw_topics(seed: int, news: int) -> np.ndarray:
    """The topic of the first and of the second phrase of each headline. int64 [news, 2]."""
    draw = rng.generator(seed, "demo topics")
    about = np.repeat(draw.integers(len(TOPICS), size=(news, 1)), 2, axis=1)
    shift = draw.integers(1, len(TOPICS), size=news)  # never 0: the other topic is another one
    about[:, 1] = (about[:, 1] + shift * (draw.random(news) < MIXED)) % len(TOPICS)
    return about


def _write_headlines(seed: int, about: np.ndarray) -> list[str]:
    topics = list(TOPICS.values())
    draws = rng.generator(seed, "demo headlines").random((len(about), 24)).tolist()
    return [_headline([topics[t] for t in pair], iter(draw)) for pair, draw in zip(about.tolist(), draws)]


def _headline(topics: list[dict[str, list[str]]], draws: Iterator[float]) -> str:
    """A headline whose first phrase is about ``topics[0]`` and whose second is about ``topics[1]``."""

    def pick(choices: list[str], skew: float = 1.0) -> str:
        return choices[int(next(draws) ** skew * len(choices))]

    phrases = iter(topics)

    def fill(slot: re.Match) -> str:
        kind = slot.group(1)
        if kind in FILLERS:
            return pick(FILLERS[kind])
        topic = next(phrases)
        noun = pick(topic[kind], SKEW)
        return f"{pick(topic['adjective'], SKEW)} {noun}" if kind in ("thing", "many") else noun

    pattern = pick(TEMPLATES)
    if next(draws) < 0.2 and not pattern.endswith("?"):
        pattern += pick(CLOSERS)
    if next(draws) < 0.1:
        pattern = pick(OPENERS) + pattern
    text = re.sub(r"\{(\w+)\}", fill, pattern)
    text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
    return text[0].upper() + text[1:]


@dataclass(frozen=True, eq=False)
class _Impression:
    """What happened at one visit to the site."""

    user: int
    second: int  # since the first day began
    history: list[int]
    shown: np.ndarray
    clicked: np.ndarray
    chance: np.ndarray


class _Reader:
    """A reader's interests, which drift, and clicks so far."""

    def __init__(self, draw: np.random.Generator):
        self.draw = draw
        self.topics = draw.permutation(len(TOPICS))  # the first INTERESTS of these are of interest
        self.clicks: list[int] = []

    def interests(self) -> np.ndarray:
        """The topics of interest at this moment; now and then one of them has just been replaced."""
        if self.draw.random() < DRIFT:
            lost, found = self.draw.integers(INTERESTS), self.draw.integers(INTERESTS, len(TOPICS))
            self.topics[[lost, found]] = self.topics[[found, lost]]
        return self.topics[:INTERESTS]


def _make_readers(seed: int, users: int, topic: np.ndarray) -> list[_Reader]:
    """All readers with their earlier clicks. ``topic`` is that of each archive headline's first phrase."""
    draw = rng.generator(seed, "demo readers")
    by_topic = topic.argsort(kind="stable")
    starts, sizes = np.searchsorted(topic[by_topic], np.arange(len(TOPICS))), np.bincount(topic, minlength=len(TOPICS))
    readers = [_Reader(draw) for _ in range(users)]
    for reader in readers:
        if draw.random() < NEWCOMERS:
            continue
        count = EARLIER_CLICKS[0] + draw.exponential(EARLIER_CLICKS[1])
        while len(reader.clicks) < count:
            clicked = reader.interests()[draw.integers(INTERESTS, size=SITTING)]
            reader.clicks += by_topic[starts[clicked] + draw.integers(sizes[clicked])].tolist()
    return readers


def _make_impressions(
    seed: int, users: int, train_impressions: int, dev_impressions: int, about: np.ndarray
) -> list[_Impression]:
    """All impressions in time order: those of the training days, then those of the dev day."""
    archive = int(ARCHIVE * len(about))
    readers = _make_readers(seed, users, about[:archive, 0])
    fresh = _news_of_each_day(seed, archive, len(about))
    draw = rng.generator(seed, "demo impressions")
    train_end = TRAIN_DAYS * 86400
    seconds = np.sort(draw.integers(0, train_end, size=train_impressions)).tolist()
    seconds += np.sort(draw.integers(train_end, DAYS * 86400, size=dev_impressions)).tolist()
    impressions = []
    for second, user in zip(seconds, draw.integers(users, size=len(seconds)).tolist()):
        reader, pool = readers[user], fresh[second // 86400]
        interested = np.zeros(len(TOPICS))
        interested[reader.interests()] = 0.5  # for each of the two phrases
        match = interested[about[pool, 0]] + interested[about[pool, 1]]
        while True:
            size = int(draw.integers(CANDIDATES[0], CANDIDATES[1] + 1))
            arrival = draw.exponential(size=len(pool)) / (1 + FAVOUR * match)  # the first to arrive are shown
            places = np.sort(np.argpartition(arrival, size)[:size])
            chance = 1 / (1 + np.exp(-(LOGIT_OF_NO_INTEREST + LOGIT_GAIN * match[places])))
            clicked = draw.random(size) < chance
            if clicked.any() and not clicked.all():
                break
        shown = pool[places]
        impressions.append(_Impression(user, second, list(reader.clicks), shown, clicked, chance))
        reader.clicks += shown[clicked].tolist()
    return impressions


def _news_of_each_day(seed: int, archive: int, news: int) -> list[np.ndarray]:
    """The news that can be shown on each day: born that day, or the day before and still alive."""
    number = np.arange(archive, news)
    birth = (number - archive) * DAYS // (news - archive)
    two_days = rng.generator(seed, "demo lives").random(len(number)) < 0.5
    return [number[(birth == day) | ((birth == day - 1) & two_days)] for day in range(DAYS)]


def _mind_time(second: int) -> str:
    time = FIRST_DAY + timedelta(seconds=second)  # strftime would write 03/04/2030 where MIND writes 3/4/2030
    return f"{time.month}/{time.day}/{time.year} {time.hour % 12 or 12}:{time:%M:%S} {'AM' if time.hour < 12 else 'PM'}"
