"""What a run was asked to do: written to its folder before anything else, so that it can always be resumed."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .config import Config
from .errors import InputError

PLAN_FILE = "config.json"


@dataclass(frozen=True)
class Plan:
    """The settings and the data of a run; paths are absolute."""

    config: Config
    train: str | None  # None: the demo corpus
    dev: str | None  # None: the last day of ``train``
    embeddings: str | None


def read_plan(folder: Path) -> Plan:
    """The plan of a run folder. Raises InputError when there is none."""
    try:
        plan = json.loads((folder / PLAN_FILE).read_text(encoding="utf-8"))
        settings = Config.from_dict(plan.pop("config"))
        for path in plan.values():
            if path is not None and not Path(path).exists():
                raise ValueError(f"its data are gone: {path!r}")
        if plan["dev"] and not plan["train"]:
            raise ValueError("dev without train")
        return Plan(settings, **plan)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{folder} holds no run that can be resumed ({PLAN_FILE}: {error})") from None


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Hold the folder: two processes that train in it would write over each other's files.

    The lock ends with the process, however that ends. Raises InputError when another process holds it.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{folder}: another process is training in it; wait for it, or stop it") from None
        yield
    finally:
        os.close(handle)
