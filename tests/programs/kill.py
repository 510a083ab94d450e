"""Kill test: ``python -m tests.programs.kill`` strikes training with SIGKILL 100 times and resumes it each time.

Half of the kills strike at a random moment, half when a file is being written. At every moment each file of the run
must be readable, no step that was saved may be lost, and each run must end with the bytes of one that nobody killed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from nrms_np.app.checkpoint import load_checkpoint
from nrms_np.app.run_folder import read_settings
from nrms_np.data.files import open_arrays
from tests.helpers import arguments, contents, environment, write_data

# saves after every step, and says so when a save is done
SCRIPT = """
import sys
from nrms_np.app import cli, training_run
from nrms_np import train

def save_and_say(path, state, *rest):
    save(path, state, *rest)
    print("saved", state.adam.step, flush=True)

training_run.SAVE_SECONDS = 0
save, training_run.save_state = training_run.save_state, save_and_say
sys.exit(cli.run_command(train.main))
"""
ENVIRONMENT = environment(NUMBA_NUM_THREADS="1")  # one thread, as a busy machine would give
KILLED = 1 if os.name == "nt" else -signal.SIGKILL  # the exit code
PNG_END = b"IEND\xaeB`\x82"
LONGEST_START, LONGEST_STEP = 1.5, 0.03  # seconds: a process imports, reads and compiles; a step with its save


def train(*arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-c", SCRIPT, *arguments]
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def check_files(run: Path) -> None:
    """Every file that is there is whole. Raises what its reader raises."""
    readers = {
        "config.json": lambda _: read_settings(run),
        "checkpoint.npz": load_checkpoint,
        "resume.npz": lambda _: saved_steps(run),
        "metrics.json": lambda path: json.loads(path.read_text()),
        "history.csv": lambda path: [tuple(map(float, row.values())) for row in csv.DictReader(path.open())],
    }
    for name, read in readers.items():
        if (run / name).exists():
            read(run / name)
    for picture in run.glob("*.png"):
        if not picture.read_bytes().endswith(PNG_END):
            raise ValueError(f"{picture} is cut off")


def saved_steps(run: Path) -> int:
    if not (run / "resume.npz").exists():
        return 0
    with open_arrays(run / "resume.npz", "resume") as (header, _):
        return header["adam_step"]


def half_written(run: Path) -> set[tuple[str, int]]:
    """The files that are being written, or were when the process died, by name and time."""
    found = set()
    for path in run.glob("*.part"):
        with suppress(FileNotFoundError):  # complete by now, and renamed
            found.add((path.name, path.stat().st_mtime_ns))
    return found


def strike(process: subprocess.Popen, run: Path, rng: random.Random, steps: int) -> bool:
    """SIGKILL after a random one of the ``steps`` of the run, or while the next file is being written after it.

    The moment follows the steps and no clock, so that it falls on a fast machine where it falls on a slow one.
    Returns False if the run ended before.
    """
    in_write, end, before, begun = rng.random() < 0.5, None, half_written(run), saved_steps(run)
    target = rng.randrange(begun, steps) if begun < steps else begun
    delay = rng.uniform(0, LONGEST_START if target == begun else LONGEST_STEP)
    while process.poll() is None:
        if (run / "config.json").exists():
            if end is None and saved_steps(run) >= target:
                end = time.monotonic() + delay
            if end is not None and time.monotonic() >= end and (half_written(run) - before or not in_write):
                process.kill()
                return process.wait() == KILLED
            if end is None or time.monotonic() < end:
                check_files(run)
        time.sleep(0.0005)
    return False


def kill_and_resume(
    data: Path, run: Path, kills: int, rng: random.Random, steps: int, attention: str = "qkv"
) -> tuple[int, int]:
    """Kill a run of ``steps`` up to ``kills`` times, then let it end. Returns how many struck, how many in a write.

    Raises AssertionError when a step that was saved is lost, and what the readers of the files raise.
    """
    struck = in_write = steps = 0
    while True:
        begun, before = (run / "config.json").exists(), half_written(run)
        process = train(*(["--resume", str(run)] if begun else arguments(data, run, attention)))
        if struck < kills and strike(process, run, rng, steps):
            struck, in_write = struck + 1, in_write + bool(half_written(run) - before)
        out, errors = process.communicate()
        check_files(run)
        said = [int(line.split()[1]) for line in out.splitlines() if line.startswith("saved ")]
        assert saved_steps(run) >= max([steps, *said]), "a step that was saved is lost"
        steps = saved_steps(run)
        if process.returncode == 0:
            return struck, in_write
        if process.returncode != KILLED:
            raise RuntimeError(errors)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.programs.kill", description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng, struck, in_write, runs, different = random.Random(args.seed), 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder, tqdm(total=args.kills, unit=" kills", leave=False) as bar:
        data, whole = write_data(Path(folder, "data")), {}
        for attention in ("qkv", "bilinear"):
            kill_and_resume(data, Path(folder, attention), 0, rng, 0, attention)
            whole[attention] = contents(Path(folder, attention))
        steps = saved_steps(Path(folder, "qkv"))
        while struck < args.kills:
            attention, run = ("qkv", "bilinear")[runs % 2], Path(folder, f"run-{runs}")
            new, new_in_write = kill_and_resume(data, run, min(10, args.kills - struck), rng, steps, attention)
            different += contents(run) != whole[attention] or bool(half_written(run))
            struck, in_write, runs = struck + new, in_write + new_in_write, runs + 1
            bar.update(new)
    print(
        f"{struck} kills in {runs} runs, {in_write} of them while a file was written, all files readable, no step lost"
    )
    print(f"runs that ended with other bytes: {different}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
