"""What the model attends to: the weights of both attentions, word by word.

Tutorial: tutorials/11_reading_the_model.md
"""

from __future__ import annotations

import numpy as np

from .config import Config
from .encoder import Parameters, encode_forward, side_weights
from .ragged import Ragged


def read_attention(
    params: Parameters, sets: Ragged, config: Config, rows: np.ndarray | None = None
) -> tuple[list[np.ndarray], np.ndarray]:
    """Self-attention [H, n, n] of each set, and the additive attention weight of each position, flat [T].

    Without ``rows`` the sets are titles (word ids); with title vectors as ``rows`` they are histories (title numbers).
    """
    if config.attention == "mean":  # equal weights
        share = 1 / np.maximum(sets.lengths, 1)
        return [np.full((config.heads, n, n), 1 / max(n, 1)) for n in sets.lengths], np.repeat(share, sets.lengths)
    side = "news" if rows is None else "user"
    rows = params["embedding"] if rows is None else rows
    _, (attention, _, additive) = encode_forward(rows, sets, side_weights(params, side), config.heads, None, 0)
    return [attention[-1].of_set(s) for s in range(len(sets))], additive[-1]
