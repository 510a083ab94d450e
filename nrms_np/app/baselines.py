"""Rankings that need no training. A model that does not beat them was not worth its electricity (chapter 10)."""

import numpy as np

from ..batch import cut_histories
from ..data.mind import Behaviors, News
from ..inference import CHUNK, score_candidates
from ..metrics import evaluate_scores
from ..parallel import row_blocks
from ..ragged import Ragged, sum_rows
from .run_data import Prepared

COMMON = 2000  # words that get a vector from co-occurrence; their table has COMMON ** 2 entries


def evaluate_all(prepared: Prepared) -> dict[str, dict[str, float]]:
    """The dev metrics of each ranking by its name; of the demo also those of the true probabilities."""
    dev, shown, train_news = prepared.dev, prepared.dev.candidates.values, prepared.train_news
    ranked = dev.news_words, cut_histories(dev.histories, prepared.config), dev.candidates
    scores = {
        "random": np.zeros(len(shown), np.float32),  # ranks come from the hash that breaks ties
        "popularity": popularity_scores(prepared.train_behaviors, train_news, prepared.dev_news, shown),
        "mean_vector": mean_vector_scores(prepared.table, *ranked),
    }
    if not prepared.settings.embeddings:
        vectors = cooccurrence_vectors(prepared.train.news_words, len(prepared.table))
        scores["ppmi_vector"] = mean_vector_scores(vectors, *ranked)
    if prepared.demo:
        scores["oracle"] = prepared.demo.dev_probabilities
    return {name: evaluate_scores(values, dev.candidates, dev.labels) for name, values in scores.items()}


def clicks_by_id(train: Behaviors, news: News) -> dict[str, int]:
    """How often each of the news was clicked in the impressions (not in the histories); what never was is not there."""
    clicks = np.bincount(train.candidates.values[train.known_labels() == 1], minlength=len(news))
    return {news.ids[n]: count for n, count in enumerate(clicks.tolist()) if count}


def popularity_scores(train: Behaviors, train_news: News, dev_news: News, candidates: np.ndarray) -> np.ndarray:
    """How often each of the candidates, numbers of dev news, was clicked in training. float32 [candidates]."""
    clicks = clicks_by_id(train, train_news)
    return np.array([clicks.get(news_id, 0) for news_id in dev_news.ids], np.float32)[candidates]


def mean_vector_scores(table: np.ndarray, news_words: Ragged, histories: Ragged, candidates: Ragged) -> np.ndarray:
    """Cosine between a title's mean word vector and the mean of those of the clicked titles.

    Title vectors are centred on their mean over the catalogue first: word vectors share a large common part that says
    nothing about a title (on MIND with GloVe 50d the AUC is .576 without centring and .628 with it).
    """
    titles = _mean_rows(table, news_words)
    titles = _unit(titles - titles.mean(axis=0))
    scores = []
    for chunk in row_blocks(len(histories), CHUNK):  # all user vectors at once could be a gigabyte
        which = np.arange(chunk.start, chunk.stop)
        users = _unit(_mean_rows(titles, histories.take(which)))
        scores.append(score_candidates(titles, users, candidates.take(which)))
    return np.concatenate(scores)


def cooccurrence_vectors(titles: Ragged, vocabulary_size: int, size: int = 32) -> np.ndarray:
    """Word vectors from titles alone: words that keep the same company get similar ones. float32 [vocabulary, size].

    Positive pointwise mutual information: how much more often than by chance two words stand in one title (logarithm
    of the ratio, where positive); of that table the ``size`` strongest directions. Words beyond the COMMON most
    frequent get the zero vector: time and memory have a bound, whatever the data.
    """
    common = np.argsort(-np.bincount(titles.values, minlength=vocabulary_size), kind="stable")[:COMMON]
    number = np.full(vocabulary_size, -1)
    number[common] = np.arange(len(common))
    words, title = number[titles.values], np.repeat(np.arange(len(titles)), titles.lengths)
    words, title = words[words >= 0], title[words >= 0]
    pairs = np.zeros(len(common) ** 2)
    for distance in range(1, titles.lengths.max(initial=1)):
        same = title[:-distance] == title[distance:]
        pairs += np.bincount(words[:-distance][same] * len(common) + words[distance:][same], minlength=len(pairs))
    together = pairs.reshape(len(common), len(common)) + pairs.reshape(len(common), len(common)).T
    np.fill_diagonal(together, 0)
    total = together.sum(axis=1)
    by_chance = np.outer(total, total) / max(total.sum(), 1)
    ratio = np.divide(together, by_chance, out=np.ones_like(together), where=together > 0)
    values, directions = np.linalg.eigh(np.log(np.maximum(ratio, 1)))
    strongest = np.argsort(-np.abs(values))[:size]
    table = np.zeros((vocabulary_size, len(strongest)), np.float32)
    table[common] = directions[:, strongest] * np.sqrt(np.abs(values[strongest]))
    return table


def _mean_rows(rows: np.ndarray, sets: Ragged) -> np.ndarray:
    """The mean of the rows of each set; zero for an empty one."""
    return sum_rows(rows, sets) / np.maximum(sets.lengths, 1)[:, None].astype(rows.dtype)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(rows.dtype).tiny)
