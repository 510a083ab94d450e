"""One self-contained page that shows an explanation: the template page.html with the numbers as JSON.

Tutorial: tutorials/11_reading_the_model.md
"""

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
    data = {name: value for name, value in vars(explanation).items() if name != "notes"}
    titles = explanation.clicks + explanation.candidates
    percents = b"".join(_percents(title.attention) for title in titles)
    data |= {"heads": len(titles[0].attention), "attention": base64.b64encode(zlib.compress(percents)).decode()}
    if TUTORIALS.is_dir():
        with suppress(ValueError):  # no path leads from one drive of Windows to another
            data["tutorials"] = Path(os.path.relpath(TUTORIALS, path.resolve().parent)).as_posix()
    text = json.dumps(data, default=_plain, separators=(",", ":"))
    text = text.replace("<", "\\u003c")  # no title can end the script element
    write_text(path, TEMPLATE.read_text(encoding="utf-8").replace("@DATA@", text))


def _plain(value: Any) -> Any:
    """For json.dumps: what it does not know."""
    if isinstance(value, Title):
        return {name: one for name, one in vars(value).items() if name != "attention"}
    return (np.round(value, DECIMALS) + 0.0).tolist()  # + 0.0: no -0.0


def _percents(attention: np.ndarray) -> bytes:
    """The mean over heads, then each head, a byte a weight: 50 titles with 16 heads have hundreds of thousands."""
    with_mean = np.concatenate([attention.mean(axis=0, keepdims=True), attention])  # [1 + H, n, n]
    return np.rint(100 * with_mean).astype(np.uint8).tobytes()
