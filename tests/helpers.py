"""What several tests and the programs share: a small corpus, a run that takes seconds, and names for what it wrote."""

from __future__ import annotations

import importlib
import json
import os
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nrms_np.app.checkpoint import Checkpoint
from nrms_np.config import Config
from nrms_np.data.demo import make_demo, write_demo
from nrms_np.data.vectors import make_table
from nrms_np.data.vocabulary import Tokens, build_vocabulary
from nrms_np.encoder import Parameters, side_weights
from nrms_np.inference import encode
from nrms_np.model import init_parameters
from nrms_np.ragged import Ragged

ROOT = Path(__file__).resolve().parents[1]
QUICK = "--epochs 3 --heads 2 --head-size 4 --query-size 8 --word-size 10 --batch-size 32 --patience 3".split()

# the module: the attribute "fit" of the package is its function, which an import statement would find first
training: Any = importlib.import_module("nrms_np.fit")


def write_data(folder: Path) -> Path:
    """A small MIND folder, train and dev."""
    write_demo(folder, make_demo(seed=2, users=60, news=600, train_impressions=175, dev_impressions=60))
    return folder


def arguments(data: Path, run: Path, attention: str = "qkv") -> list[str]:
    """Of the train command, for a run of about two seconds."""
    folders = ["--train", str(data / "train"), "--dev", str(data / "dev")]
    return [*folders, "--run", str(run), "--attention", attention, *QUICK]


def contents(run: Path) -> tuple[dict[str, bytes], dict]:
    """Every array of both .npz files as bytes, and metrics.json without its times."""
    arrays = {}
    for name in ("checkpoint.npz", "resume.npz"):
        with np.load(run / name, allow_pickle=False) as file:
            arrays |= {f"{name} {key}": file[key].tobytes() for key in file.files if key != "header"}
    report = json.loads((run / "metrics.json").read_text())
    for record in [*report["epochs"], report["best"]]:
        del record["seconds"], record["samples_per_second"]
    return arrays, report


def environment(**variables: str) -> dict[str, str]:
    """For a process that imports this checkout, wherever it runs."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **variables}


def make_link(path: Path, target: Path) -> None:
    """A symbolic link; skips the test where this user or this system makes none."""
    with suppress(OSError):
        path.symlink_to(target)
    if not path.is_symlink():
        pytest.skip("no symbolic links here")


def count_words(titles: Iterable[str]) -> Counter[str]:
    return Tokens.from_titles(titles).counts()


def list_of_position(lists: Ragged) -> np.ndarray:
    """For each position of ``values`` the list that it is in."""
    return np.repeat(np.arange(len(lists)), lists.lengths)


def encode_users(params: Parameters, titles: np.ndarray, histories: Ragged, config: Config) -> np.ndarray:
    """User vectors [histories, M] for histories of title numbers."""
    return encode(titles, histories, side_weights(params, "user"), config.heads)


def random_checkpoint(titles: list[str], attention: str, **settings: int) -> Checkpoint:
    """Random weights with attention far from uniform, and clicks for the fallback. It reads 9 words and 6 clicks."""
    small = dict(heads=3, head_size=4, query_size=8, word_size=10, title_length=9, history_length=6)
    config = Config(attention=attention, **(small | settings))
    counts = count_words(titles)
    vocabulary = build_vocabulary(counts, 1)
    params = init_parameters(make_table(vocabulary, counts, {}, 10, 0) * 10, config)
    params["user.weight_value"] = params["user.weight_value"] + np.float32(0.1)
    return Checkpoint(params, vocabulary, config, ["U1"], {"N7": 3, "N30": 5, "N200": 3, "N4": 5, "gone": 9})
