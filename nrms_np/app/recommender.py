"""Recommendations from a trained model, in Python: load once, encode a catalogue once, then rank for any history.

Tutorial: tutorials/12_real_data.md
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from ..batch import cut_titles
from ..config import Config
from ..data.vocabulary import UNKNOWN, tokenize
from ..encoder import Parameters, encode_forward, side_weights
from ..errors import InputError, NonFiniteError
from ..inference import encode, encode_news
from ..layers.mean import MeanCache
from ..parallel import blas_on_one_thread
from ..ragged import Ragged
from .checkpoint import Checkpoint, load_checkpoint
from .ranking import FALLBACK, NEWEST, NO_WORDS, UNKNOWN_ID, Clicked, Ranking, Recommendation, Title, Word

SEPARATORS = re.compile("[,;]")  # that people put between ids, where spaces belong
READERS = 64  # whose scores are in memory at a time


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
    def load(cls, path: Path | str) -> Recommender:
        """Raises InputError when the file is missing or is not a checkpoint."""
        return cls(load_checkpoint(Path(path)))

    def encode_news(self, titles: Sequence[str], progress: bool = False) -> np.ndarray:
        """Title vectors [n, M]. A title without words is the zero vector."""
        return encode_news(self.params, self._words(titles), self.config, "encoding titles" if progress else "")

    def set_catalogue(
        self, ids: Sequence[str], titles: Sequence[str], vectors: np.ndarray | None = None, progress: bool = False
    ) -> None:
        """Encode what can be recommended, in place of an earlier catalogue.

        News whose titles have the same words are one article: it has the first of their ids, and their clicks.
        ``vectors`` [n, M] is what ``encode_news(titles)`` gave earlier, where a program keeps that in a file. Raises
        ValueError when the lengths differ, InputError for a repeated id, NonFiniteError for a broken title vector.
        """
        count = len(ids) if vectors is None else len(vectors)
        if not len(ids) == len(titles) == count:
            raise ValueError(f"{len(ids)} ids, {len(titles)} titles, {count} vectors: one of each for each news")
        self.by_words: dict[str, int] = {}
        # a key that begins with a space belongs to a title without words: that is like no other
        articles = [
            self.by_words.setdefault(_key(title) or f" {n}", len(self.by_words)) for n, title in enumerate(titles)
        ]
        self.number = dict(zip(ids, articles))
        if len(self.number) < len(ids):
            raise InputError(f"news id {Counter(ids).most_common(1)[0][0]} appears twice")
        first = np.unique(articles, return_index=True)[1]  # of the news of each article
        self.ids, self.titles = [ids[n] for n in first], [titles[n] for n in first]
        vectors = self.encode_news(self.titles, progress) if vectors is None else vectors[first]
        if not np.isfinite(vectors).all():
            raise NonFiniteError("a title vector is not finite; train the model again")
        # Each entry of the vectors is a row: user @ [M, n] reads memory twice as fast as [n, M] @ user
        self.columns = np.ascontiguousarray(vectors.T)  # [M, n]
        words = self._words(self.titles)
        known = Ragged(words.values != UNKNOWN, words.offsets)
        self.known = np.array([known[n].any() for n in range(len(known))], bool)  # a word of the title, at least
        clicks = [self.clicks.get(news_id, 0) for news_id in ids]
        self.article_clicks = np.bincount(np.array(articles, int), clicks, len(first)).astype(int)
        self.popular = np.lexsort((-np.arange(len(first)), -self.article_clicks)).tolist()

    def rank(self, history: Sequence[str], top: int = 10) -> Ranking:
        """The ``top`` of the catalogue for a history of ids and raw titles, oldest first, without the clicked news.

        Equal scores keep the order of the catalogue; titles without a word that the model knows are left out. So are
        items of the history that are no ids of the catalogue, or have no such word: ``notes`` say so. When nothing is
        left of a history, the news most clicked in training come first, of equal ones the last line first, and
        ``fallback`` says so.

        What the numbers mean. The user vector is a sum over the clicked titles' values, u = sum_j w_j value_j, where
        w_j multiplies both attentions of the user encoder; so a score is exactly the sum of its parts
        w_j value_j . candidate, one for each clicked title. The effect of a word is found by really leaving it out:
        chapter 11's prediction saves a millisecond, but is not exact where attention is sharp. A part is not an
        effect: without that title all other parts would be different too (``explain`` computes both).

        Raises InputError for ``top`` below 1 and an empty catalogue, NonFiniteError when a score is not finite.
        """
        self._check(top)
        recent, notes = self.read_history(history)
        if not recent:
            return self._without_history(history, notes, top)
        user, parts = read_user(self.params, self._rows(recent), self.config)
        with blas_on_one_thread():
            scores = user @ self.columns  # [catalogue]
        best = self._best(scores, history, top)
        parts = self.columns[:, best].T @ parts.T  # [top, n]
        words = self._read_words([self.titles[n] for n in best], scores[best], user)
        found = []
        for i, n in enumerate(best):
            clicked = self._sum_by_item(recent, parts[i])
            found.append(Recommendation(self.ids[n], self.titles[n], float(scores[n]), clicked, words[i]))
        return Ranking(recent, notes, None, found)

    def rank_many(self, histories: Iterable[Sequence[str]], top: int = 10) -> Iterator[Ranking]:
        """``rank`` for each history as it comes, without the parts and the words, which take most of its time."""
        self._check(top)
        weights, waiting = side_weights(self.params, "user"), iter(histories)
        while batch := list(islice(waiting, READERS)):
            read = [self.read_history(history) for history in batch]
            rows = np.concatenate([self._rows(recent) for recent, _ in read])
            lengths = np.array([len(recent) for recent, _ in read])
            users = encode(rows, Ragged.from_lengths(np.arange(len(rows)), lengths), weights, self.config.heads)
            with blas_on_one_thread():
                scores = users @ self.columns  # [readers, catalogue]
            for history, (recent, notes), of_reader in zip(batch, read, scores):
                if recent:
                    best = self._best(of_reader, history, top)
                    found = [Recommendation(self.ids[n], self.titles[n], float(of_reader[n]), [], []) for n in best]
                    yield Ranking(recent, notes, None, found)
                else:
                    yield self._without_history(history, notes, top)

    def _check(self, top: int) -> None:
        if top < 1:
            raise InputError(f"top {top}: must be at least 1")
        if not self.ids:
            raise InputError("the catalogue is empty; call set_catalogue first")

    def find(self, item: str) -> int | None:
        """The number of the article that an item of a history is."""
        if item in self.number and not isinstance(item, Title):
            return self.number[item]
        return self.by_words.get(_key(item)) if is_title(item) else None

    def read_history(self, history: Sequence[str]) -> tuple[list[str], list[str]]:
        """The items that the model reads, and notes on what it cannot read."""
        if isinstance(history, str):
            raise TypeError("a history is a list of ids and titles, not one string")
        usable: list[str] = []
        left_out: dict[str, list[str]] = {UNKNOWN_ID: [], NO_WORDS: []}
        for item in history:
            n = self.find(item)
            if n is None and not is_title(item):
                left_out[UNKNOWN_ID].append(item)
            elif not (self.known[n] if n is not None else (self._words([item]).values != UNKNOWN).any()):
                left_out[NO_WORDS].append(item)
            else:
                usable.append(item)
        unknown = left_out[UNKNOWN_ID]
        alike = [one for item in unknown for one in (*SEPARATORS.split(item), item.upper(), item.lower())]
        notes = [f"left out of the history, {why}: {', '.join(items)}" for why, items in left_out.items() if items]
        if any(one in self.number for one in alike):
            notes.append("ids are written as in the catalogue, in capitals or not, with spaces between them")
        if usable and self.ids and not self.known.any():
            return [], [*notes, f"every title of the catalogue is {NO_WORDS}"]
        return usable[-self.config.history_length :], notes

    def _without_history(self, history: Sequence[str], notes: list[str], top: int) -> Ranking:
        read = {self.find(item) for item in history}
        best = islice((n for n in self.popular if n not in read), top)
        found = [Recommendation(self.ids[n], self.titles[n], int(self.article_clicks[n]), [], []) for n in best]
        return Ranking([], notes, FALLBACK if self.article_clicks.any() else NEWEST, found)

    def _best(self, scores: np.ndarray, history: Sequence[str], top: int) -> np.ndarray:
        """The numbers of the ``top`` largest scores, best first, equal ones in ascending order; none that was read."""
        if not np.isfinite(scores).all():
            raise NonFiniteError("a score is not finite; train the model again")
        scores = np.where(self.known, scores, -np.inf)
        scores[[n for n in map(self.find, history) if n is not None]] = -np.inf  # older clicks too
        top = min(top, len(scores))
        least = np.partition(scores, len(scores) - top)[len(scores) - top]
        enough = np.flatnonzero((scores >= least) & (scores > -np.inf))
        return enough[np.argsort(-scores[enough], kind="stable")][:top]

    def _words(self, titles: Iterable[str]) -> Ragged:
        return cut_titles(self.vocabulary.encode(titles), self.config)

    def _rows(self, recent: list[str]) -> np.ndarray:
        """The title vector of each item [n, M]."""
        numbers = [self.find(item) for item in recent]
        rows = np.ascontiguousarray(self.columns[:, [n or 0 for n in numbers]].T)
        raw = [i for i, n in enumerate(numbers) if n is None]
        if raw:
            rows[raw] = self.encode_news([recent[i] for i in raw])
        return rows

    def _sum_by_item(self, items: list[str], parts: np.ndarray) -> list[Clicked]:
        """An article that was clicked twice has the sum of its two parts. Largest first."""
        total: dict[int | str, float] = {}
        first: dict[int | str, str] = {}
        for item, part in zip(items, parts.tolist()):
            n = self.find(item)
            article = item if n is None else n
            first.setdefault(article, item)
            total[article] = total.get(article, 0) + part
        clicked = []
        for article, part in sorted(total.items(), key=lambda pair: -pair[1]):
            title = self.titles[article] if isinstance(article, int) else article
            clicked.append(Clicked(None if is_title(first[article]) else first[article], title, part))
        return clicked

    def _read_words(self, titles: list[str], scores: np.ndarray, user: np.ndarray) -> list[list[Word]]:
        """The words of each title, as far as the model reads it, and their effects on its score."""
        words = self._words(titles)
        without = encode_news(self.params, drop_each(words), self.config) @ user  # [T]
        effects = np.split(np.repeat(scores, words.lengths) - without, words.offsets[1:-1])
        return [[Word(*pair) for pair in zip(tokenize(title), of.tolist())] for title, of in zip(titles, effects)]


def is_title(item: str) -> bool:
    return isinstance(item, Title) or item.split() != [item]


def read_user(params: Parameters, clicked: np.ndarray, config: Config) -> tuple[np.ndarray, np.ndarray]:
    """The user vector [M] for title vectors [n, M], and the part of it that comes from each [n, M]: they sum to it."""
    history = Ragged.from_lists([range(len(clicked))])
    user, cache = encode_forward(clicked, history, side_weights(params, "user"), config.heads, None, 0)
    if isinstance(cache, MeanCache):
        return user[0], clicked @ cache.weight_value / len(clicked)
    # user = sum_i additive_i sum_j alpha_ij value_j, per head: the factor of value_j is sum_i additive_i alpha_ij
    alpha, value = cache.self_attention.attention.of_set(0), cache.self_attention.projected.value  # [H, n, n], [n, M]
    factor = np.einsum("i,hij->jh", cache.additive.alpha, alpha)  # [n, H]
    return user[0], (factor[:, None] * value.reshape(len(value), -1, config.heads)).reshape(value.shape)


def drop_each(sets: Ragged) -> Ragged:
    """For each position its set without it. [[4, 7], [5]] -> [[7], [4], []]."""
    lists = [sets[s].tolist() for s in range(len(sets))]
    return Ragged.from_lists([one[:j] + one[j + 1 :] for one in lists for j in range(len(one))])


def _key(title: str) -> str:
    """Equal for titles with the same words."""
    return " ".join(tokenize(title))
