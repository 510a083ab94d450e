"""Make MIND folders of other data: ``python -m nrms_np.convert LOG --out DIR``."""

import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from nrms_np.app import cli
from nrms_np.data.click_log import draw_unclicked, make_impressions, read_articles, read_log
from nrms_np.data.lines import COLUMNS, Notes, say
from nrms_np.data.mind import Impression, News, impressions_of, write_folder
from nrms_np.data.read_mind import read_behaviors, read_ebnerd, read_news
from nrms_np.errors import InputError, OutputError

CANNOT_TRAIN = "folders that cannot train: no click has clicks before it and unclicked titles beside it (--session?)"
Folder = tuple[str, News, Iterable[Impression]]  # its name and what it holds

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
    parser.add_argument("--yes", nargs="+", type=str.lower, metavar="V", default=[], help="values that mean a click")
    parser.add_argument("--time-format", metavar="F", help="day-first, month-first, or Python's: '%%Y%%m%%d%%H%%M'")
    parser.add_argument(
        "--draw", type=cli.count, metavar="N", default=20, help="of clicks only: draw so many (default: 20)"
    )
    args = parser.parse_args(argv or [])
    out, notes = args.out, Notes()
    if os.path.lexists(out):  # a link to nothing too
        raise InputError(f"--out {out}: exists already; give a new folder")
    try:
        if not out.parent.exists():
            out.parent.mkdir(parents=True)
        # all of it gets the name, or nothing is left
        with TemporaryDirectory(prefix="unfinished-", dir=out.parent) as part:
            for name, news, impressions in _folders(args, notes):
                count = write_folder(Path(part) / out.name / name, news, impressions)
                print(f"{out / name}: {len(news):,} news, {count:,} impressions")
            os.rename(Path(part) / out.name, out)
    except OSError as error:  # what cannot be read is an InputError
        what = f"cannot be written ({error.strerror or error}); nothing of it is left"
        raise OutputError(f"--out {out}: {what}") from None
    finally:
        say(notes.lines())
    if (out / "dev").exists() and CANNOT_TRAIN not in notes.counts:
        print(f"train with: {cli.command('train', '--train', out / 'train', '--dev', out / 'dev')}")


def _folders(args: Namespace, notes: Notes) -> Iterator[Folder]:
    log, path = args.log, args.news
    parts = {"": log, "train": log / "train", "dev": log / "validation", "test": log / "test"}
    parts = {name: folder for name, folder in parts.items() if (folder / "behaviors.parquet").exists()}
    is_mind = log.is_dir() and ((log / "news.tsv").exists() or not any(log.glob("part-*")))
    if is_mind and not path:
        path = log / ("articles.parquet" if parts else "news.tsv")
        if parts and not path.exists():
            raise InputError(f"{path}: no such file; give --news FILE, EB-NeRD's articles.parquet")
    news = News([], [], [])
    if path:
        news = read_news(path, notes) if path.name == "news.tsv" else read_articles(path, vars(args), notes)
    for kind in COLUMNS if is_mind else ():
        if (name := vars(args)[kind]) and name not in vars(args).get("of_articles", ()):
            raise InputError(f"--{kind} {name}: there is no such column, and those of {log} have names of their own")
    if parts:  # EB-NeRD
        yield from ((name, news, read_ebnerd(folder, notes)) for name, folder in parts.items())
    elif is_mind:
        listed = News(news.ids[:], news.categories[:], news.titles[:])  # reading adds the ids that it does not know
        behaviors = read_behaviors(log / "behaviors.tsv", news, notes)
        impressions: Iterable[Impression] = impressions_of(news, behaviors)
        if behaviors.labels is not None and behaviors.labels.all():
            impressions = draw_unclicked(impressions, args.draw, notes)
        yield "", listed, impressions
    else:
        yield from _folders_of_log(args, news, notes)


def _folders_of_log(args: Namespace, news: News, notes: Notes) -> Iterator[Folder]:
    """The last day as dev, the days before it as train, each with the articles that it knows."""
    log = args.log
    events = read_log(log, vars(args), news, notes)
    untitled = {event.item for _, event in events} - set(news.ids)
    if 2 * len(untitled) > len({event.item for _, event in events}):
        both = f" of them: the log has {min(untitled)!r}, {args.news} has {news.ids[:2]}" if args.news else ""
        raise InputError(f"{log}: most articles have no title; give --news FILE, a table of ids and titles{both}")
    for item in sorted(untitled):
        notes.add("articles without a title", item)
        news.append(item, "", "")
    impressions = make_impressions(events, notes)
    if all(event.clicked for _, event in events):
        print(f"{log} holds clicks only: to each, {args.draw} articles are drawn that others clicked on that day")
        impressions = draw_unclicked(impressions, args.draw, notes)
    train = [one for one in impressions if one.day != impressions[-1].day]
    dev = impressions[len(train) :]
    if not train:
        raise InputError(f"{log}: holds a single day; there is no other one to train on")
    known = {item for one in train for item in [*one.history, *one.shown]}
    articles = [row for row in zip(news.ids, news.categories, news.titles) if row[0] in known]
    yield "train", News(*map(list, zip(*articles))), train
    yield "dev", news, dev
    for name, part in (("train", train), ("dev", dev)):
        if not any(one.history and 0 < sum(one.labels or ()) < len(one.shown) for one in part):
            notes.add(CANNOT_TRAIN, str(args.out / name))


if __name__ == "__main__":
    sys.exit(cli.run_command(main))
