"""Word embedding: look up one row per distinct word of the batch (chapter 02)."""

import numpy as np


def embedding_forward(table: np.ndarray, words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """rows_u = table[words_u].

    table [vocabulary, D], words [U] -> rows [U, D]. The cache is ``words``.
    """
    return table[words], words


def embedding_backward(drows: np.ndarray, cache: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradient of the table as (words [U], drows [U, D]): zero in every row that is not listed.

    dtable[w] is the sum of drows_u over all u with words_u = w. The words of a batch are all distinct, so that sum has
    one term and there is nothing to add up here; repeated words were summed before, at the positions of the titles.
    """
    return cache, drows
