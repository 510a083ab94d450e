"""Exercises of chapter 05. Fill in a stub, then ``python tutorials/exercise.py 05.1``, and so on.

T positions of all sets together, S sets, M the size of a row, P the size of the query. Set s owns the positions
offsets[s] <= i < offsets[s + 1]; any set may be empty.
"""

import numpy as np


def owner_of(offsets):
    """A helper: the set of each position [T]."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def pool(x, alpha, offsets):
    """05.1: out[s] = the sum of alpha[i] * x[i] over the positions of set s: x [T, M], alpha [T] -> out [S, M]."""
    raise NotImplementedError


def dalpha(x, dout, offsets):
    """05.2: the gradient of alpha in out = pool(x, alpha, offsets): x [T, M], dout [S, M] -> dalpha [T]."""
    raise NotImplementedError


def dlogits(alpha, dalpha, offsets):
    """05.3: alpha [T] is the softmax of logits [T] within each set: dalpha [T] -> dlogits [T]."""
    raise NotImplementedError


def tanh_backward(dlogits, query, hidden):
    """05.4: hidden = tanh(z), logits = hidden @ query: dlogits [T], query [P], hidden [T, P] -> dz [T, P]."""
    raise NotImplementedError


def weight_gradients(x, hidden, dlogits, dz):
    """05.5: z = x @ weight + bias, logits = hidden @ query: -> dweight [M, P], dbias [P], dquery [P].

    x [T, M], hidden [T, P], dlogits [T], dz [T, P].
    """
    raise NotImplementedError


def x_gradient(dout, alpha, dz, weight, offsets):
    """05.6: out = pool(x, alpha, offsets) and z = x @ weight + bias: everything that x does -> dx [T, M].

    dout [S, M], alpha [T], dz [T, P], weight [M, P].
    """
    raise NotImplementedError


def mean_query(size):
    """05.7: a query [size] with which additive attention is the plain mean of every set."""
    raise NotImplementedError


def inside_backward(dlogits, hidden, factors, offsets):
    """05.8: the query inside the tanh, one for each set.

    hidden[i] = tanh(x[i] @ weight + queries[s]) for the set s of i, logits = hidden @ factors:
    dlogits [T], hidden [T, P], factors [P] -> dqueries [S, P].
    """
    raise NotImplementedError
