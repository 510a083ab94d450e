"""EB-NeRD, the data of the RecSys Challenge 2024, as impressions."""

from collections.abc import Iterator
from pathlib import Path

from .lines import Notes
from .mind import Impression, mind_time
from .tables import read_parquet


def read_ebnerd(folder: Path, notes: Notes) -> Iterator[Impression]:
    """The impressions of a folder of EB-NeRD: behaviors.parquet and history.parquet; the test set has no clicks."""
    history = {
        row["user_id"]: " ".join(map(str, row["article_id_fixed"] or ()))  # a list of them would take much memory
        for row in read_parquet(folder / "history.parquet", "user_id", "article_id_fixed")
    }
    names = ("impression_id", "user_id", "impression_time", "article_ids_inview", "article_ids_clicked")
    for row in read_parquet(folder / "behaviors.parquet", *names):
        impression_id, user, time, shown, *clicked = (row[name] for name in names if name in row)
        labels = [int(item in (clicked[0] or ())) for item in shown] if clicked else None
        if labels and set(clicked[0] or ()) - set(shown):
            notes.add("clicks on what was not shown, left out", f"impression {impression_id}")
        if user not in history:
            notes.add("impressions of users without a history", f"impression {impression_id}")
        known = history.get(user, "").split()
        yield Impression(str(impression_id), str(user), mind_time(time), known, list(map(str, shown)), labels)
