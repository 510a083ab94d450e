"""What ``python -m benchmarks`` measures, prints, draws and writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import torch
from tqdm import tqdm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from nrms_np.adam import AdamState  # noqa: E402
from nrms_np.app.threads import usable_cores  # noqa: E402
from nrms_np.batch import Batch  # noqa: E402
from nrms_np.config import Config  # noqa: E402
from nrms_np.fit import train_step  # noqa: E402
from nrms_np.gradcheck import dense_gradients, relative_error  # noqa: E402
from nrms_np.inference import encode_news  # noqa: E402
from nrms_np.model import init_parameters, loss_and_gradients  # noqa: E402
from nrms_np.parallel import set_threads  # noqa: E402

from . import records, torch_nrms  # noqa: E402
from .problem import Problem, make_problem, random_split  # noqa: E402

PAUSE = 0.05  # seconds before each turn: idle threads of the version before it are asleep by then
SMALL = Config(batch_size=16, word_size=64, heads=4, query_size=50)  # small, but padded to the sizes people use


def run(rounds: int, threads: int, small: bool) -> dict:
    if threads:
        torch.set_num_threads(threads)
    config = SMALL if small else Config()
    problem = Problem(config, random_split(config), "random data") if small else make_problem(config)
    print(f"{problem.source}; {config.batch_size} users a batch, D {config.word_size}, torch {torch.__version__}")
    batches = problem.batches(rounds + 2)
    assert_same_work(problem, batches[0])
    steps = measure(contestants(problem, batches, compiled=not small), rounds)
    encoding = measure(encoders(problem), max(3, rounds // 3))
    report = {
        "machine": {**records.machine(threads), "torch": torch.__version__},
        "step_seconds": steps,
        "titles_per_second": {name: ENCODED[name] / seconds["median"] for name, seconds in encoding.items()},
    }
    if not small:
        report["step_seconds_d50"] = measure_d50(rounds)
        report["step_seconds_by_threads"] = measure_threads(problem, batches, rounds, threads)
        report |= fresh_processes(threads)
    show(report)
    if not small:
        records.write("results", report)
        draw(report, records.ROOT / "images" / "speed.png")
    return report


def assert_same_work(problem: Problem, batch: Batch) -> None:
    """Dropout 0, float64: the loss and every gradient of all versions agree."""
    config = replace(problem.config, dropout=0.0)
    params = {name: param.astype(np.float64) for name, param in problem.params().items()}
    params["embedding"] *= 10  # words of size 1: with vectors of size 0.1 some gradients nearly cancel to nothing
    loss, gradients = loss_and_gradients(params, batch, config)
    gradients = torch_nrms.heads_first(dense_gradients(gradients, len(params["embedding"])), config.heads)
    for name, version, prepared in (
        ("padded", torch_nrms.padded_loss, torch_nrms.PaddedBatch(batch, config)),
        ("tuned", torch_nrms.tuned_loss, torch_nrms.TunedBatch(batch, config)),
        ("our layout", torch_nrms.ragged_loss, torch_nrms.RaggedBatch(batch, config)),
    ):
        weights = torch_nrms.parameters(params, config.heads)
        theirs = version(weights, prepared, config, training=True)
        theirs.backward()
        assert abs(theirs.item() - loss) < 1e-12, f"{name}: loss {theirs.item()} against {loss}"
        for key, gradient in gradients.items():
            grad = weights[key].grad
            error = relative_error(gradient, (grad.to_dense() if grad.is_sparse else grad).numpy())
            assert error < 1e-9, f"{name}: gradient of {key} differs by {error:.1e}"
    print("losses and gradients of all versions agree")


def contestants(problem: Problem, batches: list[Batch], compiled: bool) -> dict[str, Callable[[int], object]]:
    """name -> a function that takes the number of a round and does one training step on that round's batch.

    ``compiled``: with torch.compile of the tuned version, whose first step takes minutes.
    """
    config = problem.config
    bilinear = replace(config, attention="bilinear")

    def ours(config: Config) -> Callable[[int], object]:
        params = init_parameters(problem.params()["embedding"], config)
        state = AdamState.zeros(params)
        return lambda i: train_step(params, state, batches[i], config, 1, i)

    def padded() -> Callable[[int], object]:
        weights = torch_nrms.parameters(problem.params(), config.heads)
        prepared = [torch_nrms.PaddedBatch(batch, config) for batch in batches]
        optimizer = torch.optim.Adam(weights.values(), lr=config.learning_rate)

        def step(i: int) -> None:
            torch_nrms.padded_loss(weights, prepared[i], config, training=True).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

        return step

    def sparse(loss: Callable, prepare: Callable) -> Callable[[int], object]:
        weights = torch_nrms.parameters(problem.params(), config.heads)
        prepared = [prepare(batch, config) for batch in batches]
        optimizer = torch_nrms.TunedAdam(weights, config.learning_rate)

        def step(i: int) -> None:
            loss(weights, prepared[i], config, training=True).backward()
            optimizer.step()

        return step

    draws = [problem.draw(i) for i in range(len(batches))]
    tuned = {"torch_tuned": torch_nrms.tuned_loss}
    if compiled:
        tuned["torch_compiled"] = torch.compile(torch_nrms.tuned_loss, dynamic=True)
    return {
        "nrms_np": ours(config),
        "nrms_np_bilinear": ours(bilinear),
        "torch_padded": padded(),
        **{name: sparse(loss, torch_nrms.TunedBatch) for name, loss in tuned.items()},
        "torch_our_layout": sparse(torch_nrms.ragged_loss, torch_nrms.RaggedBatch),
        "matrix_products": matrix_products(problem, batches),
        "batch_assembly": lambda i: problem.batch(*draws[i]),
    }


def measure_d50(rounds: int) -> dict[str, dict[str, float]]:
    """Steps with word vectors of 50 numbers, the small GloVe."""
    problem = make_problem(Config(word_size=50))
    versions = contestants(problem, problem.batches(rounds + 2), compiled=False)
    return measure({name: versions[name] for name in ("nrms_np", "torch_padded", "torch_tuned")}, rounds)


def measure_threads(problem: Problem, batches: list[Batch], rounds: int, threads: int) -> dict[str, dict[str, float]]:
    """Our step with one thread and with all, in turns."""
    step = contestants(problem, batches, compiled=False)["nrms_np"]

    def on(count: int) -> Callable[[int], object]:
        def step_on(i: int) -> None:
            set_threads(count)
            step(i)

        return step_on

    everything = threads or usable_cores()
    measured = measure({str(count): on(count) for count in sorted({1, everything})}, rounds)
    set_threads(everything)
    return measured


def matrix_products(problem: Problem, batches: list[Batch]) -> Callable[[int], object]:
    """The products of one step alone, forward and both backward ones, at the shapes that the design needs."""
    config = problem.config
    size, rng = config.heads * config.head_size, np.random.default_rng(0)

    def shapes(batch: Batch) -> list[tuple[int, int, int]]:
        projections = [(len(batch.words), config.word_size, 3 * size), (len(batch.titles), size, 3 * size)]
        pooling = [(len(sets.values), size, config.query_size) for sets in (batch.titles, batch.histories)]
        return projections + pooling

    def operands(rows: int, inner: int, outer: int) -> tuple[np.ndarray, ...]:
        return tuple(rng.random(shape, dtype=np.float32) for shape in ((rows, inner), (inner, outer), (rows, outer)))

    prepared = [[operands(*shape) for shape in shapes(batch)] for batch in batches]

    def step(i: int) -> None:
        for x, weight, dout in prepared[i]:
            x @ weight, x.T @ dout, dout @ weight.T

    return step


ENCODED = {"nrms_np": 16384, "torch_padded": 1024}  # titles encoded in a measurement; the cost per title is constant


def encoders(problem: Problem) -> dict[str, Callable[[int], object]]:
    """Encoding titles as evaluation does: ours from the catalogue, and padded PyTorch without gradients."""
    config, params = problem.config, problem.params()
    titles = problem.split.news_words.take(np.arange(ENCODED["nrms_np"]))
    weights = torch_nrms.parameters(params, config.heads)
    index, there = torch_nrms.pad(titles.take(np.arange(ENCODED["torch_padded"])), config.title_length)

    def padded(i: int) -> None:
        with torch.no_grad():
            for start in range(0, ENCODED["torch_padded"], 512):
                rows = torch.nn.functional.embedding(index[start : start + 512], weights["embedding"])
                torch_nrms.encode(rows, there[start : start + 512], weights, "news", config, None, False, False)

    return {"nrms_np": lambda i: encode_news(params, titles, config), "torch_padded": padded}


def measure(versions: dict[str, Callable[[int], object]], rounds: int) -> dict[str, dict[str, float]]:
    """Take turns: two rounds to warm up, then ``rounds`` measured ones. Seconds: median and quartiles.

    A turn is two steps, of which the second counts: in training each step follows one of its own kind, not another's
    that has just filled the caches.
    """
    times: dict[str, list[float]] = {name: [] for name in versions}
    for i in tqdm(range(rounds + 2), desc="rounds", leave=False):
        for name, step in versions.items():
            time.sleep(PAUSE)
            step(i)
            start = time.perf_counter()
            step(i)
            times[name].append(time.perf_counter() - start)
    quartiles = {name: np.percentile(seconds[2:], [50, 25, 75]).tolist() for name, seconds in times.items()}
    return {name: dict(zip(("median", "quartile1", "quartile3"), three)) for name, three in quartiles.items()}


def fresh_processes(threads: int) -> dict:
    """First step with nothing compiled and with everything cached, import time, and memory: each in a new process."""
    import tempfile

    with tempfile.TemporaryDirectory() as cache:
        cold, warm = (_fresh("first_step", threads, NUMBA_CACHE_DIR=cache) for _ in range(2))
    return {
        "first_step_seconds": {"cold": cold["first_step"], "warm": warm["first_step"]},
        "import_seconds": min(_fresh("import", threads)["import"] for _ in range(3)),
        "peak_memory_mb": _fresh("memory", threads)["peak_memory_mb"],
    }


def _fresh(what: str, threads: int, **environment: str) -> dict:
    command = [sys.executable, "-m", "benchmarks.fresh", what, str(threads)]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def show(report: dict) -> None:
    steps = report["step_seconds"]
    base = steps["nrms_np"]["median"]
    print(f"\n{'one training step':<24} {'median':>9} {'quartiles':>19}   ratio to nrms_np")
    more = [("D 50: ", report.get("step_seconds_d50", {})), ("threads: ", report.get("step_seconds_by_threads", {}))]
    for label, some in [("", steps), *more]:
        for name, step in some.items():
            spread = f"{step['quartile1'] * 1e3:.1f}-{step['quartile3'] * 1e3:.1f}"
            print(f"{label + name:<24} {step['median'] * 1e3:>6.1f} ms {spread:>16} ms   {step['median'] / base:.3f}")
    titles = report["titles_per_second"]
    ratio = titles["nrms_np"] / titles["torch_padded"]
    both = f"{titles['nrms_np']:,.0f}; padded PyTorch {titles['torch_padded']:,.0f}"
    print(f"\ntitles encoded per second: {both}; ratio {ratio:.1f}")
    for name in ("first_step_seconds", "import_seconds", "peak_memory_mb"):
        if name in report:
            print(f"{name}: {report[name]}")


def draw(report: dict, path: Path) -> None:
    names = {
        "torch_padded": "PyTorch, padded",
        "torch_tuned": "PyTorch, tuned by hand",
        "torch_our_layout": "PyTorch, our layout",
        "nrms_np": "nrms_np",
        "matrix_products": "its matrix products alone",
    }
    steps = report["step_seconds"]
    base = steps["nrms_np"]["median"]
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    values = [steps[name]["median"] for name in names]
    axes.barh(list(names.values()), values, color=["#8a8a8a", "#8a8a8a", "#8a8a8a", "#2f6db5", "#d9822b"])
    for y, value in enumerate(values):
        axes.text(value, y, f" {value * 1e3:,.0f} ms ({value / base:.2g} x)", va="center")
    axes.invert_yaxis()
    axes.set(xlabel="seconds for one training step, median", xlim=(0, max(values) * 1.25))
    axes.set_title(f"64 users, D 300, 16 heads of 16, {report['machine']['threads']} threads")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)
