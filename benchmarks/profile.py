"""Where the time of one training step goes: ``python -m benchmarks.profile`` prints a table and draws a picture.

Each stage is a function of the library, timed from outside; what it calls that is a stage of its own is taken off.
The floor of a stage is the time of its matrix products alone, or of reading and writing its arrays once.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from contextlib import contextmanager

import numpy as np

from nrms_np.app import threads
from nrms_np.config import Config
from nrms_np.fit import train_step

from . import records
from .problem import fresh_state, make_problem

STAGES = {  # stage -> functions, as (module, name)
    "batch assembly": [("clicks", "make_batch")],
    "dropout: draw": [("model", "draw_mask")],
    "dropout: apply": [(m, f"dropout_{way}") for m in ("model", "encoder") for way in ("forward", "backward")],
    "embedding": [("model", "embedding_forward")],
    "projection": [("layers.self_attention", "project")],
    "self-attention": [("encoder", "self_attention_forward")],
    "additive attention": [("encoder", "additive_attention_forward")],
    "additive, backward": [("encoder", "additive_attention_backward")],
    "self-attention, backward": [("encoder", "self_attention_backward")],
    "sum by row, backward": [("layers.self_attention", "sum_rows")],
    "projection, backward": [("layers.self_attention", "project_backward")],
    "scores and loss": [("model", n) for n in ("click_scores_forward", "click_loss_forward", "click_scores_backward")],
    "Adam": [("fit", "adam_step")],
}


@contextmanager
def timed_stages(seconds: dict[str, float]):
    """Replace each stage by a timed version; ``seconds`` gets the time of a stage without that of stages inside it."""
    import importlib

    stack: list[float] = []
    replaced = []

    def timed(stage, function):
        def run(*args, **kwargs):
            stack.append(0.0)
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                elapsed = time.perf_counter() - start
                seconds[stage] += elapsed - stack.pop()
                if stack:
                    stack[-1] += elapsed

        return run

    for stage, functions in STAGES.items():
        for module_name, name in functions:
            module = importlib.import_module(f"nrms_np.{module_name}")
            replaced.append((module, name, getattr(module, name)))
            setattr(module, name, timed(stage, getattr(module, name)))
    try:
        yield
    finally:
        for module, name, function in replaced:
            setattr(module, name, function)


def floors(problem, batch) -> dict[str, float]:
    """The least seconds of the stages that have a clear floor, measured on this machine."""
    config = problem.config
    size = config.heads * config.head_size
    rng = np.random.default_rng(0)

    def best(f) -> float:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            f()
            times.append(time.perf_counter() - start)
        return min(times)

    def products(rows: int, inner: int, outer: int) -> tuple[float, float]:
        x, w, d = (rng.random(s, dtype=np.float32) for s in ((rows, inner), (inner, outer), (rows, outer)))
        return best(lambda: x @ w), best(lambda: (x.T @ d, d @ w.T))

    projection = [
        products(*shape, 3 * size) for shape in ((len(batch.words), config.word_size), (len(batch.titles), size))
    ]
    pooling = [products(len(s.values), size, config.query_size) for s in (batch.titles, batch.histories)]
    ones = np.ones(2**24, np.float32)
    bandwidth = 2 * ones.nbytes / best(lambda: np.copyto(np.empty_like(ones), ones))  # bytes read and written a second
    positions = len(batch.titles.values) + len(batch.histories.values)
    masked = positions * size + len(batch.words) * config.word_size
    table = (
        sum(param.nbytes for param in problem.params().values()) - problem.split.vocabulary_size * config.word_size * 4
    )
    table += len(batch.words) * config.word_size * 4
    return {
        "projection": sum(f for f, _ in projection),
        "projection, backward": sum(b for _, b in projection),
        "additive attention": sum(f for f, _ in pooling),
        "additive, backward": sum(b for _, b in pooling),
        "dropout: apply": 2 * masked * 9 / bandwidth,
        "embedding": 2 * len(batch.words) * config.word_size * 4 / bandwidth,
        "sum by row, backward": 3 * (positions + len(batch.words) + len(batch.titles)) * size * 4 / bandwidth,
        "Adam": 7 * table / bandwidth,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--attention", default="qkv", choices=["qkv", "bilinear"])
    parser.add_argument("--steps", type=int, default=25)
    args = parser.parse_args()
    threads.use(args.threads)
    problem = make_problem(Config(attention=args.attention))
    params, adam = fresh_state(problem)
    draws = [problem.draw(i) for i in range(args.steps + 2)]
    rows, totals = defaultdict(list), []
    for i, draw_of_batch in enumerate(draws):
        seconds: dict[str, float] = defaultdict(float)
        with timed_stages(seconds):
            start = time.perf_counter()
            train_step(params, adam, problem.batch(*draw_of_batch), problem.config, 1, i)
            total = time.perf_counter() - start
        if i >= 2:  # the first two compile and warm up
            totals.append(total)
            for stage in STAGES:
                rows[stage].append(seconds[stage])
            rows["everything else"].append(total - sum(seconds.values()))
    medians = {stage: float(np.median(times)) for stage, times in rows.items()}
    least = floors(problem, problem.batch(*draws[0]))
    print(f"{'stage':<26} {'median':>9} {'share':>7} {'floor':>9}")
    for stage, median in medians.items():
        floor = f"{least[stage] * 1e3:6.1f} ms" if stage in least else ""
        print(f"{stage:<26} {median * 1e3:6.1f} ms {median / np.median(totals):>6.1%} {floor:>9}")
    print(f"{'whole step':<26} {np.median(totals) * 1e3:6.1f} ms")
    if args.attention == "qkv":
        record = {"step_seconds": float(np.median(totals)), "stage_seconds": medians, "floor_seconds": least}
        records.write("profile", {"machine": records.machine(args.threads), **record})
        draw(medians, least, records.ROOT / "images" / "profile.png")


def draw(medians: dict[str, float], least: dict[str, float], path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    names = list(medians)
    axes.barh(names, [1e3 * medians[name] for name in names], color="#2f6db5", label="measured")
    axes.barh(names, [1e3 * least.get(name, 0) for name in names], color="#d9822b", height=0.4, label="floor")
    axes.invert_yaxis()
    axes.set(xlabel="milliseconds of a training step, median", title="Where the time of a step goes")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
