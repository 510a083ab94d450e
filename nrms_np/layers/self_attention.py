"""Multi-head self-attention inside each set of a ragged list of sets (section 2.1, equations 1 and 2; chapter 04).

Legend: T positions, and pairs (i, j) of positions of one set, of all sets together; R rows (the level below), D size of
a row, H heads, A size of a head, M = H * A. Column a * H + h belongs to head h.

The steps, whose numbers stand in the code; for each head, i and j in the same set:

1. query, key, value = rows @ their weights, once for each row
2. position i of a set holds a row and uses its query, key and value
3. logits_ij = query_i . key_j
4. alpha_ij = softmax of logits_ij over j
5. out_i = sum_j alpha_ij value_j

Form "qkv" scales the weight of the query by 1 / sqrt(A). Form "bilinear" is the paper's e_i' Q_k e_j: the query is
e_i' Q_k, and the key is the row itself, shared by all heads, so there is no weight_key.
"""

import math
from typing import NamedTuple

import numpy as np

from ..parallel import empty, in_parallel, matmul, matmul_transposed
from ..ragged import Ragged, sum_rows
from . import attention_pairs
from .softmax import softmax, softmax_backward

PIECE = 512  # positions computed together: a few dozen titles, whose weights fit into a core's own memory


class Projected(NamedTuple):
    """Step 1: what the rows were multiplied by, two or three weights, and what came out."""

    rows: np.ndarray  # [R, D]
    weights: list[np.ndarray]
    query: np.ndarray  # [R, M]; in form "bilinear" [R, D * H]
    key: np.ndarray  # [R, M]; in form "bilinear" the rows
    value: np.ndarray  # [R, M]


class SelfAttentionCache(NamedTuple):
    projected: Projected
    sets: Ragged
    alpha: np.ndarray  # [pairs, H], the attention weights
    lines: np.ndarray  # int64 [T + 1]; row lines[i] + j of alpha is of position i and the j-th position of its set

    def of_set(self, s: int) -> np.ndarray:
        """[H, n, n]; entry [h, i, j] is how much position i takes from position j."""
        start, end = self.sets.offsets[s : s + 2]
        alpha = self.alpha[self.lines[start] : self.lines[end]]
        return alpha.T.reshape(alpha.shape[1], end - start, end - start)


def project(
    rows: np.ndarray, weight_query: np.ndarray, weight_key: np.ndarray | None, weight_value: np.ndarray, heads: int
) -> Projected:
    """Step 1 by itself."""
    if weight_key is None:
        weights = [weight_query, weight_value]
    else:
        weights = [weight_query * _scale(weight_key, heads), weight_key, weight_value]
    query, *key, value = (matmul(rows, weight) for weight in weights)
    return Projected(rows, weights, query, key[0] if key else rows, value)


def project_backward(dprojected: np.ndarray, rows: np.ndarray, weights: list[np.ndarray]) -> list[np.ndarray]:
    """Its backward: drows, then the gradient of each weight. One product for all, with the weights side by side."""
    drows = matmul(dprojected, np.concatenate(weights, axis=1).T)  # [R, D]
    ends = np.cumsum([weight.shape[1] for weight in weights])
    dweights = np.split(matmul_transposed(rows, dprojected), ends[:-1], axis=1)
    return [drows, *(np.ascontiguousarray(dweight) for dweight in dweights)]


def _scale(weight: np.ndarray, heads: int) -> np.generic:
    """1 / sqrt(A), in the dtype of the weights: NumPy's own square root would make float64 of float32."""
    return weight.dtype.type(1 / math.sqrt(weight.shape[1] // heads))


def self_attention_forward(
    rows: np.ndarray,
    sets: Ragged,
    weight_query: np.ndarray,
    weight_key: np.ndarray | None,
    weight_value: np.ndarray,
    heads: int,
    projected: Projected | None = None,
) -> tuple[np.ndarray, SelfAttentionCache]:
    """out_i = sum_j alpha_ij value_j with alpha_ij = softmax_j(query_i . key_j), per head, j in the set of i.

    rows [R, D], weight_query [D, M] (in form "bilinear" [D, D * H]), weight_key [D, M] or None (form "bilinear"),
    weight_value [D, M] -> out [T, M], a row for each position of ``sets``. ``projected``: step 1, where it is done.
    Pieces of a few sets are computed on all cores: each owns its positions of ``out`` and its pairs of ``alpha``.
    """
    projected = projected or project(rows, weight_query, weight_key, weight_value, heads)  # 1.
    _, _, query, key, value = projected
    sizes = heads, value.shape[1] // heads
    products, weighted_sums = attention_pairs.products(*sizes), attention_pairs.weighted_sums(*sizes)
    lines = np.zeros(len(sets.values) + 1, np.int64)
    np.cumsum(np.repeat(sets.lengths, sets.lengths), out=lines[1:])
    alpha, out = empty((lines[-1], heads), value.dtype), empty((len(sets.values), value.shape[1]), value.dtype)

    def forward_piece(piece: slice) -> None:  # a slice of the offsets, the end of its last set included
        members, offsets = sets.values, sets.offsets[piece]  # 2.
        if weight_key is None:
            attention_pairs.bilinear_logits(query, key, members, offsets, lines, alpha)  # 3.
        else:
            products(query, members, key, members, offsets, lines, alpha)  # 3. logits
        softmax(alpha, lines[offsets[0] : offsets[-1] + 1])  # 4.
        weighted_sums(alpha, value, members, offsets, lines, out)  # 5.

    in_parallel(forward_piece, sets.pieces(PIECE))
    return out, SelfAttentionCache(projected, sets, alpha, lines)


def self_attention_backward(
    dout: np.ndarray, cache: SelfAttentionCache
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
    """Returns (drows [R, D], dweight_query, dweight_key or None, dweight_value)."""
    (rows, weights, query, key, value), sets, alpha, lines = cache
    sizes, bilinear = (alpha.shape[1], value.shape[1] // alpha.shape[1]), len(weights) == 2
    products, weighted_sums = attention_pairs.products(*sizes), attention_pairs.weighted_sums(*sizes)
    weighted_sums_transposed = attention_pairs.weighted_sums_transposed(*sizes)
    dquery_at, dkey_at, dvalue_at = (empty((len(dout), x.shape[1]), x.dtype) for x in (query, key, value))  # [T, ...]
    dlogits, own_row = empty(alpha.shape, alpha.dtype), np.arange(len(dout), dtype=sets.values.dtype)

    def backward_piece(piece: slice) -> None:
        members, offsets = sets.values, sets.offsets[piece]
        products(dout, own_row, value, members, offsets, lines, dlogits)  # 5. writes dalpha where dlogits will stand
        weighted_sums_transposed(alpha, dout, own_row, offsets, lines, dvalue_at)  # 5.
        softmax_backward(dlogits, alpha, lines[offsets[0] : offsets[-1] + 1])  # 4.
        if bilinear:  # 3.
            attention_pairs.bilinear_logits_backward(dlogits, query, key, members, offsets, lines, dquery_at, dkey_at)
        else:
            weighted_sums(dlogits, key, members, offsets, lines, dquery_at)  # 3.
            weighted_sums_transposed(dlogits, query, members, offsets, lines, dkey_at)  # 3.

    in_parallel(backward_piece, sets.pieces(PIECE))
    positions_of_row = sets.transpose(len(rows))  # 2. a row gets the sum over its positions
    if bilinear:
        dprojected = sum_rows([dquery_at, dvalue_at], positions_of_row)  # side by side: [R, D * H + M]
        drows, dweight_query, dweight_value = project_backward(dprojected, rows, weights)  # 1.
        drows += sum_rows(dkey_at, positions_of_row)  # the key is the row itself
        return drows, dweight_query, None, dweight_value
    dprojected = sum_rows([dquery_at, dkey_at, dvalue_at], positions_of_row)  # side by side: [R, 3 * M]
    drows, dweight_query, dweight_key, dweight_value = project_backward(dprojected, rows, weights)  # 1.
    return drows, dweight_query * _scale(weights[1], sizes[0]), dweight_key, dweight_value  # the scale of step 1
