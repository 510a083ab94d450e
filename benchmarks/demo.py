"""The demo run of the README: ``python -m benchmarks.demo`` (about a minute), with every kernel compiled anew.

Writes what the command prints, its rows and its seconds to benchmarks/demo.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import records


def main() -> None:
    argparse.ArgumentParser(prog="python -m benchmarks.demo", description=__doc__.split("\n")[0]).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(records.ROOT), "NUMBA_CACHE_DIR": f"{folder}/cache"}
        command = [sys.executable, "-m", "nrms_np.train"]
        start = time.perf_counter()
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        seconds = time.perf_counter() - start
        metrics = json.loads(Path(folder, "runs", "demo", "metrics.json").read_text())
        printed = next(line for line in done.stdout.splitlines() if ".recommend " in line)  # ready to paste
        recommend = [sys.executable, *shlex.split(printed)[1:], "--top", "2"]
        found = subprocess.run(recommend, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout + f"{seconds:.0f} s")
    record = {name: metrics[name] for name in ("baselines", "epochs", "best")}
    record |= {"seconds": seconds, "new_news": new_news(), "lines": done.stdout.partition("\nnext, ")[0].split("\n")}
    record["recommendations"] = found.stdout.rstrip().split("\n")
    records.write("demo", {"machine": records.machine(), **record})


def new_news() -> float:
    """The share of the shown dev news that occur nowhere in the training data."""
    import numpy as np

    from nrms_np.data.demo import make_demo

    demo = make_demo()
    shown = np.unique(demo.dev.candidates.values)
    seen = np.concatenate([demo.train.candidates.values, demo.train.histories.values])
    return float(1 - np.isin(shown, seen).mean())


if __name__ == "__main__":
    main()
