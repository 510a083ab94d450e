"""Why this title? The numbers behind a recommendation: of each click, of each word, and what would be without them.

Tutorial: tutorials/11_reading_the_model.md
"""

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
from .ranking import UNKNOWN_ID
from .recommender import Item, Recommender, drop_each, read_user

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


def explain(
    recommender: Recommender, history: Sequence[str], candidates: Sequence[str] | None = None, top: int = 10
) -> Explanation:
    """Explain the scores of ``candidates`` (the catalogue's best ``top`` when None) for a history, oldest click first.

    Both are ids of the recommender's catalogue and raw titles. Raises InputError for an empty history, an unknown id, a
    title without words or no candidate, NonFiniteError when a score is not finite.
    """
    clicks, notes, _ = recommender.read_history(history)
    if not clicks:
        said = "; ".join(notes) or "the history is empty"
        raise InputError(f"{said}: without clicks every score is 0, and there is nothing to explain")
    if candidates is None:
        candidates = [found.id for found in recommender.rank(history, top).recommendations]
    chosen = [_find_candidate(recommender, given) for given in dict.fromkeys(candidates)]
    if not chosen:
        raise InputError("there are no candidates to explain")
    return _compute(recommender, clicks, chosen, len(history) - len(clicks), notes)


def _find_candidate(recommender: Recommender, given: str) -> Item:
    item = recommender.find(given)
    if item.left_out == UNKNOWN_ID:
        raise InputError(f"candidates: news id {given!r} is {UNKNOWN_ID}")
    if item.id is None and not tokenize(item.title):
        raise InputError(f"candidates: the title {given!r} has no words")
    return item


def _compute(
    recommender: Recommender, clicks: list[Item], chosen: list[Item], unread: int, notes: list[str]
) -> Explanation:
    """Encode all titles, and each without each of its words; then the user of each history that this makes."""
    config, items, n = recommender.config, clicks + chosen, len(clicks)
    params = {name: one.astype(np.float64) for name, one in recommender.params.items()}  # for exact differences
    words = recommender._words([item.title for item in items])
    vectors = encode_news(params, words, config)  # [n + C, M]
    user, parts = read_user(params, vectors[:n], config)  # [M], [n, M]
    best_first = np.concatenate([np.arange(n), n + np.argsort(-vectors[n:] @ user, kind="stable")])
    items, words, vectors = [items[i] for i in best_first], words.take(best_first), vectors[best_first]
    shown, shorter = vectors[n:], encode_news(params, drop_each(words), config)  # [C, M], without each word [T, M]
    scores = shown @ user  # [C]
    if not np.isfinite(scores).all():
        raise NonFiniteError("a score is not finite; train the model again")
    orders, title_of = _other_orders(n), np.repeat(np.arange(len(items)), words.lengths)  # title_of each word [T]
    histories = Ragged.concatenate([orders, _without_each_word(n, title_of[title_of < n], len(items))])
    users = encode(np.concatenate([vectors, shorter]), histories, side_weights(params, "user"), config.heads)
    changed = users @ shown.T  # [S + words of the clicks, C]
    # the scores without each word [T, C]: of a candidate its own score changes, of a click all do
    without = np.where(title_of[:, None] == n + np.arange(len(shown)), (shorter @ user)[:, None], scores)
    without[title_of < n] = changed[len(orders) :]
    titles = _read_titles(params, config, items, words, (scores - without).T)
    loss_of_first, probabilities = click_loss_forward(scores[None])
    return Explanation(
        clicks=titles[:n],
        unread=unread,
        notes=notes,
        candidates=titles[n:],
        scores=scores,
        probabilities=probabilities[0],
        parts=shown @ parts.T,
        orders=[orders[s].tolist() for s in range(len(orders))],
        changed_scores=changed[: len(orders)],
        changed_probabilities=click_loss_forward(changed[: len(orders)])[1],
        shapes=_shapes(params, items, words, len(chosen)),
        first_numbers={
            "rows": np.array([params["embedding"][words[s][:1], :1].sum() for s in range(n, len(words))]),
            "titles": shown[:, 0],
            "users": np.repeat(user[:1], len(scores)),
            "scores": scores,
            "loss": loss_of_first + scores[0] - scores,
        },
    )


def _other_orders(n: int) -> Ragged:
    """The numbers 0..n-1 without each of them, then shuffled."""
    draw = rng.generator(0, "explain: order of the clicks")
    shuffled = Ragged.from_lists([draw.permutation(n) for _ in range(SHUFFLES)])
    return Ragged.concatenate([drop_each(Ragged.from_lists([range(n)])), shuffled])


def _without_each_word(n: int, title_of: np.ndarray, first: int) -> Ragged:
    """For each word of the n clicks, a history with the title that lacks it, of number ``first`` + t, in its place."""
    words = np.arange(len(title_of))
    histories = np.tile(np.arange(n), (len(words), 1))
    histories[words, title_of] = first + words
    return Ragged.from_lists(list(histories))


def _read_titles(
    params: Parameters, config: Config, items: list[Item], words: Ragged, effects: np.ndarray
) -> list[Title]:
    attention, additive = read_attention(params, words, config)
    titles = []
    for s, item in enumerate(items):
        here, tokens, n = slice(*words.offsets[s : s + 2]), tokenize(item.title), len(words[s])
        numbers = words[s] == UNKNOWN, additive[here], attention[s], effects[:, here]
        titles.append(Title(item.id, item.title, tokens[:n], len(tokens) - n, *numbers))
    return titles


def _shapes(params: Parameters, items: list[Item], words: Ragged, candidates: int) -> dict[str, tuple[int, ...]]:
    """What the lines of the model compute for this request, every different word and title once."""
    size = params["news.weight_value"].shape[1]
    return {
        "rows": (len(np.unique(words.values)), params["embedding"].shape[1]),
        "titles": (len({item.title for item in items}), size),
        "users": (1, size),
        "scores": (1, candidates),
    }
