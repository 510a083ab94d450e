"""Cost of several ranks: ``python -m benchmarks.mpi`` measures one and two on this machine, and predicts many machines.

It starts ``mpiexec -n 2``, in which all that is measured takes turns, so that another load on the machine hits all
alike; the numbers are medians of the rounds. Two ranks share one machine here, so there is no network in what is
measured, but the bytes are counted on a real socket (``--bytes``, over the loopback device).

The model on paper. With P ranks and a batch of B clicks, a step takes

    rest(B)                    every rank: assemble the batch, draw its masks, and do Adam's step on all of it
    + max over ranks of share  the loss and the gradients of about B / P clicks. Words and titles that two ranks have
                               are computed by both, so a share costs more than 1 / P of the whole
    + pack(B)                  cut the share out of the batch, and copy its gradients into one array
    + 2 (P - 1) / P * bytes / bandwidth + 2 (P - 1) * latency

where bytes = 4 (weights without the embedding + words of the batch * D + 1): each rank sends its parts to their owners,
and each owner sends its sums to all. On one machine sum(B) stands in place of the last line. Each of the four stages
takes a0 + a1 words + a2 word positions + a3 history positions, with coefficients fitted to the stage measured by itself
with 4 to 1,536 clicks. The shares of P ranks are cut from real batches, so how much they have in common and how unequal
they are is counted, not assumed. Whole steps of 64 to 1,024 clicks are no part of the fit: they check it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from nrms_np.adam import adam_step
from nrms_np.app import mpi
from nrms_np.app.mpi import ALONE, Ranks, sum_over_ranks, take_share
from nrms_np.batch import Batch
from nrms_np.config import Config
from nrms_np.fit import train_step
from nrms_np.model import draw_masks, loss_and_gradients
from nrms_np.parallel import set_threads

from . import records, tables
from .problem import fresh_state, make_problem

BATCHES = (64, 128, 256, 1024)  # clicks of the whole steps, which check the model
FITTED = (4, 16, 48, 192, 768, 1536)  # clicks of the stages, to which it is fitted
MACHINES, NETWORKS = (1, 2, 4, 8, 16, 32, 64), (1, 10, 100)  # predicted; Gb/s
PREDICTED = (64, 256, 1024, 4096)  # clicks in a batch
COUNTED = 3  # batches whose shares are cut, for each size
LATENCY = 30e-6  # seconds a message, of a data centre's Ethernet
OVER_SOCKETS = {"MPIR_CVAR_NOLOCAL": "1", "MPIR_CVAR_CH4_NETMOD": "ofi", "FI_PROVIDER": "tcp"}  # of MPICH
WAYS = {"1 thread": (1, False), "2 threads": (2, False), "2 ranks": (1, True)}  # threads; both ranks at once?


def sizes(batch: Batch) -> list[int]:
    """What the cost of a stage depends on."""
    return [1, len(batch.words), len(batch.titles.values), len(batch.histories.values)]


class Bench:
    """One of the two ranks. Where only one process is measured it is rank 0, while rank 1 sleeps."""

    def __init__(self) -> None:
        from mpi4py import MPI

        self.comm, self.config = MPI.COMM_WORLD, Config()
        self.both, self.packing = Ranks(MPI.COMM_WORLD), Ranks(MPI.COMM_SELF)
        self.problem = make_problem(self.config)
        self.params, self.adam = fresh_state(self.problem)
        self.times: dict[str, list[float]] = {}

    def batch(self, size: int, i: int) -> Batch:
        problem = replace(self.problem, config=replace(self.config, batch_size=size))
        return problem.batch(*problem.draw(i))

    def turn(self, name: str, way: str, work: Callable[[], Any]) -> None:
        """Time the work; of both ranks at once the slower counts, because the other waits for it."""
        threads, together = WAYS[way]
        set_threads(threads)
        self.comm.Barrier()
        start = time.perf_counter()
        if together or self.comm.rank == 0:
            work()
        took = time.perf_counter() - start
        done = self.comm.Ibarrier()
        while not done.Test():  # MPI itself would wait on a busy core
            time.sleep(0.0005)
        took = max(self.comm.allgather(took if together or self.comm.rank == 0 else 0.0))
        self.times.setdefault(f"{name}/{way}", []).append(took)

    def step(self, size: int, i: int) -> None:
        for way in WAYS:
            ranks = self.both if way == "2 ranks" else ALONE

            def work(ranks=ranks) -> None:
                train_step(self.params, self.adam, self.batch(size, i), self.config, 1, i, None, ranks.gradients_of)

            self.turn(f"step/{size}", way, work)

    def stages(self, size: int, i: int) -> None:
        batch = self.batch(size, i)
        rng = np.random.Generator(np.random.SFC64([i]))
        masks = draw_masks(batch, self.params, self.config.dropout, rng)
        _, gradients = loss_and_gradients(self.params, batch, self.config, masks)

        def rest() -> None:
            self.batch(size, i)
            draw_masks(batch, self.params, self.config.dropout, rng)
            adam_step(self.params, gradients, self.adam, 1e-5)

        def pack() -> None:
            with patch.object(mpi, "loss_and_gradients", lambda *_: (0.0, dict(gradients))):
                self.packing.gradients_of(self.params, batch, self.config, masks)

        for way in ("2 ranks", "2 threads"):
            self.turn(f"share/{size}", way, lambda: loss_and_gradients(self.params, batch, self.config, masks))
            self.turn(f"rest/{size}", way, rest)
            self.turn(f"pack/{size}", way, pack)
        self.sum(size, i)

    def sum(self, size: int, i: int) -> None:
        flat = np.zeros(2 * (self.values(self.batch(size, i)) // 2), np.float32)
        self.turn(f"sum/{size}", "2 ranks", lambda: sum_over_ranks(self.comm, flat))

    def values(self, batch: Batch) -> int:
        """Numbers that are summed over the ranks."""
        small = sum(param.size for name, param in self.params.items() if name != "embedding")
        return small + len(batch.words) * self.config.word_size + 1

    def measure(self, rounds: int) -> dict[str, Any]:
        for i in range(rounds + 1):
            for size in BATCHES:
                self.step(size, i)
                self.sum(size, i)  # for its part of the step; the model does not see it
            for size in FITTED:
                self.stages(size, i)
            if i == 0:
                self.times.clear()  # compiling
        counted = {size: [self.batch(size, i) for i in range(COUNTED)] for size in {*BATCHES, *FITTED, *PREDICTED}}
        return {
            "seconds": {name: float(np.median(times)) for name, times in self.times.items()},
            "sizes": {size: np.mean([sizes(one) for one in found], axis=0).tolist() for size, found in counted.items()},
            "values": {size: float(np.mean([self.values(one) for one in found])) for size, found in counted.items()},
            "shares": {
                f"{size}/{ranks}": [cut(batch, ranks) for batch in counted[size]]
                for size in {*BATCHES, *PREDICTED}
                for ranks in MACHINES
            },
        }

    def bytes(self) -> dict[str, float]:
        """Bytes that left this machine's sockets in a step, and those of the model."""
        flat = np.zeros(2 * (self.values(self.batch(64, 0)) // 2), np.float32)
        before, steps = sent(), 20
        for _ in range(steps):
            sum_over_ranks(self.comm, flat)
        self.comm.Barrier()
        return {"measured": (sent() - before) / steps / 2, "model": flat.nbytes}


def cut(batch: Batch, ranks: int) -> list[list[int]]:
    """The sizes of the share of each rank that has one."""
    shares = [take_share(batch, None, rank, ranks)[0] for rank in range(ranks)]
    return [sizes(share) for share in shares if len(share.candidates)]


def sent() -> int:
    lines = Path("/proc/net/dev").read_text().splitlines()
    return next(int(line.split(":")[1].split()[8]) for line in lines if line.strip().startswith("lo:"))


def coefficients(found: dict[str, Any], stage: str, way: str) -> np.ndarray:
    """a0 to a3: seconds of a stage as a sum over its sizes, none of them negative. Relative errors count alike."""
    rows = np.array([found["sizes"][str(size)] for size in FITTED])
    times = np.array([found["seconds"][f"{stage}/{size}/{way}"] for size in FITTED])
    kept = list(range(rows.shape[1]))
    while True:
        a, *_ = np.linalg.lstsq(rows[:, kept] / times[:, None], np.ones(len(times)), rcond=None)
        if (a >= 0).all():
            return np.array([dict(zip(kept, a)).get(column, 0.0) for column in range(rows.shape[1])])
        del kept[int(a.argmin())]


def predict(found: dict[str, Any], size: int, ranks: int, way: str, network: float | None) -> float:
    """Seconds of a step. ``network`` in Gb/s; None: the ranks share a machine, and the sum is as measured there."""

    def seconds(stage: str, of: Any) -> float:
        return float(coefficients(found, stage, way) @ of)

    whole = found["sizes"][str(size)]
    slowest = [max(seconds("share", one) for one in shares) for shares in found["shares"][f"{size}/{ranks}"]]
    total = seconds("rest", whole) + float(np.mean(slowest))
    if ranks == 1:
        return total
    total += seconds("pack", whole)
    return total + (seconds("sum", whole) if network is None else sending(found, size, ranks, network))


def sending(found: dict[str, Any], size: int, ranks: int, network: float) -> float:
    sent_bytes = 2 * (ranks - 1) / ranks * 4 * found["values"][str(size)]
    return sent_bytes / (network * 1e9 / 8) + 2 * (ranks - 1) * LATENCY


def launch(*flags: str, **variables: str) -> dict[str, Any]:
    mpiexec = Path(sys.executable).with_name("mpiexec")
    command = [str(mpiexec), "-n", "2", sys.executable, "-m", "benchmarks.mpi", *flags]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **variables})
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mpi", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--rank", action="store_true", help="be one of the two ranks and measure")
    parser.add_argument("--bytes", action="store_true", help="be one of the two ranks and count bytes")
    args = parser.parse_args()
    if args.rank or args.bytes:
        bench = Bench()
        result = bench.bytes() if args.bytes else bench.measure(args.rounds)
        if bench.comm.rank == 0:
            print(json.dumps(result))
        return
    found = launch("--rank", "--rounds", str(args.rounds))
    found["bytes"] = launch("--bytes", **OVER_SOCKETS)
    found["checked"] = {size: predict(found, size, 2, "2 ranks", None) for size in BATCHES}
    found["predicted"] = {
        f"{size}/{machines}/{network}": predict(found, size, machines, "2 threads", network)
        for size in PREDICTED
        for machines in MACHINES
        for network in NETWORKS
    }
    found["sending"] = {  # its part of such a step
        f"{size}/16/{network}": sending(found, size, 16, network) / found["predicted"][f"{size}/16/{network}"]
        for size in PREDICTED
        for network in NETWORKS
    }
    del found["shares"]
    found = {
        "machine": records.machine(),
        "rounds": args.rounds,
        "word_size": Config.word_size,
        "load_average": os.getloadavg()[0],
        **found,
    }
    records.write("mpi", found)
    print(f"{tables.ranks()}\n\n{tables.machines()}\nload average {found['load_average']:.1f}")


if __name__ == "__main__":
    main()
