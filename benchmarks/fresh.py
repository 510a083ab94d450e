"""One measurement in a new process, without PyTorch: ``python -m benchmarks.fresh import|first_step|memory``."""

from __future__ import annotations

import json
import sys
import time


def main(what: str, threads: int) -> None:
    start = time.perf_counter()
    import nrms_np

    imported = time.perf_counter() - start
    if what == "import":
        print(json.dumps({"import": imported}))
        return
    nrms_np.app.threads.use(threads)

    from .problem import fresh_state, make_problem

    problem = make_problem(nrms_np.Config())
    params, adam = fresh_state(problem)
    draws = [problem.draw(i) for i in range(1 if what == "first_step" else 20)]
    start = time.perf_counter()
    for i, draw in enumerate(draws):
        nrms_np.train_step(params, adam, problem.batch(*draw), problem.config, 1, i)
    if what == "first_step":
        print(json.dumps({"first_step": time.perf_counter() - start}))
    else:
        print(json.dumps({"peak_memory_mb": peak_memory_mb()}))


def peak_memory_mb() -> float:
    """The largest resident size so far. (ru_maxrss would count the parent's size at the fork as well.)"""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
