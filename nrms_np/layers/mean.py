"""The encoder without attention (``--attention mean``): a set becomes the mean of the values of its rows.

The mean stands in the place of both attentions, all else is the same, so it shows what attention adds.
"""

from typing import NamedTuple

import numpy as np

from ..parallel import matmul, matmul_transposed
from ..ragged import Ragged, sum_rows
from .dropout import DropoutCache, dropout_backward, dropout_forward


class MeanCache(NamedTuple):
    rows: np.ndarray
    sets: Ragged
    weight_value: np.ndarray
    dropout: DropoutCache
    share: np.ndarray  # [S, 1], 1 / n


def mean_forward(
    rows: np.ndarray, sets: Ragged, weight_value: np.ndarray, mask: np.ndarray | None, rate: float
) -> tuple[np.ndarray, MeanCache]:
    """out_s = the mean over the set s of dropout(rows @ weight_value); of an empty set the zero vector.

    rows [R, D], weight_value [D, M], mask bool [T, M] or None -> out [S, M]; T is the positions of all sets.
    """
    value = matmul(rows, weight_value)[sets.values]  # 1. once for each row; [T, M]
    dropped, dropout_cache = dropout_forward(value, mask, rate)  # 2. [T, M]
    share = (1 / np.maximum(sets.lengths, 1)).astype(rows.dtype)[:, None]
    out = share * sum_rows(dropped, Ragged(np.arange(len(dropped)), sets.offsets))  # 3. [S, M]
    return out, MeanCache(rows, sets, weight_value, dropout_cache, share)


def mean_backward(dout: np.ndarray, cache: MeanCache) -> tuple[np.ndarray, np.ndarray]:
    """Returns (drows [R, D], dweight_value [D, M])."""
    rows, sets, weight_value, dropout_cache, share = cache
    ddropped = np.repeat(share * dout, sets.lengths, axis=0)  # 3. [T, M]
    dvalue = dropout_backward(ddropped, dropout_cache)  # 2. [T, M]
    dvalue_of_row = sum_rows(dvalue, sets.transpose(len(rows)))  # 1. over the positions of each row; [R, M]
    return matmul(dvalue_of_row, weight_value.T), matmul_transposed(rows, dvalue_of_row)
