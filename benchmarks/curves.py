"""Two questions to real news, each a curve: ``python -m benchmarks.curves spread`` and ``... clicks`` (half an hour).

spread: how sharp should attention be at birth? AUC by ``--spread``, the standard deviation of the logits within a line
    of the untrained news encoder, judged on the last training day, which is held out. Dev is not looked at.
clicks: when does training pay? AUC on dev by the number of training clicks, with attention and without it.

Every point is a run of ``python -m benchmarks.mind_sample`` and an entry of benchmarks/mind_sample.json; what is there
already is not run again, ``--draw`` runs nothing. The lines show the gain over the mean of the word vectors, which
needs no training, with 95 % intervals paired by impression: several seeds, one set of impressions.
"""

from __future__ import annotations

import argparse
import sys

from matplotlib.figure import Figure
from tqdm import tqdm

from . import mind_sample, records

SPREADS = (0.03, 0.1, 0.3, 1, 3.5, 10, 30, 100)
RATE = "--held-out --learning-rate 0.0005"  # the default rate when these were run
MORE = "--more --epochs 5"
SIZES = ("--share 0.25", "--share 0.5", "", MORE)  # parts of the sample, all of it, and the folder with more clicks

# curve -> line -> its points: x (None: the number of clicks) and the flags of mind_sample
CURVES: dict[str, dict[str, list[tuple[float | None, str]]]] = {
    "spread": {"NRMS": [(spread, f"{RATE} --spread {spread:g}") for spread in SPREADS]},
    "clicks": {
        name: [(None, " ".join(filter(None, (size, flags)))) for size in SIZES]
        for name, flags in (("NRMS", ""), ("NRMS without attention", "--attention mean"))
    },
}
AXES = {
    "spread": "spread of the logits of the news encoder at birth (--spread)",
    "clicks": "training clicks",
}


def points(curve: str, line: str) -> list[tuple[float, dict]]:
    """x and the entry of each point that was run."""
    runs = records.read("mind_sample")["runs"]
    found = ((x, runs[flags]) for x, flags in CURVES[curve][line] if flags in runs)
    return [(run["clicks"] if x is None else x, run) for x, run in found]


def draw(curve: str) -> None:
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    axes = figure.add_subplot()
    for number, (line, marker) in enumerate(zip(CURVES[curve], "os")):
        found = points(curve, line)
        shift = 0.97 + 0.06 * number  # side by side, so that the intervals can be told apart
        x, gains = [shift * x for x, _ in found], [run["gain"] for _, run in found]
        y = [gain["auc"] for gain in gains]
        reach = [[gain["auc"] - gain["low"] for gain in gains], [gain["high"] - gain["auc"] for gain in gains]]
        axes.errorbar(x, y, reach, marker=marker, capsize=3, label=line, color=("#2f6db5", "#d9822b")[number])
    axes.axhline(0, color="#8a8a8a", linewidth=1)
    axes.text(0.99, 0.02, "0: mean of word vectors, nothing trained", ha="right", transform=axes.transAxes, size=8)
    axes.set(xscale="log", xlabel=AXES[curve], ylabel="AUC gained")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(records.ROOT / "images" / f"curve_{curve}.png", dpi=130, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curves", description=__doc__.split("\n")[0])
    parser.add_argument("curve", choices=list(CURVES))
    parser.add_argument("--draw", action="store_true", help="draw what is there, run nothing")
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    wanted = [flags for line in CURVES[args.curve].values() for _, flags in line]
    missing = [flags for flags in wanted if flags not in records.read("mind_sample")["runs"]]
    for flags in tqdm([] if args.draw else missing, unit=" points"):
        mind_sample.main([*flags.split(), "--threads", str(args.threads)])
    draw(args.curve)


if __name__ == "__main__":
    sys.exit(main())
