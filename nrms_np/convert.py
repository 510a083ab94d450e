"""Make MIND folders of other data: ``python -m nrms_np.convert LOG --out DIR``."""

from __future__ import annotations

import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

if not __package__:  # python nrms_np/convert.py
    sys.path[0], __package__ = sys.path[0] + "/..", "nrms_np"

from .app import cli
from .data.click_log import COLUMNS, Articles, draw_unclicked, make_impressions, read_articles, read_log
from .data.ebnerd import read_ebnerd
from .data.lines import Notes, say
from .data.mind import Impression, News, impressions_of, write_lines
from .data.read_mind import read_behaviors, read_news
from .errors import InputError, OutputError

PART = ".part"
OURS = {"train", "dev", "test", "news.tsv", "behaviors.tsv"}  # what can be in it

DESCRIPTION = """Make MIND folders, for training, of a log of clicks, of EB-NeRD or of xMIND.

A log is CSV, TSV, JSON lines or parquet with named columns: user, time, item (an id) or title, and clicked (1 or 0; or
events such as view and click). A row is an article that was shown to a user; what has the same user and time, or the
same session, was shown together. Or a row holds the ids of all that was shown, and of what was clicked. The last day
becomes the folder dev, all before it the folder train. Where there are clicks only, what was not clicked is drawn from
what others clicked on that day."""

EPILOG = """examples:
  python -m nrms_np.convert clicks.csv --out mydata
  python -m nrms_np.convert clicks.csv --news articles.csv --user visitor --out mydata
  python -m nrms_np.convert ebnerd_small --out mydata
  python -m nrms_np.convert MINDsmall_train --news xMINDsmall_train/news.tsv --out romanian_train"""


def main(argv: list[str] | None = None) -> None:
    parser = cli.make_parser("convert", DESCRIPTION, EPILOG)
    parser.add_argument("log", type=Path, metavar="LOG", help="a log, or a folder of EB-NeRD, xMIND or MIND")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="a new folder for the MIND folders")
    parser.add_argument("--news", type=Path, metavar="FILE", help="table of ids and titles, if the log has no titles")
    for kind, names in COLUMNS.items():
        parser.add_argument(f"--{kind}", metavar="NAME", help=f"column of the {kind}; usual names: {names}")
    parser.add_argument("--yes", nargs="+", metavar="VALUE", default=[], help="values of clicked that mean a click")
    parser.add_argument("--time-format", metavar="F", help="of the times, in Python's form: '%%d/%%m/%%Y %%H:%%M'")
    parser.add_argument(
        "--draw", type=int, metavar="N", default=20, help="of clicks only: how many not clicked (default: 20)"
    )
    args = parser.parse_args(argv or [])
    if os.path.lexists(args.out):  # a link to nothing too
        raise InputError(f"--out {args.out}: exists already; give a new folder")
    notes = Notes()
    with _whole(args.out) as part:
        for name, articles, impressions in _folders(args, notes):
            news = ((item, *rest) for item, rest in articles.items())
            count = write_lines(part / name, news, impressions)
            print(f"{args.out / name}: {len(articles):,} news, {count:,} impressions")
    say(notes.lines())
    if (args.out / "dev").exists():
        print(f"train with: {cli.command('train', '--train', args.out / 'train', '--dev', args.out / 'dev')}")


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """A folder ``out.part`` that becomes ``out`` when all is written; otherwise, nothing is left.

    Raises OutputError when it cannot be written, InputError when something else has its name.
    """
    part = out.with_name(out.name + PART)
    try:
        if os.path.lexists(part) and (not part.is_dir() or {path.name for path in part.iterdir()} - OURS):
            raise InputError(f"{part}: is in the way; move it, or give another --out")
        shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
        part.mkdir(parents=True)
        try:
            yield part
            os.rename(part, out)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OutputError:
        raise
    except OSError as error:  # what cannot be read is an InputError
        raise OutputError(
            f"--out {out}: cannot be written ({error.strerror or error}); nothing of it is left"
        ) from None


def _folders(args: Namespace, notes: Notes) -> Iterator[tuple[str, Articles, Iterable[Impression]]]:
    """Name and contents of each MIND folder to write."""
    log, given = args.log, {kind: getattr(args, kind) for kind in COLUMNS}
    parts = {"": log, "train": log / "train", "dev": log / "validation", "test": log / "test"}
    parts = {name: folder for name, folder in parts.items() if (folder / "behaviors.parquet").exists()}
    news = args.news or log / ("articles.parquet" if parts else "news.tsv") if log.is_dir() else args.news
    articles = {}
    if news and news.name == "news.tsv":
        read = read_news(news, notes)
        articles = dict(zip(read.ids, zip(read.categories, read.titles)))
    elif news:
        articles = read_articles(news, given, notes)
    if parts:  # EB-NeRD
        yield from ((name, articles, read_ebnerd(folder, notes)) for name, folder in parts.items())
    elif log.is_dir():
        categories, titles = ([one[i] for one in articles.values()] for i in (0, 1))
        catalogue = News.from_lists(list(articles), categories, titles)
        behaviors = read_behaviors(log / "behaviors.tsv", catalogue, notes)
        impressions = list(impressions_of(catalogue, behaviors))
        if behaviors.labels is not None and behaviors.labels.all():
            impressions = draw_unclicked(impressions, args.draw, notes)
        yield "", articles, impressions
    else:
        yield from _split_log(args, given, articles, notes)


def _split_log(
    args: Namespace, given: dict[str, str | None], articles: Articles, notes: Notes
) -> Iterator[tuple[str, Articles, list[Impression]]]:
    """The last day of a log as dev, the days before it as train, each with the articles that it knows."""
    events = read_log(args.log, given, args.time_format, articles, notes, args.yes)
    untitled = {event.item for _, event in events} - set(articles)
    if 2 * len(untitled) > len(articles):
        raise InputError(f"{args.log}: most articles have no title; give --news FILE, a table of ids and titles")
    for item in sorted(untitled):
        notes.add("articles without a title", item)
        articles[item] = "", ""
    made = make_impressions(events, notes)
    impressions = [one for _, one in made]
    if all(event.clicked for _, event in events):
        print(f"{args.log} holds clicks only: to each, {args.draw} articles are drawn that others clicked on that day")
        impressions = draw_unclicked(impressions, args.draw, notes)
    train = impressions[: sum(second // 86400 < made[-1][0] // 86400 for second, _ in made)]
    if not train:
        raise InputError(f"{args.log}: holds a single day; there is no other one to train on")
    known = {item for one in train for item in [*one.history, *one.shown]}
    yield "train", {item: articles[item] for item in articles if item in known}, train
    yield "dev", articles, impressions[len(train) :]


if __name__ == "__main__":
    sys.exit(cli.run_command(main))
