"""Exercises of chapter 01: fill in a stub, then run ``python tutorials/exercises/01_news_as_numbers.py``."""

import numpy as np


def list_means(x, offsets):
    """Return the mean of x over each list, [lists], 0 for an empty list; x [positions], offsets [lists + 1]."""
    raise NotImplementedError("list_means: one NumPy function adds up weights per bin; there are others")


def check_list_means(answer=list_means):
    rng = np.random.default_rng(0)
    for lengths in ([2, 3], [1, 1, 1], [2, 0, 3], [0, 4], [3, 0, 0], [0]):
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        x = rng.normal(size=offsets[-1])
        want = [x[a:b].mean() if b > a else 0.0 for a, b in zip(offsets[:-1], offsets[1:])]
        with np.errstate(all="ignore"):
            got = _returned(answer, x, offsets)
        assert got.shape == (len(lengths),), f"lengths {lengths}: the shape is {got.shape}, not ({len(lengths)},)"
        assert np.allclose(got, want), f"lengths {lengths}: {np.round(got, 3)} instead of {np.round(want, 3)}"


def first_use(values):
    """Return (different values in the order of first appearance, for each position the number of its value).

    values int [positions]; no Python loop, no dictionary. Hint: np.unique can return three things.
    """
    raise NotImplementedError("first_use: np.unique sorts by value; sort its answer again, by first appearance")


def check_first_use(answer=first_use):
    for values in ([7, 5, 7, 2], [3, 3, 3], [9, 1, 5, 1, 9, 0, 5], [4]):
        values = np.array(values)
        number_of = {}
        want = [number_of.setdefault(int(value), len(number_of)) for value in values]
        different, numbers = answer(values)
        assert list(different) == list(number_of), f"{values}: different values {different}, not {list(number_of)}"
        assert list(numbers) == want, f"{values}: numbers {numbers}, not {want}"


def drop_unknown(values, offsets):
    """Remove every 0 from the lists; return the new (values, offsets) with as many lists as before."""
    kept = values != 0
    return values[kept], offsets  # the new offsets are missing


def check_drop_unknown(answer=drop_unknown):
    from nrms_np import Ragged

    for lists in ([[1, 0, 2], [0], [3]], [[0, 0], [], [5, 0, 5]], [[1], [2, 3]], [[], [0]]):
        want = [[value for value in one if value] for one in lists]
        one = Ragged.from_lists(lists)
        values, offsets = answer(one.values, one.offsets)
        assert len(offsets) == len(lists) + 1, f"{lists}: {len(offsets)} offsets for {len(lists)} lists"
        assert offsets[-1] == len(values), f"{lists}: the last offset is {offsets[-1]}, there are {len(values)} values"
        got = [values[a:b].tolist() for a, b in zip(offsets[:-1], offsets[1:])]
        assert got == want, f"{lists}: {got} instead of {want}"


def masked_softmax(logits, mask):
    """Softmax over the last axis of logits [rows, width] where mask is True; 0 where it is False, also if all are."""
    raise NotImplementedError("masked_softmax: logits may be as large as 1000, and a row may hold nothing but pads")


def check_masked_softmax(answer=masked_softmax):
    logits = np.array(
        [[2.0, 1.0, 0.0, 0.0], [1000.0, 999.0, 998.0, 5000.0], [0.3, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0]]
    )
    mask = np.arange(4) < np.array([[2], [3], [1], [0]])
    with np.errstate(all="ignore"):
        got = _returned(answer, logits, mask)
    assert got.shape == logits.shape, f"the shape is {got.shape}, not {logits.shape}"
    assert np.isfinite(got).all(), f"not every number is finite:\n{got}"
    want = np.zeros((4, 4))
    for row, n in enumerate((2, 3, 1)):
        exponentials = np.exp(logits[row, :n] - logits[row, :n].max())
        want[row, :n] = exponentials / exponentials.sum()
    for row, kind in enumerate(("two pads", "large logits and a larger pad", "one real entry", "nothing but pads")):
        assert np.allclose(got[row], want[row]), f"{kind}: {np.round(got[row], 3)} instead of {np.round(want[row], 3)}"


def _returned(answer, *arguments):
    """The answer as an array; the check's own arrays stay as they are."""
    return np.asarray(answer(*(one.copy() for one in arguments)))


if __name__ == "__main__":
    for number, check in enumerate((check_list_means, check_first_use, check_drop_unknown, check_masked_softmax), 1):
        check()
        print(f"{number}. {check.__name__.removeprefix('check_')}: right")
