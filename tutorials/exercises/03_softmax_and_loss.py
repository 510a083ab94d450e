"""Exercises of chapter 03: fill in a stub, then run ``python tutorials/exercise.py 03.1``."""


# 03.1
def stable_softmax(scores):
    """Return the softmax of each row of scores [B, 1+K], for scores of any size."""
    raise NotImplementedError


# 03.2
def click_loss(scores):
    """Return the mean loss, a number, of scores [B, 1+K]; the clicked title is in column 0. Scores of any size."""
    raise NotImplementedError


# 03.3
def loss_gradient(probabilities, clicked):
    """Return dscores [B, 1+K] of the mean loss.

    probabilities [B, 1+K] are the softmax of the scores; clicked int [B] is the clicked column of each row. (In the
    chapter that is always column 0.)
    """
    raise NotImplementedError


# 03.4
def users_gradient(dscores, title_vectors, candidates):
    """Return dusers [B, M]; dscores and candidates [B, 1+K], title_vectors [N, M]."""
    raise NotImplementedError


# 03.5
def titles_gradient(dscores, users, candidates, size):
    """Return dtitle_vectors [size, M]; dscores and candidates [B, 1+K], users [B, M].

    A title may be shown at many places. Without np.add.at and without the library.
    """
    raise NotImplementedError


# 03.6
def softmax_gradient(p, dp):
    """Return dx [n]: p = softmax(x) [n] and dp [n], the gradient of p, are given."""
    raise NotImplementedError


# 03.7
def lead_of(p, negatives):
    """Return how far the score of the clicked title is above each of K = negatives equal rivals.

    p, the probability of the clicked title, is a number or an array of numbers.
    """
    raise NotImplementedError


# 03.8
def proud(clicks, mean):
    """Return probabilities of the clicked title, float [clicks], with the given mean and a mean loss above ln 5.

    Each is above 0 and at most 1. clicks is at least 2, and mean at least 0.3 and below 1 - 1 / clicks.
    """
    raise NotImplementedError
