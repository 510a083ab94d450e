"""The user's first minute: ``python -m benchmarks.first_minute`` - import time, and compile time of each kernel.

Cold is a new cache folder, warm the same folder again; each in a process of its own. A kernel's time is that of its
first call in a training step with validation, compiling or loading included. Writes benchmarks/first_minute.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from . import records

FACTORIES = ("products", "weighted_sums", "weighted_sums_transposed")  # of layers.attention_pairs


def first_calls() -> None:
    """In this process: import, then one step and one validation, with the seconds of each kernel's first call."""
    start = time.perf_counter()
    import nrms_np

    report = {"import nrms_np": time.perf_counter() - start}
    import importlib

    from numba.core.dispatcher import Dispatcher

    def timed(name: str, kernel: Callable) -> Callable:
        def run(*args):
            start = time.perf_counter()
            out = kernel(*args)
            report.setdefault(name, time.perf_counter() - start)
            return out

        return run

    for module_name in list(sys.modules):
        if module_name.startswith("nrms_np."):
            module = importlib.import_module(module_name)
            kernels = {name: it for name, it in vars(module).items() if isinstance(it, Dispatcher)}
            inner = {name for kernel in kernels.values() for name in kernel.py_func.__code__.co_names}
            for name, kernel in kernels.items():
                # a kernel that another kernel calls must stay what it is
                if kernel.py_func.__module__ == module_name and name not in inner:
                    setattr(module, name, timed(f"{module_name.removeprefix('nrms_np.')}.{name}", kernel))
    pairs = importlib.import_module("nrms_np.layers.attention_pairs")

    def timed_factory(name: str) -> Callable:
        make = getattr(pairs, name)
        return lambda *sizes: timed(f"layers.attention_pairs.{name}", make(*sizes))

    for name in FACTORIES:
        setattr(pairs, name, timed_factory(name))

    from .problem import fresh_state, make_problem

    problem = make_problem(nrms_np.Config())
    params, adam = fresh_state(problem)
    start = time.perf_counter()
    nrms_np.train_step(params, adam, problem.batch(*problem.draw(0)), problem.config)
    report["whole first step"] = time.perf_counter() - start
    start = time.perf_counter()
    nrms_np.validate(params, problem.split, problem.config)
    report["whole first validation"] = time.perf_counter() - start
    print(json.dumps(report))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_minute", description=__doc__.split("\n")[0])
    parser.add_argument("--here", action="store_true", help="measure in this process and print JSON")
    if parser.parse_args().here:
        return first_calls()
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        command = [sys.executable, "-m", "benchmarks.first_minute", "--here"]
        cold, warm = (
            json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout)
            for _ in range(2)
        )
    print(f"{'':<52} {'cold':>8} {'warm':>8}")
    for name in cold:
        print(f"{name:<52} {cold[name]:>6.2f} s {warm[name]:>6.2f} s")
    records.write("first_minute", {"machine": records.machine(), "cold": cold, "warm": warm})
    return None


if __name__ == "__main__":
    main()
