"""Multi-head self-attention inside each set of a ragged list of sets (section 2.1, equations 1 and 2).

Legend: T positions of all sets together, pairs (i, j) of positions of one set, for all sets together; R rows (the level
below), D size of a row, H heads, A size of a head's value, Q size of a head's query and key (A in form "qkv", D in form
"bilinear"), M = H * A; C columns of query, key and value together.

Tutorial: tutorials/04_self_attention.md
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..parallel import in_parallel
from ..ragged import Ragged
from .attention_kernels import bilinear_logits, bilinear_logits_backward, head_kernels
from .kernels import sum_rows, sum_rows_side_by_side

PIECE = 256  # positions computed together: a few dozen titles, whose weights fit into a core's own memory


class Projected(NamedTuple):
    """The query, key and value of every row."""

    columns: np.ndarray  # [R, C] = rows @ weights
    keys: np.ndarray | None  # [R, D], the rows: the keys of form "bilinear", shared by all heads
    weights: np.ndarray  # [D, C], of the value, of the query and (form "qkv" only) of the key, side by side
    heads: int
    size: int  # A

    def values(self) -> np.ndarray:
        """[R, H, A]."""
        value = self.columns[:, : self.heads * self.size]
        return _swap(value, self.size).reshape(len(value), self.heads, self.size)


class Attention(NamedTuple):
    """The attention weights of all sets."""

    alpha: np.ndarray  # [pairs, H]; row pairs[s] + i * n + j belongs to the positions i and j of set s
    pairs: np.ndarray  # int64 [sets + 1]

    def of_piece(self, piece: slice) -> Attention:
        """The part of the sets whose offsets are ``piece``."""
        pairs = self.pairs[piece]
        return Attention(self.alpha[pairs[0] : pairs[-1]], pairs - pairs[0])

    def of_set(self, s: int) -> np.ndarray:
        """[H, n, n]; entry [h, i, j] is how much position i takes from position j."""
        alpha = self.alpha[self.pairs[s] : self.pairs[s + 1]]
        n = math.isqrt(len(alpha))
        return alpha.T.reshape(alpha.shape[1], n, n)


def self_attention_forward(
    rows: np.ndarray,
    sets: Ragged,
    weight_query: np.ndarray,
    weight_key: np.ndarray | None,
    weight_value: np.ndarray,
    heads: int,
) -> tuple[np.ndarray, tuple]:
    """out_i = sum_j alpha_ij value_j with alpha_ij = softmax_j(scale * query_i . key_j), per head, j in the set of i.

    rows [R, D]; weight_query [D, H*Q], weight_key [D, H*Q] or None, weight_value [D, M] -> out [T, M], a row for each
    position of ``sets``. Without weight_key the form is "bilinear", the paper's e_i' Q_k e_j: the query is e_i' Q_k,
    the key is the row itself, shared by all heads, and scale = 1. With it the form is "qkv": scale = 1 / sqrt(A).
    """
    # 1. project every row once, however many positions hold it
    projected = project(rows, weight_query, weight_key, weight_value, heads)
    # 2. attend inside each set
    out, attention = attend(projected, sets)  # [T, M]
    return out, (rows, sets, projected, attention)


def self_attention_backward(
    dout: np.ndarray, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
    """Returns (drows [R, D], dweight_query, dweight_key or None, dweight_value)."""
    rows, sets, projected, attention = cache
    # 2. out = attend(projected): the gradient at each position, then its sum over the positions of each row
    dvalue, dquery, dkey = attend_backward(dout, projected, sets, attention)
    positions_of_row = sets.transpose(len(rows))
    # 1. columns = rows @ weights
    _, keys, weights, heads, size = projected
    M = heads * size
    if keys is None:
        dcolumns = sum_rows_side_by_side([dvalue, dquery, dkey], positions_of_row)  # [R, C]
        drows = dcolumns @ weights.T  # [R, D]
    else:  # the keys are the rows themselves
        dcolumns = sum_rows_side_by_side([dvalue, dquery], positions_of_row)
        drows = dcolumns @ weights.T + sum_rows(dkey, positions_of_row)
    dweights = rows.T @ dcolumns  # [D, C]
    dweight_value = _swap(dweights[:, :M], size)
    if keys is not None:
        return drows, np.ascontiguousarray(dweights[:, M:]), None, dweight_value
    return drows, _swap(dweights[:, M : 2 * M], size), _swap(dweights[:, 2 * M :], size), dweight_value


def project(
    rows: np.ndarray, weight_query: np.ndarray, weight_key: np.ndarray | None, weight_value: np.ndarray, heads: int
) -> Projected:
    """rows @ the weights of value, query and key, in one product.

    The kernels want the heads last: column a * H + h belongs to head h where it was h * A + a. It is the weights whose
    columns are put in that order, because there are fewer of them than of rows.
    """
    value = _swap(weight_value, heads)
    if weight_key is None:
        weights, keys = [value, weight_query], rows
    else:
        weights, keys = [value, _swap(weight_query, heads), _swap(weight_key, heads)], None
    weights = np.concatenate(weights, axis=1)
    return Projected(rows @ weights, keys, weights, heads, weight_value.shape[1] // heads)


def _swap(x: np.ndarray, n: int) -> np.ndarray:
    """Columns in the order (n, m) brought into the order (m, n): with n = H the heads become last, with n = A first."""
    return x.reshape(len(x), n, x.shape[1] // n).transpose(0, 2, 1).reshape(x.shape)


def attend(projected: Projected, sets: Ragged) -> tuple[np.ndarray, Attention]:
    """Step 2 by itself, for rows projected earlier. Returns out [T, M] and the attention weights.

    Pieces of a few sets are computed on all cores; each owns its positions of ``out`` and its pairs of ``alpha``.
    """
    columns, keys, _, heads, size = projected
    kernels, scale = head_kernels(heads, size), columns.dtype.type(1 / math.sqrt(size))
    pairs = np.zeros(len(sets) + 1, np.int64)
    np.cumsum(sets.lengths**2, out=pairs[1:])
    attention = Attention(np.empty((pairs[-1], heads), columns.dtype), pairs)
    out = np.empty((len(sets.values), heads * size), columns.dtype)

    def attend_piece(piece: slice) -> None:
        offsets, (alpha, pairs) = sets.offsets[piece], attention.of_piece(piece)
        if keys is None:
            kernels.logits(columns, scale, sets.values, offsets, pairs, alpha)
        else:
            bilinear_logits(columns, keys, sets.values, offsets, pairs, alpha)
        # softmax; its division is done with the sums, its exponential is NumPy's, which takes eight at a time
        kernels.subtract_largest(alpha, offsets, pairs)
        np.exp(alpha, out=alpha)
        kernels.weighted_sums(columns, sets.values, offsets, pairs, alpha, out)

    in_parallel(attend_piece, sets.pieces(PIECE))
    return out, attention


def attend_backward(
    dout: np.ndarray, projected: Projected, sets: Ragged, attention: Attention
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dvalue [T, M], dquery [T, H*Q] and dkey [T, H*Q] (in form "bilinear" [T, D]): the gradient at each position."""
    columns, keys, _, heads, size = projected
    kernels, scale = head_kernels(heads, size), columns.dtype.type(1 / math.sqrt(size))
    M = heads * size
    widths = (M, M, M) if keys is None else (M, columns.shape[1] - M, keys.shape[1])
    dvalue, dquery, dkey = (np.empty((len(dout), width), dout.dtype) for width in widths)

    def backward_piece(piece: slice) -> None:
        offsets, (alpha, pairs) = sets.offsets[piece], attention.of_piece(piece)
        dalpha = np.empty_like(alpha)
        # out = alpha @ value
        kernels.weighted_sums_backward(dout, columns, sets.values, offsets, pairs, alpha, dalpha, dvalue)
        # alpha = softmax of the logits of each i; dalpha becomes dlogits
        kernels.softmax_backward(dalpha, alpha, offsets, pairs)
        # logits = scale * query @ key'
        if keys is None:
            kernels.logits_backward(dalpha, columns, scale, sets.values, offsets, pairs, dquery, dkey)
        else:
            bilinear_logits_backward(dalpha, columns, keys, sets.values, offsets, pairs, dquery, dkey)

    in_parallel(backward_piece, sets.pieces(PIECE))
    return dvalue, dquery, dkey
