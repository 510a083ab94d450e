"""How the answers of chapter 05 are judged."""

import numpy as np
from judge import Exercise, gradients, ragged_cases


def sets_of(offsets):
    return [slice(start, end) for start, end in zip(offsets, offsets[1:])]


def owner_of(offsets):
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def pooled(x, alpha, offsets):
    rows = [(alpha[places, None] * x[places]).sum(axis=0) for places in sets_of(offsets)]
    return np.array(rows).reshape(len(offsets) - 1, x.shape[1])


def softmax(logits, offsets):
    alpha = np.zeros_like(logits)
    for places in sets_of(offsets):
        exponentials = np.exp(logits[places])
        alpha[places] = exponentials / (exponentials.sum() or 1)
    return alpha


def shapes(rng):
    """offsets, T, S, M, P: all sizes different."""
    for _, offsets, size in ragged_cases(rng):
        yield offsets, offsets[-1], len(offsets) - 1, size + 1, size - 1


def weights(rng, offsets):
    return softmax(rng.normal(size=offsets[-1]), offsets)


# 05.1 and 05.2


def pool_cases(rng):
    for offsets, t, _, m, _ in shapes(rng):
        yield rng.normal(size=(t, m)), weights(rng, offsets), offsets


def dalpha_cases(rng):
    for offsets, t, s, m, _ in shapes(rng):
        yield rng.normal(size=(t, m)), rng.normal(size=(s, m)), offsets


def dalpha_truth(x, dout, offsets):
    return gradients(lambda alpha: pooled(x, alpha, offsets), [np.ones(len(x))], dout)[0]


# 05.3


def dlogits_cases(rng):
    for offsets, t, *_ in shapes(rng):
        yield weights(rng, offsets), rng.normal(size=t), offsets


def dlogits_truth(alpha, dalpha, offsets):
    return gradients(lambda logits: softmax(logits, offsets), [np.log(alpha)], dalpha)[0]


# 05.4


def tanh_cases(rng):
    for t, p in ((4, 3), (1, 6), (8, 7), (2, 2), (0, 3)):
        yield rng.normal(size=t), rng.normal(size=p), np.tanh(rng.normal(size=(t, p)))


def tanh_truth(dlogits, query, hidden):
    return gradients(lambda z: np.tanh(z) @ query, [np.arctanh(hidden)], dlogits)[0]


# 05.5


def weight_cases(rng):
    for t, m, p in ((5, 4, 3), (1, 2, 6), (8, 7, 2), (0, 3, 2)):
        hidden = np.tanh(rng.normal(size=(t, p)))
        yield rng.normal(size=(t, m)), hidden, rng.normal(size=t), rng.normal(size=(t, p))


def weight_truth(x, hidden, dlogits, dz):
    shapes = (x.shape[1], dz.shape[1]), dz.shape[1]
    dweight, dbias = gradients(lambda weight, bias: x @ weight + bias, [np.zeros(one) for one in shapes], dz)
    return dweight, dbias, gradients(lambda query: hidden @ query, [np.zeros(dz.shape[1])], dlogits)[0]


# 05.6


def x_cases(rng):
    for offsets, t, s, m, p in shapes(rng):
        yield rng.normal(size=(s, m)), weights(rng, offsets), rng.normal(size=(t, p)), rng.normal(size=(m, p)), offsets


def x_truth(dout, alpha, dz, weight, offsets):
    def both(x):
        return pooled(x, alpha, offsets), x @ weight

    return gradients(both, [np.zeros((len(alpha), len(weight)))], (dout, dz))[0]


# 05.8


def inside_cases(rng):
    for offsets, t, _, _, p in shapes(rng):
        yield rng.normal(size=t), np.tanh(rng.normal(size=(t, p))), rng.normal(size=p), offsets


def inside_truth(dlogits, hidden, factors, offsets):
    def logits(queries):
        return np.tanh(np.arctanh(hidden) + queries[owner_of(offsets)]) @ factors

    return gradients(logits, [np.zeros((len(offsets) - 1, len(factors)))], dlogits)[0]


EXERCISES = [
    Exercise(
        "pool",
        pool_cases,
        pooled,
        gives="out",
        linear=(0, 1),
        near={
            "That is the plain sum: where is alpha?": lambda x, alpha, offsets: pooled(x, np.ones_like(alpha), offsets),
        },
        hints=(
            "A loop over the sets is fine. What does your line give for a set without positions?",
            "Begin with zeros [S, M]; np.add.at(out, owner_of(offsets), ...) adds each position to the row of its set.",
        ),
    ),
    Exercise(
        "dalpha",
        dalpha_cases,
        dalpha_truth,
        gives="dalpha",
        linear=(0, 1),
        hints=(
            "alpha[i] multiplies x[i] in every entry m of the output of its set.",
            "A dot product for each position: its x with the dout of the set that owns it, dout[owner_of(offsets)].",
        ),
    ),
    Exercise(
        "dlogits",
        dlogits_cases,
        dlogits_truth,
        gives="dlogits",
        linear=(1,),
        near={
            "That is alpha * dalpha: the mean of the set is not subtracted": lambda alpha, dalpha, offsets: (
                alpha * dalpha
            ),
            "The mean runs over all positions: each set is a softmax by itself": lambda alpha, dalpha, offsets: (
                alpha * (dalpha - alpha @ dalpha)
            ),
            "You use the diagonal alone: a logit also lowers the other weights of its set": (
                lambda alpha, dalpha, offsets: alpha * (1 - alpha) * dalpha
            ),
        },
        hints=(
            "Within one set it is the softmax backward of chapters 3 and 4. Sets do not see each other.",
            "alpha * (dalpha - mean), where mean is the sum of alpha * dalpha over the set of the position.",
        ),
    ),
    Exercise(
        "tanh_backward",
        tanh_cases,
        tanh_truth,
        gives="dz",
        linear=(0, 1),
        near={
            "That is dhidden, the step before: tanh is missing": lambda dlogits, query, hidden: (
                dlogits[:, None] * query * np.ones_like(hidden)
            ),
            "hidden is the tanh already: you take it twice": lambda dlogits, query, hidden: (
                dlogits[:, None] * query * (1 - np.tanh(hidden) ** 2)
            ),
            "The square is missing": lambda dlogits, query, hidden: dlogits[:, None] * query * (1 - hidden),
        },
        hints=(
            "First dhidden [T, P]: hidden[i, p] stands in logits[i] only, with the factor query[p].",
            "tanh = u / v with u' = v and v' = u: the quotient rule gives 1 - (u / v)^2.",
        ),
    ),
    Exercise(
        "weight_gradients",
        weight_cases,
        weight_truth,
        gives="dweight, dbias, dquery",
        near={
            "dquery belongs to logits = hidden @ query: it is made of dlogits, not of dz": (
                lambda x, hidden, dlogits, dz: (x.T @ dz, dz.sum(axis=0), (hidden * dz).sum(axis=0))
            ),
            "Means, where sums are asked for": lambda x, hidden, dlogits, dz: (
                x.T @ dz / len(x),
                dz.mean(axis=0),
                hidden.T @ dlogits / len(x),
            ),
        },
        hints=(
            "What is used at every position gets a sum over all positions, T of them.",
            "At position i the factor of weight[m, p] is x[i, m], that of bias[p] 1, that of query[p] hidden[i, p].",
        ),
    ),
    Exercise(
        "x_gradient",
        x_cases,
        x_truth,
        gives="dx",
        near={
            "That is the first place of x only: it also decides how much it weighs": (
                lambda dout, alpha, dz, weight, offsets: alpha[:, None] * dout[owner_of(offsets)]
            ),
            "That is the second place of x only: it is also what is averaged": (
                lambda dout, alpha, dz, weight, offsets: dz @ weight.T
            ),
        },
        hints=(
            "x stands in two lines, step 5 and step 1. Find what each brings, and add.",
            "Step 5 brings alpha[i] times the dout of its set; step 1, for every p, dz[i, p] times weight[m, p].",
        ),
    ),
    Exercise(
        "mean_query",
        lambda rng: [(size,) for size in (7, 1, 2, 12)],
        lambda size: np.zeros(size),
        gives="query",
        reveal=False,
        tolerance=0.0,
        near={
            "Equal factors do not make equal logits: hidden still differs between positions": lambda size: np.ones(size)
        },
        hints=(
            "All weights of a set are equal when all its logits are.",
            "Which query gives the same logit to any hidden?",
        ),
    ),
    Exercise(
        "inside_backward",
        inside_cases,
        inside_truth,
        gives="dqueries",
        linear=(0, 2),
        near={
            "That is the gradient of factors: the derivative of tanh is missing": (
                lambda dlogits, hidden, factors, offsets: pooled(hidden, dlogits, offsets)
            ),
        },
        hints=(
            "Go to z first, as in 05.4. How does z[i] depend on the query of its set?",
            "The query of a set is added to z at each of its positions, factor 1: sum dz over the set.",
        ),
    ),
]
