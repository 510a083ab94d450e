"""Solutions of chapter 11."""

import numpy as np


def drop_each(members):
    # by position, not by word: a word that stands twice loses one of its two places
    return [members[:j] + members[j + 1 :] for j in range(len(members))]


def mean_without(weights, numbers, j):
    # the others sum to 1 - weights[j]: divide by it, so that they sum to 1 again. (A weight near 1 would lose digits
    # in 1 - weights[j], so sum the others.)
    others = np.arange(len(weights)) != j
    return weights[others] @ numbers[others] / weights[others].sum()


def misleading_weights(n):
    # effect_j = w_j (c_j - m) / (1 - w_j). No effect where the number is the mean: let the mean be 0, and the number of
    # the largest weight too. The smallest weight gets 1, and the others share the -w_0 that makes the mean 0, each of
    # them w_j c_j = -w_0 / (n - 2). With n = 3 there is one other, and its 1 - w_j is the smaller one: it would win.
    weights = np.array([0.1, *(0.2 + 0.01 * np.arange(n - 2)), 5.0 * n])
    weights /= weights.sum()
    numbers = np.zeros(n)
    numbers[0] = 1.0
    numbers[1:-1] = -weights[0] / weights[1:-1] / (n - 2)
    return weights, numbers


def share_of_words(additive, alpha):
    # sum over i, the position that takes; j, the word that is taken from, stays
    return np.einsum("i,hij->jh", additive, alpha)


def predicted_effects(share, part):
    mean = (share * part).sum(axis=0)  # of each head
    return (share * (part - mean) / (1 - share)).sum(axis=1)


def click_contributions(additive, alpha, value, candidate):
    heads = len(alpha)
    share = np.einsum("i,hij->jh", additive, alpha)  # [n, H]
    part = (value * candidate).reshape(len(value), value.shape[1] // heads, heads).sum(axis=1)  # [n, H]
    return (share * part).sum(axis=1)


def same_user(history):
    # with everything there twice each weight halves and stands twice: all weighted means stay as they are
    return history + history
