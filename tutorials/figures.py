"""The pictures of the chapters: one function each, called from a single cell.

In a notebook a picture appears below its cell; ``run.py`` saves it in the folder that it sets here.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

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
    axes.set(xlabel="milliseconds (each mark is ten times the one before)", title="The same title vectors")
    axes.spines[["top", "right"]].set_visible(False)
    finish(figure, "09_versions")


# chapter 10 ----------------------------------------------------------------------------------------------------------


# chapter 11 ----------------------------------------------------------------------------------------------------------


# chapter 12 ----------------------------------------------------------------------------------------------------------
