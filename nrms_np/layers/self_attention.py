"""Multi-head self-attention inside each set of a ragged list of sets (section 2.1, equations 1 and 2).

Legend: T positions of all sets together, R rows (the level below), H heads, A size of a head's value, Q size of a
head's query and key (A in form "qkv", the row size D in form "bilinear"), M = H * A.

Tutorial: tutorials/04_self_attention.md
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from ..ragged import Ragged
from .kernels import FASTMATH, sum_rows


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
    query, key, value, scale = project(rows, weight_query, weight_key, weight_value, heads)
    # 2. attend inside each set
    out, alpha = attend(query, key, value, scale, sets)  # [T, M]
    return out, (rows, sets, weight_query, weight_key, weight_value, query, key, value, scale, alpha)


def self_attention_backward(
    dout: np.ndarray, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
    """Returns (drows [R, D], dweight_query, dweight_key or None, dweight_value)."""
    rows, sets, weight_query, weight_key, weight_value, query, key, value, scale, alpha = cache
    # 2. out = attend(query, key, value): the gradient at each position, then its sum over the positions of each row
    at_positions = [np.empty((len(dout), *x.shape[1:]), x.dtype) for x in (query, key, value)]  # [T, H or 1, Q or A]
    dout = dout.reshape(len(dout), *value.shape[1:])  # [T, H, A]
    _attend_backward(dout, alpha, query, key, value, scale, *_index(sets), *at_positions)
    positions_of_row = sets.transpose(len(rows))
    dquery, dkey, dvalue = [sum_rows(_flat(x), positions_of_row) for x in at_positions]  # [R, H*Q], [R, M]
    # 1. query = rows @ weight_query, key = rows @ weight_key (or the rows themselves), value = rows @ weight_value
    drows = dquery @ weight_query.T  # [R, D]
    drows += dkey if weight_key is None else dkey @ weight_key.T
    drows += dvalue @ weight_value.T
    return drows, rows.T @ dquery, None if weight_key is None else rows.T @ dkey, rows.T @ dvalue


def project(
    rows: np.ndarray, weight_query: np.ndarray, weight_key: np.ndarray | None, weight_value: np.ndarray, heads: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.generic]:
    """query [R, H, Q], key [R, H, Q] (or [R, 1, D], the rows themselves), value [R, H, A], and the scale of the logits.

    Three separate contiguous arrays: views into one fused [R, 3M] array made the attention loops 2-4 times slower.
    """

    def by_head(x: np.ndarray, heads: int) -> np.ndarray:
        return x.reshape(len(x), heads, x.shape[1] // heads)

    query = by_head(rows @ weight_query, heads)
    key = by_head(rows, 1) if weight_key is None else by_head(rows @ weight_key, heads)
    value = by_head(rows @ weight_value, heads)
    scale = rows.dtype.type(1 if weight_key is None else 1 / math.sqrt(query.shape[2]))
    return query, key, value, scale


def attend(
    query: np.ndarray, key: np.ndarray, value: np.ndarray, scale: np.generic, sets: Ragged
) -> tuple[np.ndarray, np.ndarray]:
    """Step 2 by itself, for rows projected earlier. Returns out [T, M] and alpha, flat: [H, n, n] for a set of n."""
    heads = query.shape[1]
    alpha = np.empty(heads * int((sets.lengths**2).sum()), query.dtype)
    out = np.empty((len(sets.values), *value.shape[1:]), value.dtype)  # [T, H, A]
    _attend_forward(query, key, value, scale, *_index(sets), alpha, out)
    return _flat(out), alpha


def attention_of_set(alpha: np.ndarray, sets: Ragged, s: int, heads: int) -> np.ndarray:
    """The weights of set s from the flat alpha: [H, n, n]; entry [h, i, j] is how much position i takes from j."""
    lengths = sets.lengths[: s + 1]
    n = lengths[-1]
    start = heads * int((lengths[:-1] ** 2).sum())
    return alpha[start : start + heads * n * n].reshape(heads, n, n)


def _flat(x: np.ndarray) -> np.ndarray:
    """[., H, A] as [., H * A]."""
    return x.reshape(len(x), x.shape[1] * x.shape[2])


def _index(sets: Ragged) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """values, offsets, and for each set the number of pairs (i, j) in all sets before it."""
    return sets.values, sets.offsets, np.concatenate([[0], np.cumsum(sets.lengths**2)])


@njit(parallel=True, fastmath=FASTMATH, cache=True)
def _attend_forward(query, key, value, scale, values, offsets, pairs, alpha, out):
    for s in prange(len(offsets) - 1):
        start, n = offsets[s], offsets[s + 1] - offsets[s]
        row = pairs[s] * query.shape[1]  # where row i of this head's [n, n] weights begins
        for h in range(query.shape[1]):
            kh = min(h, key.shape[1] - 1)  # the shared key of the bilinear form is head 0 for all
            for i in range(n):
                vi = values[start + i]
                # logits_ij = scale * query_i . key_j
                for j in range(n):
                    vj = values[start + j]
                    logit = query.dtype.type(0)
                    for q in range(query.shape[2]):
                        logit += query[vi, h, q] * key[vj, kh, q]
                    alpha[row + j] = logit * scale
                # alpha_ij = softmax_j(logits_ij)
                largest = alpha[row].real
                for j in range(1, n):
                    largest = max(largest, alpha[row + j].real)
                total = query.dtype.type(0)
                for j in range(n):
                    alpha[row + j] = np.exp(alpha[row + j] - largest)
                    total += alpha[row + j]
                # out_i = sum_j alpha_ij value_j
                out[start + i, h] = 0
                for j in range(n):
                    alpha[row + j] /= total
                    vj = values[start + j]
                    for a in range(value.shape[2]):
                        out[start + i, h, a] += alpha[row + j] * value[vj, h, a]
                row += n


@njit(parallel=True, fastmath=FASTMATH, cache=True)
def _attend_backward(dout, alpha, query, key, value, scale, values, offsets, pairs, dquery, dkey, dvalue):
    for s in prange(len(offsets) - 1):
        start, n = offsets[s], offsets[s + 1] - offsets[s]
        dquery[start : start + n] = 0
        dkey[start : start + n] = 0
        dvalue[start : start + n] = 0
        dlogits = np.empty(n, query.dtype)
        row = pairs[s] * query.shape[1]
        for h in range(query.shape[1]):
            kh = min(h, key.shape[1] - 1)
            for i in range(n):
                vi = values[start + i]
                # out_i = sum_j alpha_ij value_j
                total = query.dtype.type(0)  # sum_j alpha_ij dalpha_ij
                for j in range(n):
                    vj = values[start + j]
                    dalpha = query.dtype.type(0)
                    for a in range(value.shape[2]):
                        dalpha += dout[start + i, h, a] * value[vj, h, a]
                        dvalue[start + j, h, a] += alpha[row + j] * dout[start + i, h, a]
                    dlogits[j] = dalpha
                    total += alpha[row + j] * dalpha
                for j in range(n):
                    # alpha_ij = softmax_j(logits_ij): dlogits_ij = alpha_ij (dalpha_ij - sum_k alpha_ik dalpha_ik)
                    dlogit = alpha[row + j] * (dlogits[j] - total) * scale
                    # logits_ij = scale * query_i . key_j
                    vj = values[start + j]
                    for q in range(query.shape[2]):
                        dquery[start + i, h, q] += dlogit * key[vj, kh, q]
                        dkey[start + j, kh, q] += dlogit * query[vi, h, q]
                row += n
