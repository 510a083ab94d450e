"""The pictures of the chapters: one function each, called from a single cell.

In a notebook a picture appears below its cell; ``run.py`` saves it in the folder that it sets here.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
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


# chapter 08 ----------------------------------------------------------------------------------------------------------


# chapter 09 and 09b --------------------------------------------------------------------------------------------------


# chapter 10 ----------------------------------------------------------------------------------------------------------


# chapter 11 ----------------------------------------------------------------------------------------------------------


# chapter 12 ----------------------------------------------------------------------------------------------------------
