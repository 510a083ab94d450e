"""Cost of several ranks: ``python -m benchmarks.mpi`` measures one and two on this machine, and predicts many machines.

It starts ``mpiexec -n 2``, in which all ways to do a step take turns, so that another load on the machine hits them
alike; the numbers are the fastest of the rounds, because another load only adds. Two ranks share one machine here, so
there is no network in what is measured, but the bytes are counted on a real socket (``--bytes``, over the loopback
device).

The model on paper. With P ranks and a batch of B clicks, a step takes

    whole(B)                   every rank: assemble the batch, draw its masks, and do Adam's step on all of it
    + max over ranks of share  the loss and the gradients of about B / P clicks. Words and titles that two ranks have
                               are computed by both, so a share costs more than 1 / P of the whole
    + pack(bytes)              copy the gradients into one array and add up what has come in
    + 2 (P - 1) / P * bytes / bandwidth + 2 (P - 1) * latency

where bytes = 4 (weights without the embedding + words of the batch * D + 1): each rank sends its parts to their owners,
and each owner sends its sums to all. A share takes a0 + a1 words + a2 word positions + a3 history positions, with the
coefficients fitted to the measured times of shares of 1 to 256 clicks; the shares of P ranks are cut from real batches,
so how much they have in common and how unequal they are is counted, not assumed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nrms_np.adam import adam_step
from nrms_np.app.mpi import MpiRanks, sum_over_ranks, take_share
from nrms_np.batch import Batch
from nrms_np.config import Config
from nrms_np.fit import train_step
from nrms_np.model import draw_masks, loss_and_gradients
from nrms_np.parallel import set_threads

from . import records
from .problem import fresh_state, make_problem

BATCHES = (64, 128, 256, 1024)  # measured with one and two ranks
SHARES = (1, 4, 16, 64, 256)  # clicks of which the cost of a share is measured
MACHINES, NETWORKS = (1, 4, 16, 64), (1, 10, 100)  # predicted; Gb/s
PREDICTED = (64, 256, 1024, 4096)  # clicks in a batch
LATENCY = 30e-6  # seconds a message, of a data centre's Ethernet
OVER_SOCKETS = {"MPIR_CVAR_NOLOCAL": "1", "MPIR_CVAR_CH4_NETMOD": "ofi", "FI_PROVIDER": "tcp"}  # of MPICH


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def sizes(batch: Batch) -> list[int]:
    """What the cost of a share depends on."""
    return [1, len(batch.words), len(batch.titles.values), len(batch.histories.values)]


class Bench:
    """One of the two ranks. ``alone`` works on rank 0 while rank 1 sleeps, ``both`` on both at once."""

    def __init__(self) -> None:
        from mpi4py import MPI

        self.comm, self.config = MPI.COMM_WORLD, Config()
        self.both, self.alone = (MpiRanks(comm, comm) for comm in (MPI.COMM_WORLD, MPI.COMM_SELF))
        self.problem = make_problem(self.config)
        self.params, self.adam = fresh_state(self.problem)
        self.times: dict[str, list[float]] = {}

    def batch(self, size: int, i: int) -> Batch:
        return replace(self.problem, config=replace(self.config, batch_size=size)).batches(i + 1)[i]

    def turn(self, name: str, threads: int, work: Callable[[], Any], together: bool) -> None:
        set_threads(threads)
        self.comm.Barrier()
        if together or self.comm.rank == 0:
            self.times.setdefault(name, []).append(seconds(work))
        done = self.comm.Ibarrier()
        while not done.Test():  # MPI itself would wait on a busy core
            time.sleep(0.0005)

    def steps(self, size: int, i: int) -> None:
        """A whole step, as one process of one and of two threads, and as two ranks."""

        def step(ranks: MpiRanks) -> None:
            rng = np.random.Generator(np.random.SFC64([i, size]))
            which = rng.choice(len(self.problem.split.clicks), size)
            batch = self.problem.split.batch(which, self.config, rng)
            train_step(self.params, self.adam, batch, self.config, 1, i, None, ranks)

        self.turn(f"step/{size}/1 thread", 1, lambda: step(self.alone), False)
        self.turn(f"step/{size}/2 threads", 2, lambda: step(self.alone), False)
        self.turn(f"step/{size}/2 ranks", 1, lambda: step(self.both), True)

    def stages(self, size: int, i: int) -> None:
        """The parts of the model, on both ranks at once with a thread each, and on one of two threads."""
        batch = self.batch(size, i)
        masks = draw_masks(batch, self.params, self.config.dropout, self.generator(i))
        _, gradients = loss_and_gradients(self.params, batch, self.config, masks)
        for threads, together in ((1, True), (2, False)):

            def turn(name: str, work: Callable[[], Any], threads=threads, together=together) -> None:
                self.turn(f"{name}/{size}/{threads}", threads, work, together)

            turn("share", lambda: loss_and_gradients(self.params, batch, self.config, masks))
            turn("masks", lambda: draw_masks(batch, self.params, self.config.dropout, self.generator(i)))
            turn("assemble", lambda: self.batch(size, 0))
            turn("adam", lambda: adam_step(self.params, gradients, self.adam, 1e-5))
            turn("pack", lambda: self.alone.gradients(lambda *_: (0.0, gradients), self.params, batch, None, masks))
        flat = np.zeros(2 * (self.values(batch) // 2), np.float32)
        self.turn(f"sum/{size}", 1, lambda: sum_over_ranks(self.comm, flat), True)

    def generator(self, i: int) -> np.random.Generator:
        return np.random.Generator(np.random.SFC64([i]))

    def values(self, batch: Batch) -> int:
        """Numbers that are summed over the ranks."""
        small = sum(param.size for name, param in self.params.items() if name != "embedding")
        return small + len(batch.words) * self.config.word_size + 1

    def measure(self, rounds: int) -> dict[str, Any]:
        for i in range(rounds + 1):
            for size in BATCHES:
                self.steps(size, i)
            for size in sorted({*SHARES, *BATCHES}):
                self.stages(size, i)
            if i == 0:
                self.times.clear()  # compiling
        return {"seconds": {name: min(times) for name, times in self.times.items()}, **self.counts(rounds)}

    def counts(self, rounds: int) -> dict[str, Any]:
        measured = {
            size: np.mean([sizes(self.batch(size, i)) for i in range(rounds)], axis=0).tolist() for size in SHARES
        }
        values = {size: self.values(self.batch(size, 0)) for size in {*BATCHES, *PREDICTED}}
        return {"sizes": measured, "values": values, "shares": self.cut()}

    def cut(self) -> dict[str, list[list[list[int]]]]:
        """The sizes of every rank's share, by batch size and number of ranks."""
        found: dict[str, list[list[list[int]]]] = {}
        for size in sorted({*BATCHES, *PREDICTED}):
            batch = self.batch(size, 0)
            for ranks in (1, 2, *MACHINES[1:]):
                shares = [share_of(batch, rank, ranks) for rank in range(ranks)]
                found[f"{size}/{ranks}"] = [
                    sizes(take_share(batch, None, one)[0]) for one in shares if one.start < one.stop
                ]
        return found

    def bytes(self) -> dict[str, float]:
        """Bytes that left this machine's sockets in a step, and those of the model."""
        batch = self.batch(64, 0)
        flat = np.zeros(2 * (self.values(batch) // 2), np.float32)
        before, steps = sent(), 20
        for _ in range(steps):
            sum_over_ranks(self.comm, flat)
        self.comm.Barrier()
        return {"measured": (sent() - before) / steps / 2, "model": flat.nbytes}


def share_of(batch: Batch, rank: int, size: int) -> slice:
    """The clicks of one of ``size`` ranks."""
    ranks = object.__new__(MpiRanks)
    ranks.rank, ranks.size = rank, size
    return ranks.share(batch)


def sent() -> int:
    lines = Path("/proc/net/dev").read_text().splitlines()
    return next(int(line.split(":")[1].split()[8]) for line in lines if line.strip().startswith("lo:"))


def fit_shares(found: dict[str, Any], threads: int) -> np.ndarray:
    """a0 to a3: seconds of a share as a sum over its sizes, none of them negative. Relative errors count alike."""
    rows = np.array([found["sizes"][str(size)] for size in SHARES])
    times = np.array([found["seconds"][f"share/{size}/{threads}"] for size in SHARES])
    kept = list(range(rows.shape[1]))
    while True:
        a, *_ = np.linalg.lstsq(rows[:, kept] / times[:, None], np.ones(len(times)), rcond=None)
        if (a >= 0).all():
            return np.array([dict(zip(kept, a)).get(column, 0.0) for column in range(rows.shape[1])])
        del kept[int(a.argmin())]


def predict(found: dict[str, Any], size: int, ranks: int, threads: int, network: float | None) -> float:
    """Seconds of a step. ``network`` in Gb/s; None: the ranks share a machine, and the sum is as measured there."""
    values, shares = found["values"], found["shares"][f"{size}/{ranks}"]

    def whole(name: str, grows_with: Callable[[int], float]) -> float:
        nearest = min(size, BATCHES[-1])  # beyond the largest batch that was measured it grows in proportion
        return found["seconds"][f"{name}/{nearest}/{threads}"] * grows_with(size) / grows_with(nearest)

    total = whole("masks", float) + whole("assemble", float) + whole("adam", lambda one: values[str(one)])
    total += max(float(fit_shares(found, threads) @ share) for share in shares)
    if ranks == 1:
        return total
    total += whole("pack", lambda one: values[str(one)])
    if network is None:
        return total + found["seconds"][f"sum/{size}"]
    sends = 2 * (ranks - 1) / ranks * 4 * found["values"][str(size)] / (network * 1e9 / 8)
    return total + sends + 2 * (ranks - 1) * LATENCY


def launch(*flags: str, **variables: str) -> dict[str, Any]:
    mpiexec = Path(sys.executable).with_name("mpiexec")
    command = [str(mpiexec), "-n", "2", sys.executable, "-m", "benchmarks.mpi", *flags]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **variables})
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mpi", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
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
    found["predicted"] = {
        f"{size}/{machines}/{network}": predict(found, size, machines, 2, network)
        for size in PREDICTED
        for machines in MACHINES
        for network in NETWORKS
    }
    found["checked"] = {size: predict(found, size, 2, 1, None) for size in BATCHES}
    del found["shares"]
    found = {"machine": records.machine(), "rounds": args.rounds, "load_average": os.getloadavg()[0], **found}
    records.write("mpi", found)
    show(found)


def show(found: dict[str, Any]) -> None:
    print(
        f"\n{'clicks':>7} {'1 thread':>9} {'2 threads':>9} {'2 ranks':>9} {'model':>9} {'off by':>7}"
        "   ms a step; the last column is us a click of 2 ranks"
    )
    for size in BATCHES:
        one, two, ranks = (found["seconds"][f"step/{size}/{how}"] for how in ("1 thread", "2 threads", "2 ranks"))
        model = found["checked"][size]
        cells: Iterable[float] = (one * 1e3, two * 1e3, ranks * 1e3, model * 1e3)
        print(
            f"{size:>7}", *(f"{cell:9.1f}" for cell in cells), f"{model / ranks - 1:+7.0%}   {ranks / size * 1e6:.0f}"
        )
    counted = found["bytes"]
    print(
        f"\nbytes that a rank of two sends in a step of 64 clicks: {counted['measured']:,.0f}, "
        f"by the model {counted['model']:,.0f}"
    )
    print(
        f"\n{'clicks':>7} {'Gb/s':>5}" + "".join(f" {machines:>6}" for machines in MACHINES) + "   speed-up by machines"
    )
    for size in PREDICTED:
        for network in NETWORKS:
            times = [found["predicted"][f"{size}/{machines}/{network}"] for machines in MACHINES]
            print(f"{size:>7} {network:>5}" + "".join(f" {times[0] / one:>6.2f}" for one in times))


if __name__ == "__main__":
    main()
