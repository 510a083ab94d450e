"""Multi-head self-attention inside each set of a ragged list of sets (section 2.1, equations 1 and 2).

Legend: T positions of all sets together, pairs (i, j) of positions of one set, for all sets together; R rows (the level
below), D size of a row, H heads, A size of a head's value, Q size of a head's query and key (A in form "qkv", D in form
"bilinear"), M = H * A. Column a * H + h of a query, key or value belongs to head h.

The steps, whose numbers stand in the code and in ``attention_pairs``; for each head, i and j in the same set:

1. query, key, value = rows @ their weights, once for each row
2. position i of a set holds a row and uses its query, key and value
3. logits_ij = scale * query_i . key_j
4. alpha_ij = softmax of logits_ij over j
5. out_i = sum_j alpha_ij value_j

Tutorial: tutorials/04_self_attention.md
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..parallel import empty, in_parallel, matmul, matmul_transposed
from ..ragged import Ragged, sum_rows, sum_rows_side_by_side
from . import attention_pairs

PIECE = 256  # positions computed together: a few dozen titles, whose weights fit into a core's own memory


class Projected(NamedTuple):
    """Every row as query, key and value."""

    query: np.ndarray  # [R, M]; in form "bilinear" [R, H*D], the D numbers of a head side by side
    key: np.ndarray  # [R, M]; in form "bilinear" the rows themselves, [R, D]
    value: np.ndarray  # [R, M]
    heads: int
    bilinear: bool

    @property
    def size(self) -> int:
        """A."""
        return self.value.shape[1] // self.heads

    @property
    def scale(self) -> np.generic:
        """The factor of query . key, in the dtype of the arrays: a Python float would make float64 of float32."""
        return self.value.dtype.type(1 if self.bilinear else 1 / math.sqrt(self.size))


class Attention(NamedTuple):
    """The attention weights of all sets."""

    alpha: np.ndarray  # [pairs, H]; row pairs[s] + i * n + j belongs to the positions i and j of set s
    pairs: np.ndarray  # int64 [sets + 1]

    def of_piece(self, piece: slice, sets: Ragged) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Of the sets whose offsets are ``piece``: alpha, offsets, and where in alpha the pairs of each begin."""
        pairs = self.pairs[piece]
        return self.alpha[pairs[0] : pairs[-1]], (sets.offsets[piece], pairs - pairs[0])

    def of_set(self, s: int) -> np.ndarray:
        """[H, n, n]; entry [h, i, j] is how much position i takes from position j."""
        alpha = self.alpha[self.pairs[s] : self.pairs[s + 1]]
        n = math.isqrt(len(alpha))
        return alpha.T.reshape(alpha.shape[1], n, n)


class SelfAttentionCache(NamedTuple):
    rows: np.ndarray
    sets: Ragged
    weights: list[np.ndarray]
    projected: Projected
    attention: Attention


def self_attention_forward(
    rows: np.ndarray,  # [R, D]
    sets: Ragged,
    weight_query: np.ndarray,  # [D, H*Q]
    weight_key: np.ndarray | None,  # [D, M]
    weight_value: np.ndarray,  # [D, M]
    heads: int,
    projected: Projected | None = None,  # step 1, where it is done already
) -> tuple[np.ndarray, SelfAttentionCache]:
    """out_i = sum_j alpha_ij value_j with alpha_ij = softmax_j(scale * query_i . key_j), per head, j in the set of i.

    Returns out [T, M], a row for each position of ``sets``. Without weight_key the form is "bilinear", the paper's
    e_i' Q_k e_j: the query is e_i' Q_k, the key is the row itself, shared by all heads, and scale = 1. With it the form
    is "qkv": scale = 1 / sqrt(A).
    """
    # 1. once for each row, however many positions hold it
    projected = projected or project(rows, weight_query, weight_key, weight_value, heads)
    # 2. to 5.
    out, attention = attend(projected, sets)  # [T, M]
    if weight_key is None:
        weights = [_by_head(weight_query, heads), weight_value]
    else:
        weights = [weight_query, weight_key, weight_value]
    return out, SelfAttentionCache(rows, sets, weights, projected, attention)


def self_attention_backward(
    dout: np.ndarray, cache: SelfAttentionCache
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
    """Returns (drows [R, D], dweight_query, dweight_key or None, dweight_value)."""
    rows, sets, weights, projected, attention = cache
    # 5. to 3. the gradient at each position
    dquery, dkey, dvalue = attend_backward(dout, projected, sets, attention)
    # 2. a row gets the sum over its positions
    positions_of_row = sets.transpose(len(rows))
    at_positions = [dquery, dvalue] if projected.bilinear else [dquery, dkey, dvalue]
    dprojected = sum_rows_side_by_side(at_positions, positions_of_row)
    # 1. query, key, value = rows @ their weights: one product for all, with the weights side by side
    drows = matmul(dprojected, np.concatenate(weights, axis=1).T)  # [R, D]
    ends = np.cumsum([weight.shape[1] for weight in weights])
    dweights = [np.ascontiguousarray(part) for part in np.split(matmul_transposed(rows, dprojected), ends[:-1], axis=1)]
    if projected.bilinear:  # the key is the row itself
        drows += sum_rows(dkey, positions_of_row)
        return drows, _by_head(dweights[0], dweights[0].shape[1] // projected.heads), None, dweights[1]
    return drows, dweights[0], dweights[1], dweights[2]


def project(
    rows: np.ndarray, weight_query: np.ndarray, weight_key: np.ndarray | None, weight_value: np.ndarray, heads: int
) -> Projected:
    """Step 1 by itself: each weight times the rows, in form "bilinear" the rows as they are in place of the key."""
    value = matmul(rows, weight_value)
    if weight_key is None:
        return Projected(matmul(rows, _by_head(weight_query, heads)), rows, value, heads, True)
    return Projected(matmul(rows, weight_query), matmul(rows, weight_key), value, heads, False)


def _by_head(weight: np.ndarray, n: int) -> np.ndarray:
    """Columns x * n + y brought into the order y * (columns / n) + x: with n = H those of a head stand side by side."""
    return weight.reshape(len(weight), -1, n).transpose(0, 2, 1).reshape(weight.shape)


def attend(projected: Projected, sets: Ragged) -> tuple[np.ndarray, Attention]:
    """Steps 2 to 5, for rows projected earlier. Returns out [T, M] and the attention weights.

    Pieces of a few sets are computed on all cores; each owns its positions of ``out`` and its pairs of ``alpha``.
    """
    query, key, value, heads, bilinear = projected
    products, weighted_sums = (
        attention_pairs.products(heads, projected.size),
        attention_pairs.weighted_sums(heads, projected.size),
    )
    pairs_before = np.zeros(len(sets) + 1, np.int64)
    np.cumsum(sets.lengths**2, out=pairs_before[1:])
    attention = Attention(empty((pairs_before[-1], heads), value.dtype), pairs_before)
    out = empty((len(sets.values), value.shape[1]), value.dtype)
    rows = sets.values  # 2. the row that each position holds

    def attend_piece(piece: slice) -> None:
        alpha, where = attention.of_piece(piece, sets)
        if bilinear:
            attention_pairs.bilinear_logits(query, key, rows, *where, alpha)  # 3.
        else:
            products(query, rows, key, rows, projected.scale, *where, alpha)  # 3. logits
        attention_pairs.softmax(alpha, *where)  # 4.
        weighted_sums(alpha, value, rows, *where, out)  # 5.

    in_parallel(attend_piece, sets.pieces(PIECE))
    return out, attention


def attend_backward(
    dout: np.ndarray, projected: Projected, sets: Ragged, attention: Attention
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dquery, dkey and dvalue at each position: [T, columns of query, key, value]."""
    query, key, value, heads, bilinear = projected
    size = projected.size
    products, weighted_sums = attention_pairs.products(heads, size), attention_pairs.weighted_sums(heads, size)
    weighted_sums_transposed = attention_pairs.weighted_sums_transposed(heads, size)
    dquery, dkey, dvalue = (empty((len(dout), x.shape[1]), x.dtype) for x in (query, key, value))
    rows, positions = sets.values, np.arange(len(dout), dtype=np.int32)
    unscaled = value.dtype.type(1)

    def backward_piece(piece: slice) -> None:
        alpha, where = attention.of_piece(piece, sets)
        dlogits = empty(alpha.shape, alpha.dtype)
        products(dout, positions, value, rows, unscaled, *where, dlogits)  # 5. dalpha, until step 4
        weighted_sums_transposed(alpha, dout, positions, *where, dvalue)  # 5.
        attention_pairs.softmax_backward(dlogits, alpha, projected.scale, *where)  # 4.
        if bilinear:
            attention_pairs.bilinear_logits_backward(dlogits, query, key, rows, *where, dquery, dkey)  # 3.
        else:
            weighted_sums(dlogits, key, rows, *where, dquery)  # 3.
            weighted_sums_transposed(dlogits, query, rows, *where, dkey)  # 3.

    in_parallel(backward_piece, sets.pieces(PIECE))
    return dquery, dkey, dvalue
