"""One command on several processes, of one machine or many: ``mpiexec -n 8 python -m nrms_np.train ...`` (chapter 12).

Every rank builds the whole batch and draws all its dropout masks, because draws are keyed: they are those of one
process. Then it takes a contiguous share of the clicks, and computes the loss and the gradients of that share alone.
Their weighted sum over the ranks is the gradient of the whole batch, with which every rank does the same Adam step.
"""

import os
import platform
import sys
import time
import traceback
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Any

import numba
import numpy as np

from ..batch import Batch, make_batch
from ..errors import InputError
from ..model import Masks, loss_and_gradients
from ..parallel import Piece, Result
from ..ragged import Ragged, number_by_first_use
from .threads import usable_cores


class Ranks:
    """The processes that carry out a command together: those of ``comm`` or, without it, this one alone."""

    threads = 0  # of each rank, where nobody asks for a number; 0: every core

    def __init__(self, comm: Any = None):
        self.comm, self.rank, self.size = comm, comm.rank if comm else 0, comm.size if comm else 1
        self.name = f"rank {self.rank} of {self.size} ({platform.node()}, process {os.getpid()})"

    def gather(self, value: Result) -> list[Result]:
        """The ``value`` of each rank."""
        return self.comm.allgather(value) if self.comm else [value]

    def map(self, compute: Callable[[Piece], Result], pieces: Iterable[Piece]) -> Iterator[Result]:
        """Each piece is computed by one rank, and all ranks have the results."""
        pieces = iter(pieces)
        while group := list(islice(pieces, self.size)):  # one for each rank, fewer at the end
            for found in self.gather([compute(piece) for piece in group[self.rank :][:1]]):
                yield from found

    def gradients_of(self, params: Any, batch: Batch, config: Any, masks: Masks | None) -> Any:
        """``loss_and_gradients`` of the whole batch, of which each rank does its share."""
        if not self.comm:
            return loss_and_gradients(params, batch, config, masks)
        shapes = {name: param.shape for name, param in params.items()}
        shapes["embedding"] = (len(batch.words), params["embedding"].shape[1])  # rows of the batch's words, no others
        ends = np.cumsum([np.prod(shape) for shape in shapes.values()])
        flat = np.zeros(self.size * (ends[-1] // self.size + 1), params["embedding"].dtype)  # a part for each rank
        # views of it; the last number that is used is the loss
        sums = {name: view.reshape(shapes[name]) for name, view in zip(shapes, np.split(flat, ends))}
        part, masks, words = take_share(batch, masks, self.rank, self.size)
        if len(part.candidates):
            flat[ends[-1]], gradients = loss_and_gradients(params, part, config, masks)
            sums["embedding"][words] = gradients.pop("embedding")[1]
            for name, gradient in gradients.items():
                sums[name][:] = gradient
            flat *= flat.dtype.type(len(part.candidates) / len(batch.candidates))
        sum_over_ranks(self.comm, flat)
        return flat[ends[-1]], {**sums, "embedding": (batch.words, sums["embedding"])}


ALONE = Ranks()


@cache
def ranks() -> Ranks:
    """The ranks of this command; ALONE, and nothing is imported, unless an MPI launcher started more than one."""
    sizes = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")  # of MPICH, Open MPI, srun
    count = next((int(os.environ[name]) for name in sizes if name in os.environ), 1)
    if count == 1:
        return ALONE
    started = f"{count} processes were started"
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise InputError(f"{started}, but mpi4py does not work ({error}); install nrms_np[mpi]") from None
    if MPI.COMM_WORLD.size != count:
        advice = "the launcher is of another MPI than mpi4py's; use the mpiexec beside this python, or srun --mpi=pmi2"
        raise InputError(f"{started}, but mpi4py sees {MPI.COMM_WORLD.size}: {advice}")
    found = Ranks(MPI.COMM_WORLD)
    if found.rank:
        sys.stdout = sys.stderr = open(os.devnull, "w")
    sys.excepthook = lambda *error: end("".join(traceback.format_exception(*error)), 1)
    cores = platform.node(), os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    found.threads = max(1, usable_cores() // found.gather(cores).count(cores))  # those ranks share them
    print(f"{count} ranks, threads of each: {found.threads}; {', '.join(found.gather(found.name))}", flush=True)
    return found


def first(compute: Callable[[], Result]) -> Result:
    """compute() of rank 0, which alone reads and writes the run folder."""
    return ranks().gather(None if ranks().rank else compute())[0]  # type: ignore[return-value]


def check_equal(values: dict[str, Any], advice: str = "start all with the same arguments, data and packages") -> None:
    """Raises InputError on every rank, naming rank and value, unless all have the same values (of arrays: CRCs)."""
    values = {"NumPy": np.__version__, "Numba": numba.__version__, **values}
    for name in values:
        if isinstance(values[name], np.ndarray):
            values[name] = f"{zlib.crc32(np.ascontiguousarray(values[name]).data):08x}"
    (_, expected), *others = ranks().gather((ranks().name, values))
    for rank, found in others:
        for name in values:
            if found[name] != expected[name]:
                pair = f"{expected[name]} on rank 0, {found[name]} on {rank}"
                raise InputError(f"the ranks differ in {name}: {pair}; {advice}")


def end(text: str, code: int) -> None:
    """End all ranks, wherever they are, with this text and exit code; not if it is 0, and not a process alone."""
    group = ranks() if ranks.cache_info().currsize else ALONE
    if not code or not group.comm:
        return
    time.sleep(2 if group.rank else 0)  # if all fail alike, rank 0 speaks for them
    sys.stdout.flush()
    os.write(2, f"\n{group.name}: {text}\n".encode())  # below a progress bar, and in one piece: other ranks write too
    time.sleep(0.3)  # the launcher may drop what it has not read yet
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # MPI has nothing to add
    group.comm.Abort(code)


def take_share(batch: Batch, masks: Masks | None, rank: int, size: int) -> tuple[Batch, Masks | None, np.ndarray]:
    """The share of one of ``size`` ranks as a batch of its own, its masks, and which of the batch's words it has.

    Its clicks, if any, are contiguous, and so many that all ranks have about as many titles to encode.
    """
    up_to_click = np.cumsum(batch.histories.lengths + batch.candidates.shape[1])  # titles
    start, stop = np.searchsorted(up_to_click, up_to_click[-1] * np.arange(rank, rank + 2) // size, "right")
    histories, candidates = batch.histories.take(np.arange(start, stop)), batch.candidates[start:stop]
    part = make_batch(batch.titles, histories, candidates, len(batch.words))  # its words are numbers of the batch's
    if masks:
        titles, _ = number_by_first_use(np.concatenate([histories.values, candidates.ravel()]), len(batch.titles))
        positions = Ragged(np.arange(len(batch.titles.values)), batch.titles.offsets).take(titles).values
        clicked = slice(*batch.histories.offsets[[start, stop]])
        masks = Masks(masks.word_mask[part.words], masks.title_mask[positions], masks.history_mask[clicked])
    return replace(part, words=batch.words[part.words]), masks, part.words


def sum_over_ranks(comm: Any, flat: np.ndarray) -> None:
    """The sum of all ranks' ``flat``, in place: rank r adds up part r in the order of ranks, and sends it to all.

    So the order of the additions, and each bit of the sum, depends on the number of ranks only, and not on where they
    run or on whose MPI it is, as that of an allreduce may.
    """
    parts = np.empty((comm.size, len(flat) // comm.size), flat.dtype)
    comm.Alltoall(flat, parts)
    comm.Allgather(parts.sum(axis=0), flat)
