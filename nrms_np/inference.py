"""Inference: every title and every distinct history encoded once, then dot products; and attention (chapter 11)."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from tqdm import tqdm

from .batch import cut_histories
from .config import Config
from .encoder import EncoderWeights, Parameters, encode_forward, side_weights
from .layers.mean import MeanCache
from .layers.self_attention import project
from .parallel import in_parallel, kernel, row_blocks
from .ragged import Ragged, number_by_first_use

CHUNK = 4096  # sets (and impressions) at a time: large enough for the products, small enough for memory


def only_mentioned(rows: np.ndarray, sets: Ragged) -> tuple[np.ndarray, Ragged]:
    """The rows that the sets mention, and the sets with the numbers that the rows now have."""
    mentioned, numbers = number_by_first_use(sets.values, len(rows))
    return rows[mentioned], Ragged(numbers, sets.offsets)


def encode(
    rows: np.ndarray, sets: Ragged, weights: EncoderWeights, heads: int, progress: str = "", each: Callable = map
) -> np.ndarray:
    """``encode_forward`` without dropout and cache, CHUNK sets at a time, under a bar named ``progress``: out [S, M].

    Every row that the sets mention is projected once, ahead of the chunks. In the bilinear form each chunk projects
    what it mentions: a query is H times as wide as a row, gigabytes for a large catalogue. ``each`` stands in for
    map() where several processes share the work.
    """
    out, chunks = np.empty((len(sets), weights.weight_value.shape[1]), rows.dtype), row_blocks(len(sets), CHUNK)
    rows, sets = only_mentioned(rows, sets)
    query, key, value = weights[:3]
    projected = None if query is None or key is None else project(rows, query, key, value, heads)

    def encode_chunk(chunk: slice) -> np.ndarray:
        part = rows, sets.take(np.arange(chunk.start, chunk.stop))
        if projected is None:
            part = only_mentioned(*part)
        return encode_forward(*part, weights, heads, None, 0, projected)[0]

    with _bar(progress, len(sets)) as bar:
        for chunk, vectors in zip(chunks, each(encode_chunk, chunks)):
            out[chunk] = vectors
            bar.update(len(vectors))
    return out


def _bar(progress: str, total: int) -> tqdm:
    return tqdm(total=total, desc=progress, delay=1, leave=False, disable=not progress)


def encode_news(
    params: Parameters, news_words: Ragged, config: Config, progress: str = "", each: Callable = map
) -> np.ndarray:
    """Title vectors [titles, M] for the word ids of each title (cut them with ``cut_titles`` first)."""
    return encode(params["embedding"], news_words, side_weights(params, "news"), config.heads, progress, each)


def read_attention(
    params: Parameters, sets: Ragged, config: Config, titles: np.ndarray | None = None
) -> tuple[list[np.ndarray], np.ndarray]:
    """Self-attention [H, n, n] of each set, and the additive attention weight of each position, flat [T].

    The sets are titles of word ids or, with title vectors ``titles`` [N, M], histories of title numbers.
    """
    side, rows = ("news", params["embedding"]) if titles is None else ("user", titles)
    _, cache = encode_forward(*only_mentioned(rows, sets), side_weights(params, side), config.heads, None, 0)
    if isinstance(cache, MeanCache):  # no attention: equal weights
        equal = [np.full((config.heads, n, n), 1 / max(n, 1)) for n in sets.lengths]
        return equal, np.repeat(cache.share, sets.lengths)
    return [cache.self_attention.of_set(s) for s in range(len(sets))], cache.additive.alpha


def score_candidates(titles: np.ndarray, users: np.ndarray, candidates: Ragged) -> np.ndarray:
    """scores_p = titles[candidate p] . users[its impression]. [all candidates]."""
    scores = np.empty(len(candidates.values), titles.dtype)
    score_block = partial(_score, titles, users, candidates.values, candidates.offsets, scores)
    in_parallel(score_block, row_blocks(len(candidates)))
    return scores


@kernel
def _score(titles, users, values, offsets, scores, block):
    for i in range(block.start, block.stop):
        for p in range(offsets[i], offsets[i + 1]):
            score = titles.dtype.type(0)
            for m in range(titles.shape[1]):
                score += titles[values[p], m] * users[i, m]
            scores[p] = score


def score_pieces(
    params: Parameters, news_words: Ragged, histories: Ragged, candidates: Ragged, config: Config, each: Callable = map
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Score all impressions, CHUNK at a time: yields first, end, and the scores of the candidates of first..end-1.

    Titles of news that occur and distinct histories are encoded ahead; beyond them memory does not grow with the number
    of impressions. Shows progress bars.
    """
    kept = cut_histories(histories, config)
    first_with_history, history_number = number_by_equality(kept)
    clicked = kept.take(first_with_history)  # [distinct histories]
    pieces = row_blocks(len(candidates), CHUNK)
    occurs = np.zeros(len(news_words), bool)
    occurs[clicked.values] = True
    for piece in pieces:
        occurs[candidates.values[candidates.offsets[piece.start] : candidates.offsets[piece.stop]]] = True
    row_of_news = np.cumsum(occurs, dtype=np.int32) - np.int32(1)  # of each news that occurs, in titles
    titles = encode_news(params, news_words.take(np.flatnonzero(occurs)), config, "encoding titles", each)
    clicked = Ragged(row_of_news[clicked.values], clicked.offsets)
    users = encode(titles, clicked, side_weights(params, "user"), config.heads, "encoding users", each)

    def score(piece: slice) -> np.ndarray:
        shown = candidates.take(np.arange(piece.start, piece.stop))
        return score_candidates(titles, users[history_number[piece]], Ragged(row_of_news[shown.values], shown.offsets))

    with _bar("scoring impressions", len(histories)) as bar:
        for piece, scores in zip(pieces, each(score, pieces)):
            yield piece.start, piece.stop, scores
            bar.update(piece.stop - piece.start)


def score_impressions(
    params: Parameters, news_words: Ragged, histories: Ragged, candidates: Ragged, config: Config, each: Callable = map
) -> np.ndarray:
    """The score of every candidate of every impression. [all candidates]. Only news that occur are encoded."""
    pieces = score_pieces(params, news_words, histories, candidates, config, each)
    return np.concatenate([np.empty(0, params["embedding"].dtype), *(scores for _, _, scores in pieces)])


def number_by_equality(lists: Ragged) -> tuple[np.ndarray, np.ndarray]:
    """Number lists by order of first appearance, equal ones alike. [[5, 6], [7], [5, 6]] -> [0, 1], [0, 1, 0].

    Returns for each number the first list that has it [n], and the number of each list [lists].
    """
    number_of: dict[bytes, int] = {}
    numbers = [number_of.setdefault(lists[i].tobytes(), len(number_of)) for i in range(len(lists))]
    _, first = np.unique(numbers, return_index=True)
    return first, np.array(numbers, np.int32)
