"""Solutions to the exercises of chapter 11."""

import numpy as np


def drop_each(words):
    # by position, not by word: a word that stands twice loses one of its two places
    return [words[:j] + words[j + 1 :] for j in range(len(words))]


def mean_without(weights, numbers, j):
    # the other weights sum to 1 - weights[j]: divide by it, so that they sum to 1 again
    return (weights @ numbers - weights[j] * numbers[j]) / (1 - weights[j])


def share_of_words(additive, alpha):
    # sum over i, the position that takes; j, the word that is taken from, stays
    return np.einsum("i,hij->hj", additive, alpha)


def same_user(history):
    # with everything there twice each weight halves and stands twice: all weighted means stay as they are
    return history + history
