"""Exercises of chapter 06. Fill in a stub, then ``python tutorials/exercise.py 06.1``, and so on."""

import numpy as np  # noqa: F401

from nrms_np import Ragged
from nrms_np.layers.additive_attention import additive_attention_backward, additive_attention_forward  # noqa: F401
from nrms_np.layers.self_attention import self_attention_backward, self_attention_forward  # noqa: F401


def loss_without_history(negatives):
    """06.1: the loss -log softmax(scores)[0] of a reader with an empty history and this many negatives."""
    raise NotImplementedError


def spread_of_mean(rate, copies):
    """06.2: the standard deviation that dropout gives to the mean of ``copies`` ones -> (separate, shared).

    separate: each copy has a mask of its own; shared: all have the same.
    """
    raise NotImplementedError


def masks_by_position(word_masks, values):
    """06.3: word_masks bool [U, D], values [T] the word of each position -> bool [T, D], the mask of each position."""
    raise NotImplementedError


def dropout_backward(dout, mask, rate):
    """06.4: out = x * mask / (1 - rate), or x where mask is None: dout [T, M], mask bool [T, M] -> dx [T, M]."""
    raise NotImplementedError


def encoder_forward(rows, values, offsets, weights, heads, mask, rate):
    """A helper: the three lines of the encoder -> out [S, M] and the two caches."""
    sets = Ragged(values, offsets)
    attended, first = self_attention_forward(rows, sets, *weights[:3], heads)  # 1. [T, M]
    dropped = attended if mask is None else attended * mask / (1 - rate)  # 2. [T, M]
    out, third = additive_attention_forward(dropped, sets, *weights[3:])  # 3. [S, M]
    return out, (first, third)


def encoder_gradients(dout, rows, values, offsets, weights, heads, mask, rate):
    """06.5: dout [S, M] -> drows [R, D] and the gradients of the six weights, seven arrays in this order.

    weights: weight_query, weight_key, weight_value, additive_weight, additive_bias, additive_query.
    additive_attention_backward(dout, cache) gives the gradient of its rows, then those of weight, bias, query;
    self_attention_backward(dout, cache) that of its rows, then those of query, key, value.
    """
    raise NotImplementedError


def title_gradient(dclicked, dscores, users, candidates):
    """06.6: dclicked [N, M] from the histories, dscores [B, 1+K], users [B, M], candidates [B, 1+K] -> dtitles [N, M].

    scores[b, c] = titles[candidates[b, c]] . users[b]; a title may be shown many times.
    """
    raise NotImplementedError


def from_loss_to_titles(titles, values, offsets, candidates, weights, heads):
    """06.7: the gradient of the loss by the title vectors [N, M] -> dtitles [N, M]; no dropout.

    users = encoder of titles over the histories (values, offsets), scores as in 06.6, and the loss is the mean over
    the users of -log softmax(scores)[column 0]. Scores may be large. You may call what you wrote for 06.5 and 06.6.
    """
    raise NotImplementedError


def attention_dropout_backward(ddropped, alpha, mask, rate):
    """06.8: dropped = alpha * mask / (1 - rate), alpha = softmax of each line of logits: -> dlogits [n, n].

    ddropped, alpha [n, n], mask bool [n, n].
    """
    raise NotImplementedError
