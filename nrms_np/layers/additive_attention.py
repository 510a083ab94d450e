"""Additive attention: pool each set of rows into one vector (sections 2.1 and 2.2).

Legend: T positions of all sets together, S sets, M size of a row, P size of the attention query.

Tutorial: tutorials/05_additive_attention.md
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from ..parallel import in_parallel, row_blocks
from ..ragged import Ragged
from .kernels import FASTMATH


def additive_attention_forward(
    x: np.ndarray, sets: Ragged, weight: np.ndarray, bias: np.ndarray, query: np.ndarray
) -> tuple[np.ndarray, tuple]:
    """out_s = sum_i alpha_i x_i with alpha = softmax over the set s of query . tanh(x_i weight + bias).

    x [T, M]: row p belongs to position p of ``sets`` (its values are not used, only where sets begin and end);
    weight [M, P], bias [P], query [P] -> out [S, M]. An empty set gives the zero vector. The cache ends with alpha [T].
    """
    hidden = x @ weight  # 1. [T, P], without the bias

    def add_bias_and_tanh(rows: slice) -> None:  # in pieces that stay in a core's own memory between the two
        hidden[rows] += bias
        np.tanh(hidden[rows], out=hidden[rows])  # 2.

    in_parallel(add_bias_and_tanh, row_blocks(len(hidden)))
    alpha = hidden @ query  # 3. logits [T], turned into weights in place below
    out = np.empty((len(sets), x.shape[1]), x.dtype)
    _pool_forward(x, alpha, sets.offsets, out)  # 4. softmax in each set, 5. weighted sum
    return out, (x, sets, weight, query, hidden, alpha)


def additive_attention_backward(
    dout: np.ndarray, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns (dx [T, M], dweight [M, P], dbias [P], dquery [P])."""
    x, sets, weight, query, hidden, alpha = cache
    # 5. out_s = sum_i alpha_i x_i and 4. alpha = softmax(logits)
    dlogits = np.empty_like(alpha)  # [T]
    _pool_backward_weights(dout, x, alpha, sets.offsets, dlogits)
    # 3. logits = hidden @ query
    dquery = hidden.T @ dlogits  # [P]
    # 2. hidden = tanh(z): dz = dhidden (1 - hidden^2) with dhidden_ip = dlogits_i query_p
    dz = np.empty_like(hidden)  # [T, P]
    _tanh_backward(dlogits, query, hidden, dz)
    # 1. z = x @ weight + bias
    dweight = x.T @ dz  # [M, P]
    dbias = np.ones(len(dz), dz.dtype) @ dz  # [P]
    dx = dz @ weight.T  # [T, M]
    # 5. again: x is also what is summed
    _pool_backward_rows(dout, alpha, sets.offsets, dx)
    return dx, dweight, dbias, dquery


@njit(parallel=True, fastmath=FASTMATH, cache=True)
def _pool_forward(x, alpha, offsets, out):
    for s in prange(len(offsets) - 1):
        out[s] = 0
        start, end = offsets[s], offsets[s + 1]
        if start == end:
            continue
        # 4. alpha = softmax(logits) over the set
        largest = alpha[start].real
        for i in range(start + 1, end):
            largest = max(largest, alpha[i].real)
        total = x.dtype.type(0)
        for i in range(start, end):
            alpha[i] = np.exp(alpha[i] - largest)
            total += alpha[i]
        # 5. out_s = sum_i alpha_i x_i
        for i in range(start, end):
            alpha[i] /= total
            for m in range(x.shape[1]):
                out[s, m] += alpha[i] * x[i, m]


@njit(parallel=True, fastmath=FASTMATH, cache=True)
def _pool_backward_weights(dout, x, alpha, offsets, dlogits):
    for s in prange(len(offsets) - 1):
        # 5. dalpha_i = dout_s . x_i
        total = x.dtype.type(0)  # sum_i alpha_i dalpha_i
        for i in range(offsets[s], offsets[s + 1]):
            dalpha = x.dtype.type(0)
            for m in range(x.shape[1]):
                dalpha += dout[s, m] * x[i, m]
            dlogits[i] = dalpha
            total += alpha[i] * dalpha
        # 4. dlogits_i = alpha_i (dalpha_i - sum_k alpha_k dalpha_k)
        for i in range(offsets[s], offsets[s + 1]):
            dlogits[i] = alpha[i] * (dlogits[i] - total)


@njit(parallel=True, fastmath=FASTMATH, cache=True)
def _tanh_backward(dlogits, query, hidden, dz):
    one = hidden.dtype.type(1)
    for i in prange(hidden.shape[0]):
        for p in range(hidden.shape[1]):
            dz[i, p] = dlogits[i] * query[p] * (one - hidden[i, p] * hidden[i, p])


@njit(parallel=True, fastmath=FASTMATH, cache=True)
def _pool_backward_rows(dout, alpha, offsets, dx):
    for s in prange(len(offsets) - 1):
        for i in range(offsets[s], offsets[s + 1]):
            for m in range(dx.shape[1]):
                dx[i, m] += alpha[i] * dout[s, m]
