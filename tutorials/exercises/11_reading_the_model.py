"""Exercises of chapter 11: complete a stub, then run ``python tutorials/exercise.py 11``."""


# 11.1
def drop_each(members):
    """For each position of the list members: the list without that position (and with all others)."""
    raise NotImplementedError


# 11.2
def mean_without(weights, numbers, j):
    """The weighted mean of numbers [n] without entry j; weights [n] sum to 1 and keep their proportions. n >= 2."""
    raise NotImplementedError


# 11.3
def misleading_weights(n):
    """(weights, numbers), two arrays [n] of float64, n = 4 at least: an explanation by weights at its worst.

    The weights are positive, all different, and sum to 1. The entry of the largest weight has no effect on the weighted
    mean: without it, it is the same (to 1e-9). The entry of the smallest weight has the largest effect in size, by a
    tenth at least. (Why is it impossible for n = 3?)
    """
    raise NotImplementedError


# 11.4
def share_of_words(additive, alpha):
    """additive [n], alpha [H, n, n] (position i takes alpha[h, i, j] from j) -> share [n, H] of each word j."""
    raise NotImplementedError


# 11.5
def predicted_effects(share, part):
    """share, part [n, H] of one set, the shares of each head sum to 1 -> [n].

    The score is sum_jh share[j, h] * part[j, h]. Entry j: the score minus the score without j, if in each head all
    other shares keep their proportions.
    """
    raise NotImplementedError


# 11.6
def click_contributions(additive, alpha, value, candidate):
    """What each click of a history brings to the score of a candidate, exactly: [n], their sum is the score.

    additive [n] and alpha [H, n, n] of the user encoder, value [n, M] of each click (column a * H + h is number a of
    head h), candidate [M] a title vector. The user vector has at a * H + h the sum over i and j of
    additive[i] * alpha[h, i, j] * value[j, a * H + h].
    """
    raise NotImplementedError


# 11.7
def same_user(history):
    """A longer history (a list of title numbers) for which NRMS has the same user vector. It is not empty."""
    raise NotImplementedError
