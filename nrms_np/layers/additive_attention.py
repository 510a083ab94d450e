"""Additive attention: pool each set of rows into one vector (sections 2.1 and 2.2; chapter 05).

Legend: T positions of all sets together, S sets, M size of a row, P size of the attention query.

The steps, whose numbers stand in the code; i runs over the positions of one set s:

1. z_i = x_i @ weight + bias
2. hidden_i = tanh(z_i)
3. logits_i = query . hidden_i
4. alpha_i = softmax of logits_i over the set
5. out_s = sum_i alpha_i x_i
"""

from typing import NamedTuple

import numpy as np

from ..parallel import empty, in_parallel, kernel, matmul_transposed
from ..ragged import Ragged
from .softmax import softmax, softmax_backward

PIECE = 1024  # positions computed together: what one step makes is in a core's own memory when the next one reads it


class AdditiveAttentionCache(NamedTuple):
    x: np.ndarray
    sets: Ragged
    weight: np.ndarray
    query: np.ndarray
    hidden: np.ndarray  # [T, P]
    alpha: np.ndarray  # [T], the attention weights


def additive_attention_forward(
    x: np.ndarray, sets: Ragged, weight: np.ndarray, bias: np.ndarray, query: np.ndarray
) -> tuple[np.ndarray, AdditiveAttentionCache]:
    """out_s = sum_i alpha_i x_i with alpha = softmax over the set s of query . tanh(x_i weight + bias).

    x [T, M]: row p belongs to position p of ``sets`` (its values are not used, only where sets begin and end);
    weight [M, P], bias [P], query [P] -> out [S, M]. An empty set gives the zero vector.
    """
    hidden = empty((len(x), len(query)), x.dtype)  # [T, P]
    alpha = np.empty(len(x), x.dtype)  # [T]
    out = np.zeros((len(sets), x.shape[1]), x.dtype)  # [S, M]

    def forward_piece(piece: slice) -> None:
        offsets = sets.offsets[piece]
        rows = slice(offsets[0], offsets[-1])
        np.matmul(x[rows], weight, out=hidden[rows])  # 1.
        hidden[rows] += bias
        np.tanh(hidden[rows], out=hidden[rows])  # 2.
        np.matmul(hidden[rows], query, out=alpha[rows])  # 3. the logits
        softmax(alpha[:, None], offsets)  # 4. a line for each set
        _weighted_sums(alpha, x, offsets, out[piece.start : piece.stop - 1])  # 5.

    in_parallel(forward_piece, sets.pieces(PIECE))
    return out, AdditiveAttentionCache(x, sets, weight, query, hidden, alpha)


def additive_attention_backward(
    dout: np.ndarray, cache: AdditiveAttentionCache
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns (dx [T, M], dweight [M, P], dbias [P], dquery [P])."""
    x, sets, weight, query, hidden, alpha = cache
    dlogits = np.empty_like(alpha)  # [T]
    dz = empty(hidden.shape, x.dtype)  # [T, P]
    dx = empty(x.shape, x.dtype)  # [T, M]

    def backward_piece(piece: slice) -> None:
        offsets, dout_piece = sets.offsets[piece], dout[piece.start : piece.stop - 1]
        rows = slice(offsets[0], offsets[-1])
        _weights_backward(dout_piece, x, offsets, dlogits)  # 5. writes dalpha where dlogits will stand
        softmax_backward(dlogits[:, None], alpha[:, None], offsets)  # 4.
        _tanh_backward(dlogits[rows], query, hidden[rows], dz[rows])  # 3. logits = hidden @ query and 2. tanh
        np.matmul(dz[rows], weight.T, out=dx[rows])  # 1. z = x @ weight + bias
        _weighted_sums_backward(alpha, dout_piece, offsets, dx)  # 5. again: x is also what is summed

    in_parallel(backward_piece, sets.pieces(PIECE))
    dquery = matmul_transposed(hidden, dlogits[:, None])[:, 0]  # 3. [P]
    dweight = matmul_transposed(x, dz)  # 1. [M, P]
    dbias = matmul_transposed(dz, np.ones((len(dz), 1), dz.dtype))[:, 0]  # 1. [P]
    return dx, dweight, dbias, dquery


@kernel
def _weighted_sums(alpha, x, offsets, out):  # 5. out_s = sum_i alpha_i x_i
    for s in range(len(offsets) - 1):
        for i in range(offsets[s], offsets[s + 1]):
            for m in range(x.shape[1]):
                out[s, m] += alpha[i] * x[i, m]


@kernel
def _weights_backward(dout, x, offsets, dalpha):  # 5. dalpha_i = dout_s . x_i
    for s in range(len(offsets) - 1):
        for i in range(offsets[s], offsets[s + 1]):
            total = x.dtype.type(0)  # of the dtype of x: a plain 0.0 would make the sum float64
            for m in range(x.shape[1]):
                total += dout[s, m] * x[i, m]
            dalpha[i] = total


@kernel
def _tanh_backward(dlogits, query, hidden, dz):  # 2. dz = dhidden (1 - hidden^2), 3. dhidden_ip = dlogits_i query_p
    for i in range(hidden.shape[0]):
        for p in range(hidden.shape[1]):
            dz[i, p] = dlogits[i] * query[p] * (hidden.dtype.type(1) - hidden[i, p] * hidden[i, p])


@kernel
def _weighted_sums_backward(alpha, dout, offsets, dx):  # 5. dx_i += alpha_i dout_s, to what came through the logits
    for s in range(len(offsets) - 1):
        for i in range(offsets[s], offsets[s + 1]):
            for m in range(dx.shape[1]):
                dx[i, m] += alpha[i] * dout[s, m]
