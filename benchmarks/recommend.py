"""Time of one recommendation: ``python -m benchmarks.recommend`` encodes 161,013 titles and asks for the best ten.

Weights and titles are random: neither changes the time. One thread, as the docstring of Recommender advises.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from nrms_np.app import threads
from nrms_np.app.checkpoint import Checkpoint
from nrms_np.app.recommender import Recommender
from nrms_np.config import Config
from nrms_np.data.vocabulary import Vocabulary
from nrms_np.model import init_parameters

from . import records

NEWS = 161_013  # MIND-large
CLICKED = "a title that the catalogue does not hold"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recommend", description=__doc__.split("\n")[0])
    parser.add_argument("--news", type=int, default=NEWS, help="titles in the catalogue")
    parser.add_argument("--requests", type=int, default=500, help="requests of each kind")
    parser.add_argument("--threads", type=int, default=1, help="threads; 0 takes every core")
    args = parser.parse_args()
    threads.use(args.threads)

    rng = np.random.default_rng(0)
    config = Config()
    vocabulary = Vocabulary(["<unknown>", *(f"word{n}" for n in range(40_000))])
    table = rng.normal(0, 0.1, (len(vocabulary), config.word_size)).astype(np.float32)
    recommender = Recommender(Checkpoint(init_parameters(table, config), vocabulary, config))
    lengths = np.maximum(rng.normal(11.7, 3, args.news).round().astype(int), 1)
    titles = [" ".join(vocabulary.words[1 + w] for w in rng.integers(40_000, size=n)) for n in lengths]
    ids = [f"N{n}" for n in range(args.news)]

    start = time.perf_counter()
    recommender.set_catalogue(ids, titles, progress=True)
    seconds = time.perf_counter() - start
    print(f"{args.news:,} titles encoded in {seconds:.1f} s; {args.threads or 'all'} thread(s)")

    def draw(clicks: int, *titles: str) -> list[str]:
        return [f"N{n}" for n in rng.integers(args.news, size=clicks)] + list(titles)

    kinds = {
        "18 clicks": lambda: draw(18),
        "50 clicks": lambda: draw(50),
        "18 clicks and a new title": lambda: draw(18, CLICKED),
        "no history": lambda: [],
    }
    print(f"{'history':<28} {'median':>10} {'p99':>10}")
    requests = {}
    for name, make in kinds.items():
        times = []
        for i in range(10 + args.requests):
            history = make()
            start = time.perf_counter()
            recommender.rank(history)
            if i >= 10:  # the first few warm up
                times.append(time.perf_counter() - start)
        requests[name] = {"median": float(np.median(times)), "p99": float(np.quantile(times, 0.99))}
        median, slow = requests[name].values()
        print(f"{name:<28} {1e3 * median:7.2f} ms {1e3 * slow:7.2f} ms")
    record = {"news": args.news, "encode_seconds": seconds, "request_seconds": requests}
    if args.news == NEWS:
        records.write("recommend", {"machine": records.machine(args.threads), **record})


if __name__ == "__main__":
    main()
