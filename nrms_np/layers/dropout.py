"""Inverted dropout (Srivastava et al., 2014): zero a share of the entries, scale up the rest (chapter 06)."""

import numpy as np

from ..parallel import empty, in_parallel, kernel, row_blocks

DropoutCache = tuple[np.ndarray | None, float]  # mask, rate


def draw_mask(rng: np.random.Generator, shape: tuple[int, ...], rate: float) -> np.ndarray:
    """True = kept, each with probability 1 - rate (to within 1/65536). bool of ``shape``.

    Each entry compares 16 random bits with the rate. Raises ValueError unless 0 <= rate < 1.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"dropout rate {rate} is not in [0, 1)")
    size = int(np.prod(shape))
    bits = rng.bit_generator.random_raw(-(-size // 4)).view(np.uint16)[:size]  # four entries for each 64-bit draw
    return (bits >= round(rate * 65536)).reshape(shape)


def dropout_forward(x: np.ndarray, mask: np.ndarray | None, rate: float) -> tuple[np.ndarray, DropoutCache]:
    """out = x * mask / (1 - rate), or x itself when there is no mask (evaluation).

    x [rows, columns], mask bool of the same shape -> out, same shape and dtype.
    """
    if mask is None:
        return x, (mask, rate)
    out, scale = empty(x.shape, x.dtype), x.dtype.type(1 / (1 - rate))
    in_parallel(lambda rows: _mask_rows(x[rows], mask[rows], scale, out[rows]), row_blocks(len(x)))
    return out, (mask, rate)


def dropout_backward(dout: np.ndarray, cache: DropoutCache) -> np.ndarray:
    """dx = dout * mask / (1 - rate): each entry was multiplied by a constant, and so is its gradient."""
    return dropout_forward(dout, *cache)[0]


@kernel
def _mask_rows(x, mask, scale, out):
    for i in range(x.shape[0]):
        for c in range(x.shape[1]):
            out[i, c] = x[i, c] * scale if mask[i, c] else x.dtype.type(0)
