"""Multi-head self-attention inside each set of a ragged list of sets (section 2.1, equations 1 and 2).

Legend: T positions of all sets together, pairs (i, j) of positions of one set, for all sets together; R rows (the level
below), D size of a row, H heads, A size of a head's value, Q size of a head's query and key (A in form "qkv", D in form
"bilinear"), M = H * A. Column a * H + h of a query, key or value belongs to head h.

The steps, whose numbers stand in the code; for each head, i and j in the same set:

1. query, key, value = rows @ their weights, once for each row; that of the query is scaled
2. position i of a set holds a row and uses its query, key and value
3. logits_ij = query_i . key_j
4. alpha_ij = softmax of logits_ij over j
5. out_i = sum_j alpha_ij value_j

Tutorial: tutorials/04_self_attention.md
"""

import math
from typing import NamedTuple

import numpy as np

from ..parallel import empty, in_parallel, matmul, matmul_transposed
from ..ragged import Ragged, sum_rows, sum_rows_side_by_side
from . import attention_pairs
from .softmax import softmax, softmax_backward

PIECE = 512  # positions computed together: a few dozen titles, whose weights fit into a core's own memory


class Projected(NamedTuple):
    """Every row as query, key and value."""

    query: np.ndarray  # [R, M]; in form "bilinear" [R, H*D], the D numbers of a head side by side
    key: np.ndarray  # [R, M]; in form "bilinear" the rows themselves, [R, D]
    value: np.ndarray  # [R, M]
    heads: int
    bilinear: bool


class Attention(NamedTuple):
    """The attention weights of all sets."""

    alpha: np.ndarray  # [pairs, H]; row lines[i] + j belongs to position i and the j-th position of its set
    lines: np.ndarray  # int64 [T + 1]
    sets: Ragged

    def of_set(self, s: int) -> np.ndarray:
        """[H, n, n]; entry [h, i, j] is how much position i takes from position j."""
        start, end = self.sets.offsets[s : s + 2]
        alpha = self.alpha[self.lines[start] : self.lines[end]]
        return alpha.T.reshape(alpha.shape[1], end - start, end - start)

    def of_piece(self, piece: slice) -> tuple[slice, np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """The sets of ``piece`` alone: positions, alpha, 2. the row of each position, and (offsets, lines) from 0."""
        offsets = self.sets.offsets[piece]
        positions = slice(offsets[0], offsets[-1])
        lines = self.lines[offsets[0] : offsets[-1] + 1]
        alpha = self.alpha[lines[0] : lines[-1]]
        return positions, alpha, self.sets.values[positions], (offsets - offsets[0], lines - lines[0])


class SelfAttentionCache(NamedTuple):
    rows: np.ndarray
    weights: list[np.ndarray]  # as they multiply the rows
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
    weights = _weights(weight_query, weight_key, weight_value, heads)
    return out, SelfAttentionCache(rows, weights, projected, attention)


def self_attention_backward(
    dout: np.ndarray, cache: SelfAttentionCache
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
    """Returns (drows [R, D], dweight_query, dweight_key or None, dweight_value)."""
    rows, weights, projected, attention = cache
    # 5. to 3. the gradient at each position
    dquery, dkey, dvalue = attend_backward(dout, projected, attention)
    # 2. a row gets the sum over its positions
    positions_of_row = attention.sets.transpose(len(rows))
    at_positions = [dquery, dvalue] if projected.bilinear else [dquery, dkey, dvalue]
    dprojected = sum_rows_side_by_side(at_positions, positions_of_row)
    # 1. query, key, value = rows @ their weights: one product for all, with the weights side by side
    drows = matmul(dprojected, np.concatenate(weights, axis=1).T)  # [R, D]
    ends = np.cumsum([weight.shape[1] for weight in weights])
    dweights = [np.ascontiguousarray(part) for part in np.split(matmul_transposed(rows, dprojected), ends[:-1], axis=1)]
    if projected.bilinear:  # the key is the row itself
        drows += sum_rows(dkey, positions_of_row)
        return drows, _by_head(dweights[0], dweights[0].shape[1] // projected.heads), None, dweights[1]
    return drows, dweights[0] * _scale(dweights[1], projected.heads), dweights[1], dweights[2]


def project(
    rows: np.ndarray, weight_query: np.ndarray, weight_key: np.ndarray | None, weight_value: np.ndarray, heads: int
) -> Projected:
    """Step 1 by itself: each weight times the rows, in form "bilinear" the rows as they are in place of the key."""
    made = [matmul(rows, weight) for weight in _weights(weight_query, weight_key, weight_value, heads)]
    query, key, value = (made[0], rows, made[1]) if weight_key is None else made
    return Projected(query, key, value, heads, weight_key is None)


def _weights(
    weight_query: np.ndarray, weight_key: np.ndarray | None, weight_value: np.ndarray, heads: int
) -> list[np.ndarray]:
    """What the rows are multiplied by: form "qkv" scales the logits here, "bilinear" sorts columns by head."""
    if weight_key is None:
        return [_by_head(weight_query, heads), weight_value]
    return [weight_query * _scale(weight_key, heads), weight_key, weight_value]


def _scale(weight_key: np.ndarray, heads: int) -> np.generic:
    """1 / sqrt(A), in the dtype of the weights: NumPy's own square root would make float64 of float32."""
    return weight_key.dtype.type(1 / math.sqrt(weight_key.shape[1] // heads))


def _by_head(weight: np.ndarray, n: int) -> np.ndarray:
    """Columns x * n + y brought into the order y * (columns / n) + x: with n = H those of a head stand side by side."""
    return weight.reshape(len(weight), -1, n).transpose(0, 2, 1).reshape(weight.shape)


def attend(projected: Projected, sets: Ragged) -> tuple[np.ndarray, Attention]:
    """Steps 2 to 5, for rows projected earlier. Returns out [T, M] and the attention weights.

    Pieces of a few sets are computed on all cores; each owns its positions of ``out`` and its pairs of ``alpha``, and
    what one step of a piece makes is in the core's own memory when the next one reads it.
    """
    query, key, value, heads, bilinear = projected
    sizes = heads, value.shape[1] // heads
    products, weighted_sums = attention_pairs.products(*sizes), attention_pairs.weighted_sums(*sizes)
    lines = np.zeros(len(sets.values) + 1, np.int64)
    np.cumsum(np.repeat(sets.lengths, sets.lengths), out=lines[1:])
    attention = Attention(empty((lines[-1], heads), value.dtype), lines, sets)
    out = empty((len(sets.values), value.shape[1]), value.dtype)

    def attend_piece(piece: slice) -> None:
        positions, alpha, rows, where = attention.of_piece(piece)
        if bilinear:
            attention_pairs.bilinear_logits(query, key, rows, *where, alpha)  # 3.
        else:
            products(query, rows, key, rows, *where, alpha)  # 3. logits
        softmax(alpha, where[1])  # 4.
        weighted_sums(alpha, value, rows, *where, out[positions])  # 5.

    in_parallel(attend_piece, sets.pieces(PIECE))
    return out, attention


def attend_backward(
    dout: np.ndarray, projected: Projected, attention: Attention
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dquery, dkey and dvalue at each position: [T, columns of query, key, value]."""
    query, key, value, heads, bilinear = projected
    sizes = heads, value.shape[1] // heads
    products, weighted_sums = attention_pairs.products(*sizes), attention_pairs.weighted_sums(*sizes)
    weighted_sums_transposed = attention_pairs.weighted_sums_transposed(*sizes)
    dquery, dkey, dvalue = (empty((len(dout), x.shape[1]), x.dtype) for x in (query, key, value))

    def backward_piece(piece: slice) -> None:
        positions, alpha, rows, where = attention.of_piece(piece)
        dquery_here, dkey_here, dvalue_here = dquery[positions], dkey[positions], dvalue[positions]
        dout_here, each = dout[positions], np.arange(len(rows), dtype=rows.dtype)
        dlogits = empty(alpha.shape, alpha.dtype)
        products(dout_here, each, value, rows, *where, dlogits)  # 5. dalpha, until step 4
        weighted_sums_transposed(alpha, dout_here, each, *where, dvalue_here)  # 5.
        softmax_backward(dlogits, alpha, where[1])  # 4.
        if bilinear:
            attention_pairs.bilinear_logits_backward(dlogits, query, key, rows, *where, dquery_here, dkey_here)  # 3.
        else:
            weighted_sums(dlogits, key, rows, *where, dquery_here)  # 3.
            weighted_sums_transposed(dlogits, query, rows, *where, dkey_here)  # 3.

    in_parallel(backward_piece, attention.sets.pieces(PIECE))
    return dquery, dkey, dvalue
