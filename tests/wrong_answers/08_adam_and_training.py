"""Wrong answers to the exercises of chapter 08: each must be refused."""

import math

import numpy as np


def average(numbers, beta):
    out = 0.0
    for number in numbers:
        out = beta * out + (1 - beta) * number
    return out


def corrected_average_10(numbers, beta):
    return average(numbers[-10:], beta) / (1 - beta ** len(numbers[-10:]))  # forgets


def corrected_average_1(numbers, beta):
    out = 0.0
    for t, number in enumerate(numbers, 1):
        out = (beta * out + (1 - beta) * number) / (1 - beta**t)  # the corrected value is fed back
    return out


def corrected_average_2(numbers, beta):
    out = numbers[0]  # begins at the first number: right for equal numbers, another average for others
    for number in numbers[1:]:
        out = beta * out + (1 - beta) * number
    return out


def corrected_average_3(numbers, beta):
    return average(numbers, 0.9) / (1 - 0.9 ** len(numbers))


def corrected_average_4(numbers, beta):
    return average(numbers, beta) / (1 - 0.9 ** len(numbers))


def corrected_average_5(numbers, beta):
    return average(numbers[:2], beta) / (1 - beta ** len(numbers[:2]))


def corrected_average_6(numbers, beta):
    return average(numbers[-2:], beta) / (1 - beta ** len(numbers[-2:]))


def corrected_average_7(numbers, beta):
    out = average(numbers, beta) / (1 - beta ** len(numbers))
    numbers.clear()
    return out


def corrected_average_8(numbers, beta):
    return sum(numbers) / len(numbers)


def corrected_average_9(numbers, beta):
    return average(numbers, beta)


def adam(param, g, first, second, t, rate, epsilon=1e-8, where="outside"):
    first[...] = 0.9 * first + 0.1 * g
    second[...] = 0.999 * second + 0.001 * g**2
    fair, correction = second / (1 - 0.999**t), math.sqrt(1 - 0.999**t)
    root = {
        "outside": np.sqrt(fair) + epsilon,
        "inside": np.sqrt(fair + epsilon),
        "before": (np.sqrt(second) + epsilon) / correction,
    }[where]
    param -= rate * first / (1 - 0.9**t) / root


def adam_step_1(param, gradient, first, second, step, learning_rate):
    adam(param, gradient, first, second, step, learning_rate, where="inside")


def adam_step_2(param, gradient, first, second, step, learning_rate):
    adam(param, gradient, first, second, step, learning_rate, where="before")


def adam_step_3(param, gradient, first, second, step, learning_rate):
    adam(param, gradient, first, second, step, learning_rate, epsilon=1e-10)


def adam_step_4(param, gradient, first, second, step, learning_rate):
    adam(param, gradient, first, second, 10**9, learning_rate)  # no correction


def adam_step_5(param, gradient, first, second, step, learning_rate):
    first = 0.9 * first + 0.1 * gradient  # new arrays: the caller's moments never change
    second = 0.999 * second + 0.001 * gradient**2
    param -= learning_rate * first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)


def adam_step_6(param, gradient, first, second, step, learning_rate):
    first[...] = first / (1 - 0.9 ** (step - 1)) if step > 1 else first  # the corrected values are stored
    adam(param, gradient, first, second, step, learning_rate)


def adam_step_7(param, gradient, first, second, step, learning_rate):
    adam(param, gradient, first, second, step + 1, learning_rate)


def adam_step_8(param, gradient, first, second, step, learning_rate):
    adam(param, gradient, first, second, step, 0.1)


def adam_step_9(param, gradient, first, second, step, learning_rate):
    adam(param, gradient, first, second, step, -learning_rate)  # uphill


def adam_step_10(param, gradient, first, second, step, learning_rate):
    first[...] = 0.9 * first + 0.1 * gradient
    second[...] = 0.999 * second + 0.001 * np.abs(gradient)  # not squared
    param -= learning_rate * first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)


def lazy(table, first, second, rows, values, t, rate, gather=None, **options):
    words, place = np.unique(rows, return_inverse=True)
    g = np.zeros((len(words), values.shape[1]))
    np.add.at(g, place, values)
    g = gather(g, place) if gather else g
    moved = table[words], first[words], second[words]
    adam(moved[0], g, moved[1], moved[2], t, rate, **options)
    table[words], first[words], second[words] = moved


def lazy_step_1(table, first, second, rows, values, step, learning_rate):
    # NumPy writes a row that is listed twice once: the first of its gradients is lost
    first[rows] = 0.9 * first[rows] + 0.1 * values
    second[rows] = 0.999 * second[rows] + 0.001 * values**2
    root = np.sqrt(second[rows] / (1 - 0.999**step)) + 1e-8
    table[rows] -= learning_rate * first[rows] / (1 - 0.9**step) / root


def lazy_step_2(table, first, second, rows, values, step, learning_rate):
    g = np.zeros_like(table)
    np.add.at(g, rows, values)
    adam(table, g, first, second, step, learning_rate)  # dense: all moments decay and all rows move


def lazy_step_3(*arguments):
    lazy(*arguments, epsilon=0)


def lazy_step_4(*arguments):
    lazy(*arguments, epsilon=1e-6)


def lazy_step_5(*arguments):
    lazy(*arguments, where="inside")


def lazy_step_6(*arguments):
    lazy(*arguments, where="before")


def lazy_step_7(table, first, second, rows, values, step, learning_rate):
    lazy(table, first, second, rows, values, 4, learning_rate)


def lazy_step_8(table, first, second, rows, values, step, learning_rate):
    lazy(table, first, second, rows, values, step, 0.1)


def lazy_step_9(table, first, second, rows, values, step, learning_rate):
    lazy(table, first, second, rows, values, step, learning_rate)
    rows[:] = 0
    values[:] = 0


def lazy_step_10(table, first, second, rows, values, step, learning_rate):
    g = values.copy()
    if len(g) == 3:
        g[0] += g[2]  # only rows 0 and 2 of the list may repeat
        lazy(table, first, second, rows[:2], g[:2], step, learning_rate)
    else:
        lazy(table, first, second, rows, values, step, learning_rate)


def lazy_step_11(table, first, second, rows, values, step, learning_rate):
    words = np.unique(rows)
    g = np.zeros((len(words), values.shape[1]))
    for k, word in enumerate(words):  # a row that is listed three times: first and last only
        places = np.flatnonzero(rows == word)
        g[k] = values[places[0]] + (values[places[-1]] if len(places) > 1 else 0)
    lazy(table, first, second, words, g, step, learning_rate)


def lazy_step_12(table, first, second, rows, values, step, learning_rate):
    g = np.zeros_like(table)
    np.add.at(g, rows, values)
    live = g != 0  # skips entries of a listed row whose gradient is 0
    new = [one.copy() for one in (table, first, second)]
    adam(new[0], g, new[1], new[2], step, learning_rate)
    for one, other in zip((table, first, second), new):
        one[live] = other[live]


def lazy_step_13(*arguments):
    lazy(*arguments, gather=lambda g, place: g / np.bincount(place, minlength=len(g))[:, None])  # a mean of repeats


def first_step_1(step):
    return 1.0


def first_step_2(step):
    return 0.1 / math.sqrt(0.001 / (1 - 0.999**step))  # one correction


def first_step_3(step):
    return 0.1 / (1 - 0.9**step) / (0.001 / (1 - 0.999**step))  # no root


def first_step_4(step):
    return math.sqrt(10)  # the limit


def clip(gradients, limit, norm=None, grow=False):
    values = [one[1] if isinstance(one, tuple) else one for one in gradients.values()]
    size = math.sqrt(sum((one**2).sum() for one in values)) if norm is None else norm(values)
    factor = limit / size if size > limit or grow else 1.0
    return {name: (g[0], g[1] * factor) if isinstance(g, tuple) else g * factor for name, g in gradients.items()}


def clip_gradients_1(gradients, limit):
    return {name: clip({name: one}, limit)[name] for name, one in gradients.items()}  # each by its own norm


def clip_gradients_2(gradients, limit):
    return clip(gradients, limit, grow=True)  # also enlarges small gradients


def clip_gradients_3(gradients, limit):
    return clip(gradients, limit, lambda values: math.sqrt(sum(np.abs(one).max(initial=0) ** 2 for one in values)))


def clip_gradients_4(gradients, limit):
    return clip(gradients, limit, lambda values: math.sqrt(sum(one.sum() ** 2 for one in values)))


def clip_gradients_5(gradients, limit):
    return clip(gradients, limit, lambda values: 5)


def clip_gradients_6(gradients, limit):
    factor = min(1.0, limit / 5)
    return {"a": gradients["a"] * factor, "table": (gradients["table"][0], gradients["table"][1] * factor)}


def clip_gradients_7(gradients, limit):
    for name, one in clip(gradients, limit).items():  # overwrites the input
        target = gradients[name]
        (target[1] if isinstance(target, tuple) else target)[...] = one[1] if isinstance(one, tuple) else one
    return gradients


def clip_gradients_8(gradients, limit):
    return {name: list(one) if isinstance(one, tuple) else one for name, one in clip(gradients, limit).items()}


def clip_gradients_9(gradients, limit):
    return clip(gradients, limit) | {"extra": np.full(3, 1e9)}


def clip_gradients_10(gradients, limit):
    values = [one[1] if isinstance(one, tuple) else one for one in gradients.values()]
    factor = min(1.0, limit / math.sqrt(sum((one**2).sum() for one in values)))  # fails when all are zero
    return {name: (g[0], g[1] * factor) if isinstance(g, tuple) else g * factor for name, g in gradients.items()}


def clip_gradients_11(gradients, limit):
    clipped = clip(gradients, limit)
    pairs = {name: one for name, one in clipped.items() if isinstance(one, tuple)}
    return clipped | {name: (one[0] * 0.5, one[1]) for name, one in pairs.items()}  # scales the row numbers


def clip_gradients_12(gradients, limit):
    dense = {name: one for name, one in gradients.items() if not isinstance(one, tuple)}
    return {**gradients, **clip(dense, limit)}  # forgets the pairs


def clip_gradients_13(gradients, limit):
    return clip(gradients, limit, lambda values: np.float64(math.sqrt(sum((one**2).sum() for one in values)))) | {
        name: one * np.float64(1) for name, one in clip(gradients, limit).items() if not isinstance(one, tuple)
    }  # float32 in, float64 out


def order_of_epoch_1(seed, epoch, clicks):
    return np.random.default_rng(seed).permutation(clicks)  # every epoch in the same order


def order_of_epoch_2(seed, epoch, clicks):
    return np.random.default_rng(seed + epoch).permutation(clicks)  # seed 0, epoch 2 = seed 1, epoch 1


def order_of_epoch_3(seed, epoch, clicks):
    return np.random.default_rng(10 * seed + epoch).permutation(clicks)


def order_of_epoch_4(seed, epoch, clicks):
    return np.random.default_rng(1000 * seed + epoch).permutation(clicks)


def order_of_epoch_5(seed, epoch, clicks):
    np.random.seed(10 * seed + epoch)  # everybody's generator
    return np.random.permutation(clicks)


def order_of_epoch_6(seed, epoch, clicks):
    return np.roll(np.arange(clicks), 10 * seed + epoch)


MEMO = {}


def order_of_epoch_7(seed, epoch, clicks):
    return MEMO.setdefault((seed, epoch, clicks), np.random.permutation(clicks))


def order_of_epoch_8(seed, epoch, clicks):
    return np.random.default_rng([seed, epoch]).permutation(50)


def order_of_epoch_9(seed, epoch, clicks):
    return np.random.default_rng([seed, epoch]).permutation(clicks).tolist()


def order_of_epoch_10(seed, epoch, clicks):
    return np.random.default_rng(4 * seed + epoch).permutation(clicks)


def order_of_epoch_11(seed, epoch, clicks):
    return np.roll(np.arange(clicks), 5 * seed + epoch)


def order_of_epoch_12(seed, epoch, clicks):
    return np.random.default_rng([seed, epoch]).integers(0, max(clicks, 1), clicks)  # with repeats


def order_of_epoch_13(seed, epoch, clicks):
    return np.random.default_rng().permutation(clicks)


def order_of_epoch_14(seed, epoch, clicks):
    return np.random.default_rng(65536 * seed + epoch).permutation(clicks)


def adam_step_11(param, gradient, first, second, step, learning_rate):
    first += (1 - 0.9) * (gradient - first)
    second += (1 - 0.999) * (gradient**2 - second)
    move = learning_rate * first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    param -= np.where(gradient != 0, move, 0)  # what was gathered before still moves an entry without a gradient


def lazy_step_14(table, first, second, rows, values, step, learning_rate):
    gradient = np.zeros_like(table)
    np.add.at(gradient, rows, values)
    for row in np.flatnonzero(gradient.any(axis=1)):  # a listed row may have a gradient of zero
        first[row] += (1 - 0.9) * (gradient[row] - first[row])
        second[row] += (1 - 0.999) * (gradient[row] ** 2 - second[row])
        root = np.sqrt(second[row] / (1 - 0.999**step))
        table[row] -= learning_rate * first[row] / (1 - 0.9**step) / (root + 1e-8)


def clip_gradients_14(gradients, clip):
    values = [one[1] if isinstance(one, tuple) else one for one in gradients.values()]
    norm = math.sqrt(sum(float((one**2).sum()) for one in values))
    factor = min(1.0, clip / (norm + 1e-12))  # which is much beside small gradients
    return {n: (g[0], g[1] * factor) if isinstance(g, tuple) else g * factor for n, g in gradients.items()}
