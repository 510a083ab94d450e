"""Cost as the work grows: ``python -m benchmarks.scaling`` prints tables and draws images/scaling.png.

One size changes at a time, the others stay at their defaults: seconds of a training step, and the largest memory of a
process that does nothing else. Each point is a process of its own (``--point`` runs one).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from nrms_np.app import threads
from nrms_np.config import Config
from nrms_np.fit import train_step

from . import records
from .fresh import peak_memory_mb
from .problem import Problem, fresh_state, random_split

GRID = {
    "batch_size": [16, 64, 256, 1024],
    "history_length": [10, 25, 50, 100],
    "title_length": [5, 10, 20, 30],
    "word_size": [50, 100, 300, 600],
    "heads": [2, 4, 8, 16, 32],
    "news": [51_282, 161_013],  # MIND-small and MIND-large; the vocabulary grows along
}


def point(name: str, value: int) -> None:
    """Measure one point in this process and print it as JSON."""
    config = Config() if name == "news" else Config(**{name: value})
    sizes = {"news": value, "impressions": value // 10, "vocabulary": value // 3} if name == "news" else {}
    mean_title = 25.0 if name == "title_length" else 11.7
    problem = Problem(config, random_split(config, mean_title=mean_title, **sizes), "random")
    params, state = fresh_state(problem)
    times, titles = [], []
    for i in range(22 if name == "news" else 7):
        batch = problem.batch(*problem.draw(i))
        start = time.perf_counter()
        train_step(params, state, batch, config, 1, i)
        times.append(time.perf_counter() - start)
        titles.append(len(batch.titles))
    per_title = np.array(times[2:]) / titles[2:]
    seconds = {"seconds": float(np.median(times[2:])), "microseconds_per_title": 1e6 * float(np.median(per_title))}
    print(json.dumps({**seconds, "peak_memory_mb": peak_memory_mb()}))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--point", nargs=2, metavar=("NAME", "VALUE"))
    args = parser.parse_args()
    if args.point:
        threads.use(args.threads)
        return point(args.point[0], int(args.point[1]))
    results: dict[str, list[dict]] = {}
    for name, values in GRID.items():
        print(f"\n{name:>14} {'ms a step':>10} {'us a title':>11} {'peak MB':>8}")
        for value in values:
            command = [sys.executable, "-m", "benchmarks.scaling", "--threads", str(args.threads)]
            done = subprocess.run([*command, "--point", name, str(value)], capture_output=True, text=True, check=True)
            found = json.loads(done.stdout)
            results.setdefault(name, []).append({"value": value, **found})
            milliseconds, per_title = found["seconds"] * 1e3, found["microseconds_per_title"]
            print(f"{value:>14} {milliseconds:>10.0f} {per_title:>11.0f} {found['peak_memory_mb']:>8.0f}", flush=True)
    records.write("scaling", {"machine": records.machine(args.threads), "points": results})
    draw(results, records.ROOT / "images" / "scaling.png")
    return None


def draw(results: dict[str, list[dict]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    labels = {
        "batch_size": "users in a batch",
        "history_length": "clicks kept of a history",
        "title_length": "words kept of a title",
        "word_size": "D, size of a word vector",
        "heads": "H, heads of size 16",
    }
    results = {name: points for name, points in results.items() if name in labels}
    figure, panels = plt.subplots(1, len(results), figsize=(13, 3), layout="constrained")
    for axes, (name, points) in zip(panels, results.items()):
        values = [point["value"] for point in points]
        axes.plot(values, [point["seconds"] * 1e3 for point in points], "o-", color="#2f6db5")
        axes.set(xlabel=labels[name], ylim=(0, None), xlim=(0, None))
        memory = axes.twinx()
        memory.plot(values, [point["peak_memory_mb"] for point in points], "s--", color="#d9822b", ms=4, lw=1)
        memory.set(ylim=(0, None))
        memory.tick_params(axis="y", colors="#d9822b")
        axes.tick_params(axis="y", colors="#2f6db5")
    panels[0].set_ylabel("ms a training step", color="#2f6db5")
    memory.set_ylabel("peak memory, MB", color="#d9822b")
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
