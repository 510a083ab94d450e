"""The loops of self-attention over the pairs of positions of each set, forward and backward.

Legend: T positions of all sets together, pairs (i, j) of positions of one set, for all sets together; R rows, D size of
a row, H heads, A size of a head's value, M = H * A.

Heads stand last: column a * H + h of a query, key or value belongs to head h, and alpha is [pairs, H]. So the innermost
loop runs over heads, neighbours in memory and each with a sum of its own: the compiler takes eight at a time and need
not split a sum. For that it must know how far apart the numbers of a head are, so ``head_kernels`` makes the kernels of
given sizes. (With 16 heads of 16 a head's own numbers innermost take three times as long.)

Tutorial: tutorials/09_making_it_fast.md
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numba import njit

from .kernels import SERIAL


class HeadKernels(NamedTuple):
    logits: Callable
    subtract_largest: Callable
    weighted_sums: Callable
    weighted_sums_backward: Callable
    softmax_backward: Callable
    sums_over_pairs: Callable


@cache
def head_kernels(H: int, A: int) -> HeadKernels:
    """The kernels for H heads of size A; query, key and value are [R, M].

    In all of them set s holds the positions offsets[s] .. offsets[s + 1] - 1 (n of them), row members[p] stands at
    position p, and the pair (i, j) of set s is row pairs[s] + i * n + j of alpha and dalpha.

    ``heads`` is H again, read from an array: a loop of known length would be written out before the compiler looks for
    instructions that take eight numbers, and then it finds none.
    """
    M = H * A

    @njit(**SERIAL)
    def logits(query, key, scale, members, offsets, pairs, alpha):
        """alpha_ij = scale * query_i . key_j, form "qkv"."""
        heads = alpha.shape[1]
        for s in range(len(offsets) - 1):
            start, n = offsets[s], offsets[s + 1] - offsets[s]
            for i in range(n):
                q = members[start + i]
                for j in range(n):
                    k, pair = members[start + j], pairs[s] + i * n + j
                    for h in range(heads):
                        logit = query[q, h] * key[k, h]
                        for a in range(1, A):
                            logit += query[q, a * H + h] * key[k, a * H + h]
                        alpha[pair, h] = scale * logit

    @njit(**SERIAL)
    def subtract_largest(alpha, offsets, pairs):
        """alpha_ij -= max_j alpha_ij: then no exponential overflows."""
        largest = np.empty(H, alpha.dtype)
        for s in range(len(offsets) - 1):
            n = offsets[s + 1] - offsets[s]
            for i in range(n):
                first = pairs[s] + i * n
                for h in range(H):
                    largest[h] = alpha[first, h]
                for pair in range(first + 1, first + n):
                    for h in range(H):
                        logit = alpha[pair, h]
                        largest[h] = logit if logit.real > largest[h].real else largest[h]
                for pair in range(first, first + n):
                    for h in range(H):
                        alpha[pair, h] -= largest[h]

    @njit(**SERIAL)
    def weighted_sums(value, members, offsets, pairs, alpha, out):
        """alpha_ij = e_ij / sum_j e_ij in place of the exponentials e; out_i = sum_j alpha_ij value_j, heads first."""
        heads = alpha.shape[1]
        total = np.empty(H, alpha.dtype)
        out_i = np.empty(M, alpha.dtype)
        for s in range(len(offsets) - 1):
            start, n = offsets[s], offsets[s + 1] - offsets[s]
            for i in range(n):
                first = pairs[s] + i * n
                total[:] = 0
                for j in range(n):
                    for h in range(H):
                        total[h] += alpha[first + j, h]
                for h in range(H):
                    total[h] = 1 / total[h]
                out_i[:] = 0
                for j in range(n):
                    v = members[start + j]
                    for h in range(heads):
                        weight = alpha[first + j, h] * total[h]
                        alpha[first + j, h] = weight
                        for a in range(A):
                            out_i[a * H + h] += weight * value[v, a * H + h]
                for h in range(H):
                    for a in range(A):
                        out[start + i, h * A + a] = out_i[a * H + h]

    @njit(**SERIAL)
    def weighted_sums_backward(dout, value, members, offsets, pairs, alpha, dalpha, dvalue):
        """dalpha_ij = dout_i . value_j; dvalue_j = sum_i alpha_ij dout_i, at each position."""
        heads = alpha.shape[1]
        longest = 0
        for s in range(len(offsets) - 1):
            longest = max(longest, offsets[s + 1] - offsets[s])
        dout_s = np.empty((longest, M), alpha.dtype)  # dout of one set, heads last
        for s in range(len(offsets) - 1):
            start, n = offsets[s], offsets[s + 1] - offsets[s]
            for i in range(n):
                for h in range(H):
                    for a in range(A):
                        dout_s[i, a * H + h] = dout[start + i, h * A + a]
                for j in range(n):
                    v, pair = members[start + j], pairs[s] + i * n + j
                    for h in range(heads):
                        total = dout_s[i, h] * value[v, h]
                        for a in range(1, A):
                            total += dout_s[i, a * H + h] * value[v, a * H + h]
                        dalpha[pair, h] = total
            for j in range(n):
                p = start + j
                dvalue[p] = 0
                for i in range(n):
                    pair = pairs[s] + i * n + j
                    for h in range(heads):
                        weight = alpha[pair, h]
                        for a in range(A):
                            dvalue[p, a * H + h] += weight * dout_s[i, a * H + h]

    @njit(**SERIAL)
    def softmax_backward(dalpha, alpha, scale, offsets, pairs):
        """scale * dlogits_ij = scale * alpha_ij (dalpha_ij - sum_k alpha_ik dalpha_ik), in place of dalpha."""
        heads = alpha.shape[1]
        total = np.empty(H, alpha.dtype)
        for s in range(len(offsets) - 1):
            n = offsets[s + 1] - offsets[s]
            for i in range(n):
                first = pairs[s] + i * n
                total[:] = 0
                for pair in range(first, first + n):
                    for h in range(heads):
                        total[h] += alpha[pair, h] * dalpha[pair, h]
                for pair in range(first, first + n):
                    for h in range(heads):
                        dalpha[pair, h] = scale * (alpha[pair, h] * (dalpha[pair, h] - total[h]))

    @njit(**SERIAL)
    def sums_over_pairs(weight, transposed, rows, members, offsets, pairs, out):
        """out_i = sum_j weight_ij row_j, at each position; with ``transposed`` weight_ji in place of weight_ij."""
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
                            out[p, a * H + h] += weight_h * rows[r, a * H + h]

    return HeadKernels(
        logits, subtract_largest, weighted_sums, weighted_sums_backward, softmax_backward, sums_over_pairs
    )


@njit(**SERIAL)
def bilinear_logits(query, rows, members, offsets, pairs, alpha):
    """alpha_ij = query_i . row_j, form "bilinear": query [R, H * D] has the D numbers of a head side by side."""
    D = rows.shape[1]
    for s in range(len(offsets) - 1):
        start, n = offsets[s], offsets[s + 1] - offsets[s]
        for i in range(n):
            query_i = query[members[start + i]]
            for h in range(alpha.shape[1]):
                for j in range(n):
                    row = rows[members[start + j]]
                    logit = alpha.dtype.type(0)
                    for d in range(D):
                        logit += query_i[h * D + d] * row[d]
                    alpha[pairs[s] + i * n + j, h] = logit


@njit(**SERIAL)
def bilinear_logits_backward(dlogits, query, rows, members, offsets, pairs, dquery, drow):
    """dquery_ih = sum_j dlogits_ijh row_j; drow_j = sum_ih dlogits_ijh query_ih, at each position."""
    D = rows.shape[1]
    for s in range(len(offsets) - 1):
        start, n = offsets[s], offsets[s + 1] - offsets[s]
        for p in range(start, start + n):
            dquery[p] = 0
            drow[p] = 0
        for i in range(n):
            query_i, p = query[members[start + i]], start + i
            for h in range(dlogits.shape[1]):
                for j in range(n):
                    row, dlogit = rows[members[start + j]], dlogits[pairs[s] + i * n + j, h]
                    for d in range(D):
                        dquery[p, h * D + d] += dlogit * row[d]
                    for d in range(D):
                        drow[start + j, d] += dlogit * query_i[h * D + d]
