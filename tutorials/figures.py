"""The pictures of the chapters: one function each, called from a single cell.

In a notebook a picture appears below its cell; ``run.py`` saves it in the folder that it sets here.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

BLUE, ORANGE, GREEN, GREY = "#2f6db5", "#d9822b", "#3a8f4d", "#8a8a8a"

FOLDER: Path | None = None  # where pictures are saved, as name.png


def finish(figure: Figure, name: str) -> None:
    """Save the picture of a chapter, if there is a folder for it. The figure stays open: a notebook shows it."""
    if FOLDER:
        FOLDER.mkdir(parents=True, exist_ok=True)
        figure.savefig(FOLDER / f"{name}.png", dpi=110, bbox_inches="tight")


# chapter 00 ----------------------------------------------------------------------------------------------------------


# chapter 01 ----------------------------------------------------------------------------------------------------------


# chapter 02 ----------------------------------------------------------------------------------------------------------


# chapter 03 ----------------------------------------------------------------------------------------------------------


# chapter 04 ----------------------------------------------------------------------------------------------------------


# chapter 05 ----------------------------------------------------------------------------------------------------------


# chapter 06 ----------------------------------------------------------------------------------------------------------


# chapter 07 ----------------------------------------------------------------------------------------------------------


# chapter 08 ----------------------------------------------------------------------------------------------------------


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
    """Dot products of each head in a register of H lanes: x, y [A, H] whole numbers, heads one after the other or last."""
    size, heads = x.shape
    colors = [BLUE, ORANGE, GREEN, "#8e5ea2"]
    product = x * y
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")

    def cell(axes: Axes, column: float, row: float, text: object, head: int, strong: bool = False) -> None:
        box = Rectangle((column, row), 0.92, 0.8, facecolor=colors[head], alpha=0.9 if strong else 0.3)
        axes.add_patch(box)
        axes.text(column + 0.46, row + 0.4, str(text), ha="center", va="center", color="white" if strong else "black")

    def frame(axes: Axes, title: str, rows: dict[float, str]) -> None:
        axes.set(xlim=(-2.6, heads + 2.2), ylim=(9.2, -0.9))
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
    left.text(heads / 2, 5.1, f"each line: add {size} lanes of one register to each other,", ha="center", fontsize=9)
    left.text(heads / 2, 5.6, f"{heads} times, in another order than the program's", ha="center", fontsize=9)
    frame(right, "heads last: a lane of the register IS a head", {a: f"a = {a}, all heads" for a in range(size)})
    for a in range(size):
        for h in range(heads):
            cell(right, h, a, product[a, h], h)
    for h in range(heads):
        right.annotate("", (h + 0.46, size + 0.75), (h + 0.46, size - 0.15), arrowprops={"arrowstyle": "->"})
        cell(right, h, size + 0.8, sums[h], h, True)
    right.text(-0.2, size + 1.2, "the sums", ha="right", va="center", fontsize=9)
    right.text(heads / 2, 6.2, f"{size - 1} additions of whole registers, and nothing after them", ha="center", fontsize=9)
    for axes, memory, row in ((left, product.T, 7.6), (right, product, 7.6)):
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
