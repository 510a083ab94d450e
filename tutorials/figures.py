"""The pictures of the chapters: one function each, called from a single cell.

In a notebook a picture appears below its cell; ``run.py`` saves it in the folder that it sets here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from nrms_np.app.recommender import Ranking

BLUE, ORANGE, GREY, GREEN = "#2f6db5", "#d9822b", "#8a8a8a", "#3c8d53"

FOLDER: Path | None = None  # where pictures are saved, as name.png


def finish(figure: Figure, name: str) -> None:
    """Save the picture of a chapter, if there is a folder for it. The figure stays open: a notebook shows it."""
    if FOLDER:
        FOLDER.mkdir(parents=True, exist_ok=True)
        figure.savefig(FOLDER / f"{name}.png", dpi=110, bbox_inches="tight")


# chapter 00 ----------------------------------------------------------------------------------------------------------

LIT = LinearSegmentedColormap.from_list("lit", ["#6fa8dc", "white", "#ffb000"])
FORWARD, BACKWARD = "#1f5fa8", "crimson"


def recommendation(clicks: list[str], ranking: Ranking, clicked: set[str]) -> None:
    """Five clicks, and the ranked headlines, their words lit up by effect; a star marks what was clicked next."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(14.5, 4.2), width_ratios=(5, 8))
    left.set_title("the reader clicked", loc="left")
    for i, title in enumerate(clicks):
        left.text(0, i, title, va="center", fontsize=8.5, family="monospace")
    right.set_title(
        "ranked for this reader: score, and each word by its effect: orange lifts the score, blue lowers it", loc="left"
    )
    for i, item in enumerate(ranking.recommendations):
        colour = "black" if item.score > 1 else "gray"
        star = "★" if item.title in clicked else " "
        right.text(0, i, f"{item.score:6.2f} {star}", va="center", fontsize=9, color=colour, family="DejaVu Sans Mono")
        column = 10
        for word in item.words:
            lit = LIT(0.5 + np.clip(word.effect, -4, 4) / 8)
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
        (2.9, 3, "1. rows\n[U, D]", white),
        (5.0, 3, "ENCODER\nnews weights", orange),
        (7.5, 3, "2. title_vectors\n[N, M]", white),
        (10.2, 4.7, "ENCODER\nuser weights", orange),
        (12.7, 4.7, "3. users\n[B, M]", white),
        (11.2, 1.3, "title_vectors[candidates]\n[B, 1+K, M]", white),
        (14.6, 3, "4. scores\n[B, 1+K]", white),
        (16.8, 3, "5. loss\none number", "#d9ead3"),
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
            if abs(f) > 0.15:
                _arrow(ax, (c, score), (c, score + 2 * f), colour, 2.4)
            else:  # too short for a head
                ax.plot((c, c), (score, score + 2 * f), color=colour, lw=2.4)
            ax.plot(c, score, "o", color=colour, ms=5)
            ax.text(c + 0.13, score, f"p {p[c]:.2f}", va="center", fontsize=10)
            ax.text(c + 0.13, score + np.sign(f) * 0.24, f"{f:+.2f}", va="center", fontsize=10, color=colour)
        ax.set_xticks(range(len(row)), ["clicked", *(f"negative {c}" for c in range(1, len(row)))])
        ax.set_title(f"loss {-np.log(p[0]):.2f}; the arrows sum to {abs(force.sum()):.0f}")
        ax.set(xlim=(-0.4, len(row) - 0.2), ylim=(scores.min() - 0.6, scores.max() + 1))
    axes[0].set_ylabel("score")
    title = "arrows, twice as long: truth minus probability, what descent does to each score (short ones have no head)"
    figure.suptitle(title, fontsize=11)
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


def two_seeds(texts: list[str], looks: list[tuple], sport: list[str], food: list[str]) -> None:
    """The weights of each headline's words, a row of panels for each model; looks: (alphas, scores) of each model."""
    figure, axes = plt.subplots(len(looks), len(texts), figsize=(11, 2.6 * len(looks)), sharex=True)
    for seed, (alphas, scores) in enumerate(looks):
        for panel, text, alpha, score in zip(axes[seed], texts, alphas, scores):
            words = text.split()
            panel.barh(range(len(words)), alpha, color=BLUE, height=0.7)
            panel.axvline(1 / len(words), color=GREY, ls="--", lw=1)
            panel.set_yticks(range(len(words)), words)
            for label in panel.get_yticklabels():
                label.set_color(ORANGE if label.get_text() in sport else GREEN if label.get_text() in food else "black")
            panel.invert_yaxis()
            panel.set_title(f"score {score:+.1f}: {'sport' if score > 0 else 'food'}", fontsize=11)
            panel.spines[["top", "right"]].set_visible(False)
        axes[seed][0].set_ylabel(f"seed {seed}", fontsize=12)
    for panel in axes[-1]:
        panel.set_xlabel("alpha (dashed: a plain mean)")
    figure.suptitle("Equally good models (orange: a word of sport, green: of food)", fontsize=12)
    figure.tight_layout()
    finish(figure, "05_two_seeds")


# chapter 06 ----------------------------------------------------------------------------------------------------------


def two_places(dshown: float, dclicked: float) -> None:
    """The two ways of a title vector to the loss, forward in blue, and the gradients that come back, in red."""
    figure, axes = plt.subplots(figsize=(10, 3.6))
    boxes = {
        "title 0": (0.08, 0.5),
        "user encoder": (0.36, 0.84),
        "user": (0.58, 0.84),
        "scores": (0.75, 0.5),
        "loss": (0.93, 0.5),
    }
    for text, (x, y) in boxes.items():
        box = {"boxstyle": "round,pad=0.5", "facecolor": "#cfe2f3", "edgecolor": "black"}
        axes.text(x, y, text, ha="center", va="center", fontsize=12, bbox=box, zorder=3)
    arrows = [  # from, to, what comes back, and where that is written
        ((0.13, 0.6), (0.28, 0.8), f"{dclicked:.4f}", (0.145, 0.78)),
        ((0.44, 0.84), (0.54, 0.84), f"{dclicked:.4f}", (0.49, 0.94)),
        ((0.62, 0.78), (0.71, 0.6), f"duser = {dclicked:.4f}", (0.76, 0.77)),
        ((0.14, 0.46), (0.7, 0.46), f"-1/3 times the user = {dshown:.4f}", (0.42, 0.33)),
        ((0.8, 0.5), (0.89, 0.5), "-1/3, 1/3", (0.845, 0.63)),
    ]
    for start, end, gradient, place in arrows:
        axes.annotate("", xy=end, xytext=start, arrowprops={"arrowstyle": "->", "lw": 1.8, "color": BLUE})
        back = {"arrowstyle": "->", "lw": 1.5, "color": "crimson", "ls": "--"}
        axes.annotate("", xy=(start[0], start[1] - 0.05), xytext=(end[0], end[1] - 0.05), arrowprops=back)
        axes.text(*place, gradient, color="crimson", ha="center", va="center", fontsize=11)
    axes.text(0.36, 0.68, "clicked before", color=BLUE, ha="center", fontsize=10)
    axes.text(0.42, 0.5, "shown now", color=BLUE, ha="center", fontsize=10)
    axes.text(0.08, 0.16, f"{dshown + dclicked:.4f}\nthe sum of both", color="crimson", ha="center", fontsize=12)
    axes.set(xlim=(0, 1), ylim=(0.05, 1))
    axes.axis("off")
    figure.tight_layout()
    finish(figure, "06_two_places")


# chapter 07 ----------------------------------------------------------------------------------------------------------


def wrong_trains(runs: dict[str, str | None], losses: dict[str, list[float]]) -> None:
    """The losses of three runs; the legend tells which gradient each has followed."""
    figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
    for (run, bug), color in zip(runs.items(), (ORANGE, BLUE, GREY)):
        axes.plot(losses[run], color=color, label=f"{run}: {bug or 'the right gradient'}")
    axes.axhline(math.log(2), color="black", ls=":", lw=1, label="guessing: ln 2")
    axes.set(xlabel="step", ylabel="loss", ylim=(0, None), title="All three losses fall. Two gradients are wrong.")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower left")
    finish(figure, "07_wrong_trains")


def chords(f: Callable) -> None:
    """Two ways to measure the slope of f at 2."""
    xs = np.linspace(0.4, 3.2, 100)
    figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
    axes.plot(xs, f(xs), color="black", lw=1.5, label="f(x) = x³")
    axes.plot(xs, 8 + 12 * (xs - 2), color=GREY, ls="--", label="tangent at 2: slope 12")
    for start, end, color, name in ((2, 3, ORANGE, "one-sided"), (1, 3, BLUE, "central")):
        label = f"{name}, h = 1: slope {(f(end) - f(start)) / (end - start):.0f}"
        axes.plot([start, end], [f(start), f(end)], "o-", color=color, label=label)
    axes.set(
        xlabel="x", ylabel="f(x)", ylim=(-8, 34), title="Even with a huge step the central chord is nearly parallel"
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    finish(figure, "07_chords")


def error_curve(one_sided: Callable, central: Callable, complex_step: Callable) -> None:
    """The error of three measured slopes of exp at 1 against the step, and the two theories."""
    steps = 10.0 ** np.arange(-18, 0.01, 0.25)
    floor = 3e-17  # an exact hit has no logarithm
    figure, axes = plt.subplots(figsize=(7.2, 4.8), layout="constrained")
    drawn = ((one_sided, ORANGE, 5), (central, BLUE, 7), (complex_step, GREEN, 4))
    for slope, color, size in drawn:
        errors = [max(abs(slope(np.exp, 1.0, h) - math.e) / math.e, floor) for h in steps]
        label = slope.__name__.replace("_", " ") + ", float64"
        axes.loglog(steps, errors, "o-", ms=size, color=color, lw=1, label=label)
    coarse = steps[steps > 1e-6]
    single = [abs(float(central(np.exp, np.float32(1), np.float32(h))) - math.e) / math.e for h in coarse]
    axes.loglog(coarse, single, "o-", ms=4, color=GREY, lw=1, label="central, float32")
    epsilon = float(np.finfo(np.float64).eps)
    axes.loglog(steps, steps**2 / 6, color="black", ls="--", lw=1)
    axes.loglog(steps, epsilon / steps, color="black", ls=":", lw=1)
    best = (3 * epsilon) ** (1 / 3)
    axes.axvline(best, color=BLUE, ls="--", lw=1, alpha=0.5)
    axes.text(best * 1.3, 1.2e-15, "best step of\nthe central one", color=BLUE, fontsize=9, va="bottom")
    axes.axhline(floor, color=GREEN, lw=0.5)
    axes.text(1.3e-18, floor * 0.85, "drawn here: no error at all", color=GREEN, fontsize=8.5, va="top")
    axes.text(3e-3, 2e-8, "truncation h²/6", fontsize=9)
    axes.text(3e-13, 3e-3, "rounding ε/h", fontsize=9)
    axes.set(xlabel="step h", ylabel="relative error of the slope", ylim=(4e-18, 3), xlim=(1e-18, 2))
    axes.set_title("Slope of exp at 1, measured")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, 0.55), fontsize=9)
    finish(figure, "07_error_curve")


# chapter 08 ----------------------------------------------------------------------------------------------------------


def loss_curve(records: list[dict], best: dict) -> None:
    """Losses and validation AUC of each epoch."""
    epochs = [one["epoch"] for one in records]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    left.axhline(math.log(5), color=GREY, ls="--", lw=1, label="guessing: ln 5")
    left.plot(epochs, [one["loss"] for one in records], "o-", color=GREY, label="training (dropout on)")
    left.plot(epochs, [one["val_loss"] for one in records], "o-", color=BLUE, label="validation")
    left.set(xlabel="epoch", ylabel="loss", title="Loss", ylim=(0.95, 1.66))
    right.plot(epochs, [one["auc"] for one in records], "o-", color=BLUE, label="validation AUC")
    for axes in (left, right):
        axes.axvline(best["epoch"], color=ORANGE, ls=":", label=f"best epoch: {best['epoch']}")
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.get_major_locator().set_params(integer=True)
    right.set(xlabel="epoch", title="What early stopping looks at")
    left.legend(frameon=False, loc="lower left")
    right.legend(frameon=False, loc="lower center")
    finish(figure, "08_loss_curve")


# chapter 09 and 09b --------------------------------------------------------------------------------------------------


def versions(times: dict[str, float]) -> None:
    """Milliseconds of each version as dots on a logarithmic axis, with the factor to the version above."""
    figure, axes = plt.subplots(figsize=(8.4, 0.5 * len(times) + 1.2), layout="constrained")
    names, found = list(times), list(times.values())
    axes.semilogx(found, range(len(names)), color=GREY, lw=0.8, zorder=1)
    for y, (now, before) in enumerate(zip(found, [None, *found])):
        slower = before is not None and now > before
        axes.plot(now, y, "o", ms=9, color=ORANGE if slower else BLUE, zorder=2)
        text = f"{now:,.0f} ms" if now >= 10 else f"{now:.1f} ms"
        if before:
            text += f"   {now / before:.1f} times slower" if slower else f"   {before / now:.1f} times faster"
        axes.annotate(text, (now, y), xytext=(9, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(min(found) / 1.6, max(found) * 6)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel="milliseconds (each mark is ten times the one before)", title="The same title vectors")
    axes.spines[["top", "right"]].set_visible(False)
    finish(figure, "09_versions")


def lanes(x: np.ndarray, y: np.ndarray) -> None:
    """Dot products of each head in a register of H lanes: x, y [A, H], heads one after the other, or last."""
    size, heads = x.shape
    colors = [BLUE, ORANGE, GREEN, "#8e5ea2"]
    product = x * y
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")

    def cell(axes: Axes, column: float, row: float, text: object, head: int, strong: bool = False) -> None:
        box = Rectangle((column, row), 0.92, 0.8, facecolor=colors[head], alpha=0.9 if strong else 0.3)
        axes.add_patch(box)
        axes.text(column + 0.46, row + 0.4, str(text), ha="center", va="center", color="white" if strong else "black")

    def frame(axes: Axes, title: str, rows: dict[float, str]) -> None:
        axes.set(xlim=(-2.6, heads + 2.2), ylim=(7.9, -0.6))
        axes.set_title(title, fontsize=11)
        axes.axis("off")
        for row, text in rows.items():
            axes.text(-0.2, row + 0.4, text, ha="right", va="center", fontsize=9)

    sums = product.sum(axis=0)
    labels = {h: f"head {h}, all a" for h in range(heads)}
    frame(left, "head after head: a register holds ONE head", labels)
    for h in range(heads):
        for a in range(size):
            cell(left, a, h, product[a, h], h)
        left.annotate("", (size + 1.0, h + 0.4), (size, h + 0.4), arrowprops={"arrowstyle": "->"})
        cell(left, size + 1.05, h, sums[h], h, True)
    frame(right, "heads last: a lane of the register IS a head", {a: f"a = {a}, all heads" for a in range(size)})
    for a in range(size):
        for h in range(heads):
            cell(right, h, a, product[a, h], h)
    for h in range(heads):
        right.annotate("", (h + 0.46, size + 0.75), (h + 0.46, size - 0.15), arrowprops={"arrowstyle": "->"})
        cell(right, h, size + 0.8, sums[h], h, True)
    right.text(-0.2, size + 1.2, "the sums", ha="right", va="center", fontsize=9)
    for axes, memory, row in ((left, product.T, 6.9), (right, product, 6.9)):
        head_of = np.repeat(np.arange(heads), size) if axes is left else np.tile(np.arange(heads), size)
        axes.text(-2.5, row - 0.35, "in memory, one row of a title:", fontsize=9)
        for place, (_, head) in enumerate(zip(memory.ravel(), head_of)):
            step = (heads + 4.4) / product.size
            box = Rectangle((-2.5 + place * step, row), step * 0.9, 0.7, facecolor=colors[head], alpha=0.6)
            axes.add_patch(box)
            axes.text(-2.5 + (place + 0.45) * step, row + 0.35, str(head), ha="center", va="center", fontsize=8)
    figure.suptitle("Products x * y of four numbers of each of four heads, and their sums (colour: head)", fontsize=11)
    finish(figure, "09_lanes")


def roofline(peak: float, bandwidth: float, points: dict[str, tuple[float, float]]) -> None:
    """The best speed over operations per byte, and (operations per byte, operations a second) of some computations."""
    x = np.logspace(-2, 3, 200)
    figure, axes = plt.subplots(figsize=(7.4, 3.8), layout="constrained")
    axes.loglog(x, np.minimum(peak, bandwidth * x) / 1e9, color="black")
    for name, (intensity, speed) in points.items():
        axes.plot(intensity, speed / 1e9, "o", color=BLUE)
        axes.annotate(name, (intensity, speed / 1e9), xytext=(8, -12), textcoords="offset points")
    at = (0.1, 0.1 * bandwidth / 1e9)
    axes.annotate("waits for memory", at, xytext=(-8, 6), textcoords="offset points", ha="right")
    axes.annotate("waits for arithmetic", (90, peak / 1e9), xytext=(0, 6), textcoords="offset points")
    axes.set(xlabel="operations per byte", ylabel="billion operations a second", title="The roofline of one core")
    axes.margins(y=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    finish(figure, "09_roofline")


# chapter 10 ----------------------------------------------------------------------------------------------------------


def ranking(titles: list[str], scores: np.ndarray, labels: np.ndarray) -> None:
    """One impression in the order of its ranks, and what MRR and nDCG give for a rank."""
    order = np.argsort(-scores)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained", width_ratios=[3, 2])
    names = [f"{titles[i]}  {place}" for place, i in enumerate(order, 1)]
    left.barh(range(len(order)), scores[order], color=[ORANGE if labels[i] else GREY for i in order])
    left.set_yticks(range(len(order)), names)
    left.invert_yaxis()
    left.set(xlabel="score", title="One impression, in the order of its ranks (orange: clicked)")
    places = np.arange(1, 11)
    right.plot(places, 1 / places, "o-", color=BLUE, label="MRR: 1 / rank")
    right.plot(places, 1 / np.log2(1 + places), "s-", color=ORANGE, label="nDCG: 1 / log2(1 + rank)")
    right.set(xlabel="rank of a click", ylabel="worth", title="What a rank is worth", ylim=(0, 1.05))
    right.legend(frameon=False)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    finish(figure, "10_ranking")


def bootstrap(few: np.ndarray, many: np.ndarray) -> None:
    """The AUCs of two rankings of the same impressions: bootstrap means of each, and of their paired difference."""
    which = np.random.default_rng(0).integers(len(few), size=(2000, len(few)))
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for values, color, label in ((few, GREY, "category, last 4 clicks"), (many, BLUE, "category, last 50 clicks")):
        axes[0].hist(values[which].mean(axis=1), bins=40, color=color, alpha=0.7, label=label)
    axes[0].set(xlabel="mean AUC of a bootstrap draw", title="Each by itself: they overlap")
    axes[0].legend(frameon=False, loc="upper left", fontsize=8)
    axes[0].set_ylim(0, 1.35 * axes[0].get_ylim()[1])
    axes[1].hist((many - few)[which].mean(axis=1), bins=40, color=ORANGE)
    axes[1].axvline(0, color="black", lw=1)
    axes[1].set(xlabel="mean difference in AUC", title="Paired")
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.set_yticks([])
    finish(figure, "10_bootstrap")


# chapter 11 ----------------------------------------------------------------------------------------------------------


def one_title(tokens: list[str], kinds: np.ndarray, *numbers: np.ndarray) -> None:
    """Bars for each word: additive weight, contribution, predicted effect, effect; kinds 1 decides, 2 misleads."""
    titles = "additive weight", "contribution (sums to the score)", "predicted effect", "effect: score less without"
    figure, axes = plt.subplots(1, 4, figsize=(11.5, 0.32 * len(tokens) + 1.3), sharey=True, layout="constrained")
    for panel, title, values in zip(axes, titles, numbers):
        panel.barh(range(len(tokens)), values, color=[(GREY, ORANGE, BLUE)[kind] for kind in kinds])
        panel.set_title(title, fontsize=10)
        panel.axvline(0, color=GREY, lw=0.8)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].axvline(1 / len(tokens), color=GREY, ls="--", lw=1)
    axes[0].set_yticks(range(len(tokens)), tokens)
    axes[0].invert_yaxis()
    figure.supxlabel("orange: decides.  blue: the other topic.  grey: fillers.  dashed: equal weights", fontsize=10)
    finish(figure, "11_one_title")


def taken(tokens: list[str], alpha: np.ndarray) -> None:
    """Self-attention [H, n, n] of a title less 1 / n: the mean of the heads, and the head with the largest weights."""
    focused = int(alpha.max(axis=2).mean(axis=1).argmax())
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.6), layout="constrained", sharey=True)
    for panel, one, title in zip(axes, (alpha.mean(axis=0), alpha[focused]), ("mean of heads", f"head {focused}")):
        image = panel.imshow(one - 1 / len(tokens), cmap="RdBu_r", vmin=-1, vmax=1)
        panel.set_xticks(range(len(tokens)), tokens, rotation=45, ha="right")
        panel.set(title=title, xlabel="takes from this word")
        for i, j in np.ndindex(one.shape):
            if one[i, j] >= 0.2:
                panel.text(j, i, f"{one[i, j]:.1f}".lstrip("0"), ha="center", va="center", fontsize=7)
    axes[0].set_yticks(range(len(tokens)), tokens)
    axes[0].set_ylabel("this word")
    figure.colorbar(image, ax=axes, label="weight less 1 / n", shrink=0.8)
    finish(figure, "11_attention")


def one_history(names: list[str], scored: str, same: np.ndarray, *numbers: np.ndarray) -> None:
    """Bars for each click of a history: additive weight, contribution, effect on the score of one title."""
    titles = "additive weight", "contribution (sums to the score)", "effect: score less without"
    figure, axes = plt.subplots(1, 3, figsize=(13, 0.34 * len(names) + 1.6), sharey=True, layout="constrained")
    for panel, title, values in zip(axes, titles, numbers):
        panel.barh(range(len(names)), values, color=[ORANGE if one else BLUE for one in same])
        panel.set_title(title, fontsize=10)
        panel.axvline(0, color=GREY, lw=0.8)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].set_yticks(range(len(names)), names, fontsize=8)
    axes[0].invert_yaxis()
    figure.suptitle(f"Scored: {scored}.  Orange: clicks on its topic", fontsize=10)
    finish(figure, "11_history")


# chapter 12 ----------------------------------------------------------------------------------------------------------


def real_results(results: dict[str, dict[str, float]], error: float, seeds: list[float]) -> None:
    """Dev AUC of each ranking on the real sample with 1.96 standard errors, and the seeds of NRMS."""
    figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
    for y, (name, row) in enumerate(results.items()):
        color = BLUE if name.startswith("NRMS, mean") else ORANGE if name.startswith("mean of") else GREY
        axes.errorbar(row["auc"], y, xerr=1.96 * error, fmt="o", color=color, capsize=4)
        axes.text(row["auc"], y - 0.2, f"{row['auc']:.3f}", ha="center", fontsize=9)
        if color == BLUE:
            axes.plot(seeds, [y + 0.25] * len(seeds), "|", color=BLUE, ms=9)
    axes.set_yticks(range(len(results)), list(results))
    axes.invert_yaxis()
    axes.set(xlabel="dev AUC with 1.96 standard errors (small marks: each seed)", ylim=(len(results) - 0.5, -0.6))
    axes.spines[["top", "right"]].set_visible(False)
    finish(figure, "12_results")
