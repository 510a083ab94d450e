"""Wrong answers to the exercises of chapter 06: each must be refused."""

import math

import numpy as np

from nrms_np import Ragged
from nrms_np.layers.additive_attention import additive_attention_backward, additive_attention_forward
from nrms_np.layers.self_attention import self_attention_backward, self_attention_forward


def loss_without_history_1(negatives):
    return math.log(negatives) if negatives else 0.0  # the clicked title is a candidate too


def loss_without_history_2(negatives):
    return 1 / (1 + negatives)  # the probability


def loss_without_history_3(negatives):
    return {1: math.log(2), 4: math.log(5), 9: math.log(10)}[negatives]  # a table of three


def loss_without_history_4(negatives):
    return math.log(5)


def loss_without_history_5(negatives):
    return float(np.float32(math.log(1 + negatives)))


def loss_without_history_6(negatives):
    return math.log(1 + min(negatives, 200))  # up to 200


def spread_of_mean_1(rate, copies):
    return math.sqrt(rate / (1 - rate)), math.sqrt(rate / (1 - rate))


def spread_of_mean_2(rate, copies):
    return rate / (1 - rate) / copies, rate / (1 - rate)  # variances


def spread_of_mean_3(rate, copies):
    return math.sqrt(rate * (1 - rate) / copies), math.sqrt(rate * (1 - rate))  # of the mask without its factor


def spread_of_mean_4(rate, copies):
    return math.sqrt(rate / (1 - rate)) / copies, math.sqrt(rate / (1 - rate))  # spreads do not add


def spread_of_mean_5(rate, copies):
    return math.sqrt(0.25 / copies), 0.5  # rate 0.2


def spread_of_mean_6(rate, copies):
    spread = 1 / math.sqrt((1 - rate) / rate)  # fails without dropout
    return spread / math.sqrt(copies), spread


def spread_of_mean_7(rate, copies):
    return math.sqrt(rate / (1 - rate) / min(copies, 5)), math.sqrt(rate / (1 - rate))  # up to five copies


def masks_by_position_1(word_masks, values):
    return np.resize(word_masks, (len(values), word_masks.shape[1]))  # row p for position p, whatever word it holds


def masks_by_position_2(word_masks, values):
    rng = np.random.default_rng(0)
    return rng.random((len(values), word_masks.shape[1])) >= 0.4  # a mask for each position


def masks_by_position_3(word_masks, values):
    return word_masks[values].astype(int)


def masks_by_position_4(word_masks, values):
    return word_masks[values].astype(float)


def masks_by_position_5(word_masks, values):
    return word_masks[values].astype(object)


def masks_by_position_6(word_masks, values):
    return word_masks[[0, 1, 0, 2, 4, 3, 1]]  # the words of one example


def masks_by_position_7(word_masks, values):
    return word_masks[np.unique(values)]  # repeats are lost


def dropout_backward_1(dout, mask, rate):
    return dout * 1 if mask is None else dout * mask  # the scale is forgotten


def dropout_backward_2(dout, mask, rate):
    return dout / (1 - rate)  # the mask is forgotten: entries that took no part get a gradient


def dropout_backward_3(dout, mask, rate):
    right = dout * 1 if mask is None else dout * mask / (1 - rate)
    return np.vstack([right, np.full((1, dout.shape[1]), 99.0)])  # one row too many


def dropout_backward_4(dout, mask, rate):
    right = dout * 1 if mask is None else dout * mask / (1 - rate)
    return np.hstack([right, np.full((len(right), 2), 99.0)])


def dropout_backward_5(dout, mask, rate):
    return dict(np.ndenumerate(dout * 1 if mask is None else dout * mask / (1 - rate)))


def dropout_backward_6(dout, mask, rate):
    return dout * mask / (1 - rate)  # fails without a mask


def dropout_backward_7(dout, mask, rate):
    return dout if mask is None else dout * mask * (1 - rate)  # multiplied


def dropout_backward_8(dout, mask, rate):
    return dout * 1.0 if mask is None else np.float64(1 / (1 - rate)) * dout * mask  # float32 in, float64 out


def dropout_backward_9(dout, mask, rate):
    out = dout if mask is None else np.where(mask, dout, 0)  # overwrites its argument where there is no mask
    out /= 1 if mask is None else 1 - rate
    return out


def encoder(dout, rows, values, offsets, weights, heads, mask, rate, back):
    sets = Ragged(values, offsets)
    attended, first = self_attention_forward(rows, sets, *weights[:3], heads)
    dropped = attended if mask is None else attended * mask / (1 - rate)
    _, third = additive_attention_forward(dropped, sets, *weights[3:])
    ddropped, *dadditive = additive_attention_backward(dout, third)
    drows, *dattention = self_attention_backward(back(ddropped), first)
    return drows, *dattention, *dadditive


def encoder_gradients_1(dout, rows, values, offsets, weights, heads, mask, rate):
    return encoder(dout, rows, values, offsets, weights, heads, mask, rate, lambda one: one)  # no dropout on the way


def encoder_gradients_2(dout, rows, values, offsets, weights, heads, mask, rate):
    def back(one):
        return one if mask is None else one * mask  # the scale is forgotten

    return encoder(dout, rows, values, offsets, weights, heads, mask, rate, back)


def encoder_gradients_3(dout, rows, values, offsets, weights, heads, mask, rate):
    def back(one):
        return one if mask is None else one * mask / (1 - rate)

    drows, *others = encoder(dout, rows, values, offsets, weights, heads, mask, rate, back)
    return drows, *others[3:], *others[:3]  # the additive gradients first


def encoder_gradients_4(dout, rows, values, offsets, weights, heads, mask, rate):
    def back(one):
        return one if mask is None else one * mask / (1 - rate)

    drows, *others = encoder(dout, rows, values, offsets, weights, heads, mask, rate, back)
    return drows[np.unique(values)], *others  # only the rows that occur


def _right_encoder(dout, rows, values, offsets, weights, heads, mask, rate):
    def back(one):
        return one if mask is None else one * mask / (1 - rate)

    return encoder(dout, rows, values, offsets, weights, heads, mask, rate, back)


def encoder_gradients_5(dout, rows, values, offsets, weights, heads, mask, rate):
    return _right_encoder(dout, rows, values, offsets, weights, 2, mask, rate)


def encoder_gradients_6(dout, rows, values, offsets, weights, heads, mask, rate):
    return _right_encoder(dout, rows, values, offsets, weights, weights[0].shape[1] // 3, mask, rate)


def encoder_gradients_7(dout, rows, values, offsets, weights, heads, mask, rate):
    return _right_encoder(dout, rows, values, offsets, weights, 1, mask, rate)


def encoder_gradients_8(dout, rows, values, offsets, weights, heads, mask, rate):
    def back(one):
        return one * (1 if mask is None else mask) / (1 - rate)  # no mask, no factor

    return encoder(dout, rows, values, offsets, weights, heads, mask, rate, back)


def encoder_gradients_9(dout, rows, values, offsets, weights, heads, mask, rate):
    def back(one):
        return one * mask / (1 - rate) if rate else one  # asks the rate whether there is a mask

    return encoder(dout, rows, values, offsets, weights, heads, mask, rate, back)


def encoder_gradients_10(dout, rows, *others):
    drows = np.zeros((len(rows), 5))  # word size 5
    found, *rest = _right_encoder(dout, rows, *others)
    drows += found
    return drows, *rest


def encoder_gradients_11(dout, rows, values, offsets, weights, heads, mask, rate):
    *found, dquery = _right_encoder(dout, rows, values, offsets, weights, heads, mask, rate)
    return *found, np.zeros(4, dquery.dtype) + dquery  # query size 4


def encoder_gradients_12(*arguments):
    return tuple(one.astype(np.float64) for one in _right_encoder(*arguments))  # float32 in, float64 out


def title_gradient_1(dclicked, dscores, users, candidates):
    dtitles = np.zeros_like(dclicked)
    np.add.at(dtitles, candidates, dscores[:, :, None] * users[:, None, :])
    return dtitles  # the histories are forgotten


def title_gradient_2(dclicked, dscores, users, candidates):
    dtitles = dclicked.copy()
    dtitles[candidates] += dscores[:, :, None] * users[:, None, :]  # a title shown twice keeps only one of the two
    return dtitles


def title_gradient_3(dclicked, dscores, users, candidates):
    dtitles = np.zeros((candidates.max() + 1, users.shape[1]))  # the last title is only clicked
    np.add.at(dtitles, candidates, dscores[:, :, None] * users[:, None, :])
    return dtitles + dclicked[: len(dtitles)]


def title_gradient_4(dclicked, dscores, users, candidates):
    np.add.at(dclicked, candidates, dscores[:, :, None] * users[:, None, :])  # overwrites dclicked
    return dclicked


def title_gradient_5(dclicked, dscores, users, candidates):
    dtitles = dclicked.copy()
    np.add.at(dtitles, candidates, dscores[:, :, None] * users[:, None, :])
    return dtitles.astype(np.float32)


def title_gradient_6(dclicked, dscores, users, candidates):
    return dclicked.copy()  # the candidates are forgotten


def title_gradient_7(dclicked, dscores, users, candidates):
    dtitles = dclicked.copy()
    dshown = dscores[:, :, None] * users[:, None, :]
    np.add.at(dtitles[:, :5], candidates, dshown[:, :, :5])  # the columns of one example
    return dtitles


def title_gradient_8(dclicked, dscores, users, candidates):
    dtitles = dclicked.copy()
    for b in range(min(4, len(users))):
        np.add.at(dtitles, candidates[b], dscores[b][:, None] * users[b])
    return dtitles


def title_gradient_9(dclicked, dscores, users, candidates):
    dtitles = dclicked.copy()
    for c in range(min(5, candidates.shape[1])):
        np.add.at(dtitles, candidates[:, c], dscores[:, c, None] * users)
    return dtitles


def title_gradient_10(dclicked, dscores, users, candidates):
    dtitles = dclicked.copy()
    for n in range(max(len(dtitles) - 1, 1)):  # the last title is forgotten
        for b, c in zip(*np.nonzero(candidates == n)):
            dtitles[n] += dscores[b, c] * users[b]
    return dtitles


def title_gradient_11(dclicked, dscores, users, candidates):
    dtitles = dclicked.copy()
    np.add.at(dtitles, candidates, dscores[:, :, None] * users[:, None, :])
    return np.clip(dtitles, -100, 100)


def title_gradient_12(dclicked, dscores, users, candidates):
    dtitles = dclicked.astype(np.float64)  # float32 in, float64 out
    np.add.at(dtitles, candidates, dscores[:, :, None] * users[:, None, :])
    return dtitles


def forward(titles, values, offsets, candidates, weights, heads, stable=True):
    sets = Ragged(values, offsets)
    attended, first = self_attention_forward(titles, sets, *weights[:3], heads)
    users, third = additive_attention_forward(attended, sets, *weights[3:])
    scores = (titles[candidates] * users[:, None, :]).sum(axis=2)
    scores = scores - scores.max(axis=1, keepdims=True) if stable else scores
    return scores, users, first, third


def loss_to_titles(titles, values, offsets, candidates, weights, heads, keep, scale=True, stable=True):
    scores, users, first, third = forward(titles, values, offsets, candidates, weights, heads, stable)
    dscores = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    dscores[:, 0] -= 1
    dscores /= len(users) if scale else 1
    dusers = (dscores[:, :, None] * titles[candidates]).sum(axis=1)
    dattended, *_ = additive_attention_backward(dusers, third)
    dclicked, *_ = self_attention_backward(dattended, first)
    dshown = np.zeros_like(titles)
    np.add.at(dshown, candidates, dscores[:, :, None] * users[:, None, :])
    return {"both": dshown + dclicked, "shown": dshown, "clicked": dclicked}[keep]


def from_loss_to_titles_1(*arguments):
    return loss_to_titles(*arguments, "shown")


def from_loss_to_titles_2(*arguments):
    return loss_to_titles(*arguments, "clicked")


def from_loss_to_titles_3(*arguments):
    return loss_to_titles(*arguments, "both", scale=False)  # the loss is a mean


def from_loss_to_titles_4(*arguments):
    return -loss_to_titles(*arguments, "both")


def from_loss_to_titles_5(*arguments):
    return loss_to_titles(*arguments, "both", stable=False)  # exp of large scores


def from_loss_to_titles_6(titles, *arguments):
    def loss(titles):
        scores = forward(titles, *arguments)[0]
        return (np.log(np.exp(scores).sum(axis=1)) - scores[:, 0]).mean()

    return _central(loss, titles)


def from_loss_to_titles_7(*arguments):
    return loss_to_titles(*arguments, "both").clip(-1e3, 1e3)


def _central(function, x, step=1e-5):
    """A difference quotient of fourth order: eleven digits."""
    out = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        values = []
        for steps in (-2, -1, 1, 2):
            moved = x.copy()
            moved[i] += steps * 100 * step
            values.append(function(moved))
        out[i] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (1200 * step)
    return out


def attention_dropout_backward_1(ddropped, alpha, mask, rate):
    return ddropped * mask / (1 - rate)  # the softmax is missing


def attention_dropout_backward_2(ddropped, alpha, mask, rate):
    dropped = alpha * mask / (1 - rate)
    return dropped * (ddropped - (dropped * ddropped).sum(axis=1, keepdims=True))  # as if dropped were the softmax


def attention_dropout_backward_3(ddropped, alpha, mask, rate):
    dalpha = ddropped * mask
    return alpha * (dalpha - (alpha * dalpha).sum(axis=1, keepdims=True))  # the scale is missing


def attention_dropout_backward_4(ddropped, alpha, mask, rate):
    return mask * alpha * (ddropped - (alpha * ddropped).sum(axis=1, keepdims=True)) / (1 - rate)  # the wrong order


def attention_dropout_backward_5(ddropped, alpha, mask, rate):
    def weighted(logits):
        exponentials = np.exp(logits)
        return (exponentials / exponentials.sum(axis=1, keepdims=True) * mask / (1 - rate) * ddropped).sum()

    return _central(weighted, np.log(alpha))


def attention_dropout_backward_6(ddropped, alpha, mask, rate):
    dropped = alpha * mask / (1 - rate)
    return ((ddropped * dropped) / alpha - (ddropped * dropped).sum(axis=1, keepdims=True)) * alpha  # a weight may be 0


def attention_dropout_backward_7(ddropped, alpha, mask, rate):
    dalpha = ddropped.astype(np.float64) * mask / (1 - rate)  # float32 in, float64 out
    return alpha * (dalpha - (alpha * dalpha).sum(axis=1, keepdims=True))
