"""What the Numba kernels share: their fastmath flags, and the sum of rows by owner.

Tutorial: tutorials/09_making_it_fast.md
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from ..ragged import Ragged

# NaN and infinity keep their meaning (no "nnan", no "ninf"), so a broken input shows up as a NaN and not as a number.
# Sums keep their order (no "reassoc"): with it the attention loops are a fifth faster, but Numba optimises a parallel
# kernel once more when it writes it to its cache, so the process that compiles a kernel would get other last bits than
# every process after it.
FASTMATH = {"nsz", "arcp", "contract", "afn"}


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
