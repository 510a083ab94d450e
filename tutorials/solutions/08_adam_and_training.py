"""Solutions of chapter 08."""

import math

import numpy as np


def corrected_average(numbers, beta):
    average = 0.0
    for number in numbers:
        average = beta * average + (1 - beta) * number
    # the weights of the numbers sum to 1 - beta^t, where t counts them all
    return average / (1 - beta ** len(numbers))


def lazy_step(table, first, second, rows, values, t, learning_rate):
    words, place = np.unique(rows, return_inverse=True)
    g = np.zeros((len(words), table.shape[1]))
    np.add.at(g, place, values)  # two gradients of one word are one gradient, their sum: g^2 is not the sum of squares
    first[words] = 0.9 * first[words] + 0.1 * g
    second[words] = 0.999 * second[words] + 0.001 * g**2
    corrected = first[words] / (1 - 0.9**t), second[words] / (1 - 0.999**t)
    table[words] -= learning_rate * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)


def clip_gradients(gradients, clip):
    values = [g[1] if isinstance(g, tuple) else g for g in gradients.values()]
    norm = math.sqrt(sum((one**2).sum() for one in values))
    factor = min(1.0, clip / norm)  # one factor for all keeps the direction; never enlarge
    return {name: (g[0], g[1] * factor) if isinstance(g, tuple) else g * factor for name, g in gradients.items()}


def order_of_epoch(seed, epoch, clicks):
    # both numbers are the key; nrms_np.generator(seed, "order", epoch) adds a purpose to it
    return np.random.default_rng([seed, epoch]).permutation(clicks)
