"""The loops of self-attention over the pairs of positions of each set, forward and backward.

Legend: pairs (i, j) of positions of one set, for all sets together; H heads, A numbers of a head, M = H * A.

Attention is six matrix products for each set and head, three of them backward's, and so there are three kernels:

    products                    logits = scale query key'     dalpha = dout value'          x_i . y_j
    weighted_sums               out = alpha value             dquery = dlogits key          sum over j
    weighted_sums_transposed    dvalue = alpha' dout          dkey = dlogits' query         sum over i

In all of them set s holds the positions offsets[s] .. offsets[s + 1] - 1 (n of them), and the pair (i, j) of set s is
row pairs[s] + i * n + j of an array [pairs, H]. Position p reads row x_rows[p] of x: the query of a word is computed
once and read wherever the word stands (step 2), while dout has a row for each position.

Heads stand last: column a * H + h belongs to head h. So the innermost loop runs over heads, neighbours in memory and
each with a sum of its own: the compiler takes eight at a time and need not split a sum. For that it must know how far
apart the numbers of a head are, so a kernel is made for given sizes: ``products(H, A)`` is a kernel. ``heads`` is H
again, read from an array: a loop of known length would be written out before the compiler looks for instructions that
take eight numbers, and then it finds none. The loop over a, in contrast, has to be written out, and the compiler does
that up to some length only: so large heads are taken in blocks (``_block``).

The plain form of all this is tests/naive.py.

Tutorial: tutorials/09b_the_last_factor_of_two.md
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from ..parallel import kernel


def _block(A: int) -> int:
    """How many of a head's A numbers are taken at a time: all, or of more than 24 the largest divisor up to 16."""
    return A if A <= 24 else max(size for size in range(1, 17) if A % size == 0)


@cache
def products(H: int, A: int) -> Callable:
    block = _block(A)

    @kernel
    def products(x, x_rows, y, y_rows, scale, offsets, pairs, out):
        """out_ij = scale * x_i . y_j for each head."""
        heads = out.shape[1]
        for s in range(len(offsets) - 1):
            start, n = offsets[s], offsets[s + 1] - offsets[s]
            for i in range(n):
                r = x_rows[start + i]
                for j in range(n):
                    q, pair = y_rows[start + j], pairs[s] + i * n + j
                    for h in range(heads):
                        total = x[r, h] * y[q, h]
                        for a in range(1, block):
                            total += x[r, a * H + h] * y[q, a * H + h]
                        out[pair, h] = scale * total
                    for b in range(block, A, block):
                        for h in range(heads):
                            total = x[r, b * H + h] * y[q, b * H + h]
                            for a in range(b + 1, b + block):
                                total += x[r, a * H + h] * y[q, a * H + h]
                            out[pair, h] += scale * total

    return products


@cache
def weighted_sums(H: int, A: int) -> Callable:
    block = _block(A)

    @kernel
    def weighted_sums(weight, y, y_rows, offsets, pairs, out):
        """out_i = sum_j weight_ij y_j, at each position, for each head; two j at a time load and store out_i once."""
        heads = weight.shape[1]
        for s in range(len(offsets) - 1):
            start, n = offsets[s], offsets[s + 1] - offsets[s]
            for i in range(n):
                p, first = start + i, pairs[s] + i * n
                out[p] = 0
                for j in range(0, n - 1, 2):
                    q, r = y_rows[start + j], y_rows[start + j + 1]
                    for b in range(0, A, block):
                        for h in range(heads):
                            weight_q, weight_r = weight[first + j, h], weight[first + j + 1, h]
                            for a in range(b, b + block):
                                c = a * H + h
                                out[p, c] += weight_q * y[q, c] + weight_r * y[r, c]
                if n % 2:
                    q = y_rows[start + n - 1]
                    for b in range(0, A, block):
                        for h in range(heads):
                            weight_q = weight[first + n - 1, h]
                            for a in range(b, b + block):
                                out[p, a * H + h] += weight_q * y[q, a * H + h]

    return weighted_sums


@cache
def weighted_sums_transposed(H: int, A: int) -> Callable:
    block = _block(A)

    @kernel
    def weighted_sums_transposed(weight, x, x_rows, offsets, pairs, out):
        """out_j = sum_i weight_ij x_i, at each position, for each head, adding up while weights are read in order."""
        heads = weight.shape[1]
        for s in range(len(offsets) - 1):
            start, n = offsets[s], offsets[s + 1] - offsets[s]
            for j in range(n):
                out[start + j] = 0
            for i in range(n):
                r = x_rows[start + i]
                for j in range(n):
                    p, pair = start + j, pairs[s] + i * n + j
                    for b in range(0, A, block):
                        for h in range(heads):
                            weight_h = weight[pair, h]
                            for a in range(b, b + block):
                                out[p, a * H + h] += weight_h * x[r, a * H + h]

    return weighted_sums_transposed


@kernel
def bilinear_logits(query, rows, members, offsets, pairs, out):
    """out_ij = query_i . row_j, form "bilinear": the D numbers of a head stand side by side, column h * D + d.

    D is some hundreds, so here a head's own numbers fill the vectors.
    """
    D = rows.shape[1]
    for s in range(len(offsets) - 1):
        start, n = offsets[s], offsets[s + 1] - offsets[s]
        for i in range(n):
            query_i = query[members[start + i]]
            for h in range(out.shape[1]):
                for j in range(n):
                    row = rows[members[start + j]]
                    logit = out.dtype.type(0)
                    for d in range(D):
                        logit += query_i[h * D + d] * row[d]
                    out[pairs[s] + i * n + j, h] = logit


@kernel
def bilinear_logits_backward(dlogits, query, rows, members, offsets, pairs, dquery, dkey):
    """dquery_i = sum_j dlogits_ij row_j for each head; dkey_j = sum over i and all heads of dlogits_ij query_i."""
    D = rows.shape[1]
    for s in range(len(offsets) - 1):
        start, n = offsets[s], offsets[s + 1] - offsets[s]
        for p in range(start, start + n):
            dquery[p] = 0
            dkey[p] = 0
        for i in range(n):
            query_i, p = query[members[start + i]], start + i
            for h in range(dlogits.shape[1]):
                for j in range(n):
                    row, dlogit = rows[members[start + j]], dlogits[pairs[s] + i * n + j, h]
                    for d in range(D):
                        dquery[p, h * D + d] += dlogit * row[d]
                    for d in range(D):
                        dkey[start + j, d] += dlogit * query_i[h * D + d]


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
