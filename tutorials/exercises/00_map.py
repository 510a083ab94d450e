"""Exercises of chapter 00: fill in a stub, then run ``python tutorials/exercise.py 00.1``."""


# 00.1
def shapes(U, T, N, B, K, D, H, A):
    """Return a dict with the shape of each array of the forward pass, as a tuple of whole numbers.

    Its keys: "rows"; "attended", the output of the news encoder's self-attention, in which every word position has a
    row of its own; "title_vectors"; "users"; "shown", which is title_vectors[candidates]; "scores"; "dscores".
    """
    raise NotImplementedError


# 00.2
def count_weights(vocabulary, D, H, A, P):
    """Return how many numbers NRMS learns, with a word table [vocabulary, D] and the arrays of the two encoders.

    The chapter prints the shapes of all of them, for D = 5, H = 2, A = 3 and P = 4.
    """
    raise NotImplementedError


# 00.3
def wrong_gradient(loss, params, gradients):
    """One of the gradients is wrong: return its name.

    loss(params) is a number. params and gradients are dicts of arrays with the same names and shapes.
    """
    raise NotImplementedError
