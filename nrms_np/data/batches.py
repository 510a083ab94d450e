"""Batches: three ragged levels of indices, each into the level below, every different thing once.

Tutorial: tutorials/01_news_as_numbers.md
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ragged import Ragged, number_by_first_use


@dataclass(frozen=True, eq=False)
class Batch:
    """What one training step reads.

    words      int32 [U]          the different words, as rows of the embedding table
    titles     Ragged [N]         per different title, which of the U words
    histories  Ragged [B]         per user, which of the N titles, oldest click first
    candidates int32 [B, 1+K]     per user, which of the N titles; the clicked one in column 0
    """

    words: np.ndarray
    titles: Ragged
    histories: Ragged
    candidates: np.ndarray


def make_batch(news_words: Ragged, histories: Ragged, candidates: np.ndarray, vocabulary_size: int) -> Batch:
    """Build a batch from news numbers.

    news_words: the words of every title of the catalogue, as vocabulary ids; histories: Ragged [B] and candidates
    [B, 1+K]: news numbers. Costs a few vectorised passes; nothing is sorted, nothing is padded.
    """
    mentioned = np.concatenate([histories.values, candidates.ravel().astype(np.int32)])
    different, numbers = number_by_first_use(mentioned, len(news_words))
    titles = news_words.take(different)
    words, word_numbers = number_by_first_use(titles.values, vocabulary_size)
    clicks = len(histories.values)
    return Batch(
        words,
        Ragged(word_numbers, titles.offsets),
        Ragged(numbers[:clicks], histories.offsets),
        numbers[clicks:].reshape(candidates.shape),
    )
