"""Recommendations of a trained model, in Python: encode a catalogue once, rank for any history (chapter 12)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from ..batch import cut_titles
from ..config import Config
from ..data.vocabulary import UNKNOWN, tokenize
from ..encoder import Parameters, encode_forward, side_weights
from ..errors import InputError, NonFiniteError
from ..inference import encode, encode_news, number_by_equality
from ..layers.mean import MeanCache
from ..parallel import blas_on_one_thread
from ..ragged import Ragged
from .checkpoint import Checkpoint, load_checkpoint
from .recommendation import FALLBACK, NEWEST, NO_WORDS, UNKNOWN_ID, Clicked, Ranking, Recommendation, Title, Word


class Item(NamedTuple):
    """A click or a candidate, looked up in the catalogue."""

    given: str  # an id or a raw title
    id: str | None  # None for a raw title
    title: str  # that of the catalogue, if it has the item
    article: int | None  # its number in the catalogue, if it is there
    left_out: str | None  # why the model cannot read it, if so


class Reader(NamedTuple):
    """A history, looked up in the catalogue."""

    clicks: list[Item]  # what the model reads: the most recent
    notes: list[str]  # what was left out, and why
    read: list[int]  # every article in it, also older ones: not recommended again


class Recommender:
    """A trained model and an encoded catalogue.

    recommender = Recommender.load("runs/demo/checkpoint.npz")
    recommender.set_catalogue(ids, titles)                      # encoded once and kept
    recommender.rank(["N12", "A storm closes the harbour"])     # a few milliseconds each

    A request is a few small products and one pass over the catalogue, which one thread does as fast as memory allows.
    Requests may come from several threads at once; ``set_catalogue`` may not run meanwhile.
    """

    def __init__(self, checkpoint: Checkpoint):
        self.params, self.config = checkpoint.params, checkpoint.config
        self.vocabulary, self.clicks = checkpoint.vocabulary, checkpoint.clicks
        self.set_catalogue([], [])

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Raises InputError when the file is missing or is not a checkpoint."""
        return cls(load_checkpoint(Path(path)))

    def encode_news(self, titles: Sequence[str], progress: bool = False) -> np.ndarray:
        """Title vectors [n, M], to the bit the same for titles of the same words; zero for a title without words."""
        words = self._words(titles)
        first, number = number_by_equality(words)
        return encode_news(self.params, words.take(first), self.config, "encoding titles" if progress else "")[number]

    def set_catalogue(self, ids: Sequence[str], titles: Sequence[str], progress: bool = False) -> None:
        """Encode what can be recommended, in place of an earlier catalogue.

        News whose titles have the same words are one article: it has the first of their ids, and their clicks. Raises
        ValueError when there are not as many titles as ids, InputError for a repeated id.
        """
        if len(ids) != len(titles):
            raise ValueError(f"{len(ids)} ids, {len(titles)} titles: one of each for each news")
        if len(set(ids)) < len(ids):
            raise InputError(f"news id {Counter(ids).most_common(1)[0][0]} appears twice")
        self.by_words: dict[str, int] = {}
        # what begins with a space stands for a title without words: that is like no other
        all_words = (" ".join(tokenize(title)) or f" {n}" for n, title in enumerate(titles))
        articles = [self.by_words.setdefault(words, len(self.by_words)) for words in all_words]
        self.number = dict(zip(ids, articles))
        first = np.unique(articles, return_index=True)[1]  # of the news of each article
        self.ids, self.titles = [ids[n] for n in first], [titles[n] for n in first]
        # Each entry of the vectors is a row: user @ [M, n] reads memory twice as fast as [n, M] @ user
        self.columns = np.ascontiguousarray(self.encode_news(self.titles, progress).T)  # [M, n]
        words = self._words(self.titles)
        self.known = np.array([(words[n] != UNKNOWN).any() for n in range(len(words))], bool)
        clicks = [self.clicks.get(news_id, 0) for news_id in ids]
        self.article_clicks = np.bincount(np.array(articles, int), clicks, len(first)).astype(int)
        self.popular = np.argsort(self.article_clicks, kind="stable")[::-1]  # of equal ones the last line first

    def rank(self, history: Sequence[str], top: int = 10) -> Ranking:
        """The ``top`` of the catalogue for a history of ids and raw titles, oldest first, without the clicked news.

        Equal scores keep the order of the catalogue; titles without a word that the model knows are left out. So are
        items of the history that are no ids of the catalogue, or have no such word: ``notes`` say so. When nothing is
        left of a history, the news most clicked in training come first, of equal ones the last line first, and
        ``fallback`` says so. Raises InputError for ``top`` below 1 and an empty catalogue, NonFiniteError when a score
        is not finite.
        """
        reader = self.read_history(history)
        if not reader.clicks:
            return self._ranking(reader, self.article_clicks, top)
        user, parts = read_user(self.params, self._rows(reader.clicks), self.config)
        with blas_on_one_thread():
            scores = user @ self.columns  # [catalogue]
        ranking = self._ranking(reader, scores, top)
        found = ranking.recommendations
        parts = self.columns[:, [self.number[one.id] for one in found]].T @ parts.T  # [top, n]
        words = self._words([one.title for one in found])
        without = encode_news(self.params, drop_each(words), self.config) @ user  # [T], the score without each word
        for one, of_title, start, end in zip(found, parts, words.offsets, words.offsets[1:]):
            clicked: dict[str, Clicked] = {}
            for click, part in zip(reader.clicks, of_title.tolist()):
                clicked.setdefault(click.title, Clicked(click.id, click.title, 0.0)).part += part
            one.clicked.extend(sorted(clicked.values(), key=lambda click: -click.part))
            effects = one.score - without[start:end]
            one.words.extend(Word(*pair) for pair in zip(tokenize(one.title), effects.tolist()))
        return ranking

    def rank_many(self, histories: Iterable[Sequence[str]], top: int = 10) -> Iterator[Ranking]:
        """``rank`` for each history as it comes, without the parts and the words, which take most of its time."""
        weights, waiting = side_weights(self.params, "user"), map(self.read_history, histories)
        while readers := list(islice(waiting, 64)):  # whose scores are in memory at a time
            rows = self._rows([click for reader in readers for click in reader.clicks])
            sets = Ragged.from_lengths(np.arange(len(rows)), np.array([len(reader.clicks) for reader in readers]))
            users = encode(rows, sets, weights, self.config.heads)
            with blas_on_one_thread():
                scores = users @ self.columns  # [readers, catalogue]
            yield from (self._ranking(reader, of_reader, top) for reader, of_reader in zip(readers, scores))

    def _ranking(self, reader: Reader, scores: np.ndarray, top: int) -> Ranking:
        """By ``scores`` [catalogue] or, without clicks, by popularity. The parts and the words are still empty."""
        if top < 1:
            raise InputError(f"top {top}: must be at least 1")
        if not self.ids:
            raise InputError("the catalogue is empty; call set_catalogue first")
        clicks, notes, read = reader
        if clicks:
            if not np.isfinite(scores).all():
                raise NonFiniteError("a score is not finite; train the model again")
            fallback, left = None, np.where(self.known, scores, -np.inf)
            left[read] = -np.inf
            top = min(top, len(left))
            enough = np.flatnonzero((left >= np.partition(left, -top)[-top]) & (left > -np.inf))
            best = enough[np.argsort(-left[enough], kind="stable")].tolist()  # equal ones as in the catalogue
        else:
            scores, fallback = self.article_clicks, FALLBACK if self.article_clicks.any() else NEWEST
            best = [n for n in self.popular[: top + len(read)] if n not in read]
        found = [Recommendation(self.ids[n], self.titles[n], scores[n].item(), [], []) for n in best[:top]]
        return Ranking([click.given for click in clicks], notes, fallback, found)

    def find(self, given: str) -> Item:
        """Look up an id or a raw title; by its words, a title finds its article."""
        raw = isinstance(given, Title) or given not in self.number and given.split() != [given]
        article = self.by_words.get(" ".join(tokenize(given))) if raw else self.number.get(given)
        if article is not None:
            title, known = self.titles[article], self.known[article]
        else:
            title, known = given, raw and (self._words([given]).values != UNKNOWN).any()
        why = UNKNOWN_ID if article is None and not raw else NO_WORDS
        return Item(given, None if raw else given, title, article, None if known else why)

    def read_history(self, history: Sequence[str]) -> Reader:
        """Sort out what the model can read. Raises TypeError for a single string, a history of letters."""
        if isinstance(history, str):
            raise TypeError("a history is a list of ids and titles, not one string")
        items = [self.find(item) for item in history]
        left_out = {why: [item.given for item in items if item.left_out == why] for why in (UNKNOWN_ID, NO_WORDS)}
        notes = [f"left out of the history, {why}: {', '.join(given)}" for why, given in left_out.items() if given]
        clicks = [item for item in items if not item.left_out]
        if clicks and self.ids and not self.known.any():
            clicks = []
            notes.append(f"every title of the catalogue is {NO_WORDS}")
        read = [item.article for item in items if item.article is not None]
        return Reader(clicks[-self.config.history_length :], notes, read)

    def _words(self, titles: Iterable[str]) -> Ragged:
        return cut_titles(self.vocabulary.encode(titles), self.config)

    def _rows(self, clicks: list[Item]) -> np.ndarray:
        """The title vector of each click [n, M]."""
        of_titles = iter(self.encode_news([click.title for click in clicks if click.article is None]))
        rows = [next(of_titles) if click.article is None else self.columns[:, click.article] for click in clicks]
        return np.array(rows, self.columns.dtype).reshape(len(clicks), len(self.columns))


def read_user(params: Parameters, clicked: np.ndarray, config: Config) -> tuple[np.ndarray, np.ndarray]:
    """The user vector [M] for title vectors [n, M], and the part of it that comes from each [n, M]: they sum to it."""
    history = Ragged.from_lists([range(len(clicked))])
    user, cache = encode_forward(clicked, history, side_weights(params, "user"), config.heads, None, 0)
    if isinstance(cache, MeanCache):
        return user[0], clicked @ cache.weight_value / len(clicked)
    # user = sum_i additive_i sum_j alpha_ij value_j, per head: the factor of value_j is sum_i additive_i alpha_ij
    alpha, value = cache.self_attention.of_set(0), cache.self_attention.projected.value  # [H, n, n], [n, M]
    factor = np.einsum("i,hij->jh", cache.additive.alpha, alpha)  # [n, H]
    return user[0], np.tile(factor, value.shape[1] // config.heads) * value  # column a * H + h is of head h


def drop_each(sets: Ragged) -> Ragged:
    """For each position its set without it. [[4, 7], [5]] -> [[7], [4], []]."""
    lists = [sets[s].tolist() for s in range(len(sets))]
    return Ragged.from_lists([one[:j] + one[j + 1 :] for one in lists for j in range(len(one))])
