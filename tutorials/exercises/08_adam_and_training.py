"""Exercises of chapter 08: Adam and training. Run it: ``python tutorials/exercises/08_adam_and_training.py``."""

import numpy as np


def corrected_average(numbers, beta):
    """Return the bias-corrected moving average (beginning at 0, keeping the share beta) after all numbers were seen."""
    average = 0.0
    for number in numbers:
        average = beta * average + (1 - beta) * number
    return average  # the correction is missing


def check_corrected_average(answer=corrected_average):
    for count in (1, 2, 7, 300):
        found = answer([3.0] * count, 0.9)
        assert abs(found - 3) < 1e-12, f"the average of {count} times 3 is 3, not {found}"
    found = answer([2.0, -1.0], 0.9)
    assert abs(found - 0.08 / 0.19) < 1e-12, (
        f"after 2, -1 the tiny example has 0.08 / (1 - 0.9^2) = 0.42105, not {found}"
    )


def lazy_step(table, first, second, rows, values, t, learning_rate):
    """One lazy Adam step in place. Rows may be listed twice: their gradients add up first.

    table, first, second [V, D]; rows [n] of row numbers; values [n, D], a gradient each; t = 1, 2, ...
    beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8.
    """
    words, place = np.unique(rows, return_inverse=True)  # words[place] == rows
    raise NotImplementedError("lazy_step: sum values by place, then update the moments and rows of words alone")


def check_lazy_step(answer=lazy_step):
    rng = np.random.default_rng(8)
    table, first, second = rng.normal(size=(5, 2)), rng.normal(size=(5, 2)), rng.random((5, 2))
    found = [one.copy() for one in (table, first, second)]
    rows, values = np.array([3, 1, 3]), rng.normal(size=(3, 2))
    answer(*found, rows, values, 4, 0.1)
    g = np.zeros((5, 2))
    np.add.at(g, rows, values)
    moved = [1, 3]
    new_first, new_second = 0.9 * first + 0.1 * g, 0.999 * second + 0.001 * g**2
    step = 0.1 * new_first / (1 - 0.9**4) / (np.sqrt(new_second / (1 - 0.999**4)) + 1e-8)
    names = ("table", "first", "second")
    for name, old, one in zip(names, (table, first, second), found):
        assert np.array_equal(one[[0, 2, 4]], old[[0, 2, 4]]), f"{name}: rows that are not in the batch have changed"
        assert not np.array_equal(one[moved], old[moved]), f"{name}: the rows of the batch have not changed"
    for name, expected, one in zip(names[1:], (new_first, new_second), found[1:]):
        assert np.allclose(one[1], expected[1], atol=1e-12), f"{name}: row 1, which is listed once, is wrong"
        assert np.allclose(one[3], expected[3], atol=1e-12), f"{name}: row 3, which is listed twice, is wrong"
    assert np.allclose(found[0][moved], (table - step)[moved], atol=1e-12), "table: the step is wrong"


def clip_gradients(gradients, clip):
    """Return a dict of the same gradients scaled by one factor so that their global norm is at most clip.

    A gradient is an array, or a pair (rows, values): rows are row numbers and stay as they are.
    """
    return gradients


def check_clip_gradients(answer=clip_gradients):
    rows = np.array([7, 2])
    gradients = {"a": np.array([3.0, 0.0]), "table": (rows, np.array([[0.0], [4.0]]))}
    for clip, factor in ((1.0, 0.2), (2.5, 0.5), (10.0, 1.0)):
        found = answer({"a": gradients["a"].copy(), "table": (rows.copy(), gradients["table"][1].copy())}, clip)
        assert np.array_equal(found["table"][0], rows), "row numbers are no gradient: they must not be scaled"
        norm = np.sqrt((found["a"] ** 2).sum() + (found["table"][1] ** 2).sum())
        assert abs(norm - 5 * factor) < 1e-12, f"global norm 5, clip {clip}: the result has norm {norm:.3f}"
        for one, old in ((found["a"], gradients["a"]), (found["table"][1], gradients["table"][1])):
            assert np.allclose(one, old * factor), f"clip {clip}: not all gradients were scaled by {factor}"


def order_of_epoch(seed, epoch, clicks):
    """Return a permutation of 0 .. clicks - 1 that depends on (seed, epoch) alone and differs for different pairs."""
    return np.random.permutation(clicks)


def check_order_of_epoch(answer=order_of_epoch):
    orders = {}
    for seed in range(4):
        for epoch in range(1, 5):
            order = np.asarray(answer(seed, epoch, 50))
            assert sorted(order.tolist()) == list(range(50)), f"seed {seed}, epoch {epoch}: not a permutation"
            same = orders.setdefault(tuple(order.tolist()), (seed, epoch))
            assert same == (seed, epoch), f"(seed, epoch) = {same} and {(seed, epoch)} have the same order"
    np.random.random(3)
    again = {tuple(np.asarray(answer(*key, 50)).tolist()) for key in orders.values()}
    assert again == set(orders), "a second call with the same seed and epoch gives another order"


if __name__ == "__main__":
    for check in (check_corrected_average, check_lazy_step, check_clip_gradients, check_order_of_epoch):
        check()
        print(f"{check.__name__.removeprefix('check_')}: right")
