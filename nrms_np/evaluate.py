"""Evaluate a trained model: ``python -m nrms_np.evaluate --checkpoint FILE --data DIR``."""

import sys
from pathlib import Path

if not __package__:  # python nrms_np/evaluate.py
    sys.path[0], __package__ = sys.path[0] + "/..", "nrms_np"

from .app import cli, evaluation, mpi, threads

DESCRIPTION = """Evaluate a trained model on MIND data, and write the ranks that MIND's leaderboard takes.

Prints loss and metrics with 95 % intervals, what was left out and why, and the metrics of users with and without
training data and of short and long histories."""

EPILOG = """examples:
  python -m nrms_np.evaluate --checkpoint runs/demo/checkpoint.npz --data MINDsmall_dev
  python -m nrms_np.evaluate --checkpoint runs/demo/checkpoint.npz --data MINDlarge_test --prediction prediction.zip

An unlabelled test folder has no metrics: there --prediction is needed."""


def main(argv: list[str] | None = None) -> None:
    parser = cli.make_parser("evaluate", DESCRIPTION, EPILOG)
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", required=True, help="checkpoint.npz of a run")
    parser.add_argument("--data", type=Path, metavar="DIR", required=True, help="MIND folder to evaluate on")
    parser.add_argument("--prediction", type=Path, metavar="FILE.zip", help="also write the leaderboard file here")
    parser.add_argument("--strict", action="store_true", help="an id that news.tsv does not hold is an error")
    cli.add_threads(parser)
    args = parser.parse_args(argv or [])
    cli.refuse_overwriting("--prediction", args.prediction, args.checkpoint)
    threads.use(args.threads or mpi.ranks().threads)

    evaluation.evaluate_and_report(args.checkpoint, args.data, args.prediction, args.strict)


if __name__ == "__main__":
    sys.exit(cli.run_command(main))
