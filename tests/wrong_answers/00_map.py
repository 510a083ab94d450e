"""Wrong answers of chapter 00, each of which must be refused."""

import numpy as np


def _shapes(U, T, N, B, D, M, shown, scores):
    table = {"rows": (U, D), "attended": (T, M), "title_vectors": (N, M), "users": (B, M)}
    return {**table, "shown": shown, "scores": scores, "dscores": scores}


def shapes_1(U, T, N, B, K, D, H, A):  # forgets that the clicked title is a candidate too
    return _shapes(U, T, N, B, D, H * A, (B, K, H * A), (B, K))


def shapes_2(U, T, N, B, K, D, H, A):  # takes self-attention for one row per different word
    return {**_shapes(U, T, N, B, D, H * A, (B, 1 + K, H * A), (B, 1 + K)), "attended": (U, H * A)}


def shapes_3(U, T, N, B, K, D, H, A):  # D in the place of 1 + K
    return _shapes(U, T, N, B, D, H * A, (B, D, H * A), (B, D))


def shapes_4(U, T, N, B, K, D, H, A):  # M is not B * K
    return _shapes(U, T, N, B, D, B * K, (B, 1 + K, B * K), (B, 1 + K))


def shapes_5(U, T, N, B, K, D, H, A):  # numbers by heart, for one set of sizes
    return _shapes(11, 29, 7, 3, 5, 12, (3, 5, 12), (3, 5))


def count_weights_1(vocabulary, D, H, A, P):  # the user encoder reads rows of size M, not D
    M = H * A
    return vocabulary * D + 2 * (3 * D * M + M * P + 2 * P)


def count_weights_2(vocabulary, D, H, A, P):  # forgets the additive query
    M = H * A
    return vocabulary * D + 3 * D * M + 3 * M * M + 2 * (M * P + P)


def count_weights_3(vocabulary, D, H, A, P):  # a count is a whole number
    M = H * A
    return float(vocabulary * D + 3 * D * M + 3 * M * M + 2 * (M * P + 2 * P))


def count_weights_4(vocabulary, D, H, A, P):  # a bias of one number
    M = H * A
    return vocabulary * D + 3 * D * M + 3 * M * M + 2 * (M * P + P + 1)


def _by_direction(loss, params, gradients, direction_of, both_sides=True):
    error = {}
    for name, one in params.items():
        direction = direction_of(one)
        up = loss({**params, name: one + 1e-5 * direction})
        down = loss({**params, name: one - 1e-5 * direction}) if both_sides else loss(params)
        rate = (up - down) / (2e-5 if both_sides else 1e-5)
        error[name] = abs(rate - (gradients[name] * direction).sum())
    return max(error, key=error.get)


def wrong_gradient_1(loss, params, gradients):  # all ones: reversed entries have the same sum
    return _by_direction(loss, params, gradients, np.ones_like)


def wrong_gradient_2(loss, params, gradients):  # moves the first entry alone
    def first(one):
        direction = np.zeros_like(one)
        direction.flat[0] = 1
        return direction

    return _by_direction(loss, params, gradients, first)


def wrong_gradient_3(loss, params, gradients):  # the largest gradient is not for that reason wrong
    return max(gradients, key=lambda name: np.abs(gradients[name]).max())


def wrong_gradient_4(loss, params, gradients):  # the position, not the name
    return 0


def wrong_gradient_5(loss, params, gradients):  # adds its steps to the parameters that it was given
    for one in params.values():
        one += 1e-5
    return next(iter(params))


def _by_entries(loss, params, gradients, entries_of):
    error = {}
    for name, one in params.items():
        error[name] = 0.0
        for i in entries_of(one):
            step = np.zeros(one.shape)
            step.flat[i] = 1e-5
            up, down = (loss({**params, name: one + sign * step}) for sign in (1, -1))
            error[name] = max(error[name], abs((up - down) / 2e-5 - gradients[name].flat[i]))
    return max(error, key=error.get)


def wrong_gradient_6(loss, params, gradients):  # the last entry alone
    return _by_entries(loss, params, gradients, lambda one: [one.size - 1])


def wrong_gradient_7(loss, params, gradients):  # the first entry and the last
    return _by_entries(loss, params, gradients, lambda one: [0, one.size - 1])
