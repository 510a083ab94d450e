"""Everything around a model: files of a run, reports, recommendations, pictures."""

from . import console as console  # first: Ctrl-C may come while the others import NumPy and Numba

# isort: split
from .. import parallel
from . import kernel_cache, threads

parallel.njit, parallel.blas_on_one_thread = kernel_cache.njit, threads.blas_on_one_thread
