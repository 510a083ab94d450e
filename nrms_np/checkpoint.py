"""Files of a run, written so that a reader never sees half of one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

import numpy as np

from .config import Config
from .data.vocabulary import Vocabulary
from .encoder import Parameters
from .errors import InputError

FORMAT = 1
# what reading a file that is no checkpoint, or a damaged one, can raise
BROKEN_FILE = (OSError, EOFError, BadZipFile, RuntimeError, KeyError, ValueError, TypeError)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained model: weights, the vocabulary that its table belongs to, and the settings it was trained with.

    ``users`` are the ids of the training users, so that evaluation can tell who is new; ``clicks`` is how often each
    news id was clicked in the training impressions, what a user without history is recommended by.
    """

    params: Parameters
    vocabulary: Vocabulary
    config: Config
    users: list[str] = field(default_factory=list)
    clicks: dict[str, int] = field(default_factory=dict)


def write_file(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write beside, flush to disk, rename: ``path`` holds the old bytes or the new ones, never a part."""
    temporary = path.with_name(path.name + ".part")
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    write_file(path, lambda file: file.write(text.encode()))


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """One .npz: ``param.<name>`` arrays, words and ids as UTF-8 lines, settings and format as JSON. No pickles."""
    header = {"format": FORMAT, "config": asdict(checkpoint.config)}
    arrays = {f"param.{name}": one for name, one in checkpoint.params.items()}
    arrays["vocabulary"] = _from_lines(checkpoint.vocabulary.words)
    arrays["users"] = _from_lines(checkpoint.users)
    arrays["clicked_news"] = _from_lines(checkpoint.clicks)
    arrays["click_counts"] = np.array(list(checkpoint.clicks.values()), np.int64)
    arrays["header"] = to_bytes(json.dumps(header))
    write_file(Path(path), lambda file: np.savez(file, **arrays))


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint. Raises InputError when the file is missing, damaged, or of another format."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(text_of(arrays.pop("header")))
        if header["format"] != FORMAT:
            raise InputError(f"{path}: checkpoint format {header['format']}, this version reads format {FORMAT}")
        vocabulary = Vocabulary.from_words(_to_lines(arrays.pop("vocabulary")))
        users = _to_lines(arrays.pop("users"))
        counts = arrays.pop("click_counts").tolist()
        clicks = dict(zip(_to_lines(arrays.pop("clicked_news")), counts, strict=True))
        params = {name.removeprefix("param."): one for name, one in arrays.items()}
        return Checkpoint(params, vocabulary, Config(**header["config"]), users, clicks)
    except FileNotFoundError:
        raise InputError(f"{path}: no such checkpoint") from None
    except InputError:
        raise
    except BROKEN_FILE as error:
        raise InputError(f"{path}: not a checkpoint, or damaged ({error})") from None


def to_bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


def text_of(array: np.ndarray) -> str:
    return array.tobytes().decode()


def _from_lines(lines: Iterable[str]) -> np.ndarray:
    """Every line ends in a newline, so that no line and one empty line differ."""
    return to_bytes("".join(f"{line}\n" for line in lines))


def _to_lines(array: np.ndarray) -> list[str]:
    return text_of(array).split("\n")[:-1]
