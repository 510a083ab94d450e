"""Flags and exit codes of the commands: flags made from the settings, and errors that people can read."""

import argparse
import errno
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..config import Config
from ..errors import InputError, NonFiniteError, OutputError
from . import mpi
from .console import Stopped, Stream, on_stop, stop
from .recommendation import Title

ITEM = re.compile(r""""((?:\\.|[^"\\])*)"(?!\S)|'([^']*)'(?!\S)|(\S+)""")
BAD_INPUT, NON_FINITE, NO_ROOM, INTERRUPTED = 2, 3, 4, 130  # exit codes
EXIT_CODES = f"""Exit codes: 0 done, {BAD_INPUT} bad input, {NON_FINITE} a loss or score was not finite,
{NO_ROOM} no room (disk full, read-only folder, not enough memory), {INTERRUPTED} stopped by Ctrl-C,
143 by SIGTERM, 129 by SIGHUP."""


def make_parser(module: str, description: str | None, epilog: str = "") -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=f"python -m nrms_np.{module}",
        description=description,
        epilog=f"{epilog}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_threads(parser: argparse.ArgumentParser) -> None:
    what = "threads; 0: every core it may use (under mpiexec its share of them) (default: 0)"
    parser.add_argument("--threads", type=count, metavar="N", default=0, help=what)


def count(text: str) -> int:
    """The type of a flag. Raises ArgumentTypeError for a number below 0."""
    if int(text) < 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return int(text)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """One flag for each field of Config."""
    group = parser.add_argument_group("settings")
    for setting in fields(Config):
        flag, kind, choices = "--" + setting.name.replace("_", "-"), type(setting.default), setting.metadata["choices"]
        metavar = None if choices else {int: "N", float: "X"}[kind]
        what = f"{setting.metadata['help']} (default: {setting.default})"
        group.add_argument(flag, type=kind, choices=choices, metavar=metavar, help=what)


def settings(given: dict[str, Any]) -> Config:
    """The Config of the given arguments. Raises InputError when one is out of range."""
    try:
        return Config(**{setting.name: given[setting.name] for setting in fields(Config) if setting.name in given})
    except ValueError as error:
        raise InputError(str(error)) from None


def split_items(flag: str, text: str) -> list[str]:
    """Ids, and titles for what stands in quotes, as they follow a flag. Raises InputError for a quote without end."""
    items: list[str] = []
    for double, single, bare in ITEM.findall(text):
        if bare and bare[0] in "\"'":
            raise InputError(f'{flag} {text}: a quote without its end; put a title in double quotes: N12 "It\'s late"')
        items.append(bare or Title(re.sub(r"\\(.)", r"\1", double) or single))
    return items


def refuse_overwriting(flag: str, out: Path | None, *inputs: Path | None) -> None:
    """Raises InputError when the file to write is one of those that are read."""
    if out and out.exists() and any(one and one.exists() and out.samefile(one) for one in inputs):
        raise InputError(f"{flag} {out}: is a file that is read here; give another name")


def run_command(main: Callable[[list[str] | None], None], argv: list[str] | None = None) -> int:
    """Run a command on ``argv`` (by default on what the command line gives); what goes wrong is one line on stderr.

    Returns the exit code.
    """
    # losses, gradients and scores are all checked, and what is not finite is one line: NumPy need not warn as well
    warnings.simplefilter("ignore", RuntimeWarning)
    with ExitStack() as after:
        for redirect, stream in ((redirect_stdout, sys.stdout), (redirect_stderr, sys.stderr)):
            if not isinstance(stream, Stream):  # as another thread's command made it, which will put the old one back
                after.enter_context(redirect(Stream(stream)))
        after.enter_context(on_stop(stop))
        try:
            mpi.ranks()
            main(sys.argv[1:] if argv is None else argv)
            sys.stdout.flush()  # a full disk is noticed here, and not when Python ends
            return 0
        except SystemExit as refused:  # by argparse, which has said why
            mpi.end("error: wrong arguments", int(refused.code or 0))
            raise
        except (InputError, NonFiniteError, OSError, MemoryError, KeyboardInterrupt) as error:
            text, code = _describe(error)
            line = " ".join("; ".join([text, *getattr(error, "__notes__", [])]).splitlines())
            mpi.end(line, code)
            print(line, file=sys.stderr)
            return code


run = run_command  # nrms_np.cli.run: for programs that call a command


def _describe(error: BaseException) -> tuple[str, int]:
    """What went wrong, and the exit code."""
    if isinstance(error, KeyboardInterrupt):
        number = error.args[0] if isinstance(error, Stopped) else signal.SIGINT
        return f"stopped by {'Ctrl-C' if number == signal.SIGINT else number.name}", 128 + number
    if isinstance(error, MemoryError):
        return f"error: not enough memory ({error})", NO_ROOM
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        no_room = isinstance(error, OutputError) or error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None))
        return f"error: {place}{error.strerror or error}", NO_ROOM if no_room else BAD_INPUT
    return f"error: {error}", NON_FINITE if isinstance(error, NonFiniteError) else BAD_INPUT


def command(module: str, *arguments: str | Path) -> str:
    """A line that runs a command with these flags and their values, ready to paste into the shell of this process."""
    executable = sys.executable or "python"
    found = os.path.dirname(shutil.which("python") or "")  # the shell finds it by that name, or else by its path
    python = "python" if found == os.path.dirname(executable) else str(nearest(Path(executable)))
    words = [python, "-m", f"nrms_np.{module}"]
    for flag, value in zip(map(str, arguments[::2]), map(str, arguments[1::2])):
        words += [f"{flag}={value}"] if value.startswith("-") else [flag, value]
    return " ".join(map(_quoted, words)) if os.name == "nt" else shlex.join(words)


def _quoted(word: str) -> str:
    """A word for cmd.exe and PowerShell: list2cmdline quotes blanks alone, and to them R&D and it's are no names."""
    quoted = subprocess.list2cmdline([word])
    return quoted if quoted != word or re.fullmatch(r"[\w.:=\\/+-]+", word) else f'"{word}"'


def nearest(path: Path) -> Path:
    """The path as seen from the current folder, if it is below it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
