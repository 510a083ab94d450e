"""Side by side with PyTorch in one run: ``python -m benchmarks`` (needs the bench extra).

Every version gets the same weights and the same batches; first their losses and gradients are shown to agree, so that
all do the same work. Then they take turns, a step each, and the medians are compared.
"""

from __future__ import annotations

import argparse
import sys

from nrms_np.app import threads

from . import side_by_side


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=9, help="steps measured of each version (default 9)")
    parser.add_argument("--threads", type=int, default=0, help="threads of each version; 0 takes every core")
    parser.add_argument("--small", action="store_true", help="small sizes, no files: a quick look")
    args = parser.parse_args()
    threads.use(args.threads)
    side_by_side.run(args.rounds, args.threads, args.small)
    return 0


if __name__ == "__main__":
    sys.exit(main())
