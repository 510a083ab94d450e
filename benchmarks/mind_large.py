"""All of MIND-large, in time and memory: ``python -m benchmarks.mind_large`` (a quarter of an hour, 12 GB of disk).

Makes data of MIND-large's size (``benchmarks.make_mind``) in a temporary folder, runs each command on it in a process
of its own, and prints a table of seconds and peak memory, which it also writes to benchmarks/mind_large.json. All
kernels are compiled before; the files have just been written, so they are read from memory and not from a disk.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import make_mind

NEWS = 161_013
FIRST_DAYS = {"train": 9, "dev": 15, "test": 21}
SIZES = {"train": (2_232_748, 711_222), "dev": (376_471, 255_990), "test": (2_370_727, 702_005)}  # impressions, users
GLOVE = (2_200_000, 300)  # lines, numbers in each
ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "mind_large.json"
WARM_UP = 0.0002  # share of the sizes

# what to run, its largest seconds and its largest peak in GB
TARGETS = {
    "read train, first time": (90, 4),
    "train from the cache, to the first batch": (2, 1.5),
    "the same with the last day of train held out": (None, None),
    "evaluate dev, first time": (120, 3),
    "evaluate dev, from the cache": (120, 3),
    "write the prediction file of test, first time": (600, None),
    "write the prediction file of test, from the cache": (600, None),
    "read GloVe": (None, None),
}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mind_large", description=__doc__.split("\n")[0])
    parser.add_argument("--share", type=float, default=1.0, metavar="X", help="share of MIND-large's size")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where to make the data; the system's if not given")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write the results")
    parser.add_argument("--worker", nargs=2, metavar=("WHAT", "DIR"), help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.worker:
        return WORKERS[args.worker[0]](Path(args.worker[1]))
    for share in (WARM_UP, args.share):
        with tempfile.TemporaryDirectory(prefix="mind_large-", dir=args.folder) as folder:
            results = run(Path(folder), share, quiet=share == WARM_UP)
    out = args.out or (RESULTS if args.share == 1 else None)
    if out:
        out.write_text(json.dumps({"share": args.share, "steps": results}, indent=1) + "\n")
    return None


def run(folder: Path, share: float, quiet: bool) -> dict[str, dict[str, float]]:
    """Every step at a share of the full size; prints a row as each is done."""
    for name, (impressions, users) in SIZES.items():
        news = max(round(NEWS * share), 2 * make_mind.MOST_SHOWN)
        counts = [max(round(count * share), 200) for count in (impressions, users)]
        make_mind.make_mind(folder / name, news, *counts, labels=name != "test", first_day=FIRST_DAYS[name])
    python = [sys.executable, "-m"]
    worker = [*python, "benchmarks.mind_large", "--worker"]
    evaluate = [*python, "nrms_np.evaluate", "--checkpoint", str(folder / "checkpoint.npz"), "--data"]
    predict = [*evaluate, str(folder / "test"), "--prediction", str(folder / "prediction.zip")]
    commands = {
        "read train, first time": [*worker, "read", str(folder / "train")],
        "train from the cache, to the first batch": [*worker, "first_batch", str(folder)],
        "the same with the last day of train held out": [*worker, "last_day", str(folder)],
        "evaluate dev, first time": [*evaluate, str(folder / "dev")],
        "evaluate dev, from the cache": [*evaluate, str(folder / "dev")],
        "write the prediction file of test, first time": predict,
        "write the prediction file of test, from the cache": predict,
        "read GloVe": [*worker, "glove", str(folder)],
    }
    results = {}
    if not quiet:
        print(f"{'':50} {'seconds':>8} {'target':>7} {'peak GB':>8} {'target':>7}  without mapped files")
    for name, command in commands.items():
        if name == "train from the cache, to the first batch":  # its dev data must be in the cache too
            measure([*worker, "read", str(folder / "dev")])
            measure([*worker, "checkpoint", str(folder)])
        if name == "evaluate dev, first time":
            (folder / "dev" / "news.tsv").touch()  # another time, so the cache is not used
        if name == "read GloVe":
            write_glove(folder / "glove.txt", round(GLOVE[0] * share), GLOVE[1])
        times = 3 if "first_batch" in command else 1  # short, so others disturb it most
        results[name] = sorted([measure(command) for _ in range(times)], key=lambda run: run["seconds"])[times // 2]
        if not quiet:
            print(_row(name, results[name]), flush=True)
    return results


def measure(command: list[str]) -> dict[str, float]:
    """Seconds and largest memory, in GB, of a command: all that is resident, and without mapped files."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    peak = anonymous = 0
    with tempfile.TemporaryFile() as errors:  # a pipe that nobody reads would fill
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment, cwd=ROOT)
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:  # it has just ended
                continue
            size = {line.split(":")[0]: int(line.split()[1]) for line in status.splitlines() if line.endswith(" kB")}
            peak = max(peak, size.get("VmHWM", 0))
            anonymous = max(anonymous, size.get("RssAnon", 0))
            time.sleep(0.01)
        seconds = time.perf_counter() - start
        errors.seek(0)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} failed: {errors.read().decode()}")
    return {"seconds": seconds, "peak_gb": peak / 1e6, "anonymous_gb": anonymous / 1e6}


def _row(name: str, measured: dict[str, float]) -> str:
    seconds, memory = (f"{target:g}" if target else "" for target in TARGETS[name])
    return (
        f"{name:50} {measured['seconds']:>8.1f} {seconds:>7} {measured['peak_gb']:>8.2f} {memory:>7}  "
        f"{measured['anonymous_gb']:>8.2f}"
    )


def write_glove(path: Path, lines: int, numbers: int) -> None:
    """A GloVe text file: the words of the titles, and many that no title has."""
    import numpy as np

    vectors = np.random.default_rng(0).normal(0, 0.4, (500, numbers))
    forms = [" ".join(f"{x:.5f}" for x in vector) for vector in vectors]  # formatting all would take an hour
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{make_mind.word(n)} {forms[n % len(forms)]}\n" for n in range(lines))


# Workers: what runs in a process of its own where no command does just this


def read(folder: Path) -> None:
    from nrms_np.data.read_folder import read_folder

    read_folder(folder)


def first_batch(folder: Path) -> None:
    _until_first_batch(folder, "--dev", str(folder / "dev"))


def last_day(folder: Path) -> None:
    _until_first_batch(folder)


def _until_first_batch(folder: Path, *dev: str) -> None:
    """The train command, until it has its first batch."""
    from nrms_np import train
    from nrms_np.clicks import Split

    assemble = Split.batch
    shutil.rmtree(folder / "run", ignore_errors=True)

    def stop(*args) -> None:
        assemble(*args)
        os._exit(0)

    Split.batch = stop
    train.main(["--train", str(folder / "train"), *dev, "--run", str(folder / "run")])


def checkpoint(folder: Path) -> None:
    """Random weights of the default size, as good as trained ones for time and memory."""
    from nrms_np.app.checkpoint import Checkpoint, save_checkpoint
    from nrms_np.config import Config
    from nrms_np.data.read_folder import read_folder
    from nrms_np.data.vectors import make_table
    from nrms_np.data.vocabulary import build_vocabulary
    from nrms_np.model import init_parameters

    news, train = read_folder(folder / "train")
    config, counts = Config(), news.tokens.counts()
    vocabulary = build_vocabulary(counts, config.min_count)
    params = init_parameters(make_table(vocabulary, counts, {}, config.word_size, config.seed), config)
    model = Checkpoint(params, vocabulary, config, sorted(train.distinct_users()))
    save_checkpoint(folder / "checkpoint.npz", model)


def glove(folder: Path) -> None:
    from nrms_np.data.read_folder import read_folder
    from nrms_np.data.vectors import read_vectors

    assert read_vectors(folder / "glove.txt", read_folder(folder / "train")[0].tokens.counts())


WORKERS = {worker.__name__: worker for worker in (read, first_batch, last_day, checkpoint, glove)}

if __name__ == "__main__":
    main()
