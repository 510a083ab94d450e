"""Why this title? The numbers behind a recommendation: of each click, of each word, and what would be without them.

Tutorial: tutorials/11_reading_the_model.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .. import rng
from ..config import Config
from ..data.vocabulary import UNKNOWN, tokenize
from ..encoder import Parameters, side_weights
from ..errors import InputError, NonFiniteError
from ..inference import encode, encode_news, read_attention
from ..layers.loss import click_loss_forward
from ..ragged import Ragged
from .recommender import Recommender, drop_each, is_title, read_user

SHUFFLES = 3  # orders of the history that are tried


@dataclass(frozen=True, eq=False)
class Title:
    """A title as the model reads it: n words, what its attentions do, and the effects of its words on C candidates."""

    id: str | None  # None for a raw title
    title: str
    words: list[str]  # [n], cut to the model's title length
    unread: int  # how many words were cut off
    unknown: np.ndarray  # bool [n], the model has no row of its own for it
    additive: np.ndarray  # [n], weights of the additive attention; they sum to 1
    attention: np.ndarray  # [H, n, n], [h, i, j] is how much word i takes from word j in head h
    effects: np.ndarray  # [C, n], score of the candidate minus its score without the word


@dataclass(frozen=True, eq=False)
class Explanation:
    """C candidates for a user with n clicks, and S other histories made of the same clicks.

    A part is the exact share of a click in a score; an effect is what a score loses without a click or a word, and is
    found by really leaving it out (chapter 11's prediction of it fails just where attention is sharp).
    """

    clicks: list[Title]  # [n], oldest first
    unread: int  # clicks that the model does not read: older ones, and those of ``notes``
    notes: list[str]  # what was left out of the history, and why
    candidates: list[Title]  # [C], best first
    scores: np.ndarray  # [C]
    probabilities: np.ndarray  # [C], softmax over these candidates
    parts: np.ndarray  # [C, n], their sum over the clicks is the score
    orders: list[list[int]]  # [S] numbers of clicks: first the history without click 0, 1, ..., then shuffled orders
    changed_scores: np.ndarray  # [S, C], what the scores are for each of these histories
    changed_probabilities: np.ndarray  # [S, C]
    shapes: dict[str, tuple[int, ...]]  # of rows, titles, users and scores, the lines of the model
    first_numbers: dict[str, np.ndarray]  # [C] of each line: the first number that leads to the candidate's score

    @property
    def without(self) -> np.ndarray:
        """The score of each candidate without each click: leave one out. [C, n]."""
        return self.changed_scores[: len(self.clicks)].T


def explain(
    recommender: Recommender, history: Sequence[str], candidates: Sequence[str] | None = None, top: int = 10
) -> Explanation:
    """Explain the scores of ``candidates`` (the catalogue's best ``top`` when None) for a history, oldest click first.

    Both are ids of the recommender's catalogue and raw titles. Raises InputError for an empty history, an unknown id, a
    title without words or no candidate, NonFiniteError when a score is not finite.
    """
    clicked, notes = _read_clicks(recommender, history)
    if candidates is None:
        candidates = [found.id for found in recommender.rank(history, top).recommendations]
    chosen = [_find(recommender, item, "candidates") for item in dict.fromkeys(candidates)]
    if not chosen:
        raise InputError("there are no candidates to explain")
    config = recommender.config
    clicked_words, words = (recommender._words([title for _, title in pairs]) for pairs in (clicked, chosen))
    params = _in_float64(recommender.params, np.concatenate([clicked_words.values, words.values]))
    vectors = encode_news(params, words, config)  # [C, M]
    orders = _other_orders(len(clicked))
    rows, without_words = _without_each_word(params, clicked_words, config)
    user, parts = read_user(params, rows[: len(clicked)], config)  # [M], [n, M]
    others = encode(rows, Ragged.concatenate([orders, without_words]), side_weights(params, "user"), config.heads)
    scores = vectors @ user  # [C]
    if not np.isfinite(scores).all():
        raise NonFiniteError("a score is not finite; train the model again")
    best = np.argsort(-scores, kind="stable")
    chosen, words, vectors, scores = [chosen[c] for c in best], words.take(best), vectors[best], scores[best]
    changed, without = np.split(others @ vectors.T, [len(orders)])  # [S, C], [T, C]
    own = _effects_on_itself(params, words, config, scores, user)
    return Explanation(
        clicks=_read_titles(params, config, clicked, clicked_words, (scores - without).T),
        unread=len(history) - len(clicked),
        notes=notes,
        candidates=_read_titles(params, config, chosen, words, own),
        scores=scores,
        probabilities=click_loss_forward(scores[None])[1][0],
        parts=vectors @ parts.T,
        orders=[orders[s].tolist() for s in range(len(orders))],
        changed_scores=changed,
        changed_probabilities=click_loss_forward(changed)[1],
        shapes=_shapes(params, clicked, chosen, [clicked_words, words]),
        first_numbers=_first_numbers(params, words, vectors, user),
    )


def _read_clicks(recommender: Recommender, history: Sequence[str]) -> tuple[list[tuple[str | None, str]], list[str]]:
    """Id and title of each click that the model reads, and notes on those that it does not."""
    recent, notes = recommender.read_history(history)
    if not recent:
        said = "; ".join(notes) or "the history is empty"
        raise InputError(f"{said}: without clicks every score is 0, and there is nothing to explain")
    return [_find(recommender, item, "history") for item in recent], notes


def _find(recommender: Recommender, item: str, where: str) -> tuple[str | None, str]:
    """The id and title of an item; the id of a raw title is None."""
    number = recommender.find(item)
    if number is not None:
        return None if is_title(item) else item, recommender.titles[number]
    if not is_title(item):
        raise InputError(f"{where}: news id {item!r} is not in the catalogue (titles go in quotes)")
    if not tokenize(item):
        raise InputError(f"{where}: the title {item!r} has no words")
    return None, item


def _in_float64(params: Parameters, words: np.ndarray) -> Parameters:
    """The parameters in float64, so that sums and differences of scores are exact; of the table only these words."""
    embedding = np.zeros(params["embedding"].shape)  # costs nothing where it is not written
    embedding[words] = params["embedding"][words]
    others = {name: one.astype(np.float64) for name, one in params.items() if name != "embedding"}
    return {"embedding": embedding, **others}


def _other_orders(n: int) -> Ragged:
    """The numbers 0..n-1 without each of them, then shuffled."""
    draw = rng.generator(0, "explain: order of the clicks")
    shuffled = Ragged.from_lists([draw.permutation(n) for _ in range(SHUFFLES)])
    return Ragged.concatenate([drop_each(Ragged.from_lists([range(n)])), shuffled])


def _without_each_word(params: Parameters, words: Ragged, config: Config) -> tuple[np.ndarray, Ragged]:
    """Of n clicked titles with T words: title vectors [n + T, M], and T histories in which one title lacks one word."""
    n, count = len(words), len(words.values)
    histories = np.tile(np.arange(n), (count, 1))  # [T, n]
    histories[np.arange(count), np.repeat(np.arange(n), words.lengths)] = n + np.arange(count)
    sets = Ragged.concatenate([words, drop_each(words)])
    return encode_news(params, sets, config), Ragged.from_lists(list(histories))


def _effects_on_itself(
    params: Parameters, words: Ragged, config: Config, scores: np.ndarray, user: np.ndarray
) -> np.ndarray:
    """The effect of each of the candidates' T words on each score [C, T]: 0 for those of the other candidates."""
    owner = np.repeat(np.arange(len(words)), words.lengths)
    effects = np.zeros((len(words), len(owner)), scores.dtype)
    effects[owner, np.arange(len(owner))] = scores[owner] - encode_news(params, drop_each(words), config) @ user
    return effects


def _read_titles(
    params: Parameters, config: Config, titles: list[tuple[str | None, str]], words: Ragged, effects: np.ndarray
) -> list[Title]:
    attention, additive = read_attention(params, words, config)
    read = []
    for s, (news_id, title) in enumerate(titles):
        here = slice(words.offsets[s], words.offsets[s + 1])
        tokens = tokenize(title)
        shown = tokens[: len(words[s])]
        unread, unknown = len(tokens) - len(shown), words[s] == UNKNOWN
        read.append(Title(news_id, title, shown, unread, unknown, additive[here], attention[s], effects[:, here]))
    return read


def _first_numbers(params: Parameters, words: Ragged, vectors: np.ndarray, user: np.ndarray) -> dict[str, np.ndarray]:
    scores = vectors @ user
    return {
        "rows": np.array([params["embedding"][words[c][:1], :1].sum() for c in range(len(words))]),  # its first word
        "titles": vectors[:, 0],
        "users": np.repeat(user[:1], len(scores)),
        "scores": scores,
        "loss": np.array([click_loss_forward(np.roll(scores, -c)[None])[0] for c in range(len(scores))]),  # c clicked
    }


def _shapes(params: Parameters, clicked: list, chosen: list, words: list[Ragged]) -> dict[str, tuple[int, ...]]:
    """What the lines of the model compute for this request, every different word and title once."""
    size = params["news.weight_value"].shape[1]
    different_words = len(np.unique(np.concatenate([one.values for one in words])))
    return {
        "rows": (different_words, params["embedding"].shape[1]),
        "titles": (len({title for _, title in clicked + chosen}), size),
        "users": (1, size),
        "scores": (1, len(chosen)),
    }
