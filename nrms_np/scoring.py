"""Inference: every title encoded once, every different history encoded once, then dot products."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from .config import Config
from .encoder import Parameters, side_weights
from .layers.additive_attention import additive_attention_forward
from .layers.kernels import FASTMATH
from .layers.self_attention import attend, project
from .ragged import Ragged, number_by_first_use

CHUNK = 4096  # sets encoded at a time: large enough for the products, small enough for memory


def encode(rows: np.ndarray, sets: Ragged, weights: tuple, heads: int) -> np.ndarray:
    """``encode_forward`` without dropout and cache, in pieces: out [S, M]. Rows are projected once for all pieces."""
    weight_query, weight_key, weight_value, weight, bias, query = weights
    *projected, scale = project(rows, weight_query, weight_key, weight_value, heads)
    out = np.empty((len(sets), weight_value.shape[1]), rows.dtype)
    for start in range(0, len(sets), CHUNK):
        piece = sets.take(np.arange(start, min(start + CHUNK, len(sets))))
        attended, _ = attend(*projected, scale, piece)
        out[start : start + CHUNK], _ = additive_attention_forward(attended, piece, weight, bias, query)
    return out


def encode_news(params: Parameters, news_words: Ragged, config: Config) -> np.ndarray:
    """Title vectors [titles, M] for the word ids of each title (cut them at ``config.title`` first)."""
    words, numbers = number_by_first_use(news_words.values, len(params["embedding"]))
    rows = params["embedding"][words]
    return encode(rows, Ragged(numbers, news_words.offsets), side_weights(params, "news"), config.heads)


def encode_users(params: Parameters, titles: np.ndarray, histories: Ragged, config: Config) -> np.ndarray:
    """User vectors [users, M] for histories of title numbers; equal histories are encoded once."""
    different: dict[bytes, int] = {}
    number = np.empty(len(histories), np.int64)
    for i in range(len(histories)):
        number[i] = different.setdefault(histories[i].tobytes(), len(different))
    first = np.empty(len(different), np.int64)
    first[number[::-1]] = np.arange(len(histories))[::-1]  # the first user of each different history
    users = encode(titles, histories.take(first), side_weights(params, "user"), config.heads)
    return users[number]


def score_candidates(titles: np.ndarray, users: np.ndarray, candidates: Ragged) -> np.ndarray:
    """scores_p = titles[candidate p] . users[its impression]. [all candidates]."""
    scores = np.empty(len(candidates.values), titles.dtype)
    _score(titles, users, candidates.values, candidates.offsets, scores)
    return scores


@njit(parallel=True, fastmath=FASTMATH, cache=True)
def _score(titles, users, values, offsets, scores):
    for i in prange(len(offsets) - 1):
        for p in range(offsets[i], offsets[i + 1]):
            score = titles.dtype.type(0)
            for m in range(titles.shape[1]):
                score += titles[values[p], m] * users[i, m]
            scores[p] = score


def score_impressions(
    params: Parameters, news_words: Ragged, histories: Ragged, candidates: Ragged, config: Config
) -> np.ndarray:
    """The score of every candidate of every impression. [all candidates]. Only news that occur are encoded."""
    mentioned = np.concatenate([histories.values, candidates.values])
    news, numbers = number_by_first_use(mentioned, len(news_words))
    titles = encode_news(params, news_words.take(news), config)
    clicks = len(histories.values)
    users = encode_users(params, titles, Ragged(numbers[:clicks], histories.offsets), config)
    return score_candidates(titles, users, Ragged(numbers[clicks:], candidates.offsets))
