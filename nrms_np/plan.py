"""What a run was asked to do: written to its folder before anything else, so that it can always be resumed."""

from __future__ import annotations

import json
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
        return Plan(**{**plan, "config": Config(**plan["config"])})
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(f"{folder} holds no run to resume ({PLAN_FILE}: {error})") from None
