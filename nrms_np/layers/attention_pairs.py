"""The loops of self-attention over the pairs of positions of each set, forward and backward (chapter 09b).

Legend: pairs (i, j) of positions of one set, for all sets together; H heads, A numbers of a head, M = H * A.

Attention is six matrix products for each set and head, four of them backward's, and so there are three kernels:

    products                    logits = query key'     dalpha = dout value'          x_i . y_j
    weighted_sums               out = alpha value       dquery = dlogits key          sum over j
    weighted_sums_transposed    dvalue = alpha' dout    dkey = dlogits' query         sum over i

A set holds the positions from one of ``offsets`` to the next. Position i has a line of pairs: with the j-th position of
its set, it is row lines[i] + j of an array [pairs, H]. And it reads row x_rows[i] of x: the query of a word is computed
once and read wherever the word stands, while dout has a row for each position.

Heads stand last: column a * H + h belongs to head h. So the innermost loop runs over heads, neighbours in memory, each
with a sum of its own: the compiler takes a register of them at a time, if it knows how far apart the numbers of a head
are. So a kernel is made for given sizes, ``products(H, A)``. But ``heads`` is H read from an array: a loop of known
length would be written out before the compiler looks for loops that fill registers. The loop over a has to be written
out, which is done up to some length only: so large heads are taken in blocks. The plain form is tests/naive.py.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from ..parallel import kernel


def _block(A: int) -> int:
    """How many of a head's A numbers are taken at a time: all up to 24; else the largest divisor of A up to 16."""
    return A if A <= 24 else max(size for size in range(1, 17) if A % size == 0)


@cache
def products(H: int, A: int) -> Callable:
    block = _block(A)

    @kernel
    def products(x, x_rows, y, y_rows, offsets, lines, out):
        """out_ij = x_i . y_j for each head."""
        heads = out.shape[1]
        for start, end in zip(offsets[:-1], offsets[1:]):
            for i in range(start, end):
                r = x_rows[i]
                for j in range(end - start):
                    q, pair = y_rows[start + j], lines[i] + j
                    for b in range(0, A, block):
                        for h in range(heads):
                            total = x[r, b * H + h] * y[q, b * H + h]
                            for a in range(b + 1, b + block):
                                total += x[r, a * H + h] * y[q, a * H + h]
                            out[pair, h] = total if b == 0 else out[pair, h] + total

    return products


@cache
def weighted_sums(H: int, A: int) -> Callable:
    block = _block(A)

    @kernel
    def weighted_sums(weight, y, y_rows, offsets, lines, out):
        """out_i = sum_j weight_ij y_j, at each position, for each head; two j at a time load and store out_i once."""
        heads = weight.shape[1]
        for start, end in zip(offsets[:-1], offsets[1:]):
            for i in range(start, end):
                out[i] = 0
                for j in range(0, end - start, 2):
                    step = min(1, end - start - 1 - j)  # 0 at an odd end: the last row is taken once more, times 0
                    q, r, pair = y_rows[start + j], y_rows[start + j + step], lines[i] + j
                    for b in range(0, A, block):
                        for h in range(heads):
                            weight_q, weight_r = weight[pair, h], weight[pair + step, h] * weight.dtype.type(step)
                            for a in range(b, b + block):
                                c = a * H + h
                                out[i, c] += weight_q * y[q, c] + weight_r * y[r, c]

    return weighted_sums


@cache
def weighted_sums_transposed(H: int, A: int) -> Callable:
    block = _block(A)

    @kernel
    def weighted_sums_transposed(weight, x, x_rows, offsets, lines, out):
        """out_j = sum_i weight_ij x_i, at each position, for each head, adding up while weights are read in order."""
        heads = weight.shape[1]
        for start, end in zip(offsets[:-1], offsets[1:]):
            for p in range(start, end):
                out[p] = 0
            for i in range(start, end):
                r = x_rows[i]
                for j in range(end - start):
                    p, pair = start + j, lines[i] + j
                    for b in range(0, A, block):
                        for h in range(heads):
                            weight_h = weight[pair, h]
                            for a in range(b, b + block):
                                out[p, a * H + h] += weight_h * x[r, a * H + h]

    return weighted_sums_transposed


def bilinear_logits(query, rows, members, offsets, lines, out):
    """out_ij = query_i . row_j, form "bilinear": sums of D terms, some hundreds, are long enough for BLAS."""
    heads, D = out.shape[1], rows.shape[1]
    for start, end in zip(offsets[:-1], offsets[1:]):
        here = members[start:end]
        logits = np.matmul(rows[here], query[here].reshape(-1, D, heads))  # [n, n, H]
        out[lines[start] : lines[end]] = logits.reshape(-1, heads)


def bilinear_logits_backward(dlogits, query, rows, members, offsets, lines, dquery, dkey):
    """dquery_i = sum_j dlogits_ij row_j for each head; dkey_j = sum over i and all heads of dlogits_ij query_i."""
    heads, D = dlogits.shape[1], rows.shape[1]
    for start, end in zip(offsets[:-1], offsets[1:]):
        n, here = end - start, members[start:end]
        dlogits_here = dlogits[lines[start] : lines[end]].reshape(n, n, heads)
        dquery[start:end] = np.matmul(rows[here].T, dlogits_here).reshape(n, D * heads)
        queries = query[here].reshape(n, D, heads).transpose(0, 2, 1).reshape(n * heads, D)
        dkey[start:end] = dlogits_here.transpose(1, 0, 2).reshape(n, n * heads) @ queries
