"""Everything around a model: files of a run, reports, recommendations, pictures."""

from .. import parallel
from . import kernel_cache

parallel.njit = kernel_cache.njit
