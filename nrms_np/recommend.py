"""Recommend news: ``python -m nrms_np.recommend --checkpoint FILE --news NEWS.tsv --history "N1 N2 ..."``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .app import cli, threads
from .app.recommender import Recommender
from .data.read_mind import read_news

DESCRIPTION = """Recommend news of a catalogue to a user who has clicked the news of --history.

Prints the best titles with their scores, the clicked title that gave each the most of its score, and the words without
which the score would fall most. Without a history, the news that were clicked most in training."""

EPILOG = """The history is a list of ids of NEWS.tsv, oldest first. A title that no file knows goes in quotes inside it
(a single word in quotes needs a space as well, 'N12 "Storm "': without one it is taken for an id).

examples:
  python -m nrms_np.recommend --checkpoint runs/demo/checkpoint.npz --news news.tsv --history "N12 N7 N31"
  python -m nrms_np.recommend --checkpoint runs/demo/checkpoint.npz --news news.tsv \\
      --history 'N12 "A storm closes the harbour"' --top 5 --json
"""


def main(argv: list[str] | None = None) -> None:
    parser = cli.make_parser("recommend", DESCRIPTION, EPILOG)
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", required=True, help="checkpoint.npz of a run")
    parser.add_argument("--news", type=Path, metavar="NEWS.tsv", required=True, help="the catalogue, in MIND's form")
    parser.add_argument("--history", metavar='"N1 N2 ..."', default="", help="ids, and titles in quotes; oldest first")
    parser.add_argument("--top", type=int, metavar="K", default=10, help="how many to recommend")
    parser.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    cli.add_threads(parser)
    args = parser.parse_args(argv)
    history = cli.split_items("--history", args.history)
    threads.use(args.threads)
    recommender = Recommender.load(args.checkpoint)
    news = read_news(args.news)
    recommender.set_catalogue(news.ids, news.titles, progress=True)
    ranking = recommender.rank(history, args.top)
    print(json.dumps(ranking.to_dict(), ensure_ascii=False) if args.json else ranking.to_text())


if __name__ == "__main__":
    sys.exit(cli.run_command(main))
