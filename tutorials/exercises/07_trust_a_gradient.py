"""Exercises of chapter 07. Fill in a stub, then ``python tutorials/exercise.py 07.1``, and so on."""

import numpy as np


def best_step(epsilon, size, third):
    """07.1: the step h of a central difference with the smallest total error h^2/6 * third + epsilon * size / h.

    epsilon: the relative rounding error; size: |f|; third: |f'''|. All are positive numbers.
    """
    raise NotImplementedError


def best_step_one_sided(epsilon, size, second):
    """07.2: the same for (f(x + h) - f(x)) / h, which is wrong by h/2 * second and by twice the rounding."""
    raise NotImplementedError


def complex_gradient(f, x):
    """07.3: the gradient of f at x by the complex step, h = 1e-20.

    f maps a complex128 array of the shape of x to a number. x has any shape, and may hold whole numbers.
    """
    raise NotImplementedError


def safe_sum_of_lengths(x):
    """07.4: the sum of the Euclidean lengths of the rows of x [n, D], safe for a complex step through it."""
    return np.linalg.norm(x, axis=1).sum()


def blind_softmax_backward(dout, alpha):
    """07.5: a WRONG gradient of the logits [n] that is zero whenever all entries of dout are equal, as it should be.

    dout [n], alpha [n]: the softmax of the logits. Linear in dout, as every backward pass; not zero for other dout,
    and no multiple of the right one.
    """
    raise NotImplementedError


def pattern(bug):
    """07.6: which gradients does the check call WRONG? A set of "rows", "weight_query", "weight_key", "weight_value".

    Each line describes one change in attention_backward of the chapter. Predict; do not run it.
    """
    return {
        "dvalue is made of alpha in place of alpha.T": None,
        "dkey loses the gradients of repeated rows": None,
        "7 is added to every entry of dalpha": None,
        "dalpha is twice as large": None,
        "weight_query and weight_key are exchanged in drows": None,
    }[bug]


def mended(dout, rows, members, weight_query, weight_key, weight_value):
    """07.7: three bugs are planted after "Backward". Find and mend them, from what the check says.

    Returns drows, dweight_query, dweight_key, dweight_value.
    """
    # Forward, and right
    scale = 1 / np.sqrt(weight_query.shape[1])
    query, key, value = rows @ weight_query, rows @ weight_key, rows @ weight_value  # 1. [R, A]
    logits = scale * query[members] @ key[members].T  # 2. and 3. [n, n]
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    alpha = exponentials / exponentials.sum(axis=1, keepdims=True)  # 4.
    # Backward
    dalpha = dout @ value[members].T  # 5.
    dvalue = sum_at(alpha @ dout, members, len(rows))
    total = (alpha * dalpha).sum(axis=1, keepdims=True)  # 4.
    dlogits = alpha * (dalpha - total)
    dquery = sum_at(scale * dlogits @ key[members], members, len(rows))  # 3. and 2.
    dkey = sum_at(dlogits.T @ query[members], members, len(rows))
    drows = dquery @ weight_query.T + dkey @ weight_query.T + dvalue @ weight_value.T  # 1.
    return drows, rows.T @ dquery, rows.T @ dkey, rows.T @ dvalue


def sum_at(at_positions, members, size):
    """A helper, and right: the gradient at each position goes to the row that stands there."""
    out = np.zeros((size, at_positions.shape[1]))
    np.add.at(out, members, at_positions)
    return out
