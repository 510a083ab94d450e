"""EB-NeRD's impressions: behaviors.parquet and history.parquet of a folder (https://recsys.eb.dk)."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from .lines import Notes
from .mind import Impression, mind_time
from .tables import read_table, read_times

CLICKED = "article_ids_clicked"  # the test set has no such column


def read_ebnerd(folder: Path, notes: Notes) -> Iterator[Impression]:
    """The impressions of a folder. Raises InputError for a file or a column that is missing, or a time that is none."""
    history = {
        row["user_id"]: " ".join(map(str, row["article_id_fixed"] or ()))  # a list of them would take much memory
        for _, row in read_table(folder / "history.parquet", notes, "user_id", "article_id_fixed", "")
    }
    names = ("impression_id", "user_id", "impression_time", "article_ids_inview")
    for place, row in read_table(folder / "behaviors.parquet", notes, *names, CLICKED):
        impression_id, user, time, shown = (row[name] for name in names)
        if None in (user, time, shown):
            notes.add("impressions without a user, a time or what was shown, left out", place)
            continue
        if not isinstance(time, datetime):
            time = read_times({str(time): place})[str(time)]
        clicked = row.get(CLICKED) or ()
        labels = [int(item in clicked) for item in shown] if CLICKED in row else None
        if set(clicked) - set(shown):
            notes.add("clicks on what was not shown, left out", f"impression {impression_id}")
        if user not in history:
            notes.add("impressions of users without a history", f"impression {impression_id}")
        known = history.get(user, "").split()
        yield Impression(str(impression_id), str(user), mind_time(time), known, list(map(str, shown)), labels)
