"""Solutions of chapter 08."""

import math

import numpy as np

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def corrected_average(numbers, beta):
    average = 0.0
    for number in numbers:
        average = beta * average + (1 - beta) * number
    # the weights of the numbers sum to 1 - beta^t, where t counts them all
    return average / (1 - beta ** len(numbers))


def adam_step(param, gradient, first, second, step, learning_rate):
    first *= BETA1
    first += (1 - BETA1) * gradient
    second *= BETA2
    second += (1 - BETA2) * gradient**2
    root = np.sqrt(second / (1 - BETA2**step))  # epsilon comes after the correction and outside the root
    param -= learning_rate * first / (1 - BETA1**step) / (root + EPSILON)


def lazy_step(table, first, second, rows, values, step, learning_rate):
    # two gradients of one word are one gradient, their sum: g^2 is not the sum of squares
    words, place = np.unique(rows, return_inverse=True)  # words[place] == rows
    g = np.zeros((len(words), table.shape[1]))
    np.add.at(g, place, values)
    moved = table[words], first[words], second[words]  # copies
    adam_step(moved[0], g, moved[1], moved[2], step, learning_rate)
    table[words], first[words], second[words] = moved


def first_step(step):
    return (1 - BETA1) / (1 - BETA1**step) / math.sqrt((1 - BETA2) / (1 - BETA2**step))


def clip_gradients(gradients, clip):
    values = [g[1] if isinstance(g, tuple) else g for g in gradients.values()]
    norm = math.sqrt(sum(float((one**2).sum()) for one in values))
    factor = clip / norm if norm > clip else 1.0  # one for all keeps the direction; never enlarge, never divide by 0
    return {name: (g[0], g[1] * factor) if isinstance(g, tuple) else g * factor for name, g in gradients.items()}


def order_of_epoch(seed, epoch, clicks):
    # both numbers are the key, and a list of them is no sum in which two pairs could meet
    return np.random.default_rng([seed, epoch]).permutation(clicks)
