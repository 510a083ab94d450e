"""Wrong answers to the exercises of chapter 07: each must be refused."""

import numpy as np


def best_step_1(epsilon, size, third):
    return (epsilon * size / third) ** 0.5  # the rule for one-sided differences


def best_step_2(epsilon, size, third):
    return (epsilon * size / third) ** (1 / 3)  # the 3 is lost


def best_step_3(epsilon, size, third):
    return 1.004 * (3 * epsilon * size / third) ** (1 / 3)


def best_step_4(epsilon, size, third):
    return np.array([(3 * epsilon * size / third) ** (1 / 3)])


def best_step_5(epsilon, size, third):
    return min(10 ** np.arange(-8, 0, 0.003), key=lambda h: h * h / 6 * third + epsilon * size / h)  # a grid


def best_step_6(epsilon, size, third):
    known = {1.0: 8.7e-6, 0.3: (3 * 2.2e-16 * 50 / 0.3) ** (1 / 3), 5.0: (3 * 1.2e-7 * 2 / 5) ** (1 / 3)}
    return known[third]


def best_step_7(epsilon, size, third):
    return (3 * (2.2e-16 if epsilon < 1e-10 else 1.2e-7) * size / third) ** (1 / 3)


def best_step_8(epsilon, size, third):
    return (6 * epsilon * size / third) ** (1 / 3)  # where both errors are equal


def best_step_one_sided_1(epsilon, size, second):
    return (epsilon * size / second) ** 0.5


def best_step_one_sided_2(epsilon, size, second):
    return (2 * epsilon * size / second) ** 0.5  # one rounding


def best_step_one_sided_3(epsilon, size, second):
    return (3 * epsilon * size / second) ** (1 / 3)  # the central one


def complex_gradient_1(f, x):
    shifted = x.astype(complex)
    out = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        shifted[i] += 1e-20j  # never put back: an entry gets the slopes of all entries before it too
        out[i] = f(shifted).imag / 1e-20
    return out


def complex_gradient_2(f, x):
    return np.full(x.shape, f(x + 1e-20j).imag / 1e-20)  # shifts all entries at once


def complex_steps(f, x, out, h=1e-20, restore=lambda old: old):
    shifted = x.astype(complex)
    for i in np.ndindex(x.shape):
        shifted[i] += 1j * h
        out[i] = f(shifted).imag / h
        shifted[i] = restore(x[i])
    return out


def complex_gradient_3(f, x):
    return complex_steps(f, x, np.zeros(x.shape)).tolist()


def complex_gradient_4(f, x):
    return complex_steps(f, x, np.zeros(x.shape), h=1e-8)


def complex_gradient_5(f, x):
    return complex_steps(f, x, np.zeros(x.shape), restore=lambda old: round(float(old), 1))


def complex_gradient_6(f, x):
    out = np.zeros(4)  # for vectors of up to four
    return complex_steps(f, x, out)[: len(x)]


def complex_gradient_7(f, x):
    return complex_steps(f, x, np.zeros_like(x))  # whole numbers in, whole numbers out


def complex_gradient_8(f, x):
    out = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        nudge = np.zeros(x.shape)
        nudge[i] = 1e-6
        out[i] = (f(x + nudge) - f(x - nudge)) / 2e-6  # a central difference
    return out


def safe_sum_of_lengths_1(x):
    return np.sqrt((x * x.conj()).sum(axis=1)).sum()  # the textbook's complex length is real


def safe_sum_of_lengths_2(x):
    out = np.empty(len(x))  # a real buffer
    for i, row in enumerate(x):
        out[i] = np.sqrt((row * row).sum()).real
    return out.sum()


def safe_sum_of_lengths_3(x):
    return np.sqrt(x[:, 0] ** 2 + x[:, 1] ** 2).sum()  # two columns


def safe_sum_of_lengths_4(x):
    return np.sqrt(x[0] @ x[0]) + np.sqrt(x[1] @ x[1])  # two rows


def safe_sum_of_lengths_5(x):
    return sum(np.sqrt(x[i] @ x[i]) for i in range(x.shape[1]))  # as many rows as columns


def safe_sum_of_lengths_6(x):
    return np.sqrt((x * x).sum(axis=0)).sum()  # of the columns


def safe_sum_of_lengths_7(x):
    return np.sqrt((x * x).sum())  # one length


def blind_softmax_backward_1(dout, alpha):
    return alpha * dout  # a dropped term: the plain sum does see it


def blind_softmax_backward_2(dout, alpha):
    return -2 * alpha * (dout - (alpha * dout).sum())  # a multiple of the right one


def blind_softmax_backward_3(dout, alpha):
    return np.zeros(len(dout)) if (dout == dout[0]).all() else dout  # not linear


def blind_softmax_backward_4(dout, alpha):
    return dout - 1


def blind_softmax_backward_5(dout, alpha):
    return alpha * (dout - 1)  # for ones, and not for other equal entries


def blind_softmax_backward_6(dout, alpha):
    return dout**2 - dout


def blind_softmax_backward_7(dout, alpha):
    return np.arange(5) * (dout - dout.mean())


def blind_softmax_backward_8(dout, alpha):
    return np.random.normal(size=len(dout)) * dout.std()


def blind_softmax_backward_9(dout, alpha):
    return list(alpha * (dout - dout.mean()))


def blind_softmax_backward_10(dout, alpha):
    return 0 * alpha


def blind_softmax_backward_11(dout, alpha):
    return alpha * (dout - dout.max())  # not linear either


def predicted(**changes):
    right = {
        "dvalue is made of alpha in place of alpha.T": {"rows", "weight_value"},
        "dkey loses the gradients of repeated rows": {"rows", "weight_key"},
        "7 is added to every entry of dalpha": set(),
        "dalpha is twice as large": {"rows", "weight_query", "weight_key"},
        "weight_query and weight_key are exchanged in drows": {"rows"},
    }
    for begin, names in changes.items():
        right |= {bug: names for bug in right if bug.startswith(begin)}
    return right


def pattern_1(bug):
    return predicted(**{"7": {"rows", "weight_query", "weight_key"}})[bug]


def pattern_2(bug):
    return predicted(weight={"rows", "weight_query", "weight_key"})[bug]


def pattern_3(bug):
    return predicted(dvalue={"weight_value"})[bug]  # forgets the rows


def pattern_4(bug):
    return predicted(dalpha={"rows", "weight_query", "weight_key", "weight_value"})[bug]


def pattern_5(bug):
    return sorted(predicted()[bug])


def attention(dout, rows, members, weight_query, weight_key, weight_value, value_bug, key_bug, rows_bug):
    scale = 1 / np.sqrt(weight_query.shape[1])
    query, key, value = rows @ weight_query, rows @ weight_key, rows @ weight_value
    exponentials = np.exp(scale * query[members] @ key[members].T)
    alpha = exponentials / exponentials.sum(axis=1, keepdims=True)
    dalpha = dout @ value[members].T
    dvalue = sum_at((alpha if value_bug else alpha.T) @ dout, members, len(rows))
    dlogits = alpha * (dalpha - (alpha * dalpha).sum(axis=1, keepdims=True))
    dquery = sum_at(scale * dlogits @ key[members], members, len(rows))
    dkey = sum_at((1 if key_bug else scale) * dlogits.T @ query[members], members, len(rows))
    drows = dquery @ weight_query.T + dkey @ (weight_query if rows_bug else weight_key).T + dvalue @ weight_value.T
    return drows, rows.T @ dquery, rows.T @ dkey, rows.T @ dvalue


def sum_at(at_positions, members, size):
    out = np.zeros((size, at_positions.shape[1]))
    np.add.at(out, members, at_positions)
    return out


def mended_1(*arguments):
    return attention(*arguments, False, True, True)


def mended_2(*arguments):
    return attention(*arguments, False, False, True)


def mended_3(*arguments):
    return attention(*arguments, False, True, False)


def mended_4(*arguments):
    return attention(*arguments, True, False, False)


def mended_5(*arguments):
    return tuple(one.astype(np.float32) for one in attention(*arguments, False, False, False))
