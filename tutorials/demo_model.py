"""The trained model that chapters look at: ``checkpoint, demo = trained()``.

It is trained once, by the library's command on the demo corpus, and kept in runs/tutorial of the repository. It is
trained again when it would no longer come out the same: the corpus, the settings or the checkpoint's format changed.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from nrms_np import Checkpoint, Config, InputError, load_checkpoint
from nrms_np.app.run_data import prepare_data
from nrms_np.app.run_folder import RunSettings, claim
from nrms_np.data.demo import Demo
from nrms_np.train import DEMO_SETTINGS

REPOSITORY = Path(__file__).resolve().parents[1]
RUN = REPOSITORY / "runs" / "tutorial"


@cache
def trained() -> tuple[Checkpoint, Demo]:
    """The best weights of the run, and the corpus with the truth behind it. Trains for a minute if it must."""
    settings = RunSettings(Config(**DEMO_SETTINGS), None, None, None)
    with contextlib.redirect_stdout(io.StringIO()):
        prepared = prepare_data(settings)

    def find() -> Checkpoint | None:
        with contextlib.suppress(InputError):
            found = load_checkpoint(RUN / "checkpoint.npz")
            if (found.config, found.fingerprint) == (prepared.config, prepared.fingerprint):
                return found
        return None

    checkpoint = find()
    if checkpoint is None:
        with _alone(RUN.parent):
            checkpoint = find()  # another process may have trained it while this one waited
            if checkpoint is None:
                _train()
                checkpoint = find()
    assert checkpoint and prepared.demo, f"{RUN} does not hold the model that was just trained"
    return checkpoint, prepared.demo


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait for the folder's lock, and hold it."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(claim(folder))
                break
            except InputError:
                time.sleep(1)
        yield


def _train() -> None:
    print("training the demo model once, about a minute ...", file=sys.stderr, flush=True)
    unfinished = RUN.with_name(RUN.name + ".unfinished")  # a run that is stopped here is never taken for a whole one
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [sys.executable, "-m", "nrms_np.train", "--run", str(unfinished)]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "0", "MPLBACKEND": "Agg"}  # plain Python would take an hour
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"training the demo model failed: {done.stderr.strip().splitlines()[-1:]}")
    shutil.rmtree(RUN, ignore_errors=True)
    unfinished.rename(RUN)
