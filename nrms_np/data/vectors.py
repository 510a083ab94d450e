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
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from tqdm import tqdm

from ..errors import InputError
from ..rng import generator
from .vocabulary import Vocabulary

LONGEST_LINE = 1 << 20  # bytes of a line; thousands of numbers fit


def read_vectors(path: Path, wanted: Iterable[str]) -> dict[str, np.ndarray]:
    """Word vectors of the ``wanted`` words from a GloVe text file (plain, .gz, or the .txt inside a .zip).

    A line is a word and D numbers with single spaces between them; D comes from the first line. Only wanted rows are
    kept, so memory does not grow with the file. Raises InputError with file:line for a line that is no vector, that
    has another dimension, or that repeats a wanted word.
    """
    path = Path(path)
    wanted = {word.encode() for word in wanted}
    vectors: dict[bytes, np.ndarray] = {}
    size = line_number = 0
    try:
        with _open(path) as (file, bar):
            while line := file.readline(LONGEST_LINE):
                line_number += 1
                too_long = len(line) == LONGEST_LINE
                line = line.rstrip(b"\r\n ")
                spaces = line.count(b" ")
                size = size or spaces
                word = line[: line.find(b" ")] if spaces == size else line.rsplit(b" ", size)[0]
                # a space too many is one of the word, or one number too many: then all behind the first are numbers
                differs = spaces < max(size, 2) or (spaces > size and _numbers(line.split(b" ")[1:]) is not None)
                if too_long or differs or (line_number == 1 and _numbers(line.split(b" ")[1:]) is None):
                    what = "not a word and its vector" if line_number == 1 else f"the first line has {size} numbers"
                    raise InputError(f"{path}:{line_number}: {what}, this one differs; give a GloVe text file")
                if word in wanted:
                    if word in vectors:
                        raise InputError(f"{path}:{line_number}: the word {word.decode()!r} appears twice")
                    vectors[word] = _numbers(line[len(word) + 1 :].split(b" "))
                    if vectors[word] is None or not np.isfinite(vectors[word]).all():
                        what = f"the vector of {word.decode()!r} is not made of numbers"
                        raise InputError(f"{path}:{line_number}: {what}; give a GloVe text file")
                elif not word.isascii():
                    word.decode()
                if line_number % 1000 == 0:
                    bar()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file of word vectors") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}:{line_number}: not UTF-8 text ({error.reason}); give a GloVe text file") from None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError) as error:
        raise InputError(f"{path}: cannot be read as word vectors ({error})") from None
    if not size:
        raise InputError(f"{path}: the file is empty")
    return {word.decode(): vector for word, vector in vectors.items()}


@contextmanager
def _open(path: Path) -> Iterator[tuple[BinaryIO, Callable[[], object]]]:
    """The text, unpacked, and a function that moves a bar on to where the file is read."""
    with (
        open(path, "rb") as file,
        tqdm(
            total=os.fstat(file.fileno()).st_size,
            desc=f"reading {path}",
            unit="B",
            unit_scale=True,
            delay=1,
            leave=False,
        ) as bar,
    ):
        if path.suffix == ".zip":
            archive = zipfile.ZipFile(file)
            names = [name for name in archive.namelist() if name.endswith(".txt")]
            if len(names) != 1:
                raise InputError(
                    f"{path}: holds {len(names)} .txt files, expected one; unzip it and give the one you want"
                )
            text = archive.open(names[0])
        else:
            text = gzip.open(file) if path.suffix == ".gz" else file
        yield text, lambda: bar.update(file.tell() - bar.n)


def _numbers(texts: list[bytes]) -> np.ndarray | None:
    """The texts as float32, None when one is no number; one that is too large becomes infinite."""
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
    column. Then the mean over all tokens is taken off every row: word vectors share a large common part that says
    nothing about a word. Without vectors every row is N(0, 0.1).
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
