"""Batches: three ragged levels of indices, each into the level below, every distinct thing once (chapter 01)."""

from dataclasses import dataclass

import numpy as np

from .config import Config
from .ragged import Ragged, number_by_first_use


@dataclass(frozen=True, eq=False)
class Batch:
    """What one training step reads."""

    words: np.ndarray  # int32 [U], the distinct words, as rows of the embedding table
    titles: Ragged  # [N], per distinct title, which of the U words
    histories: Ragged  # [B], per user, which of the N titles, oldest click first
    candidates: np.ndarray  # int32 [B, 1+K], per user, which of the N titles; the clicked one in column 0


def make_batch(news_words: Ragged, histories: Ragged, candidates: np.ndarray, vocabulary_size: int) -> Batch:
    """Build a batch from news numbers.

    news_words: the words of every title of the catalogue, as vocabulary ids; histories: Ragged [B] and candidates
    [B, 1+K]: news numbers. Costs a few vectorised passes; nothing is sorted, nothing is padded.
    """
    mentioned = np.concatenate([histories.values, candidates.ravel().astype(np.int32)])
    distinct, numbers = number_by_first_use(mentioned, len(news_words))
    titles = news_words.take(distinct)
    words, word_numbers = number_by_first_use(titles.values, vocabulary_size)
    titles = Ragged(word_numbers, titles.offsets)
    histories = Ragged(numbers[: len(histories.values)], histories.offsets)
    return Batch(words, titles, histories, numbers[len(histories.values) :].reshape(candidates.shape))


def cut_titles(news_words: Ragged, config: Config) -> Ragged:
    """What the model reads of each title: its first ``config.title_length`` words."""
    return news_words.first(config.title_length)


def cut_histories(histories: Ragged, config: Config) -> Ragged:
    """What the model reads of each history: its last ``config.history_length`` clicks; the oldest stands first."""
    return histories.last(config.history_length)
