"""Solutions of chapter 05."""

import numpy as np


def owner_of(offsets):
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def pool(x, alpha, offsets):
    # the owner of each position adds it up; a set that owns nothing keeps its zero (np.add.reduceat would not)
    out = np.zeros((len(offsets) - 1, x.shape[1]), np.result_type(x, alpha))
    np.add.at(out, owner_of(offsets), alpha[:, None] * x)
    return out


def dalpha(x, dout, offsets):
    # alpha_i stands in all M entries of the output of its set, each time with the factor x_im
    return (dout[owner_of(offsets)] * x).sum(axis=1)


def dlogits(alpha, dalpha, offsets):
    # one softmax for each set, so one mean of dalpha for each set
    owner = owner_of(offsets)
    mean = np.zeros(len(offsets) - 1, alpha.dtype)
    np.add.at(mean, owner, alpha * dalpha)
    return alpha * (dalpha - mean[owner])


def tanh_backward(dlogits, query, hidden):
    # dhidden_ip = dlogits_i query_p, and tanh' is made of the output: 1 - hidden^2
    return dlogits[:, None] * query * (1 - hidden**2)


def weight_gradients(x, hidden, dlogits, dz):
    # all positions use the same weights: sums over T
    return x.T @ dz, dz.sum(axis=0), hidden.T @ dlogits


def x_gradient(dout, alpha, dz, weight, offsets):
    # x is what is averaged (first term), and it decides how much it weighs (second term)
    return alpha[:, None] * dout[owner_of(offsets)] + dz @ weight.T


def mean_query(size):
    # all logits are 0, whatever hidden is, and the softmax of equal logits is 1/n
    return np.zeros(size)


def inside_backward(dlogits, hidden, factors, offsets):
    # dz as in 05.4; a query is added to z at every position of its set, with the factor 1
    dqueries = np.zeros((len(offsets) - 1, len(factors)), hidden.dtype)
    np.add.at(dqueries, owner_of(offsets), dlogits[:, None] * factors * (1 - hidden**2))
    return dqueries
