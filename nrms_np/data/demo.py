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
TOPIC_WORDS = [{word for words in kinds.values() for word in words} for kinds in TOPICS.values()]
FILLERS: dict[str, list[str]] = _words["fillers"]
SECTIONS, CLOSERS, TEMPLATES = _words["sections"], _words["closers"], _words["templates"]
HALF = len(TOPICS) // 2
TRAIN_DAYS = 5  # the next day is the dev day
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
    mixed: float = 0.9,
) -> Demo:
    """Generate the corpus. The same arguments give the same corpus, byte by byte.

    ``mixed`` is the share of the headlines whose second topic is of the other half; in the others it is the same topic.
    With 0 each headline is about one topic: a small and easy corpus, which a mean of words can rank.

    An impression without a click, or with nothing but clicks, is shown anew, with other news. Given that it counts, the
    chance of each click is therefore larger than in ``dev_probabilities``, but the order, which the oracle uses, is the
    same. Raises ValueError when ``news`` is too small to fill every topic and day.
    """
    if news < 500:
        raise ValueError(f"news = {news}: the demo corpus needs at least 500")
    draw = rng.generator(seed, "demo topics")
    decides = draw.integers(len(TOPICS), size=news)
    other_half = draw.integers(HALF, size=news) + HALF * (decides < HALF)
    mentioned = np.where(draw.random(news) < mixed, other_half, decides)
    about = np.stack([decides, mentioned], axis=1)
    draws = rng.generator(seed, "demo headlines").random((news, 24)).tolist()
    titles = [_headline(topic, other, iter(own)) for (topic, other), own in zip(about.tolist(), draws)]
    of_topic = [[token in TOPIC_WORDS[n] for token in tokenize(title)] for n, title in zip(decides, titles)]
    deciding = [[True, *tokens[1:]] for tokens in of_topic]  # the section stands first
    visits = _make_visits(seed, users, train_impressions, dev_impressions, about)
    return Demo(
        News([f"N{n + 1}" for n in range(news)], np.array(list(TOPICS))[decides].tolist(), titles),
        _behaviors(visits[:train_impressions]),
        _behaviors(visits[train_impressions:]),
        np.concatenate([chance for *_, chance in visits[train_impressions:]]),
        frozenset[str]().union(*TOPIC_WORDS),
        Ragged.from_lists(deciding),
    )


def _behaviors(visits: list[tuple]) -> Behaviors:
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


def _headline(decides: int, mentioned: int, draws: Iterator[float]) -> str:
    """A headline of a section where the topic ``decides`` counts."""

    def pick(choices: list[str], skew: int = 1) -> str:
        return choices[int(next(draws) ** skew * len(choices))]

    section = pick(SECTIONS[decides // HALF])
    phrases = [decides, mentioned] if next(draws) < 0.5 else [mentioned, decides]

    def fill(slot: re.Match) -> str:
        kind = slot.group(1)
        if kind in FILLERS:
            return pick(FILLERS[kind])
        return pick(list(TOPICS.values())[phrases.pop()][kind], skew=2)  # the first words are the common ones

    pattern = pick(TEMPLATES)
    if next(draws) < 0.7 and not pattern.endswith("?"):
        pattern += pick(CLOSERS)
    text = re.sub(r"\{(\w+)\}", fill, pattern)
    text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
    return f"{section}: {text[0].upper()}{text[1:]}"


def _earlier_clicks(topics: np.ndarray, topic: np.ndarray, draw: np.random.Generator) -> list[list[int]]:
    """What each reader clicked in the archive, whose headlines have these deciding topics; ``topics`` may drift."""
    headlines = [np.flatnonzero(topic == one) for one in range(len(TOPICS))]
    sizes = np.array([len(of_topic) for of_topic in headlines])
    clicks: list[list[int]] = [[] for _ in topics]
    for own_topics, own in zip(topics, clicks):
        if draw.random() < 0.02:
            continue  # a newcomer
        count = 8 + draw.exponential(6.5)
        while len(own) < count:  # five at a sitting
            clicked = _interests(own_topics, draw)[draw.integers(2, size=5)]
            own += [int(headlines[one][n]) for one, n in zip(clicked, draw.integers(sizes[clicked]))]
    return clicks


def _interests(topics: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """The two topics that interest a reader now, the first of each half; now and then one is replaced before."""
    if draw.random() < 0.005:
        half, found = topics[draw.integers(2)], draw.integers(1, HALF)  # half is a view
        half[0], half[found] = half[found], half[0]
    return topics[:, 0]


def _make_visits(seed: int, users: int, train_impressions: int, dev_impressions: int, about: np.ndarray) -> list[tuple]:
    """All visits in time order: those of the training days, then those of the dev day.

    Each is a user, the second since the first day began, the history, and arrays: what was shown, what of it was
    clicked, and the chance of each click. ``about``: of each headline the topic that decides and the one that is merely
    mentioned. int64 [news, 2].
    """
    archive = int(0.3 * len(about))  # news from before the first day; only earlier clicks know them
    reader_draw = rng.generator(seed, "demo readers")
    halves = np.tile(np.arange(len(TOPICS)).reshape(2, HALF), (users, 1))
    topics = reader_draw.permuted(halves, axis=1).reshape(users, 2, HALF)  # what interests: the first of each half
    clicks = _earlier_clicks(topics, about[:archive, 0], reader_draw)
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
        interests = np.isin(about[pool], _interests(topics[user], reader_draw))  # bool [news that can be shown, 2]
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
        visits.append((user, second, clicks[user].copy(), shown, clicked, chance))
        clicks[user] += shown[clicked].tolist()
    return visits
