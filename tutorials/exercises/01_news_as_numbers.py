"""Exercises of chapter 01: fill in a stub, then run ``python tutorials/exercise.py 01.1``."""

import numpy as np


# 01.1
def list_means(x, offsets):
    """Return the mean of x over each list, float [lists], 0 for an empty list; without a Python loop.

    x float [positions], offsets int [lists + 1].
    """
    raise NotImplementedError


# 01.2
def drop_unknown(values, offsets):
    """Remove every 0 from the lists; return the new (values, offsets), as many lists as before. Without a loop.

    Both are int, [positions] and [lists + 1].
    """
    kept = values != 0
    raise NotImplementedError(f"{np.count_nonzero(kept)} values are kept; what are the new offsets?")


# 01.3
def masked_softmax(logits, mask):
    """Softmax over the last axis of logits [rows, width], where mask [rows, width] is True, and 0 where it is False.

    A row may hold nothing but False. Logits may be as large as 1000 or as low as -1000, also those of pads.
    """
    raise NotImplementedError


# 01.4
def first_use(values):
    """Return (different, numbers): the different values by first appearance, and for each position the number of its.

    values int [positions] -> int [different values], int [positions]. No Python loop, no dictionary.
    """
    raise NotImplementedError


# 01.5
def transpose(values, size):
    """Return (positions, offsets): the positions that hold 0, those that hold 1, ..., each in ascending order.

    values int [n], each in 0 .. size - 1 -> int [n], int [size + 1]. Loops are welcome; sorting functions are not.
    """
    raise NotImplementedError
