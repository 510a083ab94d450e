"""Recommend news of a catalogue to a user who has clicked the news of --history.

Prints the best titles with their scores, the clicked title that gave each the most of its score, and the words without
which it would fall most. Without a history: what was clicked most in training, else the last lines of the catalogue."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from nrms_np.app import cli, threads
from nrms_np.app.recommendation import NO_WORDS
from nrms_np.app.recommender import Recommender
from nrms_np.data.files import write_file
from nrms_np.data.lines import Notes, say
from nrms_np.data.read_mind import read_histories, read_news

EPILOG = """The history is a list of ids of NEWS.tsv, oldest first. A title that no file knows goes in quotes inside it.

examples:
  python -m nrms_np.recommend --checkpoint runs/demo/checkpoint.npz --news news.tsv --history "N12 N7 N31"
  python -m nrms_np.recommend --checkpoint runs/demo/checkpoint.npz --news news.tsv --history "N12 'A storm'" --json
  python -m nrms_np.recommend --checkpoint runs/demo/checkpoint.npz --news news.tsv --users users.tsv --out all.jsonl
"""


def main(argv: list[str] | None = None) -> None:
    parser = cli.make_parser("recommend", __doc__, EPILOG)
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", required=True, help="checkpoint.npz of a run")
    parser.add_argument("--news", type=Path, metavar="NEWS.tsv", required=True, help="the catalogue, in MIND's form")
    parser.add_argument("--history", metavar='"N1 N2 ..."', help="ids, and titles in quotes; oldest first")
    parser.add_argument("--top", type=int, metavar="K", default=10, help="how many to recommend (default: 10)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    parser.add_argument("--users", type=Path, metavar="BEHAVIORS.tsv", help="for every user in it, by the last line")
    parser.add_argument("--out", type=Path, metavar="FILE.jsonl", help="with --users: a line of JSON for each")
    cli.add_threads(parser)
    args = parser.parse_args(argv or [])
    if bool(args.users) != bool(args.out) or args.users and (args.history is not None or args.json):
        parser.error("--users and --out go together, and with neither --history nor --json")
    cli.refuse_overwriting("--out", args.out, args.users, args.news, args.checkpoint)
    history = cli.split_items("--history", args.history or "")
    threads.use(args.threads)
    recommender = Recommender.load(args.checkpoint)
    news = read_news(args.news)
    recommender.set_catalogue(news.ids, news.titles, progress=True)
    if unknown := int((~recommender.known).sum()):
        print(f"{unknown:,} of {len(recommender.ids):,} titles cannot be ranked: {NO_WORDS}", file=sys.stderr)
    if args.users:
        return recommend_to_all(recommender, args.users, args.top, args.out)
    ranking = recommender.rank(history, args.top)
    print(json.dumps(asdict(ranking)) if args.json else ranking.to_text())  # ASCII: a pipe of Windows is not UTF-8


def recommend_to_all(recommender: Recommender, users: Path, top: int, out: Path) -> None:
    """Write a line of JSON for each user of a file, when it is complete. Says how many had something left out."""
    notes = Notes()
    last = {user: line for line, (user, _) in enumerate(read_histories(users, notes))}  # a user's history grows
    histories = (history for line, (user, history) in enumerate(read_histories(users)) if last[user] == line)
    say(notes.lines())
    without = noted = 0

    def write(file: BinaryIO) -> None:
        nonlocal without, noted
        for user, ranking in zip(sorted(last, key=last.__getitem__), recommender.rank_many(histories, top)):
            without, noted = without + bool(ranking.fallback), noted + bool(ranking.notes)
            found = [{"id": one.id, "title": one.title, "score": one.score} for one in ranking.recommendations]
            line = {"user": user, "notes": ranking.notes, "fallback": ranking.fallback, "recommendations": found}
            file.write(f"{json.dumps(line, ensure_ascii=False)}\n".encode())

    write_file(out, write)
    print(f"{len(last):,} users: their recommendations are in {out}")
    print(f"{without:,} without a history that the model can read; {noted:,} had news in it that were left out")


if __name__ == "__main__":
    sys.exit(cli.run_command(main))
