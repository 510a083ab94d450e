"""The encoder without attention (``--attention mean``): a set becomes the mean of the values of its rows.

The mean stands in the place of both attentions, all else is the same, so it shows what attention adds.

Legend: T positions of all sets together, S sets, R rows (the level below), D size of a row, M size of a value.
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
    """out_s = the mean over the set s of dropout(rows @ weight_value).

    rows [R, D], weight_value [D, M], mask bool [T, M] or None -> out [S, M]. An empty set gives the zero vector.
    """
    value = matmul(rows, weight_value)[sets.values]  # 1. once for each row; [T, M]
    dropped, dropout_cache = dropout_forward(value, mask, rate)  # 2. [T, M]
    share = (1 / np.maximum(sets.lengths, 1)).astype(rows.dtype)[:, None]
    out = share * sum_rows(dropped, Ragged(np.arange(len(dropped)), sets.offsets))  # 3. [S, M]
    return out, MeanCache(rows, sets, weight_value, dropout_cache, share)


def mean_backward(dout: np.ndarray, cache: MeanCache) -> tuple[np.ndarray, np.ndarray]:
    """Returns (drows [R, D], dweight_value [D, M])."""
    rows, sets, weight_value, dropout_cache, share = cache
    # 3. out_s = share_s * sum of dropped over the set
    ddropped = np.repeat(share * dout, sets.lengths, axis=0)  # [T, M]
    # 2. dropped = dropout(value)
    dvalue = dropout_backward(ddropped, dropout_cache)  # [T, M]
    # 1. value = rows @ weight_value at each position: the sum over the positions of each row, then the product
    dvalue_of_row = sum_rows(dvalue, sets.transpose(len(rows)))  # [R, M]
    return matmul(dvalue_of_row, weight_value.T), matmul_transposed(rows, dvalue_of_row)
