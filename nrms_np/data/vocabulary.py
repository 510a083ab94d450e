"""Words: tokens of a title, and the vocabulary of the training news.

Tutorial: tutorials/01_news_as_numbers.md
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..ragged import Ragged

TOKEN = re.compile(r"\w+|[.,!?;|]")
UNKNOWN = 0  # an ordinary trainable row of the table: the rare words of the training news train it
UNKNOWN_WORD = "[UNKNOWN]"  # brackets are not tokens, so no title can spell it


def tokenize(title: str) -> list[str]:
    """Lower-case words and the punctuation marks . , ! ? ; | each by itself."""
    return TOKEN.findall(title.lower())


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of titles, every word once."""

    words: list[str]  # the distinct ones, by first use
    titles: Ragged  # [titles], which of the words

    @classmethod
    def from_titles(cls, titles: Iterable[str]) -> Tokens:
        """Split titles with ``tokenize`` and number their words."""
        number: dict[str, int] = {}
        numbers, lengths = array("i"), array("q")
        for title in titles:
            tokens = tokenize(title)
            numbers.extend([number.setdefault(token, len(number)) for token in tokens])
            lengths.append(len(tokens))
        return cls(list(number), Ragged.from_lengths(np.asarray(numbers), np.asarray(lengths)))

    def counts(self) -> Counter[str]:
        """How often each word occurs."""
        return Counter(dict(zip(self.words, np.bincount(self.titles.values).tolist())))


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Known words by id; id 0 is UNKNOWN."""

    words: list[str]
    id_of: dict[str, int]

    @classmethod
    def from_words(cls, words: Iterable[str]) -> Vocabulary:
        """The vocabulary in which word i has id i."""
        listed = list(words)
        return cls(listed, {word: i for i, word in enumerate(listed)})

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, titles: Iterable[str]) -> Ragged:
        """The word ids of each title; unknown words become UNKNOWN."""
        return self.encode_tokens(Tokens.from_titles(titles))

    def encode_tokens(self, tokens: Tokens) -> Ragged:
        """``encode`` for titles that have been split into tokens."""
        ids = np.array([self.id_of.get(word, UNKNOWN) for word in tokens.words], np.int32)
        return Ragged(ids[tokens.titles.values], tokens.titles.offsets)


def build_vocabulary(counts: Counter[str], min_count: int, with_vector: Iterable[str] = ()) -> Vocabulary:
    """Every word seen ``min_count`` times or having a vector, most frequent first; all others are UNKNOWN."""
    kept = set(with_vector)
    known = [word for word, count in counts.items() if count >= min_count or word in kept]
    return Vocabulary.from_words([UNKNOWN_WORD, *sorted(sorted(known), key=counts.__getitem__, reverse=True)])


def unknown_share(words: Ragged) -> float:
    """The share of title words that the vocabulary does not know."""
    return float((words.values == UNKNOWN).mean()) if len(words.values) else 0.0
