"""Solutions of chapter 05."""

import numpy as np


def tanh_backward(dlogits, query, hidden):
    # dhidden_ip = dlogits_i query_p, and tanh' is made of the output: 1 - hidden^2
    return dlogits[:, None] * query * (1 - hidden**2)


def pool(x, alpha, offsets):
    # the owner of each position adds it up; a set that owns nothing keeps its zero (np.add.reduceat would not)
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    out = np.zeros((len(offsets) - 1, x.shape[1]), x.dtype)
    np.add.at(out, owner, alpha[:, None] * x)
    return out


def both_places(dout, alpha, dz, weight):
    # x is what is averaged (first term), and it decides how much it weighs (second term)
    return alpha[:, None] * dout + dz @ weight.T


def mean_query(size):
    # all logits are 0, whatever hidden is, and the softmax of equal logits is 1/n
    return np.zeros(size)
