"""The folder of a run: its name, its settings, a lock, and where its training stands (chapter 12)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Self

from ..adam import AdamState
from ..config import Config
from ..data.files import open_arrays, save_arrays, write_text
from ..encoder import Parameters
from ..errors import InputError, OutputError
from ..fit import TrainingState
from . import cli
from .checkpoint import as_written_now, load_checkpoint

SETTINGS_FILE, RESUME_FILE, CHECKPOINT_FILE = "config.json", "resume.npz", "checkpoint.npz"
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
        paths = {name: given[name] for name in PATHS & given.keys()}
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


def make_folder(settings: RunSettings, folder: Path | None) -> Path:
    """Make a folder for a new run: ``folder`` or, for None, the first of runs/<name>, runs/<name>-2, ... that is free.

    Raises InputError when it holds a run already or is no folder, OutputError when it cannot be made.
    """
    base = folder or Path("runs") / (Path(settings.train[0]).name if settings.train else "demo")
    for n in count(1):
        made = base.with_name(f"{base.name}-{n}") if n > 1 else base
        try:
            made.mkdir(parents=True, exist_ok=made is folder)  # of runs that start at once each makes its own
            break
        except FileExistsError as error:
            if folder or Path(error.filename) != made:
                raise InputError(f"--run {error.filename}: is there and is no folder; give another name") from None
        except OSError as error:
            raise OutputError(f"{error.filename}: cannot be made ({error.strerror})") from None
    if (made / SETTINGS_FILE).exists():
        go_on = cli.command("train", "--resume", made)
        raise InputError(f"{made} already holds a run; go on with: {go_on}, or give another --run")
    return made


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Hold the folder: two processes that train in it would write over each other's files.

    The lock ends with the process, however that ends. Raises InputError when another process holds it, OutputError when
    the folder cannot be written.
    """
    path = folder / "lock"  # empty: it is there to be locked
    try:
        file = open(path, "ab")
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
                path.unlink()
                folder.rmdir()  # if it is empty


def _lock(handle: int) -> None:
    """Lock a file by what the system has. Raises BlockingIOError or PermissionError when another process holds it."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[attr-defined]
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]


COUNTERS = ("epoch", "step", "loss_sum", "seconds", "records")


def save_state(path: Path, state: TrainingState, config: Config, fingerprint: str) -> None:
    """Write resume.npz: all of the state but ``best_params``, which checkpoint.npz holds.

    ``config`` and the ``fingerprint`` of the data tie it to its run.
    """
    header = {"config": asdict(config), "data": fingerprint, "adam_step": state.adam.step}
    header |= {name: getattr(state, name) for name in COUNTERS}
    groups = {"param": state.params, "first": state.adam.first, "second": state.adam.second}
    arrays = {f"{group}.{name}": array for group, named in groups.items() for name, array in named.items()}
    save_arrays(path, "resume", header, arrays)


def load_run(folder: Path, params: Parameters, config: Config, fingerprint: str) -> TrainingState:
    """Where the run of a folder stands; a run that was never saved starts from its beginning, with ``params``.

    Raises InputError when what was saved is damaged, of another format, or of a run with other settings or data.
    """
    path, best_path = folder / RESUME_FILE, folder / CHECKPOINT_FILE
    if not path.exists():
        if best_path.exists():
            print(f"{path} is not there: the run starts from its beginning")
        return TrainingState.start(params)
    try:
        with open_arrays(path, "resume") as (header, arrays):
            other = _difference(Config.from_dict(header["config"]), header["data"], config, fingerprint)
            if not other:
                saved, first, second = (
                    as_written_now({name: arrays[f"{group}.{name}"] for name in params}, config, header["format"])
                    for group in ("param", "first", "second")
                )
                counters = {name: header[name] for name in COUNTERS}
                state = TrainingState(saved, AdamState(header["adam_step"], first, second), saved, **counters)
                if state.best:
                    best = load_checkpoint(best_path)
                    # a run killed between its checkpoint and its next save left the checkpoint of the epoch under way
                    known = best.epoch in (state.best["epoch"], state.epoch)
                    if not known or _difference(best.config, best.fingerprint, config, fingerprint):
                        raise InputError(f"{best_path} is not the one that this run wrote")
                    state.best_params = best.params
                return state
    except InputError as error:
        raise InputError(f"{error}; remove {path} to start the run from its beginning") from None
    raise InputError(f"{path}: this run was started with other {other}; give those, or start a new run")


def _difference(config: Config, fingerprint: str, our_config: Config, our_fingerprint: str) -> str:
    """In what a file is of another run than ours; "" if it is of ours."""
    if replace(config, **{name: getattr(our_config, name) for name in MAY_CHANGE}) != our_config:
        return "settings"
    same = fingerprint == our_fingerprint
    return "" if same else f"data (fingerprint {fingerprint}; now it is {our_fingerprint})"
