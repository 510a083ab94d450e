"""What the layers share: the flags of their Numba kernels, the sum of rows by owner.

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
    _sum_rows(rows, groups.values, groups.offsets, out, 0)
    return out


def sum_rows_side_by_side(parts: list[np.ndarray], groups: Ragged) -> np.ndarray:
    """``sum_rows`` of each part, side by side. [positions, columns of the part] -> [groups, columns of all parts]."""
    out = np.empty((len(groups), sum(part.shape[1] for part in parts)), parts[0].dtype)
    first = 0
    for part in parts:
        _sum_rows(part, groups.values, groups.offsets, out, first)
        first += part.shape[1]
    return out


@njit(parallel=True, cache=True)
def _sum_rows(rows, positions, offsets, out, first):
    for g in prange(len(out)):
        total = out[g, first : first + rows.shape[1]]
        total[:] = 0
        for p in range(offsets[g], offsets[g + 1]):
            row = rows[positions[p]]
            for c in range(len(row)):
                total[c] += row[c]
