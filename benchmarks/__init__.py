"""What is measured, each by a command ``python -m benchmarks.X``. README.md shows the results."""

import os
import sys

if "numpy" not in sys.modules:  # OpenBLAS reads its variables when NumPy is loaded
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # they choose kernels for another processor than this one
        os.environ.pop(name, None)
