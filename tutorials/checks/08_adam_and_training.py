"""How the answers of chapter 08 are judged."""

import math

import numpy as np
from judge import Exercise

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def adam(param, gradient, first, second, step, rate, place=lambda root, correction: math.sqrt(correction) + EPSILON):
    """Entry by entry. ``place``(second, second corrected) is the denominator."""
    for i in np.ndindex(param.shape):
        first[i] = BETA1 * first[i] + (1 - BETA1) * gradient[i]
        second[i] = BETA2 * second[i] + (1 - BETA2) * gradient[i] ** 2
        corrected = second[i] / (1 - BETA2**step)
        param[i] -= rate * first[i] / (1 - BETA1**step) / place(second[i], corrected)
    return param, first, second


# 08.1


def average_cases(rng):
    for length, beta in ((5, 0.9), (1, 0.9), (2, 0.5), (30, 0.999), (3, 0.0), (4, float(rng.random()))):
        yield [float(one) for one in rng.normal(size=length)], beta


def average_truth(numbers, beta):
    """The weights by hand: one that is k steps old has beta^k, over their sum."""
    weights = [beta**k for k in range(len(numbers))][::-1]
    return sum(weight * number for weight, number in zip(weights, numbers)) / sum(weights)


def uncorrected(numbers, beta):
    average = 0.0
    for number in numbers:
        average = beta * average + (1 - beta) * number
    return average


# 08.2


def adam_cases(rng):
    for shape, step, size in (((3, 4), 5, 1), ((5,), 1, 1), ((7, 6), 1000, 1e-9), ((4, 1), 2, 1e-8), ((0, 3), 3, 1)):
        gradient = size * rng.normal(size=shape)
        gradient[: len(gradient) // 2] *= 100
        first, second = size * rng.normal(size=shape), size**2 * rng.random(size=shape)
        gradient.flat[-1:] = 0.0  # what was gathered before still moves it
        yield rng.normal(size=shape), gradient, first, second, step, float(rng.uniform(0.01, 0.3))
    yield np.zeros(3), np.array([2.0, 0.0, -1e-8]), np.zeros(3), np.zeros(3), 1, 0.1


def slip_of_epsilon(place):
    return lambda param, gradient, first, second, step, rate: adam(param, gradient, first, second, step, rate, place)


def uncorrected_adam(param, gradient, first, second, step, rate):
    return adam(param, gradient, first, second, 10**9, rate)


# 08.3


def lazy_cases(rng):
    listed = (([3, 1, 3], 5), ([2, 2, 0, 2], 4), ([0], 1), ([], 3), ([1, 4, 6], 7), ([5, 5, 5, 1, 1], 6))
    for (rows, size), d, step, scale in zip(listed, (2, 3, 4, 1, 5, 2), (4, 1, 37, 2, 900, 3), (1, 1, 1, 1, 1, 1e-9)):
        values = scale * rng.normal(size=(len(rows), d))
        values[:1, :1] = 0.0  # a gradient may be zero
        if rows == [1, 4, 6]:
            values[1] = 0.0  # all of it, in a row that is listed
        if rows == [5, 5, 5, 1, 1]:
            values[4] = -values[3]  # or two add up to nothing
        moments = scale * rng.normal(size=(size, d)), scale**2 * rng.random(size=(size, d))
        yield rng.normal(size=(size, d)), *moments, np.array(rows, int), values, step, float(rng.uniform(0.01, 0.3))


def lazy_truth(table, first, second, rows, values, step, rate):
    for row in set(rows.tolist()):
        gradient = sum(values[place] for place in range(len(rows)) if rows[place] == row)
        adam(table[row], gradient, first[row], second[row], step, rate)
    return table, first, second


def dense(table, first, second, rows, values, step, rate):
    gradient = np.zeros_like(table)
    np.add.at(gradient, rows, values)
    return adam(table, gradient, first, second, step, rate)


def lost_repeat(table, first, second, rows, values, step, rate):
    for row in set(rows.tolist()):
        adam(table[row], values[np.flatnonzero(rows == row)[-1]], first[row], second[row], step, rate)
    return table, first, second


def squares_added(table, first, second, rows, values, step, rate):
    for row in set(rows.tolist()):
        places = np.flatnonzero(rows == row)
        first[row] = BETA1 * first[row] + (1 - BETA1) * values[places].sum(axis=0)
        second[row] = BETA2 * second[row] + (1 - BETA2) * (values[places] ** 2).sum(axis=0)
        root = np.sqrt(second[row] / (1 - BETA2**step))
        table[row] -= rate * first[row] / (1 - BETA1**step) / (root + EPSILON)
    return table, first, second


# 08.4


def first_truth(step):
    param, *_ = adam(np.zeros(1), np.ones(1), np.zeros(1), np.zeros(1), step, 1.0, lambda second, fair: math.sqrt(fair))
    return -float(param[0])


# 08.5


def clip_cases(rng):
    def gradients(scale=1.0, empty=False):
        rows = np.array([], int) if empty else np.array([7, 2, 4])
        table = (rows, scale * rng.normal(size=(len(rows), 2)))
        return {"bias": scale * rng.normal(size=3), "table": table, "weight": scale * rng.normal(size=(2, 4))}

    yield gradients(), 1.0
    yield gradients(3.0), 2.5
    yield gradients(), 100.0
    yield gradients(empty=True), 0.5
    yield gradients(1e-6), 1e-6
    yield gradients(0.0), 1.0
    yield {"a": np.array([3.0, 0.0]), "b": np.array([0.0, 4.0])}, 1.0
    yield {"words": (np.array([5, 1]), rng.normal(size=(2, 3)))}, 0.3


def clip_truth(gradients, clip, norm=None):
    values = [one[1] if isinstance(one, tuple) else one for one in gradients.values()]
    norm = (
        math.sqrt(sum(float(entry) ** 2 for one in values for entry in one.ravel())) if norm is None else norm(values)
    )
    factor = 1.0 if norm <= clip else clip / norm
    return {n: (g[0], g[1] * factor) if isinstance(g, tuple) else g * factor for n, g in gradients.items()}


def clip_check(args, got):
    pairs = [name for name, one in args[0].items() if isinstance(one, tuple) and not isinstance(got[name], tuple)]
    return f"the gradient of {pairs[0]!r} is a pair, a tuple, and should stay one" if pairs else None


def each_by_itself(gradients, clip):
    return {name: clip_truth({name: one}, clip)[name] for name, one in gradients.items()}


# 08.6


def order_cases(rng):
    return [(3, 1, 50), (0, 2, 7), (5, 4, 1), (2, 9, 0), (int(rng.integers(1000)), int(rng.integers(100)), 30)]


def order_check(args, got):
    clicks = args[2]
    if not isinstance(got, np.ndarray) or got.shape != (clicks,) or got.dtype.kind not in "iu":
        return f"an array of {clicks} whole numbers is asked for"
    return None if sorted(got.tolist()) == list(range(clicks)) else f"not each of 0 .. {clicks - 1} is there once"


def order_trial(call, rng):
    pairs = [(seed, epoch) for seed in range(13) for epoch in range(26)]
    pairs += [(0, factor + 1) for power in range(2, 7) for factor in (10**power, 2 ** (3 * power))]
    seen, close = {}, []
    for pair in pairs:
        order = call(*pair, 40)
        same = seen.setdefault(tuple(order.tolist()), pair)
        if same != pair:
            return f"(seed, epoch) = {same} and {pair} have the same order"
        close.append(np.mean((order[1:] - order[:-1]) % 40 == 1))
    if any(tuple(call(*pair, 40).tolist()) != order for order, pair in list(seen.items())[::40]):
        return "the same seed and epoch give another order at the next call"
    if np.mean(close) > 0.2:
        return "neighbours stay neighbours: that is no random order"
    places = np.array([order.index(0) for order in map(list, seen)])
    return "click 0 comes early, or late, too often" if abs(places.mean() - 19.5) > 4 else None


EXERCISES = [
    Exercise(
        "corrected_average",
        average_cases,
        average_truth,
        gives="the average",
        near={
            "The correction is missing: it begins at zero": uncorrected,
            "You correct by 1 - beta; after t numbers the weights sum to something else": lambda numbers, beta: (
                uncorrected(numbers, beta) / (1 - beta)
            ),
        },
        hints=(
            "If all numbers are 1, what is the average after one step, after two? Divide by that.",
            "The weights are (1 - beta) * (1 + beta + beta^2 + ...): a geometric sum.",
        ),
    ),
    Exercise(
        "adam_step",
        adam_cases,
        adam,
        gives="param, first, second",
        changes=(0, 2, 3),
        near={
            "Epsilon stands inside the root": slip_of_epsilon(lambda second, fair: math.sqrt(fair + EPSILON)),
            "The corrections are missing": uncorrected_adam,
        },
        hints=(
            "The moments first, in place: first *= ..., first += ...; then the step, from their corrected values.",
            "first = first * 0.9 makes a new array; the old one, which is judged, stays as it was.",
        ),
    ),
    Exercise(
        "lazy_step",
        lazy_cases,
        lazy_truth,
        gives="table, first, second",
        changes=(0, 1, 2),
        near={
            "That is dense Adam: rows that are not listed move too": dense,
            "A row that is listed more than once keeps only the last of its gradients": lost_repeat,
            "Repeated gradients add up before they are squared": squares_added,
        },
        hints=(
            "np.unique(rows, return_inverse=True) gives each listed row once, and where each gradient belongs.",
            "Sum the gradients with np.add.at into one row each; then 08.2 on copies of these rows, and write back.",
        ),
    ),
    Exercise(
        "first_step",
        lambda rng: [(step,) for step in (1000, 1, 3, 10, 100_000)],
        first_truth,
        gives="the length",
        reveal=False,
        near={
            "Only one of the two corrections": lambda step: 0.1 / math.sqrt(0.001 / (1 - BETA2**step)),
            "That is a row with corrections of its own": lambda step: 1.0,
        },
        hints=(
            "After this step first is 0.1 g and second is 0.001 g^2. What are they divided by?",
            "By 1 - 0.9^t and 1 - 0.999^t, with the step t of the training. g cancels.",
        ),
    ),
    Exercise(
        "clip_gradients",
        clip_cases,
        clip_truth,
        clip_check,
        gives="gradients",
        float32=True,
        near={
            "Each gradient is clipped by itself: that changes the direction": each_by_itself,
            "The norm is not of squares of the entries": lambda gradients, clip: clip_truth(
                gradients, clip, lambda values: math.sqrt(sum(one.sum() ** 2 for one in values))
            ),
        },
        hints=(
            "One norm over the entries of all gradients; of a pair only the values count. One factor for all.",
            "The factor is clip / norm where norm > clip, else 1: small gradients stay; nothing is divided by zero.",
        ),
    ),
    Exercise(
        "order_of_epoch",
        order_cases,
        check=order_check,
        trial=order_trial,
        gives="the order",
        hints=(
            "A generator of its own for each pair; leave NumPy's global one alone.",
            "np.random.default_rng takes a list of numbers. A sum like 10 * seed + epoch is the same for many pairs.",
        ),
    ),
]
