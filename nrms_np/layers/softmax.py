"""Softmax over lines of very different lengths, forward and backward (chapters 03 and 09b).

Line l holds the rows lines[l] .. lines[l + 1] - 1 of an array, and each column has a softmax of its own. In
self-attention a line is a position, with a row for each position that it looks at and a column for each head; in
additive attention it is a set, with a row for each position and one column.
"""

import numpy as np

from ..parallel import kernel


def softmax(alpha: np.ndarray, lines: np.ndarray) -> None:
    """alpha_j = exp(logits_j) / sum_k exp(logits_k), j and k in one line, in place of the logits."""
    _subtract_largest(alpha, lines)  # then no exponential overflows
    here = alpha[lines[0] : lines[-1]]
    np.exp(here, out=here)  # NumPy's takes a register at a time, Numba's one number
    _divide_by_sum(alpha, lines)


@kernel
def _subtract_largest(alpha, lines):
    largest = np.empty(alpha.shape[1], alpha.dtype)
    for first, end in zip(lines[:-1], lines[1:]):
        largest[:] = -np.inf
        for j in range(first, end):
            for h in range(len(largest)):
                # .real: the gradient check passes complex numbers through here, which have no order
                largest[h] = alpha[j, h] if alpha[j, h].real > largest[h].real else largest[h]
        for j in range(first, end):
            for h in range(len(largest)):
                alpha[j, h] -= largest[h]


@kernel
def _divide_by_sum(alpha, lines):
    total = np.empty(alpha.shape[1], alpha.dtype)
    for first, end in zip(lines[:-1], lines[1:]):
        total[:] = 0
        for j in range(first, end):
            for h in range(len(total)):
                total[h] += alpha[j, h]
        for j in range(first, end):
            for h in range(len(total)):
                alpha[j, h] /= total[h]


@kernel
def softmax_backward(dalpha, alpha, lines):
    """dlogits_j = alpha_j (dalpha_j - sum_k alpha_k dalpha_k), in place of dalpha."""
    total = np.empty(alpha.shape[1], alpha.dtype)
    for first, end in zip(lines[:-1], lines[1:]):
        total[:] = 0
        for j in range(first, end):
            for h in range(len(total)):
                total[h] += alpha[j, h] * dalpha[j, h]
        for j in range(first, end):
            for h in range(len(total)):
                dalpha[j, h] = alpha[j, h] * (dalpha[j, h] - total[h])
