"""Wrong answers to the exercises of chapter 05: each must be rejected."""

import numpy as np


def tanh_backward_1(dlogits, query, hidden):
    return dlogits[:, None] * query * (1 - hidden)  # the square is missing


def tanh_backward_2(dlogits, query, hidden):
    return dlogits[:, None] * query * (1 - np.tanh(hidden) ** 2)  # tanh taken twice: hidden is the output already


def pool_1(x, alpha, offsets):
    return np.add.reduceat(alpha[:, None] * x, offsets[:-1])  # an empty set gets a row of the next one


def pool_2(x, alpha, offsets):
    pairs = zip(offsets, offsets[1:])
    return np.array([alpha[start:end] @ x[start:end] for start, end in pairs if start < end])  # drops empty sets


def both_places_1(dout, alpha, dz, weight):
    return alpha[:, None] * dout  # only as what is averaged


def both_places_2(dout, alpha, dz, weight):
    return dz @ weight.T  # only as what decides the weight


def mean_query_1(size):
    return np.ones(size)  # equal factors are not equal logits: hidden still differs between positions


def mean_query_2(size):
    return np.full(size, 1 / size)  # the same, smaller
