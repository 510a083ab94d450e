"""Train NRMS: ``python -m nrms_np.train`` on the built-in demo corpus, or with --train DIR --dev DIR on MIND data."""

from __future__ import annotations

import sys
from pathlib import Path

from .app import cli, threads, training_run
from .app.run_folder import RunSettings, read_settings

DESCRIPTION = """Train the NRMS news recommender.

Without --train it trains on a small built-in corpus of made-up news, which needs no download.
With --train it reads MIND data: a folder that holds news.tsv and behaviors.tsv, as MIND unzips it."""

# a small vocabulary, learned in about a minute
DEMO_SETTINGS = {"learning_rate": 3e-3, "epochs": 4, "dropout": 0.1, "heads": 4, "spread": 1.0}

EPILOG = f"""On the demo corpus the defaults are {cli.flags(DEMO_SETTINGS)}.

examples:
  python -m nrms_np.train
  python -m nrms_np.train --train MINDsmall_train --dev MINDsmall_dev --embeddings glove.6B.300d.txt

Writes to the run folder: checkpoint.npz (the best weights), history.csv, metrics.json and pictures.
A run that was stopped, by Ctrl-C or otherwise, goes on where it was last saved: --resume RUN."""


def main(argv: list[str] | None = None) -> None:
    parser = cli.make_parser("train", DESCRIPTION, EPILOG)
    parser.add_argument(
        "--train", type=Path, nargs="+", metavar="DIR", help="MIND folders to train on; the demo corpus if not given"
    )
    parser.add_argument(
        "--dev", type=Path, metavar="DIR", help="MIND folder to validate on; the last day of --train if not given"
    )
    parser.add_argument(
        "--embeddings",
        type=Path,
        metavar="FILE",
        help="text file of word vectors to start from (GloVe, fastText, word2vec; also .gz, .bz2, .xz, .zip)",
    )
    parser.add_argument("--strict", action="store_true", help="an id that news.tsv does not hold is an error")
    parser.add_argument(
        "--run", type=Path, metavar="DIR", help="folder for the results; a new runs/<name> if not given"
    )
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="RUN",
        help="go on with a run that was stopped; all settings come from its folder",
    )
    cli.add_threads(parser)
    cli.add_settings(parser)
    args = parser.parse_args(argv)
    if not args.train:
        parser.set_defaults(**DEMO_SETTINGS)  # flags that are given still win
        args = parser.parse_args(argv)
    if args.dev and not args.train:
        parser.error("--dev goes with --train")
    threads.use(args.threads)
    if args.resume:
        return training_run.carry_out(read_settings(args.resume), args.resume)
    train = [str(path.resolve()) for path in args.train] if args.train else None
    dev, embeddings = (str(path.resolve()) if path else None for path in (args.dev, args.embeddings))
    settings = RunSettings(cli.settings(args), train, dev, embeddings, args.strict)
    name = Path(train[0]).name if train else "demo"
    training_run.start_run(settings, args.run or cli.free_folder(Path("runs") / name))


if __name__ == "__main__":
    sys.exit(cli.run_command(main))
