"""Plausible wrong answers to the exercises of chapter 08."""

import numpy as np


def corrected_average_1(numbers, beta):
    average = 0.0
    for t, number in enumerate(numbers, 1):
        average = (beta * average + (1 - beta) * number) / (1 - beta**t)  # the corrected value is fed back
    return average


def corrected_average_2(numbers, beta):
    average = numbers[0]  # begins at the first number: right for equal numbers, another average for others
    for number in numbers[1:]:
        average = beta * average + (1 - beta) * number
    return average


def lazy_step_1(table, first, second, rows, values, t, learning_rate):
    # NumPy writes a row that is listed twice once: the first of its gradients is lost
    first[rows] = 0.9 * first[rows] + 0.1 * values
    second[rows] = 0.999 * second[rows] + 0.001 * values**2
    table[rows] -= learning_rate * first[rows] / (1 - 0.9**t) / (np.sqrt(second[rows] / (1 - 0.999**t)) + 1e-8)


def lazy_step_2(table, first, second, rows, values, t, learning_rate):
    g = np.zeros_like(table)
    np.add.at(g, rows, values)
    first[:] = 0.9 * first + 0.1 * g  # dense: all moments decay and all rows move
    second[:] = 0.999 * second + 0.001 * g**2
    table -= learning_rate * first / (1 - 0.9**t) / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)


def clip_gradients_1(gradients, clip):
    out = {}
    for name, g in gradients.items():  # each by its own norm: the direction changes
        values = g[1] if isinstance(g, tuple) else g
        factor = min(1.0, clip / np.linalg.norm(values))
        out[name] = (g[0], values * factor) if isinstance(g, tuple) else values * factor
    return out


def clip_gradients_2(gradients, clip):
    values = [g[1] if isinstance(g, tuple) else g for g in gradients.values()]
    factor = clip / np.sqrt(sum((one**2).sum() for one in values))  # also enlarges small gradients
    return {name: (g[0], g[1] * factor) if isinstance(g, tuple) else g * factor for name, g in gradients.items()}


def order_of_epoch_1(seed, epoch, clicks):
    return np.random.default_rng(seed).permutation(clicks)  # every epoch in the same order


def order_of_epoch_2(seed, epoch, clicks):
    return np.random.default_rng(seed + epoch).permutation(clicks)  # seed 0, epoch 2 = seed 1, epoch 1
