"""The pictures of the chapters: one function each, called from a single cell.

In a notebook a picture appears below its cell; ``run.py`` saves it in the folder that it sets here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from nrms_np.app.recommender import Ranking

FOLDER: Path | None = None  # where pictures are saved, as name.png


def finish(figure: Figure, name: str) -> None:
    """Save the picture of a chapter, if there is a folder for it. The figure stays open: a notebook shows it."""
    if FOLDER:
        FOLDER.mkdir(parents=True, exist_ok=True)
        figure.savefig(FOLDER / f"{name}.png", dpi=110, bbox_inches="tight")


# chapter 00 ----------------------------------------------------------------------------------------------------------

LIT = LinearSegmentedColormap.from_list("lit", ["white", "#ffb000"])
FORWARD, BACKWARD = "#1f5fa8", "crimson"


def recommendation(clicks: list[str], ranking: Ranking, clicked: set[str]) -> None:
    """Five clicks, and the ranked headlines, their words lit up by weight; a star marks what was clicked next."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(14.5, 4.2), width_ratios=(5, 8))
    left.set_title("the reader clicked", loc="left")
    for i, title in enumerate(clicks):
        left.text(0, i, title, va="center", fontsize=8.5, family="monospace")
    right.set_title("ranked for this reader: score, and the weight of each word in its title", loc="left")
    for i, item in enumerate(ranking.recommendations):
        colour = "black" if item.score > 1 else "gray"
        star = "★" if item.title in clicked else " "
        right.text(0, i, f"{item.score:6.2f} {star}", va="center", fontsize=9, color=colour, family="DejaVu Sans Mono")
        column = 10
        for word in item.words:
            lit = LIT(min(1, 1.6 * word.weight))
            box = dict(boxstyle="square,pad=0.15", fc=lit, ec="none")
            right.text(column, i, word.word, va="center", fontsize=9, color=colour, family="monospace", bbox=box)
            column += len(word.word) + 1
    for ax, columns in ((left, 62), (right, 90)):
        ax.set(xlim=(0, columns), ylim=(len(ranking.recommendations) - 0.4, -0.6))
        ax.axis("off")
    figure.tight_layout()
    finish(figure, "00_reader")


def map_of_nrms() -> None:
    """The model from the word table to the loss: forward above, backward below on the same arrows."""
    figure, ax = plt.subplots(figsize=(15, 5))
    orange, white = "#f9cb9c", "white"
    for x, y, text, colour in (
        (0.2, 3, "WORD TABLE\n[vocabulary, D]", orange),
        (2.9, 3, "rows\n[U, D]", white),
        (5.0, 3, "ENCODER\nnews weights", orange),
        (7.5, 3, "title_vectors\n[N, M]", white),
        (10.2, 4.7, "ENCODER\nuser weights", orange),
        (12.7, 4.7, "users\n[B, M]", white),
        (11.2, 1.3, "title_vectors[candidates]\n[B, 1+K, M]", white),
        (14.6, 3, "scores\n[B, 1+K]", white),
        (16.8, 3, "loss\none number", "#d9ead3"),
    ):
        box = dict(boxstyle="round,pad=0.5", fc=colour, ec="black")
        ax.text(x, y, text, ha="center", va="center", fontsize=11, bbox=box)
    for x, y, dx, dy in (  # where an arrow begins and how far it goes
        (1.4, 3, 0.8, 0),
        (3.5, 3, 0.5, 0),
        (6.0, 3, 0.5, 0),
        (8.1, 3.5, 1.1, 0.9),
        (8.1, 2.5, 1.4, -0.8),
        (11.2, 4.7, 0.9, 0),
        (13.2, 4.3, 0.8, -0.75),
        (12.6, 1.7, 1.4, 0.75),
        (15.3, 3, 0.7, 0),
    ):
        _arrow(ax, (x, y + 0.12), (x + dx, y + dy + 0.12), FORWARD)
        _arrow(ax, (x + dx, y + dy - 0.16), (x, y - 0.16), BACKWARD)
    for x, y, text in ((1.75, 4.0, "batch.words"), (5.0, 4.3, "batch.titles"), (10.2, 6.0, "batch.histories")):
        ax.text(x, y, text, ha="center", fontsize=10, color="dimgray")
        _arrow(ax, (x, y - 0.05), (x, y - 0.65), "dimgray")
    ax.text(11.2, 0.1, "batch.candidates", ha="center", fontsize=10, color="dimgray")
    _arrow(ax, (11.2, 0.35), (11.2, 0.8), "dimgray")
    ax.text(14.75, 3.75, "dot products", ha="center", fontsize=10)
    ax.text(15.65, 3.35, "softmax", ha="center", fontsize=10)
    ax.text(7.5, 1.75, "two gradients\nmeet here: add", ha="center", color=BACKWARD, fontsize=10)
    ax.text(1.75, 2.1, "only the rows\nof this batch", ha="center", color=BACKWARD, fontsize=10)
    for y, label, colour in ((0.75, "forward: numbers", FORWARD), (0.3, "backward: gradients", BACKWARD)):
        _arrow(ax, *(((-0.8, y), (0, y)) if colour is FORWARD else ((0, y), (-0.8, y))), colour)
        ax.text(0.15, y, label, va="center", fontsize=10, color=colour)
    ax.set(xlim=(-1.2, 17.8), ylim=(0, 6.3))
    ax.axis("off")
    figure.tight_layout()
    finish(figure, "00_map")


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, width: float = 1.6) -> None:
    ax.annotate("", xy=end, xytext=start, arrowprops=dict(arrowstyle="->", lw=width, color=colour))


# chapter 01 ----------------------------------------------------------------------------------------------------------


def padded_and_ragged(titles: list[list[str]], numbers: list[int], unknown: int) -> None:
    """Titles as rectangles of words: filled up to the longest, and one after the other. Small: the word numbers."""
    longest, total = max(map(len, titles)), sum(map(len, titles))
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(15, 5.6), height_ratios=(7, 5.2))
    colours = plt.get_cmap("Set3").colors  # type: ignore[attr-defined]

    def cell(ax: Axes, x: float, y: float, word: str, number: int | None, colour: Any, width: int = 1) -> None:
        hatch = "////" if number == unknown else None
        ax.add_patch(Rectangle((x, y), width, 1, fc=colour, ec="white", hatch=hatch, lw=1.5))
        ax.text(x + width / 2, y + 0.42, word, ha="center", va="center", fontsize=9.5)
        if number is not None:
            ax.text(x + width - 0.04, y + 0.95, str(number), ha="right", va="bottom", fontsize=7, color="dimgray")

    per_line, position = 14, 0
    for n, words in enumerate(titles):
        for t in range(longest):
            real = t < len(words)
            number = numbers[position + t] if real else None
            cell(top, 2 * t, n, words[t] if real else "pad", number, colours[n] if real else "#f0f0f0", 2)
        for t, word in enumerate(words):
            line, column = divmod(position, per_line)
            cell(bottom, column, 2.2 * line, word, numbers[position], colours[n])
            if t == 0:
                bottom.text(column, 2.2 * line - 0.2, str(position), ha="center", fontsize=10, color=FORWARD)
                _arrow(bottom, (column, 2.2 * line - 0.2), (column, 2.2 * line + 0.05), FORWARD)
            position += 1
    bottom.text(per_line + 0.1, 2.2 * ((total - 1) // per_line) + 0.5, str(total), color=FORWARD, va="center")
    top.set(xlim=(-0.1, 2 * longest + 0.1), ylim=(len(titles) + 0.1, -0.1))
    top.set_title(f"padded: {len(titles)} x {longest} = {len(titles) * longest} slots", loc="left")
    bottom.set(xlim=(-0.1, per_line + 0.6), ylim=(2.2 * ((total - 1) // per_line) + 1.2, -0.7))
    title = f"ragged: {total} values, two lines of one array; blue: the offsets, where each title begins, and the end"
    bottom.set_title(title, loc="left")
    for ax in (top, bottom):
        ax.axis("off")
    figure.tight_layout()
    finish(figure, "01_news_as_numbers")


# chapter 02 ----------------------------------------------------------------------------------------------------------


def lost_gradient(wrong: tuple[list[float], np.ndarray], right: tuple[list[float], np.ndarray]) -> None:
    """Left: both losses. Right: how far each word still is from its number, the frequent ones first."""
    figure, (left, middle) = plt.subplots(1, 2, figsize=(12, 3.8))
    for (losses, error), colour, name in ((wrong, BACKWARD, "program A"), (right, FORWARD, "program B")):
        left.plot(losses, color=colour, label=f"{name}: {losses[0]:.1f} to {losses[-1]:.3f}")
        middle.plot(np.arange(1, len(error) + 1), error, ".-", color=colour, label=name, lw=0.8)
    left.set(xlabel="training step", ylabel="loss", ylim=(0, 1.05), title="both losses fall all the way")
    middle.set(xlabel="word, the most frequent is 1", ylabel="distance from its number", ylim=(-0.02, 1.05))
    middle.set_title("the frequent words are to blame")
    left.legend()
    figure.tight_layout()
    finish(figure, "02_lost_gradient")


def lookup(table: np.ndarray, ids: np.ndarray, drows: np.ndarray, names: list[str]) -> None:
    """Forward a copy for each position, backward a sum for each word."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.2))
    dtable = np.zeros_like(table)
    np.add.at(dtable, ids, drows)
    palette = ["#f9cb9c", "#9fc5e8", "#b6d7a8", "#d5a6bd"]
    fill = {w: palette[i] for i, w in enumerate(dict.fromkeys(ids.tolist()))}

    def draw(ax: Axes, array: np.ndarray, x: float, top: float, colours: list[str]) -> None:
        for i, d in np.ndindex(array.shape):
            ax.add_patch(Rectangle((x + d, top - i), 1, 0.8, fc=colours[i], ec="gray"))
            ax.text(x + d + 0.5, top - i + 0.4, f"{array[i, d]:g}", ha="center", va="center")

    for ax, big, small, title in (
        (left, table, table[ids], "forward: rows = table[ids], a copy for each position"),
        (right, dtable, drows, "backward: each word sums the rows of its positions"),
    ):
        draw(ax, big, 0, 4, [fill.get(w, "#eeeeee") for w in range(len(table))])
        draw(ax, small, 6.2, 3, [fill[w] for w in ids])
        for w, name in enumerate(names):
            ax.text(-0.15, 4.4 - w, f"{w} {name}", ha="right", va="center", color="dimgray")
        for t, w in enumerate(ids):
            ends = [(2.05, 4.4 - w), (6.15, 3.4 - t)]
            _arrow(ax, *(ends if ax is left else ends[::-1]), FORWARD if ax is left else BACKWARD)
            ax.text(8.3, 3.4 - t, f"position {t}: {names[w]}", va="center", color="dimgray")
        ax.set_title(title, loc="left", fontsize=11)
        ax.set(xlim=(-2.1, 11.2), ylim=(-0.2, 5.1))
        ax.axis("off")
    right.text(3.2, 0.75, "two arrive at storm:\nadd", color=BACKWARD, ha="left", va="center")
    figure.tight_layout()
    finish(figure, "02_word_embeddings")


# chapter 03 ----------------------------------------------------------------------------------------------------------


def push_and_pull(scores: np.ndarray) -> None:
    """Each row is a click, its clicked title first: scores as dots, and minus their gradient as arrows."""
    figure, axes = plt.subplots(1, len(scores), figsize=(12, 4.2), sharey=True)
    for ax, row in zip(axes, scores):
        exponentials = np.exp(row - row.max())
        p = exponentials / exponentials.sum()
        force = (np.arange(len(row)) == 0) - p
        for c, (score, f) in enumerate(zip(row, force)):
            colour = FORWARD if f > 0 else BACKWARD
            _arrow(ax, (c, score), (c, score + 1.6 * f), colour, 2.4)
            ax.plot(c, score, "o", color=colour, ms=8)
            ax.text(c + 0.13, score, f"p {p[c]:.2f}", va="center", fontsize=10)
            ax.text(c + 0.13, score + np.sign(f) * 0.24, f"{f:+.2f}", va="center", fontsize=10, color=colour)
        ax.set_xticks(range(len(row)), ["clicked", *(f"negative {c}" for c in range(1, len(row)))])
        ax.set_title(f"loss {-np.log(p[0]):.2f}; the arrows sum to {abs(force.sum()):.0f}")
        ax.set(xlim=(-0.4, len(row) - 0.2), ylim=(scores.min() - 0.6, scores.max() + 1))
    axes[0].set_ylabel("score")
    figure.suptitle("arrows: truth minus probability, what descent does to each score", fontsize=11)
    figure.tight_layout()
    finish(figure, "03_push_and_pull")


# chapter 04 ----------------------------------------------------------------------------------------------------------


def attention_flow(
    words: list[str], query: np.ndarray, key: np.ndarray, value: np.ndarray, alpha: np.ndarray, asks: int = 0
) -> None:
    """One head: what position ``asks`` compares, how it weighs, and what it receives; beside it all weights."""
    figure, (ax, square) = plt.subplots(1, 2, figsize=(14.5, 4.6), width_ratios=(10.5, 4))
    n, middle = len(words), (len(words) - 1) / 2

    def box(x: float, y: float, text: str, colour: str = "white") -> None:
        style = dict(boxstyle="round,pad=0.4", fc=colour, ec="black")
        ax.text(x, y, text, ha="center", va="center", fontsize=10.5, bbox=style)

    def pair(vector: np.ndarray) -> str:
        return "(" + ", ".join(f"{one:.2f}".rstrip("0").rstrip(".") for one in vector) + ")"

    box(0.3, middle, f"{words[asks]} asks\nquery {pair(query[asks])}", "#cfe2f3")
    logits = query[asks] @ key.T
    for j, word in enumerate(words):
        box(3, j, f"{word}\nkey {pair(key[j])}")
        _arrow(ax, (1.25, middle + 0.12 * (j - middle)), (2.2, j), "gray", 1.2)
        ax.text(4.75, j - 0.14, f"logit {logits[j]:.2f}", ha="center", fontsize=10)
        ax.text(4.75, j + 0.2, f"alpha {alpha[asks, j]:.2f}", ha="center", fontsize=10.5, color=FORWARD)
        _arrow(ax, (3.85, j), (5.75, j), "gray", 1.2)
        box(6.6, j, f"value\n{pair(value[j])}")
        _arrow(ax, (7.4, j), (9, middle + 0.15 * (j - middle)), FORWARD, 1 + 9 * alpha[asks, j])
    box(10, middle, f"{words[asks]} receives\n{pair(alpha[asks] @ value)}", "#cfe2f3")
    for x, text in ((1.75, "dot products"), (4.75, "softmax"), (8.3, "weighted sum")):
        ax.text(x, -0.68, text, ha="center", color="dimgray", style="italic")
    ax.set(xlim=(-0.8, 11.1), ylim=(n - 0.4, -0.85))
    ax.axis("off")
    _weights(square, words, alpha)
    square.set_title("alpha: line i, what word i takes from j", fontsize=11)
    figure.tight_layout()
    finish(figure, "04_flow")


def _weights(ax: Axes, words: list[str], alpha: np.ndarray) -> None:
    ax.imshow(alpha, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(alpha.shape):
        colour = "white" if alpha[i, j] > 0.6 else "black"
        ax.text(j, i, f"{alpha[i, j]:.2f}", ha="center", va="center", color=colour, fontsize=11)
    ax.set_xticks(range(len(words)), words)
    ax.set_yticks(range(len(words)), words)
    ax.tick_params(length=0)


def blocks_on_the_diagonal(titles: list[list[str]], alphas: list[np.ndarray]) -> None:
    """The attention of a ragged batch as one matrix, and the same batch padded."""
    words = [word for title in titles for word in title]
    longest, total = max(map(len, titles)), len(words)
    whole, start = np.full((total, total), np.nan), 0
    padded = np.full((len(titles) * longest, longest), np.nan)
    for s, alpha in enumerate(alphas):
        n = len(alpha)
        whole[start : start + n, start : start + n] = alpha
        padded[s * longest : s * longest + n, :n] = alpha
        start += n
    figure, (left, right) = plt.subplots(1, 2, figsize=(12.5, 6), width_ratios=(total, longest + 3))
    for ax, matrix, hatch in ((left, whole, ""), (right, padded, "////")):
        ax.imshow(matrix, cmap="Blues", vmin=0, vmax=0.9)
        for i, j in np.argwhere(np.isnan(matrix)) if hatch else ():
            ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fc="#f6dede", ec=BACKWARD, hatch=hatch, lw=0.5))
        for i, j in np.argwhere(~np.isnan(matrix)):
            colour = "white" if matrix[i, j] > 0.55 else "black"
            ax.text(j, i, f"{matrix[i, j]:.2f}".lstrip("0"), ha="center", va="center", fontsize=9, color=colour)
        ax.tick_params(length=0)
    left.set_xticks(range(total), words, rotation=45, ha="right")
    left.set_yticks(range(total), words)
    computed = sum(len(title) ** 2 for title in titles)
    left.set_title(f"ragged: {computed} weights, in blocks; white is never computed", fontsize=11)
    slots = [word for title in titles for word in (*title, *["pad"] * (longest - len(title)))]
    right.set_yticks(range(len(slots)), slots)
    right.set_xticks([])
    right.set_title(f"padded: {padded.size} weights,\nred: to be masked", fontsize=11)
    figure.tight_layout()
    finish(figure, "04_blocks")


# chapter 05 ----------------------------------------------------------------------------------------------------------


# chapter 06 ----------------------------------------------------------------------------------------------------------


# chapter 07 ----------------------------------------------------------------------------------------------------------


# chapter 08 ----------------------------------------------------------------------------------------------------------


# chapter 09 and 09b --------------------------------------------------------------------------------------------------


# chapter 10 ----------------------------------------------------------------------------------------------------------


# chapter 11 ----------------------------------------------------------------------------------------------------------


# chapter 12 ----------------------------------------------------------------------------------------------------------
