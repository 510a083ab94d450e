"""Flags and exit codes of the commands: flags made from the settings, and errors that people can read."""

from __future__ import annotations

import argparse
import shlex
import sys
import warnings
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..config import Config
from ..errors import InputError, NonFiniteError, OutputError

BAD_INPUT, NON_FINITE, NO_ROOM, INTERRUPTED = 2, 3, 4, 130  # exit codes
EXIT_CODES = f"""Exit codes: 0 done, {BAD_INPUT} bad input, {NON_FINITE} a loss or score was not finite,
{NO_ROOM} no room (disk full, read-only folder, not enough memory), {INTERRUPTED} stopped by Ctrl-C."""


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows defaults, and keeps the line breaks of description and epilog."""


def make_parser(module: str, description: str, epilog: str | None = None) -> argparse.ArgumentParser:
    prog = f"python -m nrms_np.{module}"
    epilog = "\n".join(filter(None, [epilog, EXIT_CODES]))
    return argparse.ArgumentParser(prog=prog, description=description, epilog=epilog, formatter_class=_HelpFormatter)


def add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=_count, metavar="N", default=0, help="threads; 0: every core it may use")


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return count


def add_settings(parser: argparse.ArgumentParser) -> None:
    """One flag for each field of Config."""
    group = parser.add_argument_group("settings")
    for setting in fields(Config):
        kind: type = type(setting.default)
        group.add_argument(
            "--" + setting.name.replace("_", "-"),
            type=kind,
            default=setting.default,
            choices=setting.metadata["choices"],
            help=setting.metadata["help"],
            metavar=None if setting.metadata["choices"] else {int: "N", float: "X"}[kind],
        )


def flags(values: dict[str, Any]) -> str:
    """The flags that give these settings, as one would type them."""
    return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in values.items())


def settings(args: argparse.Namespace) -> Config:
    """The Config of the given flags. Raises InputError when one is out of range."""
    try:
        return Config(**{setting.name: getattr(args, setting.name) for setting in fields(Config)})
    except ValueError as error:
        raise InputError(str(error)) from None


def split_items(flag: str, items: str) -> list[str]:
    """Ids, and titles in quotes, as they stand behind a flag."""
    try:
        return shlex.split(items)
    except ValueError as error:  # an apostrophe outside of quotes opens a quotation
        raise InputError(f'{flag} {items!r}: {error}; put a title in double quotes: N12 "It\'s a title"') from None


def run_command(main: Callable[[list[str] | None], None], argv: list[str] | None = None) -> int:
    """Run a command; what goes wrong is one line on stderr. Returns the exit code."""
    # losses, gradients and scores are all checked, and what is not finite is one line: NumPy need not warn as well
    warnings.simplefilter("ignore", RuntimeWarning)
    try:
        main(argv)
        return 0
    except InputError as error:
        return _report(f"error: {error}", BAD_INPUT)
    except NonFiniteError as error:
        return _report(f"error: {error}", NON_FINITE)
    except OutputError as error:
        return _report(f"error: {error}", NO_ROOM)
    except MemoryError as error:
        return _report(f"error: not enough memory ({error})", NO_ROOM)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _report(f"error: {place}{error.strerror or error}", BAD_INPUT)
    except KeyboardInterrupt as stop:
        return _report("; ".join(["stopped by Ctrl-C", *map(str, stop.args)]), INTERRUPTED)


def _report(line: str, code: int) -> int:
    print(" ".join(line.splitlines()), file=sys.stderr)
    return code


def free_folder(base: Path) -> Path:
    """``base`` itself, or the first of base-2, base-3, ... that does not exist yet."""
    folder, n = base, 2
    while folder.exists():
        folder, n = base.with_name(f"{base.name}-{n}"), n + 1
    return folder
