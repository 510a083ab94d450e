"""The one encoder, used twice: words of a title -> its vector, clicked titles of a user -> the user's (chapter 06)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .layers.additive_attention import AdditiveAttentionCache, additive_attention_backward, additive_attention_forward
from .layers.dropout import DropoutCache, dropout_backward, dropout_forward
from .layers.mean import MeanCache, mean_backward, mean_forward
from .layers.self_attention import Projected, SelfAttentionCache, self_attention_backward, self_attention_forward
from .ragged import Ragged

Parameters = dict[str, np.ndarray]


class EncoderWeights(NamedTuple):
    """The weights of one side; None where a form has no such weight: "bilinear" has no key, "mean" only the value."""

    weight_query: np.ndarray
    weight_key: np.ndarray | None
    weight_value: np.ndarray
    additive_weight: np.ndarray
    additive_bias: np.ndarray
    additive_query: np.ndarray


class EncoderCache(NamedTuple):
    self_attention: SelfAttentionCache
    dropout: DropoutCache
    additive: AdditiveAttentionCache


def side_weights(params: Parameters, side: str) -> EncoderWeights:
    """The weights of one side, "news" or "user"."""
    return EncoderWeights(*(params.get(f"{side}.{name}") for name in EncoderWeights._fields))  # type: ignore[arg-type]


def name_gradients(side: str, dweights: Sequence[np.ndarray | None]) -> Parameters:
    """The inverse of ``side_weights``: gradients in the order of ``EncoderWeights``, by the name of their parameter."""
    return {f"{side}.{name}": one for name, one in zip(EncoderWeights._fields, dweights) if one is not None}


def encode_forward(
    rows: np.ndarray,
    sets: Ragged,
    weights: EncoderWeights,
    heads: int,
    mask: np.ndarray | None,
    rate: float,
    projected: Projected | None = None,
) -> tuple[np.ndarray, EncoderCache | MeanCache]:
    """out_s = additive attention over dropout(self-attention inside the set s); in form "mean" a mean of the values.

    rows [R, D], sets [S] of row numbers, mask bool [T, M] or None -> out [S, M]. ``projected``: the rows' queries, keys
    and values, where they are known already.
    """
    if weights.weight_query is None:
        return mean_forward(rows, sets, weights.weight_value, mask, rate)
    attended, attention_cache = self_attention_forward(rows, sets, *weights[:3], heads, projected)  # [T, M]
    dropped, dropout_cache = dropout_forward(attended, mask, rate)  # [T, M]
    out, additive_cache = additive_attention_forward(dropped, sets, *weights[3:])  # [S, M]
    return out, EncoderCache(attention_cache, dropout_cache, additive_cache)


def encode_backward(
    dout: np.ndarray, cache: EncoderCache | MeanCache
) -> tuple[np.ndarray, *tuple[np.ndarray | None, ...]]:
    """Returns drows [R, D], then the gradients of the weights in the order of ``EncoderWeights``."""
    if isinstance(cache, MeanCache):
        drows, dweight_value = mean_backward(dout, cache)
        return drows, None, None, dweight_value, None, None, None
    ddropped, dweight, dbias, dquery = additive_attention_backward(dout, cache.additive)  # [T, M]
    dattended = dropout_backward(ddropped, cache.dropout)  # [T, M]
    drows, dweight_query, dweight_key, dweight_value = self_attention_backward(dattended, cache.self_attention)
    return drows, dweight_query, dweight_key, dweight_value, dweight, dbias, dquery
