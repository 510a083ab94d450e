"""The pictures of the chapters: one function each, called from a single cell.

In a notebook a picture appears below its cell; ``run.py`` saves it in the folder that it sets here.
"""

from __future__ import annotations

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


# chapter 07 ----------------------------------------------------------------------------------------------------------


# chapter 08 ----------------------------------------------------------------------------------------------------------


# chapter 09 and 09b --------------------------------------------------------------------------------------------------


# chapter 10 ----------------------------------------------------------------------------------------------------------


# chapter 11 ----------------------------------------------------------------------------------------------------------


# chapter 12 ----------------------------------------------------------------------------------------------------------
