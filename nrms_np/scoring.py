"""Inference: every title encoded once, equal histories of a piece once, then dot products."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numba import njit, prange

from .config import Config
from .encoder import Parameters, side_weights
from .layers.additive_attention import additive_attention_forward
from .layers.kernels import FASTMATH
from .layers.self_attention import attend, project
from .ragged import Ragged, number_by_first_use

CHUNK = 4096  # sets (and impressions) at a time: large enough for the products, small enough for memory


def encode(
    rows: np.ndarray, sets: Ragged, weights: tuple, heads: int, on_piece: Callable[[int], None] | None = None
) -> np.ndarray:
    """``encode_forward`` without dropout and cache, in pieces: out [S, M].

    Every row that the sets mention is projected once, ahead of the pieces.
    ``on_piece`` is told the number of sets of each piece when it is done (for a progress bar).
    """
    weight_query, weight_key, weight_value, weight, bias, query = weights
    out = np.empty((len(sets), weight_value.shape[1]), rows.dtype)
    mentioned, numbers = number_by_first_use(sets.values, len(rows))
    *projected, scale = project(rows[mentioned], weight_query, weight_key, weight_value, heads)
    sets = Ragged(numbers, sets.offsets)
    for start in range(0, len(sets), CHUNK):
        piece = sets.take(np.arange(start, min(start + CHUNK, len(sets))))
        attended, _ = attend(*projected, scale, piece)
        out[start : start + CHUNK], _ = additive_attention_forward(attended, piece, weight, bias, query)
        if on_piece:
            on_piece(len(piece))
    return out


def encode_news(
    params: Parameters, news_words: Ragged, config: Config, on_piece: Callable[[int], None] | None = None
) -> np.ndarray:
    """Title vectors [titles, M] for the word ids of each title (cut them at ``config.title`` first)."""
    return encode(params["embedding"], news_words, side_weights(params, "news"), config.heads, on_piece)


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


def score_pieces(
    params: Parameters,
    news_words: Ragged,
    histories: Ragged,
    candidates: Ragged,
    config: Config,
    on_piece: Callable[[int], None] | None = None,
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Score all impressions, CHUNK at a time: yields first, end, and the scores of the candidates of first..end-1.

    Of each history the most recent ``config.history`` clicks count.
    Titles are encoded ahead, only those of news that occur, and reported to ``on_piece`` (see ``encode``); beyond them
    memory does not grow with the number of impressions.
    """
    pieces = [(first, min(first + CHUNK, len(histories))) for first in range(0, len(histories), CHUNK)]
    occurs = np.zeros(len(news_words), bool)
    for first, end in pieces:
        for lists in (histories, candidates):
            occurs[lists.values[lists.offsets[first] : lists.offsets[end]]] = True
    titles = encode_news(params, news_words.take(np.flatnonzero(occurs)), config, on_piece)
    number = np.cumsum(occurs, dtype=np.int32) - np.int32(1)  # of each news that occurs, as a row of titles
    for first, end in pieces:
        clicked, shown = (lists.take(np.arange(first, end)) for lists in (histories, candidates))
        clicked = clicked.last(config.history)
        users = encode_users(params, titles, Ragged(number[clicked.values], clicked.offsets), config)
        yield first, end, score_candidates(titles, users, Ragged(number[shown.values], shown.offsets))


def score_impressions(
    params: Parameters, news_words: Ragged, histories: Ragged, candidates: Ragged, config: Config
) -> np.ndarray:
    """The score of every candidate of every impression. [all candidates]. Only news that occur are encoded."""
    scores = [scores for _, _, scores in score_pieces(params, news_words, histories, candidates, config)]
    return np.concatenate(scores) if scores else np.empty(0, params["embedding"].dtype)
