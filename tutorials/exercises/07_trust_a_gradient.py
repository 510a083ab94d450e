"""Exercises of chapter 07: how to trust a gradient. Run it: ``python tutorials/exercises/07_trust_a_gradient.py``."""

import math

import numpy as np


def best_step(epsilon, size, third):
    """Return the step h of a central difference with the smallest total error h^2/6 * third + epsilon * size / h.

    epsilon: the relative rounding error; size: |f|; third: |f'''|. All are positive numbers.
    """
    raise NotImplementedError("best_step: set the derivative of the total error to zero and solve for h")


def check_best_step(answer=best_step):
    for epsilon, size, third in ((2.2e-16, 1.0, 1.0), (2.2e-16, 50.0, 0.3), (1.2e-7, 2.0, 5.0)):
        h = answer(epsilon, size, third)

        def total(step, epsilon=epsilon, size=size, third=third):
            return step**2 / 6 * third + epsilon * size / step

        assert h > 0, f"best_step({epsilon}, {size}, {third}) = {h}: a step is positive"
        for other in (0.99 * h, 1.01 * h):
            assert total(h) < total(other), (
                f"best_step({epsilon}, {size}, {third}) = {h:.3g}, but {other:.3g} is better"
            )


def complex_gradient(f, x):
    """Return the gradient of f at x by complex step, h = 1e-20. f maps complex128 [n] to a scalar; x float64 [n]."""
    h = 1e-20
    out = np.zeros(len(x))
    raise NotImplementedError(f"complex_gradient: fill {out} with Im f(x + ih) / h for h = {h}, one entry at a time")


def check_complex_gradient(answer=complex_gradient):
    x = np.array([0.3, -0.7, 1.1])

    def f(v):
        return np.exp(v[0]) * np.tanh(v[1]) + v[2] ** 3 * v[0]

    slope = 1 - np.tanh(-0.7) ** 2
    true = np.array([np.exp(0.3) * np.tanh(-0.7) + 1.1**3, np.exp(0.3) * slope, 3 * 1.1**2 * 0.3])
    kept = x.copy()
    found = np.asarray(answer(f, x))
    assert found.shape == (3,), f"the gradient has shape {found.shape}, x has shape (3,)"
    error = np.abs(found - true).max()
    assert error < 1e-14, f"the largest error is {error:.1e}; the complex step is right to 1e-15"
    np.testing.assert_array_equal(x, kept, "x was changed")
    found = answer(lambda v: (v * v).sum(), np.full(4, 0.5))
    assert np.abs(found - 1).max() < 1e-14, f"the gradient of sum(v * v) at (.5, .5, .5, .5) is 1 each, not {found}"


def safe_sum_of_lengths(x):
    """Return the sum of the Euclidean lengths of the rows of x [n, D], safe for a complex step through it."""
    return np.linalg.norm(x, axis=1).sum()


def check_safe_sum_of_lengths(answer=safe_sum_of_lengths):
    x = np.array([[3.0, 4.0], [-5.0, 12.0]])
    assert abs(answer(x) - 18) < 1e-12, f"the lengths are 5 and 13, together 18, not {answer(x)}"
    true = x / np.array([[5.0], [13.0]])
    for i in np.ndindex(2, 2):
        shifted = x.astype(complex)
        shifted[i] += 1e-20j
        found = np.imag(answer(shifted)) / 1e-20
        assert abs(found - true[i]) < 1e-12, (
            f"the complex step by x{list(i)} gives {found:.4f}, the slope is {true[i]:.4f}"
        )


def blind_softmax_backward(dout, alpha):
    """Return a WRONG gradient of the logits [n] that is right when dout is all ones, and not zero for other dout.

    dout [n], alpha [n]: the softmax of the logits. Not one of the three of the chapter, nor a multiple of one.
    """
    raise NotImplementedError("blind_softmax_backward: what vanishes when all entries of dout are equal?")


def check_blind_softmax_backward(answer=blind_softmax_backward):
    rng = np.random.default_rng(7)
    logits = rng.normal(size=5)
    alpha = np.exp(logits) / np.exp(logits).sum()
    dout = rng.normal(size=5)
    plain = np.asarray(answer(np.ones(5), alpha.copy()))
    assert plain.shape == (5,), f"the gradient has shape {plain.shape}, the logits have shape (5,)"
    assert np.abs(plain).max() < 1e-12, f"the plain sum sees it: for dout = 1 the true gradient is 0, yours is {plain}"
    found, right = answer(dout.copy(), alpha.copy()), alpha * (dout - (alpha * dout).sum())
    assert np.abs(found).max() > 1e-6, "it is zero for a random dout: that is not_there of the chapter"
    for known, name in ((right, "the right gradient"), (right / alpha, "alpha_lost of the chapter")):
        cosine = abs(found @ known) / math.sqrt((found @ found) * (known @ known))
        assert cosine < 1 - 1e-9, f"this is {name}, or a multiple of it"


if __name__ == "__main__":
    for check in (check_best_step, check_complex_gradient, check_safe_sum_of_lengths, check_blind_softmax_backward):
        check()
        print(f"{check.__name__.removeprefix('check_')}: right")
