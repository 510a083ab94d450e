"""Train NRMS: ``python -m nrms_np.train`` on the built-in demo corpus, or with --train DIR --dev DIR on MIND data."""

from __future__ import annotations

import sys
from pathlib import Path

from . import cli, machine
from .plan import Plan, read_plan

DESCRIPTION = """Train the NRMS news recommender.

Without --train it trains on a small built-in corpus of made-up news, which needs no download.
With --train it reads MIND data: a folder that holds news.tsv and behaviors.tsv, as MIND unzips it."""

DEMO_SETTINGS = {"learning_rate": 2e-3, "epochs": 5, "dropout": 0.1, "heads": 4}  # learned in about a minute

EPILOG = """On the demo corpus the defaults are --learning-rate 0.002 --epochs 5 --dropout 0.1 --heads 4.

examples:
  python -m nrms_np.train
  python -m nrms_np.train --train MINDsmall_train --dev MINDsmall_dev --embeddings glove.6B.300d.txt

Writes to the run folder: checkpoint.npz (the best weights), history.csv, metrics.json and pictures.
A run that was stopped, by Ctrl-C or otherwise, goes on where it was last saved: --resume RUN.
Exit codes: 0 done, 2 bad input, 3 the loss was not finite, 4 no room (disk full,
read-only folder, not enough memory), 130 stopped by Ctrl-C."""


def main(argv: list[str] | None = None) -> None:
    parser = cli.make_parser("train", DESCRIPTION, EPILOG)
    parser.add_argument(
        "--train", type=Path, metavar="DIR", help="MIND folder to train on; the demo corpus if not given"
    )
    parser.add_argument(
        "--dev", type=Path, metavar="DIR", help="MIND folder to validate on; the last day of --train if not given"
    )
    parser.add_argument(
        "--embeddings",
        type=Path,
        metavar="FILE",
        help="GloVe text file (.txt, .gz, .zip) to start the word vectors from",
    )
    parser.add_argument(
        "--run", type=Path, metavar="DIR", help="folder for the results; a new runs/<name> if not given"
    )
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="RUN",
        help="go on with a run that was stopped; all settings come from its folder",
    )
    cli.add_settings(parser)
    args = parser.parse_args(argv)
    if not args.train:
        parser.set_defaults(**DEMO_SETTINGS)  # flags that are given still win
        args = parser.parse_args(argv)
    if args.dev and not args.train:
        parser.error("--dev goes with --train")
    paths = (str(one.resolve()) if one else None for one in (args.train, args.dev, args.embeddings))
    plan = read_plan(args.resume) if args.resume else Plan(cli.settings(args), *paths)
    machine.prepare(plan.config.threads)

    from . import run  # only now: importing NumPy fixes the number of its threads

    if args.resume:
        return run.carry_out(plan, args.resume)
    name = Path(plan.train).name if plan.train else "demo"
    return run.start_run(plan, args.run or cli.free_folder(Path("runs") / name))


if __name__ == "__main__":
    sys.exit(cli.run(main))
