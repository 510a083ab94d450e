"""From texts to integers, once: what training and evaluation read afterwards is arrays only.

Tutorial: tutorials/01_news_as_numbers.md
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..config import Config
from ..ragged import Ragged
from .batches import Batch, make_batch
from .clicks import Clicks, draw_candidates, find_clicks
from .mind import Behaviors, News
from .vocabulary import UNKNOWN, Vocabulary


@dataclass(frozen=True, eq=False)
class Split:
    """Training or evaluation data as integers."""

    news_words: Ragged  # [news] of vocabulary ids, cut to config.title words
    histories: Ragged  # [impressions] of news numbers, whole
    history: int  # how many of the most recent clicks of each count (config.history)
    candidates: Ragged  # [impressions] of news numbers
    labels: np.ndarray  # int8 [all candidates]
    clicks: Clicks
    vocabulary_size: int

    def batch(self, which: np.ndarray, negatives: int, rng: np.random.Generator) -> Batch:
        """The clicks numbered ``which`` [B], each with K fresh negatives (see ``draw_candidates``)."""
        positions = draw_candidates(self.clicks, which, negatives, rng)
        histories = self.histories.take(self.clicks.impressions[which]).last(self.history)
        return make_batch(self.news_words, histories, self.candidates.values[positions], self.vocabulary_size)

    def unknown_share(self) -> float:
        """The share of title words that the vocabulary does not know."""
        return float((self.news_words.values == UNKNOWN).mean())


def prepare(news: News, behaviors: Behaviors, vocabulary: Vocabulary, config: Config) -> Split:
    """Encode titles and cut them to size. Raises InputError for unlabelled data.

    Histories are cut when they are read: all of them at once would double the memory of a large data set.
    """
    return Split(
        vocabulary.encode_tokens(news.tokens).first(config.title),
        behaviors.histories,
        config.history,
        behaviors.candidates,
        behaviors.labels,
        find_clicks(behaviors),
        len(vocabulary),
    )
