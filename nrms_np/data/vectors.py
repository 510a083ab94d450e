"""Word vectors: reading them from a GloVe text file, and the first embedding table.

Tutorial: tutorials/02_word_embeddings.md
"""

from __future__ import annotations

import gzip
import lzma
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np

from ..errors import InputError
from ..rng import generator
from .read_mind import byte_bar
from .vocabulary import Vocabulary

LONGEST_LINE = 1 << 20  # bytes; thousands of numbers fit
WANTED = "give a GloVe text file"


def read_vectors(path: Path, wanted: Iterable[str]) -> dict[str, np.ndarray]:
    """Word vectors of the ``wanted`` words from a GloVe text file (plain, .gz, or the .txt inside a .zip).

    A line is a word and D numbers with single spaces between them; D comes from the first line. Only wanted rows are
    kept, so memory does not grow with the file. Raises InputError with file:line for a line that is not a word and its
    vector, that has another dimension, or that repeats a wanted word.
    """
    encoded = {word.encode() for word in wanted}
    vectors: dict[str, np.ndarray] = {}
    size = 0  # D, once the first line is read
    for line_number, line in _lines(Path(path)):
        try:
            size = size or _count_numbers(line)
            word, numbers = _split(line, size)
            if word in encoded:
                if word.decode() in vectors:
                    raise ValueError(f"the word {word.decode()!r} appears twice")
                vectors[word.decode()] = _vector(word, numbers)
            elif not word.isascii():
                word.decode()
        except UnicodeDecodeError as error:
            raise InputError(f"{path}:{line_number}: not UTF-8 text ({error.reason}); {WANTED}") from None
        except ValueError as error:
            raise InputError(f"{path}:{line_number}: {error}") from None
    if not size:
        raise InputError(f"{path}: the file is empty")
    return vectors


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Number and text of each line, without its end; some files have a space before it.

    Raises InputError when the file cannot be read or unpacked, or when a line is too long.
    """
    try:
        with open(path, "rb") as file, byte_bar(path, os.fstat(file.fileno()).st_size) as bar:
            text = _unpacked(path, file)
            line_number = 0
            while line := text.readline(LONGEST_LINE + 1):
                line_number += 1
                if len(line) > LONGEST_LINE:
                    what = f"not a word and its vector: longer than {LONGEST_LINE:,} bytes"
                    raise InputError(f"{path}:{line_number}: {what}; {WANTED}")
                yield line_number, line.rstrip(b"\r\n ")
                if line_number % 1000 == 0:
                    bar.update(file.tell() - bar.n)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file of word vectors") from None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError) as error:
        raise InputError(f"{path}: cannot be read as word vectors ({error})") from None


def _unpacked(path: Path, file: BinaryIO) -> IO[bytes] | gzip.GzipFile:
    """The text in ``file``, whose packing the name of the path tells."""
    if path.suffix == ".gz":
        return gzip.open(file)
    if path.suffix != ".zip":
        return file
    archive = zipfile.ZipFile(file)
    names = [name for name in archive.namelist() if name.endswith(".txt")]
    if len(names) != 1:
        raise InputError(f"{path}: holds {len(names)} .txt files, expected one; unzip it and give the one you want")
    return archive.open(names[0])


def _count_numbers(line: bytes) -> int:
    """The D of the first line. Raises ValueError unless it is a word and at least two numbers."""
    numbers = line.split(b" ")[1:]
    if len(numbers) < 2 or _parse(numbers) is None:
        raise ValueError(f"not a word and its vector; {WANTED}")
    return len(numbers)


def _split(line: bytes, size: int) -> tuple[bytes, bytes]:
    """The word, which may hold spaces, and its ``size`` numbers. Raises ValueError for another number of numbers."""
    spaces = line.count(b" ")
    if spaces == size:
        word = line[: line.find(b" ")]
    # with more spaces than numbers, the word holds some of them, unless all behind its first part are numbers
    elif spaces > size and _parse(line.split(b" ")[1:]) is None:
        word = line.rsplit(b" ", size)[0]
    else:
        raise ValueError(f"the first line has {size} numbers, this one differs; {WANTED}")
    return word, line[len(word) + 1 :]


def _vector(word: bytes, numbers: bytes) -> np.ndarray:
    vector = _parse(numbers.split(b" "))
    if vector is None or not np.isfinite(vector).all():
        raise ValueError(f"the vector of {word.decode()!r} is not made of numbers; {WANTED}")
    return vector


def _parse(texts: list[bytes]) -> np.ndarray | None:
    """The texts as float32, None if one is not a number; a number that is too large becomes infinite."""
    try:
        with np.errstate(over="ignore"):
            return np.array([float(text) for text in texts], dtype=np.float32)
    except ValueError:
        return None


def make_table(
    vocabulary: Vocabulary, counts: Counter[str], vectors: dict[str, np.ndarray], word_size: int, seed: int
) -> np.ndarray:
    """The initial embedding table, float32 [vocabulary, D].

    Words with a vector start from it; the others (and UNKNOWN) from the normal distribution of the vectors, column by
    column. Then the mean over all tokens is subtracted from every row: word vectors share a large common part that
    says nothing about a word. Without vectors every row is N(0, 0.1).
    """
    known = np.stack(list(vectors.values())) if vectors else np.empty((0, word_size), np.float32)
    rng = generator(seed, "embedding table")
    table = rng.standard_normal((len(vocabulary), known.shape[1]), dtype=np.float32)
    if not vectors:
        table *= np.float32(0.1)
        return table
    table *= known.std(axis=0)
    table += known.mean(axis=0)
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
