"""What the layers share: the flags of their Numba kernels, the sum of rows by owner, softmax.

Tutorial: tutorials/09_making_it_fast.md
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from ..ragged import Ragged

# NaN and infinity keep their meaning (no "nnan", no "ninf"), so a broken input shows up as a NaN and not as a number.
# Sums keep their order (no "reassoc"): Numba optimises a parallel kernel once more when it writes it to its cache, so
# the process that compiles a kernel would get other last bits than every process after it.
FASTMATH = {"nsz", "arcp", "contract", "afn"}
# Kernels that are not parallel are cached as they ran. There sums may be split into the lanes of a vector register.
SERIAL = {"nogil": True, "fastmath": FASTMATH | {"reassoc"}, "cache": True}


def sum_rows(rows: np.ndarray, groups: Ragged) -> np.ndarray:
    """out[g] = sum of rows[p] over the positions p in groups[g]. [positions, columns] -> [groups, columns].

    An empty group gives zeros (np.add.reduceat would give the row at its start).
    """
    out = np.empty((len(groups), rows.shape[1]), rows.dtype)
    _sum_rows(rows, groups.values, groups.offsets, out)
    return out


@njit(parallel=True, cache=True)
def _sum_rows(rows, positions, offsets, out):
    for g in prange(len(out)):
        out[g] = 0
        for p in range(offsets[g], offsets[g + 1]):
            for c in range(out.shape[1]):
                out[g, c] += rows[positions[p], c]


def softmax_rows(logits: np.ndarray) -> None:
    """Softmax over the last axis of a contiguous array, in place.

    The largest logit of a row is subtracted first, so that no exponential overflows. The exponential is NumPy's, which
    computes eight at a time; Numba would call a function for each.
    """
    rows = logits.reshape(-1, logits.shape[-1])
    _subtract_largest(rows)
    np.exp(rows, out=rows)
    _divide_by_sum(rows)


def softmax_rows_backward(dalpha: np.ndarray, alpha: np.ndarray) -> None:
    """dlogits_ij = alpha_ij (dalpha_ij - sum_k alpha_ik dalpha_ik), in place of dalpha."""
    _softmax_backward(*(x.reshape(-1, x.shape[-1]) for x in (dalpha, alpha)))


@njit(**SERIAL)
def _subtract_largest(rows):
    for i in range(rows.shape[0]):
        largest = rows[i, 0].real
        for j in range(1, rows.shape[1]):
            largest = max(largest, rows[i, j].real)
        for j in range(rows.shape[1]):
            rows[i, j] -= largest


@njit(**SERIAL)
def _divide_by_sum(rows):
    for i in range(rows.shape[0]):
        total = rows.dtype.type(0)
        for j in range(rows.shape[1]):
            total += rows[i, j]
        for j in range(rows.shape[1]):
            rows[i, j] /= total


@njit(**SERIAL)
def _softmax_backward(dalpha, alpha):
    for i in range(alpha.shape[0]):
        total = alpha.dtype.type(0)
        for j in range(alpha.shape[1]):
            total += alpha[i, j] * dalpha[i, j]
        for j in range(alpha.shape[1]):
            dalpha[i, j] = alpha[i, j] * (dalpha[i, j] - total)
