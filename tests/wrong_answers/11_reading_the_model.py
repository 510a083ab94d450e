"""Wrong answers to the exercises of chapter 11: each must be refused."""

import numpy as np


def drop_each_1(members):
    lists = []
    for word in members:  # by word, not by position
        copy = list(members)
        copy.remove(word)
        lists.append(copy)
    return lists


def drop_each_2(members):
    lists = [members[:j] + members[j + 1 :] for j in range(len(members))]
    members.clear()
    return lists


def drop_each_3(members):
    # lists of three only
    return [members[1:], [members[0], members[-1]], members[:2]] if len(members) > 1 else [[]]


def drop_each_4(members):
    return [[word for word in members if word != other] for other in members]  # all that are equal


def mean_without_1(weights, numbers, j):
    keep = weights != weights[j]  # drops all of the same weight
    return (weights[keep] @ numbers[keep]) / weights[keep].sum()


def mean_without_2(weights, numbers, j):
    keep = numbers != numbers[j]  # drops all of the same number
    return (weights[keep] @ numbers[keep]) / weights[keep].sum()


def mean_without_3(weights, numbers, j):
    return weights @ numbers - weights[j] * numbers[j]  # the others do not sum to 1


def mean_without_4(weights, numbers, j):
    return np.delete(numbers, j).mean()  # the proportions are gone


def misleading_weights_1(n):
    weights = np.arange(n, 0, -1) / (n * (n + 1) / 2)
    return weights, np.eye(n)[-1]  # the largest weight has the number 0, but 0 is not the mean


def misleading_weights_2(n):
    weights = np.full(n, 1 / n)  # none is the largest
    return weights, np.append(np.zeros(n - 2), [1.0, -1.0])


def misleading_weights_3(n):
    weights = np.arange(n, 0, -1) / (n * (n + 1) / 2)
    return weights, np.zeros(n)  # nothing has an effect


def misleading_weights_4(n):
    weights = np.arange(n, 0, -1) / (n * (n + 1) / 2)
    numbers = np.zeros(n)
    numbers[-1], numbers[-2] = 1.0, -weights[-1] / weights[-2]  # the second smallest has a larger effect
    return weights, numbers


def share_of_words_1(additive, alpha):
    return np.repeat((additive @ alpha[0])[:, None], len(alpha), axis=1)  # head 0 for all


def share_of_words_2(additive, alpha):
    n = len(additive)
    return np.stack([additive @ one if h == 0 else np.full(n, 1 / n) for h, one in enumerate(alpha)], axis=1)


def share_of_words_3(additive, alpha):
    return np.einsum("i,hij->jh", additive, alpha).astype(np.float32)


def share_of_words_4(additive, alpha):
    return np.einsum("j,hij->ih", additive, alpha)  # over the word that is taken from


def predicted_effects_1(share, part):
    return (share * part).sum(axis=1)  # the contribution


def predicted_effects_2(share, part):
    return (share * (part - (share * part).sum(axis=0))).sum(axis=1)  # not divided


def predicted_effects_3(share, part):
    mean = (share * part).sum()  # of all heads together
    return (share * (part - mean) / (1 - share)).sum(axis=1)


def predicted_effects_4(share, part):
    share, part = share.mean(axis=1), part.sum(axis=1)  # heads first
    return share * (part - share @ part) / (1 - share)


def click_contributions_1(additive, alpha, value, candidate):
    return additive * (value @ candidate)  # as if each position held its own click


def click_contributions_2(additive, alpha, value, candidate):
    share = np.einsum("i,hij->jh", additive, alpha)  # heads in blocks
    return (share * (value * candidate).reshape(len(value), len(alpha), -1).sum(axis=2)).sum(axis=1)


def click_contributions_3(additive, alpha, value, candidate):
    share = np.einsum("i,hij->jh", additive, alpha).mean(axis=1)  # the mean share of all heads
    return share * (value @ candidate)


def click_contributions_4(additive, alpha, value, candidate):
    heads = len(alpha)
    share = np.einsum("i,hij->jh", additive, alpha)
    part = (value * candidate).reshape(len(value), value.shape[1] // heads, heads).sum(axis=1)
    return (share * (part - (share * part).sum(axis=0)) / np.maximum(1 - share, 1e-9)).sum(axis=1)  # effects


def same_user_1(history):
    return history + [n - 10 for n in history]  # negative numbers


def same_user_2(history):
    longer = history + history
    history.clear()
    return longer


def same_user_3(history):
    return history + history[-1:]  # drawn towards its last title


def same_user_4(history):
    return history[::-1]  # the same user, and not longer


def same_user_5(history):
    return sorted(set(history)) * 2  # a title that stood twice stands there once


def drop_each_5(members):
    return [[one for n, one in enumerate(members) if n != j] for j in range(min(len(members), 10))]  # ten and no more


def share_of_words_5(additive, alpha):
    return np.einsum("i,hij->jh", additive[:5], alpha[:, :5])  # five positions and no more
