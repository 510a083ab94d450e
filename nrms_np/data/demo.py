"""The demo corpus: made-up news and readers, generated from a seed, so that everything runs with no download.

A headline stands in a section of the site and mentions two topics, as a rule one of each half of TOPICS. Only the topic
of the section's half decides: "Household: No more meteors near the gearbox" is about motoring, the same words under
"Weekend:" are about space. A reader has one interest in each half, so neither the section nor the topics say by
themselves whether the headline interests: a mean of words cannot know, a word that attends to the others can.

Because this truth is known, a model can be compared with the oracle, ranking by true probability, and its attention
with the words that decide.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from .. import rng
from ..ragged import Ragged
from .mind import Behaviors, News, mind_time, write_folder
from .vocabulary import tokenize

_words = tomllib.loads(Path(__file__).with_name("demo_words.toml").read_text(encoding="utf-8"))
TOPICS: dict[str, dict[str, list[str]]] = _words["topics"]  # of each topic its words by kind
FILLERS: dict[str, list[str]] = _words["fillers"]
SECTIONS, CLOSERS, TEMPLATES = _words["sections"], _words["closers"], _words["templates"]
HALF = len(TOPICS) // 2
TRAIN_DAYS = 5  # the next day is the dev day
FIRST_DAY = datetime(2030, 3, 4)
LEAST_NEWS = 500

# A user, the second since the first day began, the history, and arrays: what was shown, what of it was clicked, and the
# chance of each click.
Visit = tuple[int, int, list[int], np.ndarray, np.ndarray, np.ndarray]


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
    mixed: float = 0.9,
) -> Demo:
    """Generate the corpus. The same arguments give the same corpus, byte by byte.

    ``mixed`` is the share of the headlines whose second topic is of the other half; in the others it is the same topic.
    With 0 each headline is about one topic: a small and easy corpus, which a mean of words can rank.

    An impression without a click, or with nothing but clicks, is shown anew, with other news. Given that it counts, the
    chance of each click is therefore larger than in ``dev_probabilities``, but the order, which the oracle uses, is the
    same. Raises ValueError when ``news`` is too small to fill every topic and day.
    """
    if news < LEAST_NEWS:
        raise ValueError(f"news = {news}: the demo corpus needs at least {LEAST_NEWS}")
    draw = rng.generator(seed, "demo topics")
    decides = draw.integers(len(TOPICS), size=news)
    other_half = draw.integers(HALF, size=news) + HALF * (decides < HALF)
    mentioned = np.where(draw.random(news) < mixed, other_half, decides)
    about = np.stack([decides, mentioned], axis=1)
    draws = rng.generator(seed, "demo headlines").random((news, 24)).tolist()
    headlines = [_headline(topic, other, iter(draw)) for (topic, other), draw in zip(about.tolist(), draws)]
    titles, deciding = zip(*headlines)
    visits = _make_visits(seed, users, train_impressions, dev_impressions, about)
    return Demo(
        News([f"N{n + 1}" for n in range(news)], np.array(list(TOPICS))[decides].tolist(), list(titles)),
        _behaviors(visits[:train_impressions]),
        _behaviors(visits[train_impressions:]),
        np.concatenate([chance for *_, chance in visits[train_impressions:]]),
        frozenset(word for topic in TOPICS.values() for words in topic.values() for word in words),
        Ragged.from_lists(deciding),
    )


def _behaviors(visits: list[Visit]) -> Behaviors:
    users, seconds, histories, shown, clicked, _ = zip(*visits)
    return Behaviors.from_lists(
        [str(number) for number in range(1, len(visits) + 1)],
        [f"U{user + 1}" for user in users],
        [mind_time(FIRST_DAY + timedelta(seconds=second)) for second in seconds],
        Ragged.from_lists(histories),
        Ragged.from_lists(shown),
        np.concatenate(clicked).astype(np.int8),
    )


def write_demo(folder: Path, demo: Demo) -> None:
    """Write the corpus as MIND's two folders, ``train`` and ``dev``."""
    write_folder(Path(folder) / "train", demo.news, demo.train)
    write_folder(Path(folder) / "dev", demo.news, demo.dev)


def _headline(decides: int, mentioned: int, draws: Iterator[float]) -> tuple[str, list[bool]]:
    """A headline of a section where the topic ``decides`` counts, and for each of its tokens whether it decides."""

    def pick(choices: list[str], skew: int = 1) -> str:
        return choices[int(next(draws) ** skew * len(choices))]

    section = pick(SECTIONS[decides // HALF])
    deciding = {section.lower()}
    phrases = [decides, mentioned] if next(draws) < 0.5 else [mentioned, decides]

    def fill(slot: re.Match) -> str:
        kind = slot.group(1)
        if kind in FILLERS:
            return pick(FILLERS[kind])
        topic = phrases.pop()
        word = pick(list(TOPICS.values())[topic][kind], skew=2)  # the first words are the common ones
        if topic == decides:
            deciding.add(word)
        return word

    pattern = pick(TEMPLATES)
    if next(draws) < 0.7 and not pattern.endswith("?"):
        pattern += pick(CLOSERS)
    text = re.sub(r"\{(\w+)\}", fill, pattern)
    text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
    title = f"{section}: {text[0].upper()}{text[1:]}"
    return title, [token in deciding for token in tokenize(title)]


class _Readers:
    """What interests each reader, which drifts, and what each has clicked so far.

    ``topic`` is the one that decides, of each headline of the archive, where the earlier clicks are.
    """

    def __init__(self, seed: int, users: int, topic: np.ndarray):
        self.draw = draw = rng.generator(seed, "demo readers")
        halves = np.tile(np.arange(len(TOPICS)).reshape(2, HALF), (users, 1))
        self.topics = draw.permuted(halves, axis=1).reshape(users, 2, HALF)  # of interest: the first of each half
        self.clicks: list[list[int]] = [[] for _ in range(users)]
        headlines = [np.flatnonzero(topic == one) for one in range(len(TOPICS))]
        sizes = np.array([len(of_topic) for of_topic in headlines])
        for user, clicks in enumerate(self.clicks):
            if draw.random() < 0.02:
                continue  # a newcomer
            count = 8 + draw.exponential(6.5)
            while len(clicks) < count:  # five at a sitting
                clicked = self.interests(user)[draw.integers(2, size=5)]
                clicks += [int(headlines[one][n]) for one, n in zip(clicked, draw.integers(sizes[clicked]))]

    def interests(self, user: int) -> np.ndarray:
        """The two topics of interest at this sitting; now and then one of them has just been replaced in its half."""
        if self.draw.random() < 0.005:
            half, found = self.topics[user, self.draw.integers(2)], self.draw.integers(1, HALF)  # half is a view
            half[0], half[found] = half[found], half[0]
        return self.topics[user, :, 0]


def _make_visits(seed: int, users: int, train_impressions: int, dev_impressions: int, about: np.ndarray) -> list[Visit]:
    """All visits in time order: those of the training days, then those of the dev day.

    ``about``: of each headline the topic that decides and the one that is merely mentioned. int64 [news, 2].
    """
    archive = int(0.3 * len(about))  # news from before the first day; only earlier clicks know them
    readers = _Readers(seed, users, about[:archive, 0])
    number = np.arange(archive, len(about))
    birth = (number - archive) * (TRAIN_DAYS + 1) // len(number)
    two_days = rng.generator(seed, "demo lives").random(len(number)) < 0.5  # else they live one day
    draw = rng.generator(seed, "demo impressions")
    train_end = TRAIN_DAYS * 86400
    seconds = np.sort(draw.integers(0, train_end, size=train_impressions)).tolist()
    seconds += np.sort(draw.integers(train_end, train_end + 86400, size=dev_impressions)).tolist()
    fresh = [number[(birth == day) | ((birth == day - 1) & two_days)] for day in range(TRAIN_DAYS + 1)]
    visits = []
    for second, user in zip(seconds, draw.integers(users, size=len(seconds)).tolist()):
        pool = fresh[second // 86400]
        interests = np.isin(about[pool], readers.interests(user))  # bool [news that can be shown, 2]
        match, mentions = interests[:, 0], interests.any(axis=1)
        clicked = np.zeros(0, bool)
        while clicked.all() or not clicked.any():
            size = int(draw.integers(8, 31))
            # The first to arrive are shown. A site guesses by words: what mentions an interest comes twice as readily.
            arrival = draw.exponential(size=len(pool)) / (1 + mentions)
            places = np.sort(np.argpartition(arrival, size)[:size])
            chance = 1 / (1 + np.exp(-(-6.0 + 4.3 * match[places])))  # logistic in the match
            clicked = draw.random(size) < chance
        shown = pool[places]
        visits.append((user, second, list(readers.clicks[user]), shown, clicked, chance))
        readers.clicks[user] += shown[clicked].tolist()
    return visits
