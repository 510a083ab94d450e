"""How the answers of chapter 06 are judged."""

import itertools
import math

import numpy as np
from judge import Exercise, gradients, ragged


def softmax(logits):
    exponentials = np.exp(logits - logits.real.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def encoder(rows, values, offsets, weights, heads, mask, rate):
    """The encoder as plain as can be, for complex numbers too."""
    weight_query, weight_key, weight_value, weight, bias, additive_query = weights
    size = weight_value.shape[1]
    query, key, value = (rows[values] @ one for one in weights[:3])
    attended = np.zeros((len(values), size), value.dtype)
    out = np.zeros((len(offsets) - 1, size), np.result_type(value, weight, bias, additive_query))
    for s, (start, end) in enumerate(zip(offsets, offsets[1:])):
        if start == end:
            continue
        for h in range(heads):
            at = slice(start, end), slice(h, None, heads)
            attended[at] = softmax(query[at] @ key[at].T / math.sqrt(size // heads)) @ value[at]
        x = attended[start:end] if mask is None else attended[start:end] * mask[start:end] / (1 - rate)
        out[s] = softmax(np.tanh(x @ weight + bias) @ additive_query) @ x
    return out


def click_loss(scores):
    shifted = scores - scores.real.max(axis=1, keepdims=True)
    return (np.log(np.exp(shifted).sum(axis=1)) - shifted[:, 0]).mean()


def loss_of(titles, values, offsets, candidates, weights, heads):
    users = encoder(titles, values, offsets, weights, heads, None, 0.0)
    return click_loss((titles[candidates] * users[:, None, :]).sum(axis=2))


def weights_of(rng, size, m=6, query_size=4):
    shapes = [(size, m)] * 3 + [(m, query_size), (query_size,), (query_size,)]
    return tuple(0.6 * rng.normal(size=shape) for shape in shapes)


# 06.1 and 06.2


def loss_truth(negatives):
    return -math.log(softmax(np.zeros(1 + negatives))[0])  # the vector of an empty history is zero


def spread_truth(rate, copies):
    """All masks, each with its probability."""
    spreads = []
    for masks in (itertools.product((0, 1), repeat=copies), ([kept] * copies for kept in (0, 1))):
        masks = [tuple(one) for one in masks]
        if len(masks) == 2 and copies > 1:
            chances = [1 - rate if one[0] else rate for one in masks]
        else:
            chances = [math.prod(1 - rate if kept else rate for kept in one) for one in masks]
        means = [sum(one) / copies / (1 - rate) for one in masks]
        spreads.append(math.sqrt(sum(chance * (mean - 1) ** 2 for chance, mean in zip(chances, means))))
    return tuple(spreads)


# 06.3 and 06.4


def mask_cases(rng):
    for size, lengths in ((5, (3, 0, 4)), (1, (2,)), (4, ()), (7, (1, 0))):
        yield rng.random((size, size + 2)) >= 0.4, ragged(rng, size, lengths)[0]


def masks_truth(word_masks, values):
    return np.array([list(word_masks[word]) for word in values], bool).reshape(len(values), word_masks.shape[1])


def dropout_cases(rng):
    for shape, rate in (((4, 5), 0.2), ((8, 7), 0.5), ((1, 6), 0.9), ((0, 3), 0.2), ((2, 2), 0.0)):
        yield rng.normal(size=shape), rng.random(shape) >= rate, rate
    yield rng.normal(size=(3, 4)), None, 0.3


def dropout_truth(dout, mask, rate):
    return gradients(lambda x: x * 1 if mask is None else x * mask / (1 - rate), [np.zeros(dout.shape)], dout)[0]


# 06.5


def encoder_cases(rng):
    for lengths, size, word_size, heads, m, query_size, masked, rate in (
        ((4, 1, 2, 0), 5, 5, 2, 6, 4, True, 0.2),
        ((0, 4, 3, 5), 6, 3, 3, 6, 2, True, 0.5),
        ((4, 3, 5), 6, 5, 1, 4, 4, False, 0.0),
        ((5, 0, 3, 4), 6, 4, 2, 6, 3, False, 0.3),
        ((4, 3, 6), 7, 2, 6, 6, 4, True, 0.3),
        ((1,), 2, 5, 3, 6, 5, True, 0.1),
        ((), 2, 5, 2, 6, 4, True, 0.1),
    ):
        values, offsets = ragged(rng, size, lengths)
        mask = rng.random((len(values), m)) >= rate if masked else None
        dout, rows = rng.normal(size=(len(lengths), m)), rng.normal(size=(size, word_size))
        yield dout, rows, values, offsets, weights_of(rng, word_size, m, query_size), heads, mask, rate


def encoder_truth(dout, rows, values, offsets, weights, heads, mask, rate):
    def forward(rows, *weights):
        return encoder(rows, values, offsets, weights, heads, mask, rate)

    return gradients(forward, [rows, *weights], dout)


def encoder_slip(dropped):
    """The gradients when dropout is left out of the way back, or out of both ways."""

    def slip(dout, rows, values, offsets, weights, heads, mask, rate):
        from nrms_np import Ragged
        from nrms_np.layers import additive_attention, self_attention

        sets = Ragged(values, offsets)
        x, first = self_attention.self_attention_forward(rows, sets, *weights[:3], heads)
        kept = x * mask / (1 - rate)
        _, third = additive_attention.additive_attention_forward(kept, sets, *weights[3:])
        dx, *dadditive = additive_attention.additive_attention_backward(dout, third)
        drows, *dattention = self_attention.self_attention_backward(dx * mask if dropped else dx, first)
        return drows, *dattention, *dadditive

    return slip


# 06.6


def title_cases(rng):
    shapes = (5, 3, 4, 6), (2, 4, 3, 5), (7, 1, 2, 1), (3, 0, 2, 6), (1, 2, 1, 3), (9, 7, 8, 9)
    for titles, users, columns, m in shapes:
        candidates = rng.integers(0, max(titles - 1, 1), (users, columns))  # the last title is in a history only
        sizes = (titles, m), (users, columns), (users, m)
        yield *(rng.normal(size=one) for one in sizes), candidates
    yield *(1e6 * rng.normal(size=one) for one in ((2, 3), (1, 2), (1, 3))), np.array([[1, 0]])


def title_truth(dclicked, dscores, users, candidates):
    def both(titles):
        return titles * 1, (titles[candidates] * users[:, None, :]).sum(axis=2)

    return gradients(both, [np.zeros(dclicked.shape)], (dclicked, dscores))[0]


def shown_only(dclicked, dscores, users, candidates):
    return title_truth(0 * dclicked, dscores, users, candidates)


def last_one_wins(dclicked, dscores, users, candidates):
    dtitles = dclicked.copy()
    dtitles[candidates] += dscores[:, :, None] * users[:, None, :]
    return dtitles


# 06.7


def loss_cases(rng):
    sets = ((4, 1, 0), 5, 3, 2, 6), ((2,), 3, 2, 3, 6), ((0, 4), 4, 5, 1, 5), ((4, 1, 3), 7, 6, 4, 4)
    for lengths, titles, columns, heads, m in sets:
        values, offsets = ragged(rng, titles, lengths)
        candidates = rng.integers(0, titles, (len(lengths), columns))
        yield 0.7 * rng.normal(size=(titles, m)), values, offsets, candidates, weights_of(rng, m, m), heads
    query, key, value, weight, *additive = weights_of(rng, 6)
    values, offsets = ragged(rng, 5, (4, 3, 0))
    titles = 8 + 0.05 * rng.normal(size=(5, 6))  # alike and long: scores around 1,000, too large for exp
    weights = query, key, abs(value), weight / 20, *additive
    yield titles, values, offsets, rng.integers(0, 5, (3, 4)), weights, 2
    titles, (values, offsets) = 0.7 * rng.normal(size=(5, 4)), ragged(rng, 5, (3, 2))
    query, key, value, *additive = weights_of(rng, 4, 4)
    weights = query, key, 1e5 * value, *additive  # large users, and so large gradients
    yield titles, values, offsets, rng.integers(0, 5, (2, 4)), weights, 2


def loss_gradient(titles, values, offsets, candidates, weights, heads):
    return gradients(lambda x: loss_of(x, values, offsets, candidates, weights, heads), [titles], 1.0)[0]


def one_place(kept):
    def slip(titles, values, offsets, candidates, weights, heads):
        def loss(x):
            read = x if kept == "clicked" else titles
            users = encoder(read, values, offsets, weights, heads, None, 0.0)
            shown = (x if kept == "shown" else titles)[candidates]
            return click_loss((shown * users[:, None, :]).sum(axis=2))

        return gradients(loss, [titles], 1.0)[0]

    return slip


# 06.8


def attention_cases(rng):
    for n, rate in ((4, 0.2), (3, 0.5), (1, 0.4), (6, 0.1), (0, 0.2)):
        logits = rng.normal(size=(n, n))
        if n == 6:
            logits[:2, 3] = -1000  # a weight of exactly 0
        alpha = softmax(logits) if n else logits
        yield rng.normal(size=(n, n)), alpha, rng.random((n, n)) >= rate, rate


def attention_truth(ddropped, alpha, mask, rate):
    def dropped(change):  # of the logits; alpha may be 0, so it has no logarithm
        weights = alpha * np.exp(change)
        return weights / weights.sum(axis=1, keepdims=True) * mask / (1 - rate)

    return gradients(dropped, [np.zeros(alpha.shape)], ddropped)[0]


EXERCISES = [
    Exercise(
        "loss_without_history",
        lambda rng: [(negatives,) for negatives in (4, 1, 2, 9, 0, 200, int(rng.integers(10, 10_000)))],
        loss_truth,
        gives="the loss",
        reveal=False,
        near={"The clicked title is a candidate too": lambda negatives: math.log(negatives)},
        hints=("What is the vector of an empty set? What are the scores, then?", "1 + K equal scores: what is each p?"),
    ),
    Exercise(
        "spread_of_mean",
        lambda rng: [(0.2, 2), (0.5, 3), (0.1, 1), (0.9, 4), (0.0, 3), (rng.random(), 5), (rng.random(), 9)],
        spread_truth,
        gives="separate, shared",
        near={
            "Those are the variances: the spread is the root": lambda rate, copies: (
                rate / (1 - rate) / copies,
                rate / (1 - rate),
            ),
            "That is the spread of the mask itself: kept entries are divided by 1 - rate": lambda rate, copies: (
                math.sqrt(rate * (1 - rate) / copies),
                math.sqrt(rate * (1 - rate)),
            ),
        },
        hints=(
            "The chapter has the variance of one entry x = 1. What happens to it in a mean of independent ones?",
            "Variances of independent numbers add; dividing a number by c divides its variance by c squared.",
        ),
    ),
    Exercise(
        "masks_by_position",
        mask_cases,
        masks_truth,
        gives="the masks",
        hints=(
            "How does a position find its row?",
            "A mask row for each word, looked up by the word of each position.",
        ),
    ),
    Exercise(
        "dropout_backward",
        dropout_cases,
        dropout_truth,
        gives="dx",
        linear=(0,),
        float32=True,
        near={
            "The scale is missing": lambda dout, mask, rate: dout * mask,
            "The mask is missing: dropped entries took no part": lambda dout, mask, rate: dout / (1 - rate),
        },
        hints=("By which number is each entry multiplied on the way forward?", "A constant factor goes both ways."),
    ),
    Exercise(
        "encoder_gradients",
        encoder_cases,
        encoder_truth,
        gives="drows, dweight_query, dweight_key, dweight_value, dadditive_weight, dadditive_bias, dadditive_query",
        float32=True,
        seconds=120.0,  # the library's loops may have to be compiled
        near={
            "Dropout is missing on the way back": encoder_slip(False),
            "Dropout's factor is missing on the way back": encoder_slip(True),
        },
        hints=(
            "Call encoder_forward for the caches. Then the lines 3, 2, 1: which one gets dout?",
            "ddropped, then dattended = ddropped * mask / (1 - rate), then drows. Mind the order of what you return.",
        ),
    ),
    Exercise(
        "title_gradient",
        title_cases,
        title_truth,
        gives="dtitles",
        float32=True,
        near={
            "The histories' part is missing": shown_only,
            "The candidates' part is missing": lambda dclicked, dscores, users, candidates: dclicked,
            "A title that is shown twice keeps only one of its gradients: np.add.at": last_one_wins,
        },
        hints=(
            "dtitles begins as a copy of dclicked. What does each shown title add?",
            "Title candidates[b, c] gets dscores[b, c] * users[b], added with np.add.at.",
        ),
    ),
    Exercise(
        "from_loss_to_titles",
        loss_cases,
        loss_gradient,
        gives="dtitles",
        tolerance=2e-11,  # scores around 1,000 cost three digits
        seconds=120.0,
        near={
            "That is the candidates' part alone": one_place("shown"),
            "That is the histories' part alone": one_place("clicked"),
        },
        hints=(
            "Forward first: users, scores, probabilities. Then dscores = (p - y) / B, and back from there.",
            "dusers[b] = sum over c of dscores[b, c] * titles[candidates[b, c]] goes through 06.5; then 06.6.",
        ),
    ),
    Exercise(
        "attention_dropout_backward",
        attention_cases,
        attention_truth,
        gives="dlogits",
        linear=(0,),
        float32=True,
        near={
            "That is dalpha: the softmax is still to come": lambda ddropped, alpha, mask, rate: (
                ddropped * mask / (1 - rate)
            ),
            "Dropout is missing": lambda ddropped, alpha, mask, rate: (
                alpha * (ddropped - (alpha * ddropped).sum(axis=1, keepdims=True))
            ),
        },
        hints=(
            "Two steps back: through the dropout to dalpha, then through the softmax.",
            "The softmax is that of alpha, before anything was dropped: its lines sum to one.",
        ),
    ),
]
