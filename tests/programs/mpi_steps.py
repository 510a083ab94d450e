"""Train a few steps with 1 to 4 ranks: ``mpiexec -n 4 python -m tests.programs.mpi_steps FILE.npz``.

Float64, in both forms of attention, from the same start: alone (0 ranks), with 1, 2, 3 and 4 ranks, twice with 3, and
with 2 ranks that 4 take over from in the middle. The batches of 49 clicks do not divide, and the last one of an epoch
has 2 clicks, fewer than ranks. Writes losses, validation and weights by form and number of ranks.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

import numpy as np
from mpi4py import MPI

from nrms_np import inference, parallel
from nrms_np.app.mpi import ALONE, Ranks
from nrms_np.config import Config
from nrms_np.data.demo import make_demo
from nrms_np.data.mind import prepare
from nrms_np.data.vectors import make_table
from nrms_np.data.vocabulary import build_vocabulary
from nrms_np.fit import TrainingState, fit
from nrms_np.model import init_parameters

SMALL: dict[str, Any] = {"heads": 2, "head_size": 4, "query_size": 8, "word_size": 12, "batch_size": 49, "epochs": 4}
RUNS = {"0": [0], "1": [1], "2": [2], "3": [3], "3 again": [3], "4": [4], "2, then 4": [2, 4]}


class Stop(Exception):
    pass


def main(path: str) -> None:
    world, found = MPI.COMM_WORLD, {}
    parallel.set_threads(1)
    inference.CHUNK = 16  # or a small corpus would be one piece
    demo = make_demo(seed=2, users=60, news=600, train_impressions=175, dev_impressions=60)
    groups: dict[int, Ranks] = {0: ALONE} | {
        size: Ranks(comm) for size in (1, 2, 3, 4) for comm in [world.Split(world.rank >= size)]
    }
    for form in ("qkv", "bilinear", "mean"):
        config = Config(**SMALL, attention=form, learning_rate=3e-3, clip=0.05, spread=1.0)
        counts = demo.news.tokens.counts()
        words = build_vocabulary(counts, config.min_count)
        train, dev = (prepare(demo.news, one, words, config) for one in (demo.train, demo.dev))
        assert len(train.clicks) == 247
        for name, sizes in RUNS.items():
            table = make_table(words, counts, {}, config.word_size, config.seed).astype(np.float64)
            state, losses = TrainingState.start(init_parameters(table, config)), []
            for size in sizes:

                def on_step(state=state, losses=losses, last=size == sizes[-1]):
                    losses.append(state.loss_sum)
                    if not last and len(losses) == 9:
                        raise Stop

                with suppress(Stop):
                    if world.rank < max(size, 1):
                        shared = groups[size].gradients_of, groups[size].map
                        fit(state, train, dev, config, lambda record: None, on_step, *shared)
                state, losses = world.bcast((state, losses))
            records = [[record[key] for key in ("loss", "val_loss", "auc", "ndcg10")] for record in state.records]
            found |= {f"{form}/{name}/losses": np.array(losses), f"{form}/{name}/records": np.array(records)}
            found |= {f"{form}/{name}/{param}": value for param, value in state.params.items()}
            world.Barrier()
    if world.rank == 0:
        np.savez(path, **found)


if __name__ == "__main__":
    main(sys.argv[1])
