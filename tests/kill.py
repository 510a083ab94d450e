"""Kill test: ``python -m tests.kill`` strikes training with SIGKILL 100 times and resumes it each time.

After every kill each file of the run must be readable, and each run must end with the bytes of one that nobody killed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from nrms_np.checkpoint import load_checkpoint
from nrms_np.data.demo import make_demo, write_demo
from nrms_np.files import load_arrays
from nrms_np.plan import read_plan

QUICK = "--epochs 3 --heads 2 --head-size 4 --query-size 8 --word-size 10 --batch-size 32 --patience 3".split()
# saves after every few steps, so that many kills strike while a file is written
SCRIPT = "import sys; from nrms_np import cli, run, train; run.SAVE_SECONDS = 0.02; sys.exit(cli.run(train.main))"
ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # one thread, as a busy machine would give
LONGEST_WAIT = 2.5  # seconds before a kill; a run takes about as long


def write_data(folder: Path) -> Path:
    write_demo(folder, make_demo(seed=2, users=60, news=600, train_impressions=150, dev_impressions=60))
    return folder


def arguments(data: Path, run: Path, attention: str = "qkv") -> list[str]:
    folders = ["--train", str(data / "train"), "--dev", str(data / "dev")]
    return [*folders, "--run", str(run), "--attention", attention, *QUICK]


def train(*arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-c", SCRIPT, *arguments]
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


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


def check_files(run: Path) -> None:
    """Every file that is there is whole. Raises what its reader raises."""
    readers = {
        "config.json": lambda _: read_plan(run),
        "checkpoint.npz": load_checkpoint,
        "resume.npz": lambda path: load_arrays(path, "resume", lambda header, arrays: (header, arrays)),
        "metrics.json": lambda path: json.loads(path.read_text()),
    }
    for name, read in readers.items():
        if (run / name).exists():
            read(run / name)


def kill_and_resume(data: Path, run: Path, kills: int, rng: random.Random, attention: str = "qkv") -> int:
    """SIGKILL at random moments until ``kills`` struck a live process, then to the end; returns how many struck."""
    struck = 0
    while True:
        begun = (run / "config.json").exists()
        process = train(*(["--resume", str(run)] if begun else arguments(data, run, attention)))
        if struck < kills:
            deadline = time.monotonic() + 60
            while not (run / "config.json").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(rng.uniform(0, LONGEST_WAIT))
            if process.poll() is None:
                process.kill()
                struck += 1
        _, errors = process.communicate()
        check_files(run)
        if process.returncode == 0:
            return struck
        if process.returncode != -signal.SIGKILL:
            raise RuntimeError(errors.decode())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kill", description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng, struck, runs, different = random.Random(args.seed), 0, 0, 0
    with tempfile.TemporaryDirectory() as folder, tqdm(total=args.kills, unit=" kills", leave=False) as bar:
        data, whole = write_data(Path(folder, "data")), {}
        for attention in ("qkv", "bilinear"):
            if train(*arguments(data, Path(folder, attention), attention)).wait():
                raise RuntimeError("the run that nobody kills failed")
            whole[attention] = contents(Path(folder, attention))
        while struck < args.kills:
            attention, run = ("qkv", "bilinear")[runs % 2], Path(folder, f"run-{runs}")
            new = kill_and_resume(data, run, min(10, args.kills - struck), rng, attention)
            different += contents(run) != whole[attention]
            struck, runs = struck + new, runs + 1
            bar.update(new)
    print(f"{struck} kills in {runs} runs; runs that ended with other bytes: {different}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
