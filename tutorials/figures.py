"""The pictures of the chapters: one function each, called from a single cell.

In a notebook a picture appears below its cell; ``run.py`` saves it in the folder that it sets here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

BLUE, ORANGE, GREY, GREEN = "#2f6db5", "#d9822b", "#8a8a8a", "#3c8d53"

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


# chapter 10 ----------------------------------------------------------------------------------------------------------


# chapter 11 ----------------------------------------------------------------------------------------------------------


# chapter 12 ----------------------------------------------------------------------------------------------------------
