"""Solutions of chapter 06."""

import math

import numpy as np

from nrms_np import Ragged
from nrms_np.layers.additive_attention import additive_attention_backward, additive_attention_forward
from nrms_np.layers.self_attention import self_attention_backward, self_attention_forward


def loss_without_history(negatives):
    # the user vector is zero, so all scores are 0 and each of the 1 + K candidates has probability 1 / (1 + K)
    return math.log(1 + negatives)


def spread_of_mean(rate, copies):
    # an entry has the variance rate / (1 - rate); the mean of independent ones has a copies-th of it
    spread = math.sqrt(rate / (1 - rate))
    return spread / math.sqrt(copies), spread


def masks_by_position(word_masks, values):
    # look the mask up as you look the row up: all occurrences of a word share it
    return word_masks[values]


def dropout_backward(dout, mask, rate):
    # each entry was multiplied by mask / (1 - rate), a constant, and so is its gradient
    return dout.copy() if mask is None else dout * mask / (1 - rate)


def encoder_forward(rows, values, offsets, weights, heads, mask, rate):
    sets = Ragged(values, offsets)
    attended, first = self_attention_forward(rows, sets, *weights[:3], heads)
    dropped = attended if mask is None else attended * mask / (1 - rate)
    out, third = additive_attention_forward(dropped, sets, *weights[3:])
    return out, (first, third)


def encoder_gradients(dout, rows, values, offsets, weights, heads, mask, rate):
    # the three lines from the last to the first; each hands on the gradient of its rows
    _, (first, third) = encoder_forward(rows, values, offsets, weights, heads, mask, rate)
    ddropped, *dadditive = additive_attention_backward(dout, third)
    dattended = dropout_backward(ddropped, mask, rate)
    drows, *dattention = self_attention_backward(dattended, first)
    return drows, *dattention, *dadditive


def title_gradient(dclicked, dscores, users, candidates):
    # the sum of two places; np.add.at because a title may stand among the candidates more than once
    dtitles = dclicked.copy()
    np.add.at(dtitles, candidates, dscores[:, :, None] * users[:, None, :])
    return dtitles


def from_loss_to_titles(titles, values, offsets, candidates, weights, heads):
    users, _ = encoder_forward(titles, values, offsets, weights, heads, None, 0.0)
    scores = (titles[candidates] * users[:, None, :]).sum(axis=2)  # [B, 1+K]
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    dscores = exponentials / exponentials.sum(axis=1, keepdims=True)
    dscores[:, 0] -= 1  # p - y
    dscores /= len(users)  # the loss is a mean
    dusers = (dscores[:, :, None] * titles[candidates]).sum(axis=1)  # [B, M]
    dclicked = encoder_gradients(dusers, titles, values, offsets, weights, heads, None, 0.0)[0]
    return title_gradient(dclicked, dscores, users, candidates)


def attention_dropout_backward(ddropped, alpha, mask, rate):
    # dropout first, then the softmax, with the undropped alpha: its lines sum to one, whatever the mask does later
    dalpha = ddropped * mask / (1 - rate)
    return alpha * (dalpha - (alpha * dalpha).sum(axis=1, keepdims=True))
