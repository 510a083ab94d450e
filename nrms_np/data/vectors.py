"""Word vectors: reading them from a text file (GloVe, fastText, word2vec), and the first table (chapter 02)."""

import bz2
import gzip
import lzma
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import IO, cast

import numpy as np

from ..errors import InputError
from ..rng import generator
from .lines import Notes, read_lines, say
from .vocabulary import Vocabulary, fold

WANTED = (
    "give a text file of word vectors: in each line a word and its numbers, with single spaces between them. "
    "gensim makes it of a binary word2vec file: "
    "KeyedVectors.load_word2vec_format(FILE, binary=True).save_word2vec_format('vectors.txt')"
)
NO_VECTOR = "rows that are no vectors, or whose words are not UTF-8, skipped"


def read_vectors(path: Path, wanted: Iterable[str]) -> dict[str, np.ndarray]:
    """Word vectors of the ``wanted`` words from a text file, which may be packed (.gz, .bz2, .xz or .zip).

    A line is a word and D numbers with single spaces or tabs between them; D comes from the first line, or from the
    header that fastText and word2vec write. The first row of a word counts; a word without one takes the first that
    differs in nothing but capitals or the like (``vocabulary.fold``). What is left out is said. Raises InputError with
    file:line when the row of a wanted word is no vector, for another kind of file, when most rows are none, or no word.
    """
    some, notes = list(wanted), Notes()
    wanted = frozenset(some)
    first: list[str] = []  # words of the file
    exact: dict[str, np.ndarray] = {}
    alike: dict[str, np.ndarray] = {}
    for place, size, text, numbers in _rows(Path(path), notes):
        first += [text] if len(first) < 5 else []
        name = text if text in wanted else fold(text)
        vector = _parse(numbers) if name in wanted else None
        if text in exact:
            notes.add("rows that repeat a wanted word, skipped: the first one counts", place)
        elif text in wanted and vector is None:
            raise InputError(f"{place}: the row of {text!r} is not {size} numbers; mend it or remove it")
        elif not numbers or "\ufffd" in text or name in wanted and vector is None:
            notes.add(NO_VECTOR, place)
        elif vector is not None:
            (exact if name == text else alike).setdefault(name, vector)
    say(notes.lines())
    if wanted and not exact and not alike:
        ours, theirs = ", ".join(some[:5]), ", ".join(first)
        what = f"none of the words of the training news ({ours}, ...) has a vector in it (but {theirs}, ...)"
        remedy = "give vectors of the same language, and put spaces between the words of Chinese or Thai titles"
        raise InputError(f"{path}: {what}; {remedy}")
    return exact | {name: vector for name, vector in alike.items() if name not in exact}


def _rows(path: Path, notes: Notes) -> Iterator[tuple[str, int, str, bytes]]:
    """Place, D, word and numbers of each row; no numbers if they are not D. Raises InputError as ``read_vectors``."""
    rows, stated, size = 0, 0, 0
    for place, row in read_lines(path, WANTED, _unpacked):
        line = b" ".join(row.split()) if b"\t" in row else row.rstrip(b"\r\n ")
        word, _, numbers = line.partition(b" ")
        if not row.endswith(b"\n"):
            cut = word.decode(errors="replace")
            notes.add(f"last line without its end, which may be cut off, skipped ({cut!r})", place)
            continue
        if not size and word.isdigit() and numbers.isdigit():  # a header
            stated, size = int(word), int(numbers)
            continue
        rows += 1
        spaces = line.count(b" ")
        size = size or spaces
        if spaces > size and _parse(numbers) is None:  # the word holds some of the spaces
            word = line.rsplit(b" ", size)[0]
            numbers = line[len(word) + 1 :]
        elif spaces != size:
            numbers = b""
        if rows == 1 and (size < 2 or _parse(numbers) is None):
            raise InputError(f"{place}: not a word and its vector of {size} numbers; {WANTED}")
        yield place, size, word.decode(errors="replace"), numbers
    if not rows:
        raise InputError(f"{path}: the file is empty, or its only line is cut off")
    if rows < stated:
        say([f"{path}: {rows:,} rows, where its first line states {stated:,}; is the file cut off?"])
    notes.refuse_most(NO_VECTOR, rows, WANTED)


def _unpacked(file: BufferedReader) -> IO[bytes]:
    """The text in ``file``, whose first bytes tell how it is packed."""
    start = file.peek(8)
    for magic, unpack in ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ", lzma.open)):
        if start.startswith(magic):
            return cast(IO[bytes], unpack(file))
    if not start.startswith((b"PK\3\4", b"PK\5\6")):
        return file
    archive = zipfile.ZipFile(file)
    # neither folders nor what systems add, such as __MACOSX and .DS_Store
    names = [name for name in archive.namelist() if not re.search(r"(^|/)(\.|__MACOSX/|$)", name)]
    names = [name for name in names if not re.search(r"(?i)readme[^/]*$", name)] or names
    texts = [name for name in names if name.lower().endswith((".txt", ".vec"))] or names
    if len(texts) != 1:
        what = f"holds {len(texts)} files, expected one; unpack it and give one of {', '.join(texts[:9])}"
        raise InputError(f"{file.name}: {what}")
    return archive.open(texts[0])


def _parse(numbers: bytes) -> np.ndarray | None:
    """The numbers as float32; None if one is not a finite number of this type."""
    try:
        with np.errstate(over="ignore"):
            vector = np.array([float(text) for text in numbers.split(b" ")], dtype=np.float32)
    except ValueError:
        return None
    return vector if np.isfinite(vector).all() else None


def make_table(
    vocabulary: Vocabulary, counts: Counter[str], vectors: dict[str, np.ndarray], word_size: int, seed: int
) -> np.ndarray:
    """The initial embedding table, float32 [vocabulary, D].

    Words with a vector start from it; the others (and UNKNOWN) from the normal distribution of the vectors, column by
    column. Then the mean over all tokens is subtracted from every row: word vectors share a large common part that
    says nothing about a word. Without vectors every row is N(0, 0.1).
    """
    rng = generator(seed, "embedding table")
    if not vectors:
        return rng.standard_normal((len(vocabulary), word_size), dtype=np.float32) * np.float32(0.1)
    known = np.stack(list(vectors.values()))
    table = rng.standard_normal((len(vocabulary), known.shape[1]), dtype=np.float32)
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
