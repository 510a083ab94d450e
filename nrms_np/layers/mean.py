"""The encoder without attention (``--attention mean``): a set becomes the mean of the values of its rows.

The mean stands in the place of both attentions, all else is the same, so it shows what attention adds.

Legend: T positions of all sets together, S sets, R rows (the level below), D size of a row, M size of a value.
"""

from __future__ import annotations

import numpy as np

from ..ragged import Ragged
from .dropout import dropout_backward, dropout_forward
from .kernels import sum_rows


def mean_forward(
    rows: np.ndarray, sets: Ragged, weight_value: np.ndarray, mask: np.ndarray | None, rate: float
) -> tuple[np.ndarray, tuple]:
    """out_s = the mean over the set s of dropout(rows @ weight_value).

    rows [R, D], weight_value [D, M], mask bool [T, M] or None -> out [S, M]. An empty set gives the zero vector.
    """
    # 1. project every row once, however many positions hold it
    value = (rows @ weight_value)[sets.values]  # [T, M]
    # 2. dropout at each position
    dropped, dropout_cache = dropout_forward(value, mask, rate)  # [T, M]
    # 3. each position of a set has the same share, 1 / n
    share = (1 / np.maximum(sets.lengths, 1)).astype(rows.real.dtype)[:, None]  # [S, 1]
    out = share * sum_rows(dropped, Ragged(np.arange(len(dropped)), sets.offsets))  # [S, M]
    return out, (rows, sets, weight_value, dropout_cache, share)


def mean_backward(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Returns (drows [R, D], dweight_value [D, M])."""
    rows, sets, weight_value, dropout_cache, share = cache
    # 3. out_s = share_s * sum of dropped over the set
    ddropped = np.repeat(share * dout, sets.lengths, axis=0)  # [T, M]
    # 2. dropped = dropout(value)
    dvalue = dropout_backward(ddropped, dropout_cache)  # [T, M]
    # 1. value = rows @ weight_value at each position: the sum over the positions of each row, then the product
    dprojected = sum_rows(dvalue, sets.transpose(len(rows)))  # [R, M]
    return dprojected @ weight_value.T, rows.T @ dprojected
