"""Solutions of chapter 03."""

import numpy as np


def stable_softmax(scores):
    # Each row subtracts its own largest score: exponents are at most 0, and one of them is 0.
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def click_loss(scores):
    # The logarithm is taken of the sum, which is at least 1, and never of a probability.
    shifted = scores - scores.max(axis=1, keepdims=True)
    return (np.log(np.exp(shifted).sum(axis=1)) - shifted[:, 0]).mean()


def loss_gradient(probabilities, clicked):
    # y has its 1 in the clicked column of each row; the mean over the batch divides by B.
    dscores = probabilities.copy()
    dscores[np.arange(len(clicked)), clicked] -= 1
    return dscores / len(clicked)


def users_gradient(dscores, title_vectors, candidates):
    # A user vector stands in the scores of its row, each time beside a title vector.
    return (dscores[:, :, None] * title_vectors[candidates]).sum(axis=1)


def titles_gradient(dscores, users, candidates, size):
    # weights[n, b] sums dscores over the places where user b sees title n; then a matrix product sums over users.
    places = candidates[None] == np.arange(size)[:, None, None]  # [size, B, 1+K]
    weights = (places * dscores).sum(axis=2)  # [size, B]
    return weights @ users


def softmax_gradient(p, dp):
    return p * (dp - (p * dp).sum())


def lead_of(p, negatives):
    # p (e^lead + K) = e^lead, so e^lead (1 - p) = K p.
    return np.log(negatives * p / (1 - p))


def proud(clicks, mean):
    # One hopeless miss, and all others share what is left. A worse miss costs more and hardly moves the mean.
    miss = 5.0 ** (-2 * clicks)  # alone it costs 2 ln 5 for each click
    return np.array([miss] + [(clicks * mean - miss) / (clicks - 1)] * (clicks - 1))
