"""Wrong answers of chapter 03, each of which must be refused."""

import numpy as np


def _softmax(scores, shift):
    exponentials = np.exp(scores - shift)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def stable_softmax_1(scores):  # the largest of the whole array: other rows underflow
    return _softmax(scores, scores.max())


def stable_softmax_2(scores):  # over the whole array
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum()


def stable_softmax_3(scores):  # no shift
    return _softmax(scores, 0)


def stable_softmax_4(scores):  # the mean
    return _softmax(scores, scores.mean(axis=1, keepdims=True))


def stable_softmax_5(scores):  # the clicked one's score
    return _softmax(scores, scores[:, :1])


def stable_softmax_6(scores):  # the smallest
    return _softmax(scores, scores.min(axis=1, keepdims=True))


def stable_softmax_7(scores):  # the median
    return _softmax(scores, np.median(scores, axis=1, keepdims=True))


def stable_softmax_8(scores):  # in place
    scores -= scores.max(axis=1, keepdims=True)
    return _softmax(scores, 0)


def stable_softmax_9(scores):  # clips
    return _softmax(np.clip(scores, -500, 500), 0)


def click_loss_1(scores):  # the logarithm of a probability that was rounded to 0
    return -np.log(_softmax(scores, scores.max(axis=1, keepdims=True))[:, 0]).mean()


def click_loss_2(scores):  # a small number against log 0: finite, and wrong
    return -np.log(_softmax(scores, scores.max(axis=1, keepdims=True))[:, 0] + 1e-12).mean()


def click_loss_3(scores):  # the sum
    shifted = scores - scores.max(axis=1, keepdims=True)
    return (np.log(np.exp(shifted).sum(axis=1)) - shifted[:, 0]).sum()


def click_loss_4(scores):  # forgets to shift the clicked score
    shifted = scores - scores.max(axis=1, keepdims=True)
    return (np.log(np.exp(shifted).sum(axis=1)) - scores[:, 0]).mean()


def click_loss_5(scores):  # a loss for each click
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[:, 0]


def click_loss_6(scores):  # the logarithm of the mean probability
    return -np.log(_softmax(scores, scores.max(axis=1, keepdims=True))[:, 0].mean())


def _minus_one(probabilities, clicked):
    dscores = probabilities.copy()
    dscores[np.arange(len(clicked)), clicked] -= 1
    return dscores


def loss_gradient_1(probabilities, clicked):  # column 0
    return _minus_one(probabilities, 0 * clicked) / len(clicked)


def loss_gradient_2(probabilities, clicked):  # the sum, not the mean
    return _minus_one(probabilities, clicked)


def loss_gradient_3(probabilities, clicked):  # in place
    probabilities[np.arange(len(clicked)), clicked] -= 1
    return probabilities / len(clicked)


def loss_gradient_4(probabilities, clicked):  # the clicked columns in every row
    dscores = probabilities.copy()
    dscores[:, clicked] -= 1
    return dscores / len(clicked)


def loss_gradient_5(probabilities, clicked):  # B by heart
    return _minus_one(probabilities, clicked) / 4


def loss_gradient_6(probabilities, clicked):  # columns for rows
    return _minus_one(probabilities, clicked) / (probabilities.shape[1] + 1)


def loss_gradient_7(probabilities, clicked):  # the wrong way
    return -_minus_one(probabilities, clicked) / len(clicked)


def users_gradient_1(dscores, title_vectors, candidates):  # the clicked title alone
    return dscores[:, :1] * title_vectors[candidates[:, 0]]


def users_gradient_2(dscores, title_vectors, candidates):  # without dscores
    return title_vectors[candidates].sum(axis=1)


def users_gradient_3(dscores, title_vectors, candidates):  # a mean
    return (dscores[:, :, None] * title_vectors[candidates]).mean(axis=1)


def users_gradient_4(dscores, title_vectors, candidates):  # the columns as title numbers
    return dscores @ title_vectors[: dscores.shape[1]]


def users_gradient_5(dscores, title_vectors, candidates):  # each title once for a user
    return np.array(
        [
            sum((d * title_vectors[n] for n, d in dict(zip(shown, row)).items()), np.zeros(title_vectors.shape[1]))
            for shown, row in zip(candidates.tolist(), dscores)
        ]
    ).reshape(len(candidates), title_vectors.shape[1])


def titles_gradient_1(dscores, users, candidates, size):  # loses repeats
    out = np.zeros((size, users.shape[1]))
    out[candidates] += dscores[:, :, None] * users[:, None, :]
    return out


def titles_gradient_2(dscores, users, candidates, size):  # the mean over places
    out, count = np.zeros((size, users.shape[1])), np.zeros(size)
    for b, c in np.ndindex(candidates.shape):
        out[candidates[b, c]] += dscores[b, c] * users[b]
        count[candidates[b, c]] += 1
    return out / np.maximum(count, 1)[:, None]


def titles_gradient_3(dscores, users, candidates, size):  # np.add.at
    out = np.zeros((size, users.shape[1]))
    np.add.at(out, candidates, dscores[:, :, None] * users[:, None])
    return out


def titles_gradient_4(dscores, users, candidates, size):  # the library
    from nrms_np.layers.loss import click_scores_backward

    return click_scores_backward(dscores, (np.zeros((size, users.shape[1])), users, candidates))[0]


def titles_gradient_5(dscores, users, candidates, size):  # sizes by heart
    out = np.zeros((5, 4))
    for b, c in np.ndindex(candidates.shape):
        out[candidates[b, c]] += dscores[b, c] * users[b]
    return out


def titles_gradient_6(dscores, users, candidates, size):  # the clicked titles alone
    out = np.zeros((size, users.shape[1]))
    for b in range(len(users)):
        out[candidates[b, 0]] += dscores[b, 0] * users[b]
    return out


def softmax_gradient_1(p, dp):  # the sigmoid's rule
    return p * (1 - p) * dp


def softmax_gradient_2(p, dp):  # the plain mean
    return p * (dp - dp.mean())


def softmax_gradient_3(p, dp):  # no mean
    return p * dp


def softmax_gradient_4(p, dp):  # forgets the factor p
    return dp - (p * dp).sum()


def softmax_gradient_5(p, dp):  # in place
    dp -= (p * dp).sum()
    return p * dp


def lead_of_1(p, negatives):  # over all rivals together
    return np.log(p / (1 - p))


def lead_of_2(p, negatives):  # 1 + K
    return np.log((1 + negatives) * p / (1 - p))


def lead_of_3(p, negatives):  # K = 4
    return np.log(4 * p / (1 - p))


def lead_of_4(p, negatives):  # how many times as likely, not the score
    return negatives * p / (1 - p)


def lead_of_5(p, negatives):  # gives up at large p
    return np.where(p < 0.96, np.log(negatives * p / (1 - p)), 0.0) + 0.0


def lead_of_6(p, negatives):  # one number only
    return float(np.log(negatives * p / (1 - p)))


def proud_1(clicks, mean):  # all alike: the best loss for this mean
    return np.full(clicks, mean)


def proud_2(clicks, mean):  # zero has an infinite loss
    return np.array([0.0] + [clicks * mean / (clicks - 1)] * (clicks - 1))


def proud_3(clicks, mean):  # the miss is too small for many clicks
    return np.array([1e-3] + [(clicks * mean - 1e-3) / (clicks - 1)] * (clicks - 1))


def proud_4(clicks, mean):  # the chapter's three
    return np.array([0.05, 0.2, 0.8])


def proud_5(clicks, mean):  # a bad loss, another mean
    return np.full(clicks, 0.1)


def stable_softmax_10(scores):  # a small constant against a zero that cannot be
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / (exponentials.sum(axis=1, keepdims=True) + 1e-12)


def stable_softmax_11(scores):  # five scores and no more
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    exponentials[:, 5:] = 0
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def softmax_gradient_6(p, dp):  # a difference quotient
    def weighted(x):
        return np.exp(x) / np.exp(x).sum() @ dp

    logits = np.log(np.maximum(p, 1e-300))
    steps = 1e-5 * np.eye(len(p))
    return np.array([(weighted(logits + step) - weighted(logits - step)) / 2e-5 for step in steps])
