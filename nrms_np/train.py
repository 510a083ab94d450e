"""Train the NRMS news recommender.

Without --train it trains on a small built-in corpus of made-up news, which needs no download.
With --train it reads MIND data: a folder that holds news.tsv and behaviors.tsv, as MIND unzips it."""

import argparse
import os
import sys
from contextlib import nullcontext
from pathlib import Path

from nrms_np.app import cli, mpi, threads
from nrms_np.app.console import Stopped
from nrms_np.app.run_folder import SETTINGS_FILE, RunSettings, claim, make_folder, read_settings
from nrms_np.app.training_run import train_in

# a small vocabulary, learned in about a minute
DEMO_SETTINGS = {"learning_rate": 3e-3, "epochs": 4, "dropout": 0.1, "heads": 4, "spread": 1.0}

DEMO_FLAGS = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in DEMO_SETTINGS.items())

EPILOG = f"""On the demo corpus the defaults are {DEMO_FLAGS}.

examples:
  python -m nrms_np.train
  python -m nrms_np.train --train MINDsmall_train --dev MINDsmall_dev --embeddings glove.6B.300d.txt

Writes to the run folder: checkpoint.npz (the best weights), history.csv, metrics.json and pictures.
A run that was stopped, by Ctrl-C, SIGTERM or otherwise, goes on where it was last saved: --resume RUN. With a larger
--epochs as well it goes on beyond its end, at the learning rates that a run of so many epochs has there. Where its data
were moved, --train, --dev and --embeddings say where they are now.

Several machines train one model together (needs the extra mpi; evaluate works like that too):
  mpiexec -f hosts -ppn 1 -n 4 python -m nrms_np.train --train MINDlarge_train --dev MINDlarge_dev --batch-size 1024
One process a machine is best: threads share the words and titles of a batch, processes do not. Weights are those of
one process, up to rounding. When a process is killed, the exit code is that of mpiexec."""


def main(argv: list[str] | None = None) -> None:
    parser = cli.make_parser("train", __doc__, EPILOG)
    parser.argument_default = argparse.SUPPRESS  # only what is given is there, because --resume keeps the rest
    folders = "MIND folders to train on; the demo corpus if not given"
    parser.add_argument("--train", type=os.path.realpath, nargs="+", metavar="DIR", help=folders)
    last_day = "MIND folder to validate on; the last day of --train if not given"
    parser.add_argument("--dev", type=os.path.realpath, metavar="DIR", help=last_day)
    vectors = "text file of word vectors to start from (GloVe, fastText, word2vec; also .gz, .bz2, .xz, .zip)"
    parser.add_argument("--embeddings", type=os.path.realpath, metavar="FILE", help=vectors)
    parser.add_argument("--strict", action="store_true", help="an id that news.tsv does not hold is an error")
    results = "folder for the results; a new runs/<name> if not given"
    parser.add_argument("--run", type=Path, metavar="DIR", help=results)
    go_on = "go on with a run; its settings come from its folder, but --epochs, --patience and paths may change"
    parser.add_argument("--resume", type=Path, metavar="RUN", help=go_on)
    cli.add_threads(parser)
    cli.add_settings(parser)
    given = vars(parser.parse_args(argv or []))  # in a notebook the command line is another's
    ranks = mpi.ranks()
    threads.use(given.pop("threads") or ranks.threads)
    if "resume" in given:
        folder = given.pop("resume")
        settings = mpi.first(lambda: read_settings(folder).changed(given))
    else:
        if "dev" in given and "train" not in given:
            parser.error("--dev goes with --train")
        config = cli.settings(given if "train" in given else DEMO_SETTINGS | given)
        settings = RunSettings(config, given.get("train"), given.get("dev"), given.get("embeddings"), "strict" in given)
        folder = mpi.first(lambda: make_folder(settings, given.get("run")))
    try:
        with nullcontext() if ranks.rank else claim(folder):
            train_in(folder, settings)
    except (Stopped, OSError) as stopped:
        if (folder / SETTINGS_FILE).exists():
            stopped.add_note(f"go on with: {cli.command('train', '--resume', folder)}")
        raise


if __name__ == "__main__":
    sys.exit(cli.run_command(main))
