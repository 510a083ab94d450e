"""Rankings that need no training. A model that does not beat them was not worth its electricity.

Tutorial: tutorials/10_clicks_to_metrics.md
"""

from __future__ import annotations

import numpy as np

from .data.mind import Behaviors
from .layers.kernels import sum_rows
from .ragged import Ragged
from .scoring import CHUNK, score_candidates


def random_scores(dev: Behaviors) -> np.ndarray:
    """All scores equal: ranks come from the hash that breaks ties."""
    return np.zeros(len(dev.candidates.values), np.float32)


def count_clicks(train: Behaviors, news: int) -> np.ndarray:
    """How often each of the ``news`` was clicked in the impressions (not in the histories). int64 [news]."""
    return np.bincount(train.candidates.values[train.labels == 1], minlength=news)


def popularity_scores(train: Behaviors, news: int, dev_candidates: np.ndarray) -> np.ndarray:
    """How often each candidate (as a number in the training news, -1 = not there) was clicked in training."""
    clicks = count_clicks(train, news).astype(np.float32)
    return np.where(dev_candidates < 0, 0, clicks[dev_candidates])


def mean_vector_scores(table: np.ndarray, news_words: Ragged, histories: Ragged, candidates: Ragged) -> np.ndarray:
    """Cosine between a title's mean word vector and the mean of those of the clicked titles.

    Title vectors are centred on their mean over the catalogue first: word vectors share a large common part that says
    nothing about a title (on MIND with GloVe 50d the AUC is .576 without centring and .628 with it).
    """
    titles = _mean_rows(table, news_words)
    titles = _unit(titles - titles.mean(axis=0))
    scores = []
    for first in range(0, len(histories), CHUNK):  # all user vectors at once could be a gigabyte
        which = np.arange(first, min(first + CHUNK, len(histories)))
        users = _unit(_mean_rows(titles, histories.take(which)))
        scores.append(score_candidates(titles, users, candidates.take(which)))
    return np.concatenate(scores)


def _mean_rows(rows: np.ndarray, sets: Ragged) -> np.ndarray:
    """The mean of the rows of each set; zero for an empty one."""
    return sum_rows(rows, sets) / np.maximum(sets.lengths, 1)[:, None].astype(rows.dtype)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(rows.dtype).tiny)
