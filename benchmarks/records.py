"""Files of results, benchmarks/*.json: what a benchmark found, on which machine."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def read(name: str) -> dict[str, Any]:
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def write(name: str, record: dict[str, Any]) -> None:
    (HERE / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def machine(threads: int = 0) -> dict[str, Any]:
    """The processor, the threads used, and the versions of what was used."""
    import numba
    import numpy as np

    from nrms_np.app.threads import usable_cores

    return {
        "processor": _processor(),
        "threads": threads or usable_cores(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
    }


def _processor() -> str:
    if not os.path.exists("/proc/cpuinfo"):
        return platform.processor()
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    widest = next((label for flag, label in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in flags), None)
    return f"{name} ({widest})" if widest else name
