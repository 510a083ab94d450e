"""How the blank page is judged: by plain loops, and by the complex step through them."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from judge import Exercise, gradients, ragged
from judge_nrms import Weights, additive_attention, encode, loss_of, model_loss, scores_of, self_attention, slopes

# cases: the ordinary one first, both forms, empty lists and repeats in all of them, sizes that all differ

SIZES = (  # D, heads, A, P, lengths
    (5, 2, 3, 4, (3, 1, 0, 4)),
    (4, 3, 2, 5, (0, 2, 5, 0, 0)),
    (3, 1, 4, 2, (1,)),
    (2, 2, 1, 3, (0, 0)),
    (3, 4, 2, 1, (2, 2)),
)


def attention_weights(rng, size, heads, head_size, bilinear):
    key = None if bilinear else rng.normal(0, 0.5, (size, heads * head_size))
    query_columns = heads * (size if bilinear else head_size)
    return rng.normal(0, 0.5, (size, query_columns)), key, rng.normal(0, 0.5, (size, heads * head_size))


def pooling_weights(rng, size, query_size):
    return rng.normal(0, 0.5, (size, query_size)), rng.normal(0, 0.5, query_size), rng.normal(size=query_size)


def encoder_weights(rng, size, heads, head_size, query_size, bilinear):
    attention = attention_weights(rng, size, heads, head_size, bilinear)
    return (*attention, *pooling_weights(rng, heads * head_size, query_size))


def score_cases(rng):
    for clicks, shown, titles, size in ((3, 4, 5, 2), (2, 5, 3, 4), (1, 2, 1, 3), (4, 1, 6, 5)):
        candidates = rng.integers(0, titles, (clicks, shown))
        yield rng.normal(size=(titles, size)), rng.normal(size=(clicks, size)), candidates


def score_backward_cases(rng):
    for titles, users, candidates in score_cases(rng):
        yield rng.normal(size=candidates.shape), titles, users, candidates


def score_slopes(dscores, titles, users, candidates):
    return gradients(lambda titles, users: scores_of(titles, users, candidates), [titles, users], dscores)


def loss_cases(rng):
    for clicks, shown, spread in ((3, 5, 1), (5, 2, 1), (1, 4, 3), (2, 1, 1), (4, 3, 200), (2, 5, 800)):
        scores = rng.normal(0, spread, (clicks, shown))
        scores[0] += 900 * (spread > 100)  # exp(900) is infinite
        if spread > 100:
            scores[:, 0] = scores.max(axis=1) - rng.random(clicks)  # a loss that is not infinite
        yield (scores,)


def loss_truth(scores):
    return float(loss_of(scores)), gradients(lambda scores: np.array([loss_of(scores)]), [scores], np.ones(1))[0]


def attention_cases(rng):
    for size, heads, head_size, _, lengths in SIZES:
        for bilinear in (False, True):
            rows = rng.normal(size=(6, size))
            sets = ragged(rng, 6, lengths)
            yield rows, sets, *attention_weights(rng, size, heads, head_size, bilinear), heads


def with_dout(forward, cases):
    def of(rng):
        for args in cases(rng):
            yield rng.normal(size=forward(*args).shape), *args

    return of


def attention_slopes(dout, rows, sets, weight_query, weight_key, weight_value, heads):
    def forward(rows, *weights):
        return self_attention(rows, sets, *weights, heads)

    return slopes(forward, (rows, weight_query, weight_key, weight_value), dout)


def pooling_cases(rng):
    for _, heads, head_size, query_size, lengths in SIZES:
        _, offsets = ragged(rng, 1, lengths)
        size = heads * head_size
        yield rng.normal(size=(offsets[-1], size)), offsets, *pooling_weights(rng, size, query_size)


def pooling_slopes(dout, x, offsets, *weights):
    return slopes(lambda x, *weights: additive_attention(x, offsets, *weights), (x, *weights), dout)


def encoder_cases(rng):
    for size, heads, head_size, query_size, lengths in SIZES[:4]:
        for bilinear in (False, True):
            weights = encoder_weights(rng, size, heads, head_size, query_size, bilinear)
            yield rng.normal(size=(5, size)), ragged(rng, 5, lengths), weights, heads


def encoder_slopes(dout, rows, sets, weights, heads):
    return slopes(lambda rows, *weights: encode(rows, sets, weights, heads), (rows, *weights), dout)


def model_cases(rng):
    for bilinear in (False, True):
        size, heads, head_size, query_size = 3, 2, 2, 3
        words = np.array([6, 0, 3, 5])
        titles = ragged(rng, len(words), (2, 0, 3, 1, 2))
        # no click, a title clicked twice, a title both clicked and shown, one shown twice, one nowhere
        histories = np.array([1, 2, 2, 3]), np.array([0, 3, 3, 4])
        candidates = np.array([[0, 2], [3, 0], [2, 2]])
        params = {"embedding": rng.normal(size=(8, size))}
        params["news"] = encoder_weights(rng, size, heads, head_size, query_size, bilinear)
        params["user"] = encoder_weights(rng, heads * head_size, heads, head_size, query_size, bilinear)
        yield params, words, titles, histories, candidates, heads


def model_truth(params, words, titles, histories, candidates, heads):
    rows, news, user = params["embedding"][words], params["news"], params["user"]

    def loss(rows, *weights):
        full = {"embedding": rows, "news": weights[:6], "user": weights[6:]}
        return np.array([model_loss(full, np.arange(len(words)), titles, histories, candidates, heads)])

    drows, *dweights = slopes(loss, (rows, *news, *user), np.ones(1))
    value = float(model_loss(params, words, titles, histories, candidates, heads))
    return value, {"embedding": drows, "news": Weights(*dweights[:6]), "user": Weights(*dweights[6:])}


def adam_cases(rng):
    for shape, size, step in (((3, 2), 1, 1), ((4,), 1e-8, 3), ((2, 5), 1e3, 1000), ((1,), 0, 2), ((0, 3), 1, 5)):
        param, first = rng.normal(size=(2, *shape))
        second = size**2 * rng.random(shape)
        yield param, size * rng.normal(size=shape), size * first, second, step, 0.01 * rng.random()


def adam_truth(param, gradient, first, second, step, learning_rate):
    """Algorithm 1 of Kingma and Ba (2015), one number at a time."""
    for i in np.ndindex(param.shape):
        first[i] = 0.9 * first[i] + (1 - 0.9) * gradient[i]
        second[i] = 0.999 * second[i] + (1 - 0.999) * gradient[i] ** 2
        root = math.sqrt(second[i] / (1 - 0.999**step))
        param[i] -= learning_rate * (first[i] / (1 - 0.9**step)) / (root + 1e-8)
    return param, first, second


def adam_rows_cases(rng):
    for step, words in ((2, [3, 0]), (1, [4, 1, 2]), (7, []), (100, [6])):
        table, first = rng.normal(size=(2, 7, 2))
        yield table, np.array(words, int), rng.normal(size=(len(words), 2)), first, rng.random((7, 2)), step, 0.1


def adam_rows_truth(table, words, rows, first, second, step, learning_rate):
    for word, row in zip(words, rows):
        adam_truth(table[word], row, first[word], second[word], step, learning_rate)
    return table, first, second


@dataclass(frozen=True)
class Part:
    """One function of the page, or two of them, forward and backward, that are judged together."""

    chapter: str
    exercise: Exercise
    answer: Callable[[ModuleType], Callable]


def named(run, forward, *first):
    """Tells the judge the names of the arguments, which are those of a forward function of the page."""
    added = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in first]
    own = [one.replace(kind=one.POSITIONAL_ONLY) for one in inspect.signature(forward).parameters.values()]
    run.__signature__ = inspect.Signature([*added, *own])
    return run


def out_of(name):
    """The out of a forward function, which returns (out, cache)."""

    def answer(page):
        forward = getattr(page, name)
        return named(lambda *inputs: forward(*inputs)[0], forward)

    return answer


def backward_of(name):
    """Backward after forward, with another forward between them: a cache must not live in one place."""

    def answer(page):
        forward, backward = getattr(page, f"{name}_forward"), getattr(page, f"{name}_backward")

        def run(dout, rows, *others):
            cache = forward(rows, *others)[1]
            forward(0.5 * rows, *others)
            return backward(dout, cache)

        return named(run, forward, "dout")

    return answer


def part(chapter, name, cases, truth, gives, **settings):
    return Part(chapter, Exercise(name, cases, truth, gives=gives, **settings), lambda page: getattr(page, name))


def pair(chapter, name, forward, cases, truth, gives):
    """A forward function, and its backward."""
    exercise = Exercise(f"{name}_backward", with_dout(forward, cases), truth, gives=gives, linear=(0,), tolerance=1e-11)
    return [
        Part(chapter, Exercise(f"{name}_forward", cases, forward, gives="out"), out_of(f"{name}_forward")),
        Part(chapter, exercise, backward_of(name)),
    ]


ATTENTION, POOLING = "dweight_query, dweight_key, dweight_value", "dweight, dbias, dquery"
PARTS = [
    part("03", "click_scores", score_cases, scores_of, "scores", linear=(0, 1)),
    part("03", "click_loss", loss_cases, loss_truth, "loss, dscores", tolerance=1e-10),
    part("03", "click_scores_backward", score_backward_cases, score_slopes, "dtitles, dusers", linear=(0,)),
    *pair("04", "self_attention", self_attention, attention_cases, attention_slopes, f"drows, {ATTENTION}"),
    *pair("05", "additive_attention", additive_attention, pooling_cases, pooling_slopes, f"dx, {POOLING}"),
    *pair("06", "encode", encode, encoder_cases, encoder_slopes, f"drows, {ATTENTION}, {POOLING}"),
    part("06", "loss_and_gradients", model_cases, model_truth, "loss, gradients"),
    part("08", "adam_step", adam_cases, adam_truth, "param, first, second", changes=(0, 2, 3)),
    part("08", "adam_step_of_rows", adam_rows_cases, adam_rows_truth, "table, first, second", changes=(0, 3, 4)),
]
