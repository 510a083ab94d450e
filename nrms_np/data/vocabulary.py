"""Words: tokens of a title, the vocabulary of the training news, and word vectors for it.

Tutorial: tutorials/01_news_as_numbers.md
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..ragged import Ragged
from ..rng import generator

TOKEN = re.compile(r"\w+|[.,!?;|]")
UNKNOWN = 0  # an ordinary trainable row of the table: the rare words of the training news train it
UNKNOWN_WORD = "[UNKNOWN]"  # brackets are no token, so no title can spell it


def tokenize(title: str) -> list[str]:
    """Lower-case words and the punctuation marks . , ! ? ; | each by itself."""
    return TOKEN.findall(title.lower())


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of titles, every word once."""

    words: list[str]  # the different ones, by first use
    titles: Ragged  # [titles], which of the words

    @classmethod
    def from_titles(cls, titles: Iterable[str]) -> Tokens:
        number: dict[str, int] = {}
        numbers, lengths = array("i"), array("q")
        for title in titles:
            tokens = tokenize(title)
            numbers.extend([number.setdefault(token, len(number)) for token in tokens])
            lengths.append(len(tokens))
        titles = Ragged.from_lengths(np.array(numbers, np.int32), np.array(lengths, np.int64))
        return cls(list(number), titles)

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
        words = list(words)
        return cls(words, {word: i for i, word in enumerate(words)})

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, titles: Iterable[str]) -> Ragged:
        """The word ids of each title; words that are not known become UNKNOWN."""
        return self.encode_tokens(Tokens.from_titles(titles))

    def encode_tokens(self, tokens: Tokens) -> Ragged:
        """``encode`` for titles that are split into tokens already."""
        ids = np.array([self.id_of.get(word, UNKNOWN) for word in tokens.words], np.int32)
        return Ragged(ids[tokens.titles.values], tokens.titles.offsets)


def count_words(titles: Iterable[str]) -> Counter[str]:
    return Tokens.from_titles(titles).counts()


def build_vocabulary(counts: Counter[str], min_count: int, with_vector: Iterable[str] = ()) -> Vocabulary:
    """Every word seen ``min_count`` times or that has a vector, most frequent first; all others are UNKNOWN."""
    with_vector = set(with_vector)
    known = [word for word, count in counts.items() if count >= min_count or word in with_vector]
    return Vocabulary.from_words([UNKNOWN_WORD, *sorted(known, key=lambda word: (-counts[word], word))])


def read_vectors(path: Path, wanted: Iterable[str]) -> dict[str, np.ndarray]:
    """Word vectors of the ``wanted`` words from a GloVe text file (plain, .gz, or the .txt inside a .zip).

    A line is a word and D numbers with single spaces between them; D comes from the first line. Only wanted rows are
    kept, so memory does not grow with the file. Raises InputError with file:line for a line that is no vector, that
    has another dimension, or that repeats a wanted word.
    """
    path, wanted = Path(path), set(wanted)
    vectors: dict[str, np.ndarray] = {}
    size = 0
    try:
        with _open(path) as file:
            for line_number, line in enumerate(file, 1):
                size = size or line.count(" ")
                word, *numbers = line.rstrip("\n").rsplit(" ", size)
                differs = len(numbers) < max(size, 2) or (" " in word and _are_numbers(word.split(" ")[1:]))
                if differs or (line_number == 1 and not _are_numbers(numbers)):
                    what = "not a word and its vector" if line_number == 1 else f"the first line has {size} numbers"
                    raise InputError(f"{path}:{line_number}: {what}, this one differs; give a GloVe text file")
                if word not in wanted:
                    continue
                if word in vectors:
                    raise InputError(f"{path}:{line_number}: the word {word!r} appears twice")
                try:
                    vectors[word] = np.array(numbers, dtype=np.float32)
                except ValueError as error:
                    raise InputError(f"{path}:{line_number}: {error}; give a GloVe text file") from None
    except FileNotFoundError:
        raise InputError(f"{path}: no such file of word vectors") from None
    except (OSError, EOFError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise InputError(f"{path}: cannot be read as word vectors ({error})") from None
    if not size:
        raise InputError(f"{path}: the file is empty")
    return vectors


def _open(path: Path) -> io.TextIOBase:
    if path.suffix == ".zip":
        archive = zipfile.ZipFile(path)
        names = [name for name in archive.namelist() if name.endswith(".txt")]
        if len(names) != 1:
            raise InputError(f"{path}: holds {len(names)} .txt files, expected one; unzip it and give the one you want")
        return io.TextIOWrapper(archive.open(names[0]), encoding="utf-8", newline="\n")
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="\n")
    return open(path, encoding="utf-8", newline="\n")


def _are_numbers(texts: list[str]) -> bool:
    try:
        [float(text) for text in texts]
    except ValueError:
        return False
    return True


def make_table(
    vocabulary: Vocabulary, counts: Counter[str], vectors: dict[str, np.ndarray], word_size: int, seed: int
) -> np.ndarray:
    """The initial embedding table, float32 [vocabulary, D].

    Words with a vector start from it; the others (and UNKNOWN) from the normal distribution of the vectors, column by
    column. Then the mean over all tokens is taken off every row: word vectors share a large common part that says
    nothing about a word. Without vectors every row is N(0, 0.1).
    """
    rng = generator(seed, "embedding table")
    if not vectors:
        return rng.normal(0, 0.1, (len(vocabulary), word_size)).astype(np.float32)
    known = np.stack(list(vectors.values()))
    table = rng.normal(known.mean(axis=0), known.std(axis=0), (len(vocabulary), known.shape[1])).astype(np.float32)
    for word, vector in vectors.items():
        table[vocabulary.id_of[word]] = vector
    weights = np.array([counts[word] for word in vectors], np.float32)
    return table - weights @ known / weights.sum()


def coverage(counts: Counter[str], vectors: dict[str, np.ndarray]) -> str:
    """How many words and tokens of the training news got a vector, as a sentence."""
    words, tokens = len(counts), counts.total()
    covered = sum(count for word, count in counts.items() if word in vectors)
    return (
        f"word vectors: {len(vectors):,} of {words:,} words ({len(vectors) / max(words, 1):.1%}), "
        f"{covered:,} of {tokens:,} tokens ({covered / max(tokens, 1):.1%})"
    )
