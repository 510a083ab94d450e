"""What a recommender gives: recommendations, what made their scores, and what could not be used.

Tutorial: tutorials/12_real_data.md
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

FALLBACK = "popularity of the training clicks"  # what ranks for a user without history
NEWEST = "order of the catalogue (last lines first, taken for the newest)"  # where none was clicked in training
UNKNOWN_ID = "not in the catalogue (titles go in quotes)"
NO_WORDS = "without a word that the model knows"
WORDS_SHOWN = 3  # in the text form; the others are in the dict


class Title(str):
    """An item of a history that is a title, also when it is a single word. Other single words are ids."""


@dataclass(frozen=True)
class Clicked:
    """A distinct item of the history and the part of a score that came from it."""

    id: str | None  # None for a raw title
    title: str
    part: float


@dataclass(frozen=True)
class Word:
    """A word of a recommended title and its effect: the score minus the score without the word."""

    word: str
    effect: float


@dataclass(frozen=True)
class Recommendation:
    """A recommended title and what made its score. ``Recommender.rank`` says what the numbers mean."""

    id: str
    title: str
    score: float  # title vector . user vector; for a user without history, clicks in training
    clicked: list[Clicked]  # largest part first; they sum to the score. Empty without a history
    words: list[Word]  # in title order. Empty without a history


@dataclass(frozen=True)
class Ranking:
    """Recommendations, best first."""

    history: list[str]  # the items that were used: the most recent
    notes: list[str]  # what was left out, and why
    fallback: str | None  # FALLBACK or NEWEST when there was no history, so that nothing here is the model's choice
    recommendations: list[Recommendation]

    def to_dict(self) -> dict:
        """The form that ``--json`` prints: the fields by name."""
        return asdict(self)

    def to_text(self) -> str:
        """The form for people: the clicked title of the largest part, and the words that raise the score most."""
        lines = self.notes.copy()
        if self.fallback:
            lines.append(f"{'so it is' if lines else 'no history:'} ranked by the {self.fallback}, not by the model")
        for place, item in enumerate(self.recommendations, 1):
            score = f"{item.score:,} clicks" if self.fallback == FALLBACK else f"{item.score:.4f}"
            lines.append(f"{place:3}. {'' if self.fallback == NEWEST else f'{score:>8}  '}{item.id}  {item.title}")
            if item.clicked:
                most = item.clicked[0]
                words = sorted(item.words, key=lambda word: -word.effect)[:WORDS_SHOWN]
                lines.append(f"{'':15}for {most.id or 'the title'}  {most.title} ({most.part:+.4f} of the score)")
                lines.append(f"{'':15}in  {', '.join(f'{word.word} {word.effect:+.2f}' for word in words)}")
        if not self.recommendations:
            lines.append("nothing is left to recommend: every title of the catalogue was clicked")
        return "\n".join(lines)
