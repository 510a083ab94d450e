"""Inference: every title and every different history encoded once, then dot products."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numba import njit, prange
from tqdm import tqdm

from .config import Config
from .encoder import Parameters, side_weights
from .layers.additive_attention import additive_attention_forward
from .layers.kernels import FASTMATH
from .layers.mean import mean_forward
from .layers.self_attention import Projected, attend, project
from .ragged import Ragged, number_by_first_use, number_equal_lists

CHUNK = 4096  # sets (and impressions) at a time: large enough for the products, small enough for memory


def encode(
    rows: np.ndarray, sets: Ragged, weights: tuple, heads: int, on_piece: Callable[[int], None] | None = None
) -> np.ndarray:
    """``encode_forward`` without dropout and cache, in pieces: out [S, M].

    Every row that the sets mention is projected once, ahead of the pieces. Not so in the bilinear form, whose queries
    are H times as wide as a row: gigabytes for a large catalogue; there each piece projects what it mentions.
    ``on_piece`` is told the number of sets of each piece when it is done (for a progress bar).
    """
    weight_query, weight_key, weight_value, weight, bias, query = weights
    out = np.empty((len(sets), weight_value.shape[1]), rows.dtype)

    def projected_for(sets: Ragged) -> tuple[Projected, Ragged]:
        mentioned, numbers = number_by_first_use(sets.values, len(rows))
        projected = project(rows[mentioned], weight_query, weight_key, weight_value, heads)
        return projected, Ragged(numbers, sets.offsets)

    def encoded(piece: Ragged) -> np.ndarray:
        if weight_query is None:  # form "mean"
            mentioned, numbers = number_by_first_use(piece.values, len(rows))
            return mean_forward(rows[mentioned], Ragged(numbers, piece.offsets), weight_value, None, 0)[0]
        attended, _ = attend(*(projected_for(piece) if weight_key is None else (projected, piece)))
        return additive_attention_forward(attended, piece, weight, bias, query)[0]

    if weight_key is not None:
        projected, sets = projected_for(sets)
    for start in range(0, len(sets), CHUNK):
        piece = sets.take(np.arange(start, min(start + CHUNK, len(sets))))
        out[start : start + CHUNK] = encoded(piece)
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
    first, number = number_equal_lists(histories, most=np.iinfo(np.int32).max)
    return encode(titles, histories.take(first), side_weights(params, "user"), config.heads)[number]


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
    params: Parameters, news_words: Ragged, histories: Ragged, candidates: Ragged, config: Config
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Score all impressions, CHUNK at a time: yields first, end, and the scores of the candidates of first..end-1.

    Of each history the most recent ``config.history`` clicks count. The titles of news that occur and the different
    histories are encoded ahead; beyond them memory does not grow with the number of impressions. Shows progress bars.
    """
    pieces = [(first, min(first + CHUNK, len(histories))) for first in range(0, len(histories), CHUNK)]
    first_of_user, user = number_equal_lists(histories, config.history)
    clicked = histories.take(first_of_user).last(config.history)
    occurs = np.zeros(len(news_words), bool)
    occurs[clicked.values] = True
    for first, end in pieces:
        occurs[candidates.values[candidates.offsets[first] : candidates.offsets[end]]] = True
    number = np.cumsum(occurs, dtype=np.int32) - np.int32(1)  # of each news that occurs, as a row of titles
    with _bar("encoding titles", np.count_nonzero(occurs)) as bar:
        titles = encode_news(params, news_words.take(np.flatnonzero(occurs)), config, bar.update)
    with _bar("encoding users", len(clicked)) as bar:
        clicked = Ragged(number[clicked.values], clicked.offsets)
        users = encode(titles, clicked, side_weights(params, "user"), config.heads, bar.update)
    with _bar("scoring impressions", len(histories)) as bar:
        for first, end in pieces:
            shown = candidates.take(np.arange(first, end))
            shown = Ragged(number[shown.values], shown.offsets)
            yield first, end, score_candidates(titles, users[user[first:end]], shown)
            bar.update(end - first)


def _bar(what: str, total: int) -> tqdm:
    return tqdm(total=total, desc=what, delay=1, leave=False)


def score_impressions(
    params: Parameters, news_words: Ragged, histories: Ragged, candidates: Ragged, config: Config
) -> np.ndarray:
    """The score of every candidate of every impression. [all candidates]. Only news that occur are encoded."""
    scores = [scores for _, _, scores in score_pieces(params, news_words, histories, candidates, config)]
    return np.concatenate(scores) if scores else np.empty(0, params["embedding"].dtype)
