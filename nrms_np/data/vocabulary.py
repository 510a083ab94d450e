"""Words: tokens of a title, and the vocabulary of the training news (chapter 01)."""

import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from ..ragged import Ragged
from .lines import say

UNKNOWN = 0  # an ordinary trainable row of the table: the rare words of the training news train it
UNKNOWN_WORD = "[UNKNOWN]"  # brackets are not tokens, so no title can spell it

# Accents, and the vowels and viramas of Indic scripts: they belong to the letter before them, but \w lacks them.
MARKS = "".join(chr(c) for c in range(0x300, 0x1EC00) if unicodedata.category(chr(c)) in ("Mn", "Mc"))
# Stay between letters: the joiners of Persian and Indic scripts, and the quotation marks of Hebrew abbreviations.
JOINER = r"""[\u200c\u200d]|(?<=[\u05d0-\u05ea])["'\u05f3\u05f4](?=[\u05d0-\u05ea])"""
TOKEN = re.compile(rf"\w[\w{MARKS}]*(?:(?:{JOINER})[\w{MARKS}]+)*|[.,!?;|]")
PLAIN = re.compile(r"\w+|[.,!?;|]")  # the same for ASCII, in a third of the time
# Scripts written without spaces: Thai, Lao, Burmese, Khmer and their relatives; from U+3000 on, Chinese and Japanese.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\ua980-\ua9ff\uaa60-\uaadf"
    "\u3005-\u3007\u3040-\u30fa\u30fc-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# a character and its marks; the viramas of Khmer and Burmese also tie the next one to it
CHARACTER = re.compile(rf"[{UNSPACED}](?:[{MARKS}\u200c\u200d]|(?<=[\u17d2\u1039])[{UNSPACED}])*")
PIECE = re.compile(rf"{CHARACTER.pattern}|[^{UNSPACED}]+")
# Seen by nobody: soft hyphens, marks of direction, variants of glyphs; and the stroke that stretches Arabic words.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u0640\u180b-\u180f\u200e\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
# Other shapes of letters: ligatures, printed Arabic, full-width Latin, half-width Katakana, letters of formulas
SHAPES = re.compile("[\ufb00-\ufb06\ufb50-\ufdff\ufe70-\ufefc\uff01-\uffef\U0001d400-\U0001d7ff]+")


def fold(text: str) -> str:
    """The text in lower case and in the one form that Unicode calls NFC, however it was typed.

    All four of Turkish's i become one: without knowing the language, a capital I may be either.
    """
    text = text.lower()
    if text.isascii():
        return text
    text = SHAPES.sub(lambda found: unicodedata.normalize("NFKC", found[0]).lower(), INVISIBLE.sub("", text))
    return unicodedata.normalize("NFC", text.replace("i\u0307", "i").replace("\u0131", "i"))


def tokenize(title: str) -> list[str]:
    """Folded words and the punctuation marks . , ! ? ; | each by itself.

    A script that is written without spaces gives its characters, or its words where the title is split by spaces.
    """
    title = fold(title)
    if title.isascii():
        return PLAIN.findall(title)
    found = CHARACTER.search(title)
    if not found:
        return TOKEN.findall(title.replace("\u200b", ""))  # a place to break a line
    words = title.replace("\u200b", " ").split()  # a place between two words
    of_characters = [len(CHARACTER.findall(word)) for word in words if CHARACTER.search(word)]
    tokens = TOKEN.findall(" ".join(words))
    longest = 4 if found[0] > "\u3000" else 6  # characters of a word, on average: Chinese and Japanese, the others
    if len(of_characters) > 2 and sum(of_characters) <= longest * len(of_characters):
        return tokens
    return [piece for token in tokens for piece in PIECE.findall(token)]


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of titles, every word once."""

    words: list[str]  # the distinct ones, by first use
    titles: Ragged  # [titles], which of the words

    @classmethod
    def from_titles(cls, titles: Iterable[str]) -> Self:
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

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def id_of(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    def encode(self, titles: Iterable[str] | Tokens) -> Ragged:
        """The word ids of each title, or of its tokens; unknown words become UNKNOWN."""
        tokens = titles if isinstance(titles, Tokens) else Tokens.from_titles(titles)
        ids = np.array([self.id_of.get(word, UNKNOWN) for word in tokens.words], np.int32)
        return Ragged(ids[tokens.titles.values], tokens.titles.offsets)


def build_vocabulary(counts: Counter[str], min_count: int, with_vector: Iterable[str] = ()) -> Vocabulary:
    """Every word seen ``min_count`` times or having a vector, most frequent first; all others are UNKNOWN."""
    kept = set(with_vector)
    known = [word for word, count in counts.items() if count >= min_count or word in kept]
    return Vocabulary([UNKNOWN_WORD, *sorted(sorted(known), key=counts.__getitem__, reverse=True)])


def unknown_share(words: Ragged) -> float:
    """The share of title words that the vocabulary does not know. Says so if it is more than half."""
    share = float((words.values == UNKNOWN).mean()) if len(words.values) else 0.0
    if share > 0.5:
        say(["most words of these titles are unknown to the model; are they in the language of the training titles?"])
    return share
