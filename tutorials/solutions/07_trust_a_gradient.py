"""Solutions of chapter 07."""

import numpy as np


def best_step(epsilon, size, third):
    # h / 3 * third - epsilon * size / h^2 = 0; multiply by 3 h^2 / third
    return (3 * epsilon * size / third) ** (1 / 3)


def best_step_one_sided(epsilon, size, second):
    # second / 2 - 2 * epsilon * size / h^2 = 0; about 3e-8 for exp: the tip of the orange V
    return 2 * (epsilon * size / second) ** 0.5


def complex_gradient(f, x):
    h = 1e-20
    out = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        shifted = x.astype(np.complex128)  # a fresh copy: the last entry's shift must not stay
        shifted[i] += 1j * h
        out[i] = f(shifted).imag / h
    return out


def safe_sum_of_lengths(x):
    # x * x keeps the imaginary part; norm squares the modulus and loses it
    return np.sqrt((x * x).sum(axis=1)).sum()


def blind_softmax_backward(dout, alpha):
    # any mean whose weights sum to one can be subtracted: it equals dout where all entries of dout are equal.
    # Equal weights instead of alpha: zero for dout = 1, wrong for all others.
    return alpha * (dout - dout.mean())


def pattern(bug):
    return {
        "dvalue is made of alpha in place of alpha.T": {"rows", "weight_value"},
        "dkey loses the gradients of repeated rows": {"rows", "weight_key"},
        # the softmax backward subtracts the mean of dalpha: a constant makes no difference, so this is no bug
        "7 is added to every entry of dalpha": set(),
        "dalpha is twice as large": {"rows", "weight_query", "weight_key"},
        # the gradients of the weights do not pass there
        "weight_query and weight_key are exchanged in drows": {"rows"},
    }[bug]


def mended(dout, rows, members, weight_query, weight_key, weight_value):
    scale = 1 / np.sqrt(weight_query.shape[1])
    query, key, value = rows @ weight_query, rows @ weight_key, rows @ weight_value
    logits = scale * query[members] @ key[members].T
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    alpha = exponentials / exponentials.sum(axis=1, keepdims=True)
    dalpha = dout @ value[members].T
    dvalue = sum_at(alpha.T @ dout, members, len(rows))  # dweight_value was wrong: the transpose
    total = (alpha * dalpha).sum(axis=1, keepdims=True)
    dlogits = alpha * (dalpha - total)
    dquery = sum_at(scale * dlogits @ key[members], members, len(rows))
    dkey = sum_at(scale * dlogits.T @ query[members], members, len(rows))  # dweight_key: the scale
    # with these two mended only drows is wrong: the key goes back through weight_key
    drows = dquery @ weight_query.T + dkey @ weight_key.T + dvalue @ weight_value.T
    return drows, rows.T @ dquery, rows.T @ dkey, rows.T @ dvalue


def sum_at(at_positions, members, size):
    out = np.zeros((size, at_positions.shape[1]))
    np.add.at(out, members, at_positions)
    return out
