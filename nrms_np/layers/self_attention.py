"""Multi-head self-attention inside each set of a ragged list of sets (section 2.1, equations 1 and 2).

Legend: T positions of all sets together, pairs (i, j) of positions of one set, for all sets together; R rows (the level
below), D size of a row, H heads, A size of a head's value, Q size of a head's query and key (A in form "qkv", D in form
"bilinear"), M = H * A.

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
    """Every row as value, query and key, heads last: column a * H + h belongs to head h."""

    value: np.ndarray  # [R, M]
    query: np.ndarray  # [R, M]; in form "bilinear" [R, H*D], head by head
    key: np.ndarray  # [R, M]; in form "bilinear" the rows themselves, [R, D]
    weights: list[np.ndarray]  # [D, .], what the rows were multiplied by, in this order; none for a key that is a row
    heads: int

    @property
    def bilinear(self) -> bool:
        return len(self.weights) == 2

    @property
    def size(self) -> int:
        """A."""
        return self.value.shape[1] // self.heads

    @property
    def scale(self) -> np.generic:
        """The factor of query . key."""
        return self.value.dtype.type(1 if self.bilinear else 1 / math.sqrt(self.size))


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
    at_positions = attend_backward(dout, projected, sets, attention)
    positions_of_row = sets.transpose(len(rows))
    # 1. each of value, query and key = rows @ its weight: one product for all, with the weights side by side
    _, _, _, weights, heads = projected
    dprojected = sum_rows_side_by_side(at_positions[: len(weights)], positions_of_row)
    drows = dprojected @ np.concatenate(weights, axis=1).T  # [R, D]
    dweights = np.split(rows.T @ dprojected, np.cumsum([one.shape[1] for one in weights])[:-1], axis=1)
    if projected.bilinear:  # the key is the row itself
        drows += sum_rows(at_positions[2], positions_of_row)
        return drows, np.ascontiguousarray(dweights[1]), None, _swap(dweights[0], projected.size)
    dvalue, dquery, dkey = (_swap(one, projected.size) for one in dweights)
    return drows, dquery, dkey, dvalue


def project(
    rows: np.ndarray, weight_query: np.ndarray, weight_key: np.ndarray | None, weight_value: np.ndarray, heads: int
) -> Projected:
    """rows @ each weight, the columns of the weights put in the order that the kernels want: heads last."""
    if weight_key is None:
        weights = [_swap(weight_value, heads), weight_query]
        return Projected(*(rows @ one for one in weights), rows, weights, heads)
    weights = [_swap(one, heads) for one in (weight_value, weight_query, weight_key)]
    return Projected(*(rows @ one for one in weights), weights, heads)


def _swap(x: np.ndarray, n: int) -> np.ndarray:
    """Columns in the order (n, m) brought into the order (m, n): with n = H the heads become last, with n = A first."""
    return x.reshape(len(x), n, x.shape[1] // n).transpose(0, 2, 1).reshape(x.shape)


def attend(projected: Projected, sets: Ragged) -> tuple[np.ndarray, Attention]:
    """Step 2 by itself, for rows projected earlier. Returns out [T, M] and the attention weights.

    Pieces of a few sets are computed on all cores; each owns its positions of ``out`` and its pairs of ``alpha``.
    """
    value, query, key, _, heads = projected
    kernels, scale = head_kernels(heads, projected.size), projected.scale
    pairs = np.zeros(len(sets) + 1, np.int64)
    np.cumsum(sets.lengths**2, out=pairs[1:])
    attention = Attention(np.empty((pairs[-1], heads), value.dtype), pairs)
    out = np.empty((len(sets.values), value.shape[1]), value.dtype)

    def attend_piece(piece: slice) -> None:
        offsets, (alpha, pairs) = sets.offsets[piece], attention.of_piece(piece)
        if projected.bilinear:
            bilinear_logits(query, key, sets.values, offsets, pairs, alpha)
        else:
            kernels.logits(query, key, scale, sets.values, offsets, pairs, alpha)
        # softmax; its division is done with the sums, its exponential is NumPy's, which takes eight at a time
        kernels.subtract_largest(alpha, offsets, pairs)
        np.exp(alpha, out=alpha)
        kernels.weighted_sums(value, sets.values, offsets, pairs, alpha, out)

    in_parallel(attend_piece, sets.pieces(PIECE))
    return out, attention


def attend_backward(dout: np.ndarray, projected: Projected, sets: Ragged, attention: Attention) -> list[np.ndarray]:
    """dvalue, dquery and dkey at each position: [T, columns of value, query, key]."""
    value, query, key, _, heads = projected
    kernels, scale = head_kernels(heads, projected.size), projected.scale
    dvalue, dquery, dkey = [np.empty((len(dout), one.shape[1]), one.dtype) for one in (value, query, key)]

    def backward_piece(piece: slice) -> None:
        offsets, (alpha, pairs) = sets.offsets[piece], attention.of_piece(piece)
        dalpha = np.empty_like(alpha)
        # out = alpha @ value
        kernels.weighted_sums_backward(dout, value, sets.values, offsets, pairs, alpha, dalpha, dvalue)
        # alpha = softmax of the logits of each i; dalpha becomes scale * dlogits
        kernels.softmax_backward(dalpha, alpha, scale, offsets, pairs)
        # logits = scale * query @ key'
        if projected.bilinear:
            bilinear_logits_backward(dalpha, query, key, sets.values, offsets, pairs, dquery, dkey)
        else:
            kernels.sums_over_pairs(dalpha, False, key, sets.values, offsets, pairs, dquery)
            kernels.sums_over_pairs(dalpha, True, query, sets.values, offsets, pairs, dkey)

    in_parallel(backward_piece, sets.pieces(PIECE))
    return [dvalue, dquery, dkey]
