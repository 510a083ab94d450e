"""How the answers of chapter 07 are judged."""

import math

import numpy as np
from judge import Exercise, gradients

NAMES = ("rows", "weight_query", "weight_key", "weight_value")


def root(f):
    """Where a rising f(h) is zero, by halving an interval of ln h."""
    low, high = -80.0, 20.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if f(math.exp(middle)) < 0 else (low, middle)
    return math.exp((low + high) / 2)


# 07.1 and 07.2


def step_cases(rng):
    yield from ((2.2e-16, 1.0, 1.0), (2.2e-16, 50.0, 0.3), (1.2e-7, 2.0, 5.0))
    for _ in range(4):
        yield tuple(float(one) for one in np.exp(rng.normal(size=3)) * (1e-12, 1, 1))


def best_truth(epsilon, size, third):
    return root(lambda h: h / 3 * third - epsilon * size / h**2)  # the derivative of the total error


def one_sided_truth(epsilon, size, second):
    return root(lambda h: second / 2 - 2 * epsilon * size / h**2)


# 07.3


def product(x):
    return np.exp(x.ravel()[0]) * np.tanh(x).sum()


def squares(x):
    return (x * x).sum() / 2


def steep(x):
    return np.sin(1e7 * x).sum() / 1e7  # a step of 1e-8 is too long for it


def alone(x):
    return x.sum() * 0 + 3.0


def function_cases(rng):
    yield product, rng.normal(size=3)
    yield squares, rng.normal(size=(7, 6))
    yield steep, rng.normal(size=7)
    yield squares, np.array([3, -1, 2])
    yield product, rng.normal(size=(1, 1))
    yield alone, np.zeros(0)


# 07.4


def length_cases(rng):
    for shape in ((2, 3), (7, 6), (1, 4), (5, 1), (0, 3)):
        x = rng.normal(size=shape)
        yield (x,)
        for i in np.ndindex(shape):
            shifted = x.astype(np.complex128)
            shifted[i] += 1e-20j
            yield (shifted,)


def length_check(args, got):
    (x,) = args
    lengths = [math.sqrt(sum(entry * entry for entry in row)) for row in x.real.tolist()]
    if abs(np.real(got) - sum(lengths)) > 1e-12 * (1 + sum(lengths)):
        return f"the lengths of the rows sum to {sum(lengths):.6g}, not {np.real(got):.6g}"
    for i in np.argwhere(x.imag != 0):
        slope = x[tuple(i)].real / lengths[i[0]]
        found = np.imag(got) / 1e-20
        if abs(found - slope) > 1e-10:
            return f"a complex step by x[{i[0]}, {i[1]}] finds the slope {found:.4f}, {slope:.4f} is right"
    return None


# 07.5


def softmax_of(rng, n):
    exponentials = np.exp(rng.normal(size=n))
    return exponentials / exponentials.sum()


def blind_cases(rng):
    for n in (5, 3, 8):
        for dout in (rng.normal(size=n), np.ones(n), np.full(n, -2.5)):
            yield dout, softmax_of(rng, n)


def blind_check(args, got):
    dout, alpha = args
    if not isinstance(got, np.ndarray) or got.shape != dout.shape or got.dtype != np.float64:
        return f"a float64 array of shape {dout.shape} is asked for"
    if not np.isfinite(got).all():
        return "it is not finite"
    if np.ptp(dout) == 0:
        seen = np.abs(got).max() > 1e-12
        return f"the plain sum sees it: for dout = {dout[0]:g} everywhere it is {got}" if seen else None
    right = alpha * (dout - alpha @ dout)
    if np.abs(got).max() < 1e-6:
        return "zero for a random dout does not count"
    cosine = abs(got @ right) / math.sqrt((got @ got) * (right @ right))
    return "this is the right gradient, or a multiple of it" if cosine > 1 - 1e-9 else None


def blind_trial(call, rng):
    for n in (6, 4, 9):
        alpha, one, other = softmax_of(rng, n), rng.normal(size=n), rng.normal(size=n)
        for a, b in ((one, other), (-one, other), (one, np.full(n, 1.5))):
            sums = 2 * call(a, alpha) + call(b, alpha)
            if np.abs(call(2 * a + b, alpha) - sums).max() > 1e-9 * (1 + np.abs(sums).max()):
                return "it is not linear in dout, so no backward pass: f(2 a + b) is not 2 f(a) + f(b)"
    return None


# 07.6 and 07.7


def sum_at(at_positions, members, size):
    out = np.zeros((size, at_positions.shape[1]), at_positions.dtype)
    np.add.at(out, members, at_positions)
    return out


def attention(rows, members, weight_query, weight_key, weight_value):
    scale = 1 / math.sqrt(weight_query.shape[1])
    query, key, value = (rows @ one for one in (weight_query, weight_key, weight_value))
    exponentials = np.exp(scale * query[members] @ key[members].T)
    alpha = exponentials / exponentials.sum(axis=1, keepdims=True)
    return alpha @ value[members], (query, key, value, scale, alpha)


def backward(dout, rows, members, weight_query, weight_key, weight_value, bug):
    """With one of the bugs of 07.6."""
    _, (query, key, value, scale, alpha) = attention(rows, members, weight_query, weight_key, weight_value)
    dalpha = dout @ value[members].T * (2 if "twice" in bug else 1) + (7 if "added" in bug else 0)
    dvalue = sum_at((alpha if "in place of" in bug else alpha.T) @ dout, members, len(rows))
    dlogits = scale * alpha * (dalpha - (alpha * dalpha).sum(axis=1, keepdims=True))
    dquery = sum_at(dlogits @ key[members], members, len(rows))
    dkey = sum_at(dlogits.T @ query[members], members, len(rows))
    if "loses" in bug:
        dkey = np.zeros_like(dkey)
        dkey[members] += dlogits.T @ query[members]
    first, second = (weight_key, weight_query) if "exchanged" in bug else (weight_query, weight_key)
    drows = dquery @ first.T + dkey @ second.T + dvalue @ weight_value.T
    return drows, rows.T @ dquery, rows.T @ dkey, rows.T @ dvalue


def attention_inputs(rng, members, rows, d, a):
    weights = [rng.normal(size=(d, a)) for _ in range(3)]
    return rng.normal(size=(len(members), a)), rng.normal(size=(rows, d)), np.array(members, int), *weights


def measured(dout, rows, members, *weights):
    def forward(rows, *weights):
        return attention(rows, members, *weights)[0]

    return gradients(forward, [rows, *weights], dout)


def pattern_truth(bug):
    arguments = attention_inputs(np.random.default_rng(0), [0, 1, 2, 1], 3, 5, 4)
    pairs = zip(NAMES, backward(*arguments, bug), measured(*arguments))
    return {name for name, got, want in pairs if np.abs(got - want).max() > 1e-9}


BUGS = (
    "dvalue is made of alpha in place of alpha.T",
    "dkey loses the gradients of repeated rows",
    "7 is added to every entry of dalpha",
    "dalpha is twice as large",
    "weight_query and weight_key are exchanged in drows",
)


def mended_cases(rng):
    for members, rows, d, a in (
        ([0, 1, 2, 1], 3, 5, 4),
        ([2], 4, 3, 2),
        ([1, 0], 2, 2, 3),
        ([0, 6, 3, 6, 1, 5, 2], 7, 6, 7),
        ([], 2, 3, 2),
    ):
        yield attention_inputs(rng, members, rows, d, a)


EXERCISES = [
    Exercise(
        "best_step",
        step_cases,
        best_truth,
        gives="h",
        tolerance=1e-9,
        near={
            "Nearly: the step where both errors are equally large is not the best": lambda epsilon, size, third: (
                (6 * epsilon * size / third) ** (1 / 3)
            ),
            "The factor is lost: solve E'(h) = 0 for h once more": lambda epsilon, size, third: (
                (epsilon * size / third) ** (1 / 3)
            ),
        },
        hints=(
            "The lowest point of the total error is where its derivative by h is zero.",
            "h / 3 * third = epsilon * size / h^2: bring all h to one side.",
        ),
    ),
    Exercise(
        "best_step_one_sided",
        step_cases,
        one_sided_truth,
        gives="h",
        tolerance=1e-9,
        near={
            "The rounding is twice that of the central difference": lambda epsilon, size, second: (
                (2 * epsilon * size / second) ** 0.5
            ),
        },
        hints=(
            "Write the total error: h/2 * second + 2 * epsilon * size / h.",
            "Its derivative is second / 2 - 2 * epsilon * size / h^2.",
        ),
    ),
    Exercise(
        "complex_gradient",
        function_cases,
        lambda f, x: gradients(f, [x], 1.0)[0],
        gives="the gradient",
        hints=(
            "A complex copy of x, one entry shifted by 1e-20j at a time; np.ndindex(x.shape) runs over all entries.",
            "Does the shift of the entry before still stand when you come to the next one?",
        ),
    ),
    Exercise(
        "safe_sum_of_lengths",
        length_cases,
        check=length_check,
        gives="the sum",
        hints=(
            "np.linalg.norm uses |x|^2, which is real. What is the length without it?",
            "The root of the sum of x * x, row by row; no abs, no conj, no real buffer.",
        ),
    ),
    Exercise(
        "blind_softmax_backward",
        blind_cases,
        check=blind_check,
        trial=blind_trial,
        gives="the gradient",
        hints=(
            "What vanishes when all entries of dout are equal?",
            "The right one subtracts a mean of dout with the weights alpha. Other weights would do as well.",
        ),
    ),
    Exercise(
        "pattern",
        lambda rng: [(bug,) for bug in BUGS],
        pattern_truth,
        gives="the set",
        reveal=False,
        hints=(
            "Follow the arrows: which gradients are computed from the changed one, directly or later?",
            "drows gets parts of all three. What does the softmax backward do with a constant?",
        ),
    ),
    Exercise(
        "mended",
        mended_cases,
        measured,
        tolerance=1e-11,
        gives="drows, dweight_query, dweight_key, dweight_value",
        hints=(
            "Which of the four are right? Everything on the way to those is right as well.",
            "One bug each for dweight_value and dweight_key. Then one is left that only drows can show.",
        ),
    ),
]
