"""The one encoder that NRMS uses twice: words of a title -> title vector, clicked titles of a user -> user vector.

Tutorial: tutorials/06_two_encoders.md
"""

from __future__ import annotations

import numpy as np

from .layers.additive_attention import additive_attention_backward, additive_attention_forward
from .layers.dropout import dropout_backward, dropout_forward
from .layers.mean import mean_backward, mean_forward
from .layers.self_attention import self_attention_backward, self_attention_forward
from .ragged import Ragged

Parameters = dict[str, np.ndarray]


WEIGHTS = ("weight_query", "weight_key", "weight_value", "additive_weight", "additive_bias", "additive_query")


def side_weights(params: Parameters, side: str) -> tuple:
    """The weights of one side, "news" or "user", in the order of WEIGHTS; None where its form has no such weight."""
    return tuple(params.get(f"{side}.{name}") for name in WEIGHTS)


def name_gradients(side: str, gradients: tuple) -> Parameters:
    """The inverse of ``side_weights``: gradients in the order of WEIGHTS, by the name of their parameter."""
    return {f"{side}.{name}": one for name, one in zip(WEIGHTS, gradients) if one is not None}


def encode_forward(
    rows: np.ndarray, sets: Ragged, weights: tuple, heads: int, mask: np.ndarray | None, rate: float
) -> tuple[np.ndarray, tuple]:
    """out_s = additive attention over dropout(self-attention inside the set s).

    rows [R, D], sets [S] of row numbers, mask bool [T, M] or None -> out [S, M]. Form "mean" has neither attention.
    """
    weight_query, weight_key, weight_value, weight, bias, query = weights
    if weight_query is None:
        out, mean_cache = mean_forward(rows, sets, weight_value, mask, rate)
        return out, (mean_cache,)
    attended, attention_cache = self_attention_forward(rows, sets, weight_query, weight_key, weight_value, heads)
    dropped, dropout_cache = dropout_forward(attended, mask, rate)  # [T, M]
    out, additive_cache = additive_attention_forward(dropped, sets, weight, bias, query)  # [S, M]
    return out, (attention_cache, dropout_cache, additive_cache)


def encode_backward(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, tuple]:
    """Returns drows [R, D] and the gradients of the six weights in the order of WEIGHTS."""
    if len(cache) == 1:  # form "mean"
        drows, dweight_value = mean_backward(dout, *cache)
        return drows, (None, None, dweight_value, None, None, None)
    attention_cache, dropout_cache, additive_cache = cache
    ddropped, dweight, dbias, dquery = additive_attention_backward(dout, additive_cache)
    dattended = dropout_backward(ddropped, dropout_cache)
    drows, dweight_query, dweight_key, dweight_value = self_attention_backward(dattended, attention_cache)
    return drows, (dweight_query, dweight_key, dweight_value, dweight, dbias, dquery)
