"""Evaluate a trained model on MIND data, and write the ranks that MIND's leaderboard takes.

Prints loss and metrics with 95 % intervals, what was left out and why, and the metrics of users with and without
training data and of short and long histories."""

import sys
from pathlib import Path

import numpy as np

from nrms_np.app import cli, mpi, threads
from nrms_np.app.checkpoint import load_checkpoint
from nrms_np.app.evaluation import report, write_prediction
from nrms_np.batch import cut_titles
from nrms_np.data.read_folder import read_folder
from nrms_np.data.vocabulary import unknown_share
from nrms_np.errors import InputError
from nrms_np.inference import score_pieces

EPILOG = """examples:
  python -m nrms_np.evaluate --checkpoint runs/demo/checkpoint.npz --data MINDsmall_dev
  python -m nrms_np.evaluate --checkpoint runs/demo/checkpoint.npz --data MINDlarge_test --prediction prediction.zip

An unlabelled test folder has no metrics: there --prediction is needed."""


def main(argv: list[str] | None = None) -> None:
    parser = cli.make_parser("evaluate", __doc__, EPILOG)
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", required=True, help="checkpoint.npz of a run")
    parser.add_argument("--data", type=Path, metavar="DIR", required=True, help="MIND folder to evaluate on")
    parser.add_argument("--prediction", type=Path, metavar="FILE.zip", help="also write the leaderboard file here")
    parser.add_argument("--strict", action="store_true", help="an id that news.tsv does not hold is an error")
    cli.add_threads(parser)
    args = parser.parse_args(argv or [])
    cli.refuse_overwriting("--prediction", args.prediction, args.checkpoint)
    if args.prediction and args.prediction.suffix != ".zip":  # before the long work, not after it
        raise InputError(f"--prediction {args.prediction}: the leaderboard takes a zip; give a name that ends in .zip")
    if args.prediction and not args.prediction.parent.is_dir():
        raise InputError(f"--prediction {args.prediction}: there is no folder {args.prediction.parent}; make it first")
    ranks = mpi.ranks()
    threads.use(args.threads or ranks.threads)
    checkpoint = load_checkpoint(args.checkpoint)
    news, behaviors = read_folder(args.data, args.strict)
    labelled, candidates = behaviors.labels is not None, behaviors.candidates
    if not labelled and not args.prediction:
        no_metrics = f"{args.data}/behaviors.tsv has no labels (-0, -1), so there are no metrics"
        raise InputError(f"{no_metrics}; give --prediction FILE.zip to write the ranks")
    news_words = cut_titles(checkpoint.vocabulary.encode(news.tokens), checkpoint.config)
    mpi.check_equal({**checkpoint.params, "impressions": behaviors.checksum, "titles": news_words.values})
    print(f"{args.data}: {len(news):,} news, {len(behaviors):,} impressions, {len(candidates.values):,} candidates")
    print(f"unknown title words: {unknown_share(news_words):.1%}")
    found = score_pieces(checkpoint.params, news_words, behaviors.histories, candidates, checkpoint.config, ranks.map)
    pieces = list(found) if labelled else found  # for the metrics all are needed at once: 4 bytes a candidate
    if labelled:
        scores = np.concatenate([np.empty(0, np.float32), *(scores for _, _, scores in pieces)])
        print(report(checkpoint, behaviors, scores))
    else:
        print("no labels (-0, -1), so no metrics")
    if args.prediction:
        write_prediction(args.prediction, behaviors.impression_ids, candidates, pieces, ranks)
        print(f"ranks of {len(behaviors):,} impressions are in {args.prediction}")


if __name__ == "__main__":
    sys.exit(cli.run_command(main))
