"""Recommendations from a trained model, in Python: load once, encode a catalogue once, then rank for any history.

Tutorial: tutorials/12_real_data.md
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..batch import cut_titles
from ..config import Config
from ..data.vocabulary import tokenize
from ..encoder import Parameters, encode_forward, side_weights
from ..errors import InputError, NonFiniteError
from ..inference import encode_news
from ..layers.mean import MeanCache
from ..parallel import blas_on_one_thread
from ..ragged import Ragged
from .checkpoint import Checkpoint, load_checkpoint

FALLBACK = "popularity of the training clicks"  # what ranks for a user without history
WORDS_SHOWN = 3  # in the text form; the others are in the dict


@dataclass(frozen=True)
class Clicked:
    """A distinct item of the history and the part of a score that came from it."""

    id: str | None  # None for a raw title
    title: str
    part: float


@dataclass(frozen=True)
class Word:
    """A word of a recommended title and its effect: the score minus the score without the word."""

    word: str
    effect: float


@dataclass(frozen=True)
class Recommendation:
    """A recommended title and what made its score. ``Recommender.rank`` says what the numbers mean."""

    id: str
    title: str
    score: float  # title vector . user vector; for a user without history, clicks in training
    clicked: list[Clicked]  # largest part first; they sum to the score. Empty without a history
    words: list[Word]  # in title order. Empty without a history


@dataclass(frozen=True)
class Ranking:
    """Recommendations, best first."""

    history: list[str]  # the items that were used: the most recent
    fallback: str | None  # FALLBACK when there was no history, so that nothing here is the model's choice
    recommendations: list[Recommendation]

    def to_dict(self) -> dict:
        """The form that ``--json`` prints: the fields by name."""
        return asdict(self)

    def to_text(self) -> str:
        """The form for people: the clicked title of the largest part, and the words that raise the score most."""
        lines = [f"no history: ranked by the {self.fallback}, not by the model"] if self.fallback else []
        for place, item in enumerate(self.recommendations, 1):
            score = f"{item.score:,} clicks" if self.fallback else f"{item.score:.4f}"
            lines.append(f"{place:3}. {score:>8}  {item.id}  {item.title}")
            if item.clicked:
                most = item.clicked[0]
                words = sorted(item.words, key=lambda word: -word.effect)[:WORDS_SHOWN]
                lines.append(f"{'':15}for {most.id or 'the title'}  {most.title} ({most.part:+.4f} of the score)")
                lines.append(f"{'':15}in  {', '.join(f'{word.word} {word.effect:+.2f}' for word in words)}")
        return "\n".join(lines or ["nothing is left to recommend: every title of the catalogue was clicked"])


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
        with tqdm(total=len(titles), desc="encoding titles", unit=" titles", leave=False, disable=not progress) as bar:
            return encode_news(self.params, self._words(titles), self.config, bar.update)

    def set_catalogue(
        self, ids: Sequence[str], titles: Sequence[str], vectors: np.ndarray | None = None, progress: bool = False
    ) -> None:
        """Encode what can be recommended, in place of an earlier catalogue.

        ``vectors`` [n, M] is what ``encode_news(titles)`` gave earlier, where a program keeps that in a file. Raises
        ValueError when the lengths differ, InputError for a repeated id, NonFiniteError for a broken title vector.
        """
        number = {news_id: n for n, news_id in enumerate(ids)}
        if len(number) < len(ids):
            repeated = next(news_id for n, news_id in enumerate(ids) if number[news_id] != n)
            raise InputError(f"news id {repeated} appears twice")
        if vectors is None:
            vectors = self.encode_news(titles, progress)
        if not len(ids) == len(titles) == len(vectors):
            raise ValueError(f"{len(ids)} ids, {len(titles)} titles, {len(vectors)} vectors: one of each for each news")
        if not np.isfinite(vectors).all():
            raise NonFiniteError("a title vector is not finite; train the model again")
        self.ids, self.titles, self.number = list(ids), list(titles), number
        # Each entry of the vectors is a row: user @ [M, n] reads memory twice as fast as [n, M] @ user
        self.columns = np.ascontiguousarray(vectors.T)  # [M, n]
        self.wordless = np.flatnonzero(~vectors.any(axis=1))
        self._popular: np.ndarray | None = None  # all numbers, most clicked first; sorted when first asked for

    def rank(self, history: Sequence[str], top: int = 10) -> Ranking:
        """The ``top`` of the catalogue for a history of ids and raw titles, oldest first, without the clicked news.

        Equal scores keep the order of the catalogue; titles without words are left out. Without a history the news
        most clicked in training come first, equal ones by id, and the ranking says so in ``fallback``.

        What the numbers mean. The user vector is a sum over the clicked titles' values, u = sum_j w_j value_j, where
        w_j multiplies both attentions of the user encoder; so a score is exactly the sum of its parts
        w_j value_j . candidate, one for each clicked title. The effect of a word is found by really leaving it out:
        chapter 11's prediction saves a millisecond, but is not exact where attention is sharp. A part is not an
        effect: without that title all other parts would be different too (``explain`` computes both).

        Raises InputError for ``top`` below 1, an empty catalogue, an unknown id or a title without words;
        NonFiniteError when the user vector is not finite.
        """
        if top < 1:
            raise InputError(f"top {top}: must be at least 1")
        if not self.ids:
            raise InputError("the catalogue is empty; call set_catalogue first")
        recent = self._recent(history)
        if not recent:
            return Ranking([], FALLBACK, self._most_clicked(top))
        user, parts = self._read_user(recent)
        with blas_on_one_thread():
            scores = user @ self.columns  # [catalogue]
        if not np.isfinite(scores).all():
            raise NonFiniteError("a score is not finite; train the model again")
        scores[self.wordless] = -np.inf
        scores[[self.number[item] for item in history if item in self.number]] = -np.inf  # older clicks too
        best = _best(scores, top)
        parts = self.columns[:, best].T @ parts.T  # [top, n]
        words = self._read_words([self.titles[n] for n in best], scores[best], user)
        found = []
        for i, n in enumerate(best):
            clicked = self._sum_by_item(recent, parts[i])
            found.append(Recommendation(self.ids[n], self.titles[n], float(scores[n]), clicked, words[i]))
        return Ranking(recent, None, found)

    def _recent(self, history: Sequence[str]) -> list[str]:
        if isinstance(history, str):
            raise TypeError("a history is a list of ids and titles, not one string")
        return list(history)[-self.config.history_length :]

    def _words(self, titles: Iterable[str]) -> Ragged:
        return cut_titles(self.vocabulary.encode(titles), self.config)

    def _read_user(self, recent: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """The user vector [M] and the part of it that comes from each clicked title [n, M]: their sum is the vector."""
        rows = np.empty((len(recent), len(self.columns)), self.columns.dtype)
        raw = []
        for i, item in enumerate(recent):
            if item in self.number:
                rows[i] = self.columns[:, self.number[item]]
            elif item.split() == [item]:
                raise InputError(f"history: news id {item!r} is not in the catalogue (titles go in quotes)")
            elif not tokenize(item):
                raise InputError(f"history: the title {item!r} has no words")
            else:
                raw.append(i)
        if raw:
            rows[raw] = self.encode_news([recent[i] for i in raw])
        return read_user(self.params, rows, self.config)

    def _sum_by_item(self, items: list[str], parts: np.ndarray) -> list[Clicked]:
        """An item that was clicked twice has the sum of its two parts. Largest first."""
        total: dict[str, float] = {}
        for item, part in zip(items, parts.tolist()):
            total[item] = total.get(item, 0) + part
        clicked = []
        for item, part in sorted(total.items(), key=lambda pair: -pair[1]):
            n = self.number.get(item)
            clicked.append(Clicked(None, item, part) if n is None else Clicked(item, self.titles[n], part))
        return clicked

    def _read_words(self, titles: list[str], scores: np.ndarray, user: np.ndarray) -> list[list[Word]]:
        """The words of each title, as far as the model reads it, and their effects on its score."""
        words = self._words(titles)
        without = encode_news(self.params, drop_each(words), self.config) @ user  # [T]
        effects = np.split(np.repeat(scores, words.lengths) - without, words.offsets[1:-1])
        return [[Word(*pair) for pair in zip(tokenize(title), of.tolist())] for title, of in zip(titles, effects)]

    def _most_clicked(self, top: int) -> list[Recommendation]:
        if self._popular is None:
            clicks = np.array([self.clicks.get(news_id, 0) for news_id in self.ids])
            self._popular = np.lexsort((np.array(self.ids), -clicks))
        best = [(self.ids[n], self.titles[n]) for n in self._popular[:top]]
        return [Recommendation(news_id, title, self.clicks.get(news_id, 0), [], []) for news_id, title in best]


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


def _best(scores: np.ndarray, top: int) -> np.ndarray:
    """The numbers of the ``top`` largest scores, best first, equal ones in ascending order; -inf is left out."""
    top = min(top, len(scores))
    least = np.partition(scores, len(scores) - top)[len(scores) - top]
    enough = np.flatnonzero((scores >= least) & (scores > -np.inf))
    return enough[np.argsort(-scores[enough], kind="stable")][:top]
