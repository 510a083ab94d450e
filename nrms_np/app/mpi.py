"""One command on several processes, of one machine or of many: ``mpiexec -n 8 python -m nrms_np.train ...``.

Every rank builds the whole batch and draws all its dropout masks, because draws are keyed: they are those of one
process. Then it takes a contiguous share of the clicks, and computes the loss and the gradients of that share alone.
Their weighted sum over the ranks is the gradient of the whole batch, with which every rank does the same Adam step.

Tutorial: tutorials/12_real_data.md
"""

from __future__ import annotations

import os
import sys
import time
import traceback
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import numba
import numpy as np

from ..batch import Batch, make_batch
from ..errors import InputError
from ..model import Masks
from ..parallel import ALONE, SAME, Ranks, Result
from ..ragged import Ragged, number_by_first_use
from .threads import usable_cores

LAUNCHERS = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")  # numbers of ranks: MPICH, Open MPI, srun
PATIENCE = 2  # seconds that a rank that failed waits for the others to fail as well


@cache
def ranks() -> Ranks:
    """The ranks of this command; ALONE, and nothing is imported, unless an MPI launcher started more than one."""
    count = next((int(os.environ[name]) for name in LAUNCHERS if name in os.environ), 1)
    if count == 1:
        return ALONE
    started = f"{count} processes were started"
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise InputError(f"{started}, but mpi4py does not work ({error}); install nrms_np[mpi]") from None
    if MPI.COMM_WORLD.size != count:
        advice = "the launcher is of another MPI than mpi4py's; use the mpiexec beside this python"
        raise InputError(f"{started}, but mpi4py sees {MPI.COMM_WORLD.size}: {advice}")
    found = MpiRanks(MPI.COMM_WORLD, MPI.COMM_WORLD.Split_type(MPI.COMM_TYPE_SHARED))
    if found.rank:
        sys.stdout = sys.stderr = open(os.devnull, "w")
    sys.excepthook = lambda *error: found.abort("".join(traceback.format_exception(*error)), 1)
    found.check_equal({"NumPy": np.__version__, "Numba": numba.__version__})
    places = "; ".join(f"{rank} on {place}" for rank, place in enumerate(found.places))
    print(f"{count} ranks, threads of each: {found.threads}; rank {places}", flush=True)
    return found


def end(line: str, code: int) -> tuple[str, int]:
    """What a command says last and returns, for all its ranks together; called by each when its work is over."""
    group = ranks() if ranks.cache_info().currsize else ALONE
    return group.end(line, code) if isinstance(group, MpiRanks) else (line, code)


def take_share(batch: Batch, masks: Masks | None, users: slice) -> tuple[Batch, Masks | None, np.ndarray]:
    """The clicks ``users`` of a batch as a batch of their own, their masks, and which of the batch's words it has."""
    histories = batch.histories.take(np.arange(len(batch.histories))[users])
    candidates = batch.candidates[users]
    share = make_batch(batch.titles, histories, candidates, len(batch.words))  # its words are numbers of the batch's
    titles, _ = number_by_first_use(np.concatenate([histories.values, candidates.ravel()]), len(batch.titles))
    positions = np.arange(len(batch.titles.values), dtype=np.int32)
    if masks:
        clicked = slice(batch.histories.offsets[users.start], batch.histories.offsets[users.stop])
        masks = Masks(
            masks.word_mask[share.words],
            masks.title_mask[Ragged(positions, batch.titles.offsets).take(titles).values],
            masks.history_mask[clicked],
        )
    return replace(share, words=batch.words[share.words]), masks, share.words


def sum_over_ranks(comm: Any, flat: np.ndarray) -> None:
    """The sum of all ranks' ``flat``, in place: rank r adds up part r in the order of ranks, and sends it to all.

    That is what a fast allreduce does, spelled out: the order of the additions, and so each bit of the sum, depends on
    the number of ranks only, and not on where they run or on whose MPI it is.
    """
    parts = np.empty((comm.size, len(flat) // comm.size), flat.dtype)
    comm.Alltoall(flat, parts)
    for part in parts[1:]:
        parts[0] += part
    comm.Allgather(parts[0], flat)


class MpiRanks(Ranks):
    """See ``Ranks``. Rank 0 prints and writes."""

    def __init__(self, comm: Any, machine: Any):
        """``machine``: those of the ranks ``comm`` that are on one machine with this one."""
        self.comm, self.rank, self.size = comm, comm.rank, comm.size
        self.endings = comm.Dup()  # for ``end``: ranks that failed meet here, whatever the others wait for
        self.places = comm.allgather(f"{os.uname().nodename}, process {os.getpid()}")
        cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
        self.threads = max(1, usable_cores() // machine.allgather(cores).count(cores))  # shared by those ranks

    def share(self, batch: Batch) -> slice:
        """This rank's clicks: contiguous, and so many that all ranks have about as many titles to encode."""
        titles = np.cumsum(batch.histories.lengths + batch.candidates.shape[1])  # up to each click
        cuts = np.searchsorted(titles, titles[-1] * np.arange(self.size + 1) // self.size, "right")
        return slice(cuts[self.rank], cuts[self.rank + 1])

    def gradients(self, compute: Callable[..., Any], *whole_batch: Any) -> Any:
        params, batch, config, masks = whole_batch
        shapes = {name: param.shape for name, param in params.items()}
        shapes["embedding"] = (len(batch.words), params["embedding"].shape[1])  # rows of the batch's words, no others
        sizes = [*(int(np.prod(shape)) for shape in shapes.values()), 1]  # the last is the loss
        flat = np.zeros(-(-sum(sizes) // self.size) * self.size, params["embedding"].dtype)  # a part for each rank
        *views, loss, _ = np.split(flat, np.cumsum(sizes))
        sums = {name: view.reshape(shape) for (name, shape), view in zip(shapes.items(), views)}
        users = self.share(batch)
        if users.start < users.stop:
            weight = flat.dtype.type((users.stop - users.start) / len(batch.candidates))
            share, masks, words = take_share(batch, masks, users)
            loss[0], gradients = compute(params, share, config, masks)
            loss *= weight
            for name, gradient in gradients.items():
                if isinstance(gradient, tuple):
                    sums[name][words] = gradient[1] * weight
                else:
                    np.multiply(gradient, weight, out=sums[name])
        sum_over_ranks(self.comm, flat)
        return loss[0], {**sums, "embedding": (batch.words, sums["embedding"])}

    def fill(self, out: np.ndarray, pieces: list[slice]) -> None:
        for i, piece in enumerate(pieces):
            self.comm.Bcast(out[piece], i % self.size)

    def in_order(self, own: Iterable[Result], count: int) -> Iterable[Result]:
        mine = iter(own)
        for rank in (piece % self.size for piece in range(count)):
            if rank == self.rank == 0:
                yield next(mine)
            elif rank == self.rank:
                self.comm.send(next(mine), 0)
            elif self.rank == 0:
                yield self.comm.recv(source=rank)

    def first(self, compute: Callable[[], Result]) -> Result:
        return self.comm.bcast(None if self.rank else compute())

    def largest(self, number: int) -> int:
        return max(self.comm.allgather(number))

    def check_equal(self, values: dict[str, Any], advice: str = SAME) -> None:
        values = {
            name: f"{zlib.crc32(one.data):08x}" if isinstance(one, np.ndarray) else one for name, one in values.items()
        }
        first, *others = self.comm.allgather(values)
        for rank, other in enumerate(others, 1):
            for name in first:
                if other[name] != first[name]:
                    pair = f"{first[name]} on rank 0, {other[name]} on {self._name(rank)}"
                    raise InputError(f"the ranks differ in {name}: {pair}; {advice}")

    def end(self, line: str, code: int) -> tuple[str, int]:
        """The line and the exit code of the lowest rank that failed, on all ranks.

        A rank that failed alone, while others work or wait for it, prints its line and ends them all.
        """
        meeting, give_up = self.endings.Ibarrier(), time.monotonic() + PATIENCE
        while not meeting.Test():
            if code and time.monotonic() > give_up:
                self.abort(line, code)
            time.sleep(0.01)
        found = self.endings.allgather((line, code))
        rank, (line, code) = max(enumerate(found), key=lambda item: item[1][1] > 0)
        return (line if len(set(found)) == 1 else f"{self._name(rank)}: {line}"), code

    def _name(self, rank: int) -> str:
        return f"rank {rank} of {self.size} ({self.places[rank]})"

    def abort(self, text: str, code: int) -> None:
        """End all ranks, wherever they are. The text stands below a progress bar of rank 0."""
        os.write(2, f"\n{self._name(self.rank)}: {text}\n".encode())  # in one piece: other ranks write there too
        time.sleep(0.3)  # the launcher may drop what it has not read yet
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # MPI has nothing to add
        self.comm.Abort(code)
