"""A MIND folder, read once."""

from __future__ import annotations

from pathlib import Path

from .mind import Behaviors, News
from .read_mind import read_behaviors, read_news


def read_folder(folder: Path) -> tuple[News, Behaviors]:
    """Read a MIND folder."""
    news = read_news(Path(folder) / "news.tsv")
    return news, read_behaviors(Path(folder) / "behaviors.tsv", news)
