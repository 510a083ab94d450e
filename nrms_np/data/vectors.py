"""Word vectors: reading them from a text file (GloVe, fastText, word2vec), and the first embedding table.

Tutorial: tutorials/02_word_embeddings.md
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import IO

import numpy as np

from ..errors import InputError
from ..rng import generator
from .lines import BYTE_ORDER_MARK, LONGEST_LINE, Notes, byte_bar, explain_missing, refuse_other_files, say
from .vocabulary import Vocabulary, fold

WANTED = "give a text file of word vectors: in each line a word and its numbers, with single spaces between them"
LIKE_WORD2VEC = (
    "If it is a binary word2vec file, gensim makes text of it: "
    "KeyedVectors.load_word2vec_format(FILE, binary=True).save_word2vec_format('vectors.txt')"
)
NO_VECTOR = "rows that are no vectors, of words that are not needed, skipped"
OTHER_FILES = {  # how they begin
    b"\x93NUMPY": f"a NumPy array, which holds no words; {WANTED}",
    b"\xba\x16\x4f\x2f": "a model of fastText; give its .vec file",
    b"\x80": "a pickle (gensim?); write its vectors as text: save_word2vec_format('vectors.txt')",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
}


def read_vectors(path: Path, wanted: Iterable[str]) -> dict[str, np.ndarray]:
    """Word vectors of the ``wanted`` words from a text file, which may be packed (.gz, .bz2, .xz or .zip).

    A line is a word and D numbers with single spaces between them; D comes from the first line, or from the header
    that fastText and word2vec write. Only wanted rows are kept, so memory does not grow with the file. The first row of
    a word counts. A word without a row takes the first one that differs in nothing but capitals or the like
    (``vocabulary.fold``). Says what was left out: rows of unwanted words that are no vectors, repeated words, a last
    line without its end, which may be cut off, and that there are fewer rows than the header states.

    Raises InputError with file:line when the row of a wanted word is no vector, for another kind of file, and when most
    rows are no vectors.
    """
    path, wanted, size, rows, stated, notes = Path(path), frozenset(wanted), 0, 0, 0, Notes()
    exact: dict[str, np.ndarray] = {}
    alike: dict[str, np.ndarray] = {}
    for line_number, line in _lines(path, notes):
        place = f"{path}:{line_number}"
        if not size:
            size = _read_size(line, place)
            if line.count(b" ") == 1:  # the header
                stated = int(line.partition(b" ")[0])
                continue
        rows += 1
        word, numbers = _split(line, size)
        if rows == 1 and (numbers is None or _parse(numbers) is None):
            raise InputError(f"{place}: not a word and its vector of {size} numbers; {WANTED}. {LIKE_WORD2VEC}")
        text = word.decode(errors="replace")
        name = text if text in wanted else fold(text)
        vector = _parse(numbers) if numbers is not None and name in wanted else None
        if text in wanted and text not in exact and (vector is None or not np.isfinite(vector).all()):
            raise InputError(f"{place}: the row of {text!r} is not {size} numbers; mend it or remove it")
        if text in exact:
            notes.add("rows that repeat a wanted word, skipped: the first one counts", place)
        elif numbers is None or "\ufffd" in text or name in wanted and vector is None:
            notes.add(NO_VECTOR, place)
        elif vector is not None and np.isfinite(vector).all():
            (exact if name == text else alike).setdefault(name, vector)
    if not rows:
        raise InputError(f"{path}: the file is empty, or its only line is cut off")
    notes.refuse_most(NO_VECTOR, rows - notes.count(NO_VECTOR), WANTED)
    if rows < stated:
        say([f"{path}: {rows:,} rows, where its first line states {stated:,}; is the file cut off?"])
    say(notes.lines())
    return exact | {name: vector for name, vector in alike.items() if name not in exact}


def _lines(path: Path, notes: Notes) -> Iterator[tuple[int, bytes]]:
    """Number and text of each line, without its end; some files have a space before it.

    Raises InputError when the file cannot be read or unpacked, or when a line is too long.
    """
    try:
        with open(path, "rb") as file, byte_bar(path, os.fstat(file.fileno()).st_size) as bar:
            text = _unpacked(path, file)
            line_number = 0
            while line := text.readline(LONGEST_LINE + 1):
                line_number += 1
                if line_number == 1:
                    refuse_other_files(path, line, OTHER_FILES)
                    line = line.removeprefix(BYTE_ORDER_MARK)
                if len(line) > LONGEST_LINE:
                    what = f"not a word and its vector: longer than {LONGEST_LINE:,} bytes"
                    raise InputError(f"{path}:{line_number}: {what}; {WANTED}")
                if line.endswith(b"\n"):
                    yield line_number, line.rstrip(b"\r\n ")
                else:
                    word = line.partition(b" ")[0].decode(errors="replace")
                    notes.add(
                        f"last line without its end, which may be cut off, skipped ({word!r})", f"{path}:{line_number}"
                    )
                if line_number % 1000 == 0:
                    bar.update(file.tell() - bar.n)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError) as error:
        if isinstance(error, OSError) and not path.is_file():
            raise InputError(f"{path}: {explain_missing(path, error)}") from None
        raise InputError(f"{path}: cannot be read as word vectors ({error})") from None


def _unpacked(path: Path, file: BufferedReader) -> IO[bytes] | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    """The text in ``file``, whose first bytes tell how it is packed."""
    start = file.peek(8)
    for magic, unpack in ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ", lzma.open)):
        if start.startswith(magic):
            return unpack(file)
    if not start.startswith((b"PK\3\4", b"PK\5\6")):
        return file
    archive = zipfile.ZipFile(file)
    # what systems add: a folder __MACOSX, and files such as .DS_Store
    names = [name for name in archive.namelist() if name[-1] != "/" and not re.search(r"(^|/)(\.|__MACOSX/)", name)]
    texts = [
        name for name in names if name.lower().endswith((".txt", ".vec")) and "readme" not in name.lower()
    ] or names
    if len(texts) != 1:
        raise InputError(
            f"{path}: holds {len(texts)} files, expected one; unpack it and give one of {', '.join(texts[:9])}"
        )
    return archive.open(texts[0])


def _read_size(line: bytes, place: str) -> int:
    """The D of the first line, a header or a row. Raises InputError unless it is one of them."""
    numbers = line.split(b" ")[1:]
    if len(numbers) == 1 and line.replace(b" ", b"").isdigit() and int(numbers[0]) > 1:
        return int(numbers[0])
    if len(numbers) < 2 or _parse(b" ".join(numbers)) is None:
        raise InputError(f"{place}: not a word and its vector; {WANTED}")
    return len(numbers)


def _split(line: bytes, size: int) -> tuple[bytes, bytes | None]:
    """The word, which may hold spaces, and its ``size`` numbers; None for another number of numbers."""
    spaces = line.count(b" ")
    word = line[: line.find(b" ")] if spaces else line
    if spaces > size and _parse(line[len(word) + 1 :]) is None:
        # with more spaces than numbers, the word holds some of them, unless all behind its first part are numbers
        word = line.rsplit(b" ", size)[0]
        spaces = size
    return word, line[len(word) + 1 :] if spaces == size else None


def _parse(numbers: bytes) -> np.ndarray | None:
    """The numbers as float32, None if one is not a number; a number that is too large becomes infinite."""
    try:
        with np.errstate(over="ignore"):
            return np.array([float(text) for text in numbers.split(b" ")], dtype=np.float32)
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
