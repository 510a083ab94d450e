"""Wrong answers of chapter 03: typical mistakes that the checks must reject."""

import numpy as np


def stable_softmax_1(scores):  # no shift: large scores overflow
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def stable_softmax_2(scores):  # one shift for all rows: a row far below the largest score becomes 0 / 0
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def loss_gradient_1(probabilities, clicked):  # takes column 0 for the clicked one
    dscores = probabilities.copy()
    dscores[:, 0] -= 1
    return dscores / len(dscores)


def loss_gradient_2(probabilities, clicked):  # the gradient of the sum, not of the mean
    dscores = probabilities.copy()
    dscores[np.arange(len(clicked)), clicked] -= 1
    return dscores


def lead_of_1(p, negatives):  # the log-odds: right for one negative only
    return np.log(p / (1 - p))


def lead_of_2(p, negatives):  # the ratio to a blind guess
    return np.log(p * (1 + negatives))


def titles_gradient_1(dscores, users, candidates, size):  # += with an index array: the last place wins
    dtitles = np.zeros((size, users.shape[1]))
    dtitles[candidates] += dscores[:, :, None] * users[:, None, :]
    return dtitles


def titles_gradient_2(dscores, users, candidates, size):  # only the clicked title of each user
    dtitles = np.zeros((size, users.shape[1]))
    for b in range(len(users)):
        dtitles[candidates[b, 0]] += dscores[b, 0] * users[b]
    return dtitles
