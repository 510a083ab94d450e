"""Training in a notebook beside the command: ``python -m benchmarks.notebook`` (two minutes).

Two processes train on the same clicks and take turns. One is a notebook: it imports NumPy first, multiplies matrices,
and then goes on as the README's example does. The other does what ``python -m nrms_np.train`` does. A step is the
assembly of its batch and ``train_step``. Both must find the same loss. Writes benchmarks/notebook.json.

The data is the real MIND sample when it is there, else the demo corpus; the settings are the defaults (D 300).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from . import records

if TYPE_CHECKING:
    from nrms_np.data.mind import Behaviors, News

MIND = records.ROOT.parent / "shared" / "mind" / "train"
STEPS = 5  # in a turn
OnStep = Callable[[float, float], None]  # told the seconds of a step, and the sum of the losses so far


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.notebook", description=__doc__.split("\n")[0])
    parser.add_argument("--turns", type=int, default=20, help=f"turns of {STEPS} steps that each process takes")
    parser.add_argument("--demo", action="store_true", help="the demo corpus, also where the MIND sample is")
    parser.add_argument("--worker", choices=["notebook", "command"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    train = None if args.demo or not (MIND / "news.tsv").exists() else MIND
    if args.worker:
        return (notebook if args.worker == "notebook" else command)(train, take_turns())
    flags = ["--demo"] if args.demo else []
    processes = {name: start(name, flags) for name in ("notebook", "command")}
    times: dict[str, list[float]] = {name: [] for name in processes}
    for turn in range(args.turns + 2):
        losses = set()
        for name, process in processes.items():
            process.stdin.write("go\n")
            process.stdin.flush()
            if not (answer := process.stdout.readline()):
                raise SystemExit(f"the {name} process has failed")
            *seconds, loss = map(float, answer.split())
            losses.add(loss)
            if turn >= 2:  # the first two compile and warm up
                times[name] += seconds
        assert len(losses) == 1, f"not the same work: losses {losses}"
    for process in processes.values():
        process.stdin.close()
        process.wait()
    quartiles = {name: statistics.quantiles(seconds) for name, seconds in times.items()}
    steps = {name: dict(zip(("quartile1", "median", "quartile3"), three)) for name, three in quartiles.items()}
    ratio = steps["notebook"]["median"] / steps["command"]["median"]
    for name, step in steps.items():
        spread = f"{step['quartile1'] * 1e3:.1f}-{step['quartile3'] * 1e3:.1f}"
        print(f"{name:<10} {step['median'] * 1e3:6.1f} ms a step, quartiles {spread}")
    print(f"notebook : command = {ratio:.2f}")
    source = "real MIND sample" if train else "demo corpus"
    records.write("notebook", {"machine": records.machine(), "data": source, "step_seconds": steps, "ratio": ratio})
    return None


def start(name: str, flags: list[str]) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(records.ROOT), "TQDM_DISABLE": "1"}
    arguments = [sys.executable, "-m", "benchmarks.notebook", "--worker", name, *flags]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def take_turns() -> OnStep:
    """For each line of standard input lets some steps be done, then prints their seconds and the loss so far."""
    times: list[float] = []

    def wait() -> None:
        if not sys.stdin.readline():
            raise SystemExit

    def on_step(seconds: float, loss: float) -> None:
        times.append(seconds)
        if len(times) == STEPS:
            print(*times, loss, flush=True)
            times.clear()
            wait()

    wait()
    return on_step


def notebook(folder: Path | None, on_step: OnStep) -> None:
    import numpy as np

    np.ones((500, 500)) @ np.ones((500, 500))  # now BLAS has its threads

    import nrms_np as nn
    from nrms_np.fit import falling_rate, steps_of_epoch

    news, train = read(folder)
    config, counts = nn.Config(), news.tokens.counts()
    vocabulary = nn.build_vocabulary(counts, config.min_count)
    split = nn.prepare(news, train, vocabulary, config)

    table = nn.make_table(vocabulary, counts, {}, config.word_size, config.seed)
    params = nn.init_parameters(table, config, np.bincount(split.news_words.values, minlength=len(vocabulary)))
    adam = nn.AdamState.zeros(params)
    for epoch in range(1, 1000):
        order = nn.generator(config.seed, "order", epoch).permutation(len(split.clicks))
        loss = 0.0
        for step, first in enumerate(range(0, len(order), config.batch_size)):
            start = time.perf_counter()
            which = order[first : first + config.batch_size]
            batch = split.batch(which, config, nn.generator(config.seed, "negatives", epoch, step))
            rate = falling_rate(config, adam.step, steps_of_epoch(split.clicks, config))
            loss += nn.train_step(params, adam, batch, config, epoch, step, rate) * len(which)
            on_step(time.perf_counter() - start, loss)


def command(folder: Path | None, on_step: OnStep) -> None:
    from nrms_np.app import threads
    from nrms_np.app.run_data import prepare_data
    from nrms_np.app.run_folder import RunSettings
    from nrms_np.config import Config
    from nrms_np.fit import TrainingState, train_epoch
    from nrms_np.model import init_parameters, loss_and_gradients

    threads.use(0)
    import numpy as np  # only now: a command sets BLAS's threads first

    data = str(folder) if folder else None  # None: the demo corpus
    with contextlib.redirect_stdout(sys.stderr):
        prepared = prepare_data(RunSettings(Config(), [data] if data else None, data, None))
    word_counts = np.bincount(prepared.train.news_words.values, minlength=len(prepared.table))
    state = TrainingState.start(init_parameters(prepared.table, prepared.config, word_counts))
    before = 0.0

    def finish_step() -> None:
        nonlocal before
        seconds, before = state.seconds - before, state.seconds
        on_step(seconds, state.loss_sum)

    for state.epoch in range(1, 1000):
        state.step, state.loss_sum = 0, 0.0
        train_epoch(state, prepared.train, prepared.config, finish_step, loss_and_gradients)


def read(folder: Path | None) -> tuple[News, Behaviors]:
    from nrms_np.data.demo import make_demo
    from nrms_np.data.read_folder import read_folder

    if folder:
        return read_folder(folder)
    demo = make_demo()
    return demo.news, demo.train


if __name__ == "__main__":
    main()
