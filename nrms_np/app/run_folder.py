"""The folder of a run: its settings, a lock, and where its training stands (chapter 12)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from ..adam import AdamState
from ..config import Config
from ..encoder import Parameters
from ..errors import InputError, OutputError
from ..fit import TrainingState
from . import cli
from .checkpoint import as_written_now, load_checkpoint
from .files import open_arrays, save_arrays, write_text

SETTINGS_FILE, RESUME_FILE, CHECKPOINT_FILE = "config.json", "resume.npz", "checkpoint.npz"
LOCK_FILE = "lock"  # empty: it is there to be locked
MAY_CHANGE, PATHS = {"epochs", "patience"}, {"train", "dev", "embeddings"}  # settings, when a run goes on


@dataclass(frozen=True)
class RunSettings:
    """What a run was asked to do. Paths are absolute."""

    config: Config
    train: list[str] | None  # None: the demo corpus
    dev: str | None  # None: the last day of ``train``
    embeddings: str | None
    strict: bool = False  # an id that news.tsv does not hold is an error

    def changed(self, given: dict[str, Any]) -> Self:
        """With what was given for a run that goes on.

        Raises InputError for a setting that such a run keeps, and when the data are not where they were.
        """
        for name in sorted(given.keys() - MAY_CHANGE - PATHS):
            raise InputError(
                f"--{name.replace('_', '-')}: a run that goes on keeps this setting; --epochs, --patience, --threads "
                "and the places of its data (--train, --dev, --embeddings) may change; leave it out, or start a new run"
            )
        paths = {name: value for name, value in given.items() if name in PATHS}
        new = replace(self, config=cli.settings(asdict(self.config) | given), **paths)
        for name, places in (("train", new.train or []), ("dev", [new.dev]), ("embeddings", [new.embeddings])):
            for place in filter(None, places):
                if not Path(place).exists():
                    raise InputError(f"{place}: its data are gone; say where they are now: --{name} PATH")
        return new


def read_settings(folder: Path) -> RunSettings:
    """The settings of the run in a folder. Raises InputError when there is none."""
    try:
        saved = {**json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))}
        if isinstance(saved["train"], str):  # as runs wrote it when there could be only one
            saved["train"] = [saved["train"]]
        for path in [*(saved["train"] or []), saved["dev"], saved["embeddings"]]:
            if not isinstance(path, str | None):
                raise ValueError(f"{path!r} is no path")
        return RunSettings(**saved | {"config": Config.from_dict(saved["config"])})
    except (OSError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{folder} holds no run that can be resumed ({SETTINGS_FILE}: {error})") from None


def keep_settings(folder: Path, settings: RunSettings) -> None:
    """From now on the folder holds these settings; says so when its run goes on with others than before."""
    before = read_settings(folder) if (folder / SETTINGS_FILE).exists() else settings
    write_text(folder / SETTINGS_FILE, json.dumps(asdict(settings), indent=1) + "\n")
    if before != settings and (folder / RESUME_FILE).exists():
        what = "paths" if before.config == settings.config else "settings"
        print(f"the {what} of the run have changed, its data are the same")


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Hold the folder: two processes that train in it would write over each other's files.

    The lock ends with the process, however that ends. Raises InputError when another process holds it, OutputError when
    the folder cannot be written.
    """
    try:
        file = open(folder / LOCK_FILE, "ab")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})") from None
    try:
        _lock(file.fileno())
    except (BlockingIOError, PermissionError):
        file.close()
        raise InputError(f"{folder}: another process is training in it; wait for it, or stop it") from None
    except (OSError, ImportError):
        pass  # some network file systems have no locks: everybody is let in
    try:
        yield
    finally:
        file.close()
        if not (folder / SETTINGS_FILE).exists():
            with suppress(OSError):  # there is no run: leave no trace
                (folder / LOCK_FILE).unlink()
                folder.rmdir()  # if it is empty


def _lock(handle: int) -> None:
    """Lock a file by what the system has. Raises BlockingIOError or PermissionError when another process holds it."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[attr-defined]


COUNTERS = ("epoch", "step", "loss_sum", "seconds", "records")
GROUPS = ("param", "first", "second")  # of arrays: the weights, and both moments of Adam


def save_state(path: Path, state: TrainingState, config: Config, fingerprint: str) -> None:
    """Write resume.npz: all of the state but ``best_params``, which checkpoint.npz holds.

    ``config`` and the ``fingerprint`` of the data tie it to its run.
    """
    header = {"config": asdict(config), "data": fingerprint, "adam_step": state.adam.step}
    header |= {name: getattr(state, name) for name in COUNTERS}
    groups = zip(GROUPS, (state.params, state.adam.first, state.adam.second))
    arrays = {f"{group}.{name}": array for group, named in groups for name, array in named.items()}
    save_arrays(path, "resume", header, arrays)


def load_run(folder: Path, params: Parameters, config: Config, fingerprint: str) -> TrainingState:
    """Where the run of a folder stands; a run that was never saved starts from its beginning, with ``params``.

    Raises InputError when what was saved is damaged, of another format, or of a run with other settings or data.
    """
    path, best_path = folder / RESUME_FILE, folder / CHECKPOINT_FILE
    if not path.exists():
        return TrainingState.start(params)
    try:
        with open_arrays(path, "resume") as (header, arrays):
            same_settings = _same_run(Config.from_dict(header["config"]), config)
            if same_settings and header["data"] == fingerprint:
                saved, first, second = (
                    as_written_now({name: arrays[f"{group}.{name}"] for name in params}, config, header["format"])
                    for group in GROUPS
                )
                counters = {name: header[name] for name in COUNTERS}
                state = TrainingState(saved, AdamState(header["adam_step"], first, second), saved, **counters)
                if state.best:
                    best = load_checkpoint(best_path)
                    same = _same_run(best.config, config) and best.fingerprint == fingerprint
                    # a run killed between its checkpoint and its next save left the checkpoint of the epoch under way
                    if not same or best.epoch not in (state.best["epoch"], state.epoch):
                        raise InputError(f"{best_path} is not the one that this run wrote")
                    state.best_params = best.params
                return state
    except InputError as error:
        raise InputError(f"{error}; remove {path} to start the run from its beginning") from None
    other = f"data (fingerprint {header['data']}; now it is {fingerprint})" if same_settings else "settings"
    raise InputError(f"{path}: this run was started with other {other}; give those, or start a new run")


def _same_run(config: Config, other: Config) -> bool:
    """Whether a run with one of them may go on with the other."""
    return replace(config, **{name: getattr(other, name) for name in MAY_CHANGE}) == other
