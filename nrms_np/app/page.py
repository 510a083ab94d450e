"""One self-contained page that shows an explanation: the template page.html with the numbers as JSON.

Tutorial: tutorials/11_reading_the_model.md
"""

from __future__ import annotations

import base64
import json
import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from .explanation import Explanation, Title
from .files import write_text

TEMPLATE = Path(__file__).with_name("page.html")
TUTORIALS = Path(__file__).parents[2] / "tutorials"  # where the package runs from its repository
DECIMALS = 7


def write_page(explanation: Explanation, path: Path) -> None:
    """Raises OutputError when the page cannot be written."""
    data = page_data(explanation)
    if TUTORIALS.is_dir():
        with suppress(ValueError):  # no path leads from one drive of Windows to another
            data["tutorials"] = Path(os.path.relpath(TUTORIALS, path.resolve().parent)).as_posix()
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")  # no title can end the script element
    before, after = TEMPLATE.read_text(encoding="utf-8").split("@DATA@")
    write_text(path, before + text + after)


def page_data(explanation: Explanation) -> dict[str, Any]:
    """What the page is filled with: numbers rounded to DECIMALS, attention to whole percents."""
    titles = explanation.clicks + explanation.candidates
    return {
        "clicks": [_title(title) for title in explanation.clicks],
        "candidates": [_title(title) for title in explanation.candidates],
        "unread": explanation.unread,
        "heads": len(titles[0].attention),
        "orders": explanation.orders,
        "shapes": explanation.shapes,
        "first_numbers": {name: _round(numbers) for name, numbers in explanation.first_numbers.items()},
        **{name: _round(getattr(explanation, name)) for name in ("scores", "probabilities", "parts")},
        **{name: _round(getattr(explanation, name)) for name in ("changed_scores", "changed_probabilities")},
        "attention": _pack([_with_mean(title.attention) for title in titles]),
    }


def _title(title: Title) -> dict[str, Any]:
    return {
        "id": title.id,
        "title": title.title,
        "words": title.words,
        "unread": title.unread,
        "unknown": np.flatnonzero(title.unknown).tolist(),
        "additive": _round(title.additive),
        "effects": _round(title.effects),
    }


def _round(numbers: np.ndarray) -> Any:
    return (np.round(numbers, DECIMALS) + 0.0).tolist()  # + 0.0: no -0.0


def _with_mean(attention: np.ndarray) -> np.ndarray:
    """The mean over heads, then each head. [1 + H, n, n]."""
    return np.concatenate([attention.mean(axis=0, keepdims=True), attention])


def _pack(weights: list[np.ndarray]) -> str:
    """Percents, a byte each, compressed, in base64: 50 titles with 16 heads have hundreds of thousands."""
    percents = np.concatenate([np.rint(100 * one).astype(np.uint8).ravel() for one in weights])
    return base64.b64encode(zlib.compress(percents.tobytes())).decode()
