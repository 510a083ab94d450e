"""Show on one page why these titles are recommended: what each click and each word brings to a score.

The page needs no network and no other file. The history is that of --history, or of the last impression of --user in
the behaviors.tsv of --data; the candidates are those of --candidates, or the catalogue's best ten."""

import sys
from pathlib import Path

from nrms_np.app import cli, threads
from nrms_np.app.explanation import explain, write_page
from nrms_np.app.recommender import Recommender
from nrms_np.data.read_mind import read_histories, read_news
from nrms_np.errors import InputError

EPILOG = """History and candidates are lists of ids of NEWS.tsv; a title that no file knows goes in quotes inside it.

examples:
  python -m nrms_np.explain --checkpoint runs/demo/checkpoint.npz --data runs/demo/corpus/dev --user U4651 \\
      --html page.html
  python -m nrms_np.explain --checkpoint runs/demo/checkpoint.npz --news news.tsv --history "N12 N7" \\
      --candidates 'N31 "A storm closes the harbour"' --html page.html
"""


def main(argv: list[str] | None = None) -> None:
    parser = cli.make_parser("explain", __doc__, EPILOG)
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", required=True, help="checkpoint.npz of a run")
    parser.add_argument("--news", type=Path, metavar="NEWS.tsv", help="the catalogue, if not that of --data")
    parser.add_argument("--history", metavar='"N1 N2 ..."', help="ids, and titles in quotes; oldest first")
    parser.add_argument("--candidates", metavar='"N1 N2 ..."', help="ids, and titles in quotes")
    parser.add_argument("--user", metavar="U", help="a user of --data, in place of --history")
    parser.add_argument("--data", type=Path, metavar="DIR", help="MIND folder with the clicks of --user")
    parser.add_argument("--html", type=Path, metavar="FILE", required=True, help="the page to write")
    cli.add_threads(parser)
    args = parser.parse_args(argv or [])
    if (args.history is None) == (args.user is None) or (args.user is None) != (args.data is None):
        raise InputError("give either --history, or --user and --data")
    news_path = args.news or args.data and args.data / "news.tsv"
    behaviors = args.data and args.data / "behaviors.tsv"
    cli.refuse_overwriting("--html", args.html, args.checkpoint, news_path, behaviors)
    if not news_path:
        raise InputError("give --news NEWS.tsv: the catalogue that the ids are looked up in")
    candidates = None if args.candidates is None else cli.split_items("--candidates", args.candidates)
    threads.use(args.threads)
    if args.user is None:
        history = cli.split_items("--history", args.history)
    else:
        histories = [history for user, history in read_histories(behaviors) if user == args.user]
        if not histories:
            raise InputError(f"--user {args.user!r}: no such user in the behaviors.tsv of --data")
        history = histories[-1]
    news = read_news(news_path)
    ids = news.ids
    if candidates is not None:  # nothing else has to be encoded
        ids = [item for item in dict.fromkeys(history + candidates) if item in news.number]
    recommender = Recommender.load(args.checkpoint)
    recommender.set_catalogue(ids, [news.titles[news.number[one]] for one in ids], progress=True)
    explanation = explain(recommender, history, candidates)
    write_page(explanation, args.html)
    print(*explanation.notes, f"{args.html}: open it in a browser", sep="\n")


if __name__ == "__main__":
    sys.exit(cli.run_command(main))
