"""Every gradient checked, and how long that takes: ``python -m benchmarks.gradients`` (half a minute).

Runs ``python -m nrms_np.gradcheck`` with nothing compiled and again, and writes benchmarks/gradients.json.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time

from . import records


def main() -> None:
    argparse.ArgumentParser(prog="python -m benchmarks.gradients", description=__doc__.split("\n")[0]).parse_args()
    seconds = []
    with tempfile.TemporaryDirectory() as cache:
        for _ in range(2):
            environment = {**os.environ, "PYTHONPATH": str(records.ROOT), "NUMBA_CACHE_DIR": cache}
            start = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "nrms_np.gradcheck"], env=environment, stdout=subprocess.DEVNULL, check=True
            )
            seconds.append(time.perf_counter() - start)
    from nrms_np import gradcheck

    checks = list(gradcheck.all_checks())
    record = {
        "tensors": len(checks),
        "wrong": sum(not check.passed for check in checks),
        "largest_error": {
            "complex step": max(check.complex_error for check in checks),
            "central difference": max(check.central_error for check in checks),
        },
        "tolerance": {"complex step": gradcheck.COMPLEX_TOLERANCE, "central difference": gradcheck.CENTRAL_TOLERANCE},
        "seconds": dict(zip(("cold", "warm"), seconds)),
    }
    for name, value in record.items():
        print(f"{name}: {value}")
    records.write("gradients", {"machine": records.machine(), **record})


if __name__ == "__main__":
    main()
