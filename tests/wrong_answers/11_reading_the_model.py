"""Wrong answers to the exercises of chapter 11: each must be rejected."""

import numpy as np


def drop_each_1(words):
    return [[other for other in words if other != word] for word in words]  # drops both places of a repeated word


def drop_each_2(words):
    return [words[:j] + words[j:] for j in range(len(words))]  # drops nothing


def mean_without_1(weights, numbers, j):
    return weights @ numbers - weights[j] * numbers[j]  # the other weights no longer sum to 1


def mean_without_2(weights, numbers, j):
    return np.delete(numbers, j).mean()  # forgets the weights of the others


def share_of_words_1(additive, alpha):
    return alpha @ additive  # sums over the word that is taken from


def share_of_words_2(additive, alpha):
    return alpha.mean(axis=1)  # as if all positions weighed the same in the title


def same_user_1(history):
    return history[::-1]  # the same user, but no longer history


def same_user_2(history):
    return sorted(set(history)) + history + history  # each different title once more: repeats weigh less now
