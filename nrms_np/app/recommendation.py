"""What a recommender gives: recommendations, what made their scores, and what could not be used (chapter 12)."""

from dataclasses import dataclass

FALLBACK = "popularity of the training clicks"  # what ranks for a user without history
NEWEST = "order of the catalogue (last lines first, taken for the newest)"  # where none was clicked in training
UNKNOWN_ID = "not in the catalogue (ids as it has them, spaces between, titles in quotes)"
NO_WORDS = "without a word that the model knows"


class Title(str):
    """An item of a history that is a title, also when it is a single word. Other single words are ids."""


@dataclass
class Clicked:
    """A clicked title and its part of a score, which is exactly the sum of its parts (see ``read_user``).

    A part is not an effect: without that title all other parts would be different too (``explain`` computes both).
    """

    id: str | None  # None for a raw title
    title: str
    part: float  # of both clicks, if it was clicked twice


@dataclass(frozen=True)
class Word:
    """A word of a recommended title and its effect: the score minus that of the title encoded without the word."""

    word: str
    effect: float


@dataclass(frozen=True)
class Recommendation:
    id: str
    title: str
    score: float  # title vector . user vector; for a user without history, clicks in training
    clicked: list[Clicked]  # largest part first. Empty without a history
    words: list[Word]  # in title order. Empty without a history


@dataclass(frozen=True)
class Ranking:
    history: list[str]  # the items that were used: the most recent
    notes: list[str]  # what was left out, and why
    fallback: str | None  # FALLBACK or NEWEST when there was no history, so that nothing here is the model's choice
    recommendations: list[Recommendation]  # best first

    def to_text(self) -> str:
        """For people: the clicked title of the largest part, and the words that raise the score most."""
        lines = self.notes.copy()
        if self.fallback:
            lines.append(f"{'so it is' if lines else 'no history:'} ranked by the {self.fallback}, not by the model")
        for place, item in enumerate(self.recommendations, 1):
            score = {FALLBACK: f"{item.score:,} clicks  ", NEWEST: "", None: f"{item.score:8.4f}  "}[self.fallback]
            lines.append(f"{place:3}. {score}{item.id}  {item.title}")
            if item.clicked:
                most, words = item.clicked[0], sorted(item.words, key=lambda word: -word.effect)[:3]
                lines.append(f"{'':15}for {most.id or 'the title'}  {most.title} ({most.part:+.4f} of the score)")
                lines.append(f"{'':15}in  {', '.join(f'{word.word} {word.effect:+.2f}' for word in words)}")
        if not self.recommendations:
            lines.append("nothing is left to recommend: every title of the catalogue was clicked")
        return "\n".join(lines)
