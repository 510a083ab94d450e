"""The loops of self-attention over the pairs of positions of each set, forward and backward.

Legend: T positions of all sets together, pairs (i, j) of positions of one set, for all sets together; R rows, D size of
a row, H heads, A size of a head's value, M = H * A.

In all kernels set s holds the positions offsets[s] .. offsets[s + 1] - 1 (n of them), row members[p] stands at position
p (step 2), and the pair (i, j) of set s is row pairs[s] + i * n + j of alpha [pairs, H]. The numbers 3 to 5 are the
steps of ``self_attention``, whose plain form is ``tests/naive.py``.

Heads stand last: column a * H + h belongs to head h. So the innermost loop runs over heads, neighbours in memory and
each with a sum of its own: the compiler takes eight at a time and need not split a sum. For that it must know how far
apart the numbers of a head are, so most kernels are made for given sizes: ``logits(H, A)`` is a kernel. ``heads`` is H
again, read from an array: a loop of known length would be written out before the compiler looks for instructions that
take eight numbers, and then it finds none.

Tutorial: tutorials/09_making_it_fast.md
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from ..parallel import kernel


@cache
def logits(H: int, Q: int, shared: bool) -> Callable:
    @kernel
    def logits(query, key, scale, members, offsets, pairs, alpha):
        """3. logits_ij = scale * query_i . key_j; with ``shared`` all heads have the same key [R, Q]."""
        heads = alpha.shape[1]
        for s in range(len(offsets) - 1):
            start, n = offsets[s], offsets[s + 1] - offsets[s]
            for i in range(n):
                q = members[start + i]
                for j in range(n):
                    k, pair = members[start + j], pairs[s] + i * n + j
                    for h in range(heads):
                        logit = query[q, h] * key[k, 0 if shared else h]
                        for a in range(1, Q):
                            logit += query[q, a * H + h] * key[k, a if shared else a * H + h]
                        alpha[pair, h] = scale * logit

    return logits


def softmax(alpha: np.ndarray, offsets: np.ndarray, pairs: np.ndarray) -> None:
    """4. alpha_ij = exp(logits_ij) / sum_j exp(logits_ij), in place of the logits."""
    _subtract_largest(alpha, offsets, pairs)  # then no exponential overflows
    np.exp(alpha, out=alpha)  # NumPy's takes eight at a time, Numba's one
    _divide_by_sum(alpha, offsets, pairs)


@kernel
def _subtract_largest(alpha, offsets, pairs):
    largest = np.empty(alpha.shape[1], alpha.dtype)
    for s in range(len(offsets) - 1):
        n = offsets[s + 1] - offsets[s]
        for i in range(n):
            first = pairs[s] + i * n
            for h in range(len(largest)):
                largest[h] = alpha[first, h]
            for pair in range(first + 1, first + n):
                for h in range(len(largest)):
                    # .real: the gradient check passes complex numbers through here, which have no order
                    largest[h] = alpha[pair, h] if alpha[pair, h].real > largest[h].real else largest[h]
            for pair in range(first, first + n):
                for h in range(len(largest)):
                    alpha[pair, h] -= largest[h]


@kernel
def _divide_by_sum(alpha, offsets, pairs):
    total = np.empty(alpha.shape[1], alpha.dtype)
    for s in range(len(offsets) - 1):
        n = offsets[s + 1] - offsets[s]
        for i in range(n):
            first = pairs[s] + i * n
            total[:] = 0
            for pair in range(first, first + n):
                for h in range(len(total)):
                    total[h] += alpha[pair, h]
            for h in range(len(total)):
                total[h] = 1 / total[h]
            for pair in range(first, first + n):
                for h in range(len(total)):
                    alpha[pair, h] *= total[h]


@cache
def weighted_sums(H: int, A: int, shared: bool = False) -> Callable:
    @kernel
    def weighted_sums(weight, transposed, rows, members, offsets, pairs, out):
        """5. out_i = sum_j weight_ij row_j, at each position; with ``transposed`` weight_ji in place of weight_ij.

        With ``shared`` all heads have the same rows [R, A].
        """
        heads = weight.shape[1]
        for s in range(len(offsets) - 1):
            start, n = offsets[s], offsets[s + 1] - offsets[s]
            for i in range(n):
                p = start + i
                out[p] = 0
                for j in range(n):
                    r, pair = members[start + j], pairs[s] + (j * n + i if transposed else i * n + j)
                    for h in range(heads):
                        weight_h = weight[pair, h]
                        for a in range(A):
                            out[p, a * H + h] += weight_h * rows[r, a if shared else a * H + h]

    return weighted_sums


@cache
def weighted_sums_backward(H: int, A: int) -> Callable:
    @kernel
    def weighted_sums_backward(dout, value, members, offsets, pairs, alpha, dalpha, dvalue):
        """5. dalpha_ij = dout_i . value_j; dvalue_j = sum_i alpha_ij dout_i, at each position."""
        heads = alpha.shape[1]
        for s in range(len(offsets) - 1):
            start, n = offsets[s], offsets[s + 1] - offsets[s]
            for i in range(n):
                p = start + i
                for j in range(n):
                    v, pair = members[start + j], pairs[s] + i * n + j
                    for h in range(heads):
                        total = dout[p, h] * value[v, h]
                        for a in range(1, A):
                            total += dout[p, a * H + h] * value[v, a * H + h]
                        dalpha[pair, h] = total
            for j in range(n):
                dvalue[start + j] = 0
                for i in range(n):
                    pair = pairs[s] + i * n + j
                    for h in range(heads):
                        weight = alpha[pair, h]
                        for a in range(A):
                            dvalue[start + j, a * H + h] += weight * dout[start + i, a * H + h]

    return weighted_sums_backward


@kernel
def softmax_backward(dalpha, alpha, scale, offsets, pairs):
    """4. dlogits_ij = alpha_ij (dalpha_ij - sum_k alpha_ik dalpha_ik), times ``scale``, in place of dalpha."""
    total = np.empty(alpha.shape[1], alpha.dtype)
    for s in range(len(offsets) - 1):
        n = offsets[s + 1] - offsets[s]
        for i in range(n):
            first = pairs[s] + i * n
            total[:] = 0
            for pair in range(first, first + n):
                for h in range(len(total)):
                    total[h] += alpha[pair, h] * dalpha[pair, h]
            for pair in range(first, first + n):
                for h in range(len(total)):
                    dalpha[pair, h] = scale * (alpha[pair, h] * (dalpha[pair, h] - total[h]))


@cache
def shared_key_backward(H: int, Q: int) -> Callable:
    @kernel
    def shared_key_backward(dlogits, query, members, offsets, pairs, dkey):
        """3. dkey_j = sum over i and all heads of dlogits_ij query_i, at each position."""
        heads = dlogits.shape[1]
        for s in range(len(offsets) - 1):
            start, n = offsets[s], offsets[s + 1] - offsets[s]
            for j in range(n):
                dkey[start + j] = 0
                for i in range(n):
                    q, pair = members[start + i], pairs[s] + i * n + j
                    for a in range(Q):
                        total = dkey[start + j, a]
                        for h in range(heads):
                            total += dlogits[pair, h] * query[q, a * H + h]
                        dkey[start + j, a] = total

    return shared_key_backward
