"""What the commands are: ``python -m nrms_np``."""

import sys

from nrms_np.app import cli

COMMANDS = {
    "train": "train on a built-in corpus of made-up news, or on your data",
    "evaluate": "metrics of a trained model, and the file that MIND's leaderboard takes",
    "recommend": "news for a reader, or for all readers of a file",
    "explain": "one page that shows why: what each click and each word brings to a score",
    "convert": "a log of clicks becomes folders to train on",
    "gradcheck": "check every gradient against two numeric ones",
}


def main(argv: list[str] | None = None) -> None:
    print("The commands of nrms_np (each one explains itself with --help):")
    for name, what in COMMANDS.items():
        print(f"  {f'python -m nrms_np.{name}':<29}{what}")
    if argv and argv[0] not in ("-h", "--help"):
        raise SystemExit(2)


if __name__ == "__main__":
    sys.exit(cli.run_command(main))
