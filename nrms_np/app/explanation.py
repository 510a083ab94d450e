"""Why this title? The numbers behind a recommendation: of each click and word, and what without it (chapter 11).

``write_page`` puts them on one self-contained page: the template page.html with the numbers as JSON.
"""

import base64
import json
import os
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from .. import rng
from ..config import Config
from ..data.files import write_text
from ..data.vocabulary import tokenize
from ..encoder import Parameters, side_weights
from ..errors import InputError, NonFiniteError
from ..inference import encode, encode_news, only_mentioned, read_attention
from ..layers.loss import click_loss_forward
from ..ragged import Ragged
from .recommendation import UNKNOWN_ID
from .recommender import Item, Reader, Recommender, drop_each, read_user

SHUFFLES = 3  # orders of the history that are tried
TEMPLATE = Path(__file__).with_name("page.html")


@dataclass(frozen=True, eq=False)
class Title:
    """A title as the model reads it: n words, what its attentions do, and the effects of its words on C candidates."""

    id: str | None  # None for a raw title
    title: str
    words: list[str]  # [n], cut to the model's title length
    unread: int  # how many words were cut off
    unknown: list[int]  # which words have no row of their own in the model
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


def explain(recommender: Recommender, history: Sequence[str], candidates: Sequence[str] | None = None) -> Explanation:
    """Explain the scores of ``candidates`` (the catalogue's best ten when None) for a history, oldest click first.

    Both are ids of the recommender's catalogue and raw titles. Raises InputError for an empty history, an unknown id or
    no candidate, NonFiniteError when a score is not finite.
    """
    reader = recommender.read_history(history)
    if not reader.clicks:
        said = "; ".join(reader.notes) or "the history is empty"
        raise InputError(f"{said}: without clicks every score is 0, and there is nothing to explain")
    if candidates is None:
        candidates = [found.id for found in recommender.rank(history).recommendations]
    chosen = [recommender.find(given) for given in dict.fromkeys(candidates)]
    if not chosen:
        raise InputError("there are no candidates to explain")
    for item in chosen:
        if item.left_out == UNKNOWN_ID:
            raise InputError(f"candidates: news id {item.given!r} is {UNKNOWN_ID}")
    return _compute(recommender, reader, chosen, len(history) - len(reader.clicks))


def _compute(recommender: Recommender, reader: Reader, chosen: list[Item], unread: int) -> Explanation:
    config, items, n = recommender.config, reader.clicks + chosen, len(reader.clicks)
    rows, words = only_mentioned(recommender.params["embedding"], recommender._words([item.title for item in items]))
    # float64, for exact differences
    params = {name: one.astype(np.float64) for name, one in {**recommender.params, "embedding": rows}.items()}
    vectors = encode_news(params, words, config)  # [n + C, M]
    user, parts = read_user(params, vectors[:n], config)  # [M], [n, M]
    best_first = np.concatenate([np.arange(n), n + np.argsort(-vectors[n:] @ user, kind="stable")])
    items, words, vectors = [items[i] for i in best_first], words.take(best_first), vectors[best_first]
    shown = vectors[n:]  # [C, M]
    scores = shown @ user  # [C]
    if not np.isfinite(scores).all():
        raise NonFiniteError("a score is not finite; train the model again")
    orders, changed, without = _leave_out(params, config, words, vectors, n, user)
    titles = _read_titles(recommender, params, items, words, (scores - without).T)
    loss_of_first, probabilities = click_loss_forward(scores[None])
    different, size = len({item.title for item in items}), len(user)
    return Explanation(
        clicks=titles[:n],
        unread=unread,
        notes=reader.notes,
        candidates=titles[n:],
        scores=scores,
        probabilities=probabilities[0],
        parts=shown @ parts.T,
        orders=orders,
        changed_scores=changed,
        changed_probabilities=click_loss_forward(changed)[1],
        shapes={"rows": rows.shape, "titles": (different, size), "users": (1, size), "scores": (1, len(scores))},
        first_numbers={
            "rows": np.array([rows[words[s][:1], :1].sum() for s in range(n, len(items))], np.float64),
            "titles": shown[:, 0],
            "users": np.repeat(user[:1], len(scores)),
            "scores": scores,
            "loss": loss_of_first + scores[0] - scores,
        },
    )


def _leave_out(
    params: Parameters, config: Config, words: Ragged, vectors: np.ndarray, n: int, user: np.ndarray
) -> tuple[list[list[int]], np.ndarray, np.ndarray]:
    """The S other histories, their scores [S, C], and the scores without each of the T words of all titles [T, C]."""
    shorter = encode_news(params, drop_each(words), config)  # [T, M]
    title_of = np.repeat(np.arange(len(words)), words.lengths)  # [T]
    draw = rng.generator(0, "explain: order of the clicks")
    orders = [[k for k in range(n) if k != j] for j in range(n)]
    orders += [draw.permutation(n).tolist() for _ in range(SHUFFLES)]
    # each shortened click in its place
    clicked = [[*range(j), len(words) + t, *range(j + 1, n)] for t, j in enumerate(title_of) if j < n]
    histories = Ragged.from_lists(orders + clicked)
    users = encode(np.concatenate([vectors, shorter]), histories, side_weights(params, "user"), config.heads)
    changed = users @ vectors[n:].T  # [S + words of clicks, C]
    own = title_of[:, None] == np.arange(n, len(words))  # a word of a candidate changes its score alone
    without = np.where(own, (shorter @ user)[:, None], vectors[n:] @ user)
    without[: len(clicked)] = changed[len(orders) :]
    return orders, changed[: len(orders)], without


def _read_titles(
    recommender: Recommender, params: Parameters, items: list[Item], words: Ragged, effects: np.ndarray
) -> list[Title]:
    attention, additive = read_attention(params, words, recommender.config)
    titles = []
    for s, item in enumerate(items):
        here, tokens, n = slice(*words.offsets[s : s + 2]), tokenize(item.title), len(words[s])
        unknown = [i for i, word in enumerate(tokens[:n]) if word not in recommender.vocabulary.id_of]
        numbers = additive[here], attention[s], effects[:, here]
        titles.append(Title(item.id, item.title, tokens[:n], len(tokens) - n, unknown, *numbers))
    return titles


def write_page(explanation: Explanation, path: Path) -> None:
    """Raises OutputError when the page cannot be written."""
    data, percents = asdict(explanation), b""
    del data["notes"]
    for title in data["clicks"] + data["candidates"]:
        attention = title.pop("attention")
        with_mean = np.concatenate([attention.mean(axis=0, keepdims=True), attention])  # [1 + H, n, n]
        # a byte a weight: 50 titles with 16 heads have hundreds of thousands
        percents += np.rint(100 * with_mean).astype(np.uint8).tobytes()
    data |= {"heads": len(attention), "attention": base64.b64encode(zlib.compress(percents)).decode()}
    tutorials = Path(__file__).parents[2] / "tutorials"
    if tutorials.is_dir():  # the package runs from its repository
        with suppress(ValueError):  # no path leads from one drive of Windows to another
            data["tutorials"] = Path(os.path.relpath(tutorials, path.resolve().parent)).as_posix()
    # 7 decimals, and + 0.0: no -0.0
    text = json.dumps(data, default=lambda array: (np.round(array, 7) + 0.0).tolist(), separators=(",", ":"))
    text = text.replace("<", "\\u003c")  # no title can end the script element
    write_text(path, TEMPLATE.read_text(encoding="utf-8").replace("@DATA@", text))
