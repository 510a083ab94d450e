"""NRMS, the news recommender of Wu et al. (EMNLP 2019), from scratch in NumPy and Numba.

The names below are what a notebook needs. They are imported on first use, so that ``nrms_np.machine.prepare`` can set
the number of threads before NumPy is loaded.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "AdamState": "adam",
    "Checkpoint": "checkpoint",
    "Config": "config",
    "InputError": "errors",
    "Ragged": "ragged",
    "Recommender": "recommender",
    "Vocabulary": "data.vocabulary",
    "adam_step": "adam",
    "build_vocabulary": "data.vocabulary",
    "count_words": "data.vocabulary",
    "draw_candidates": "data.clicks",
    "draw_masks": "model",
    "encode_news": "scoring",
    "encode_users": "scoring",
    "evaluate_scores": "metrics",
    "fit": "training",
    "forward": "model",
    "generator": "rng",
    "init_parameters": "model",
    "load_checkpoint": "checkpoint",
    "loss_and_gradients": "model",
    "make_batch": "data.batches",
    "make_demo": "data.demo",
    "make_table": "data.vocabulary",
    "prepare": "data.prepare",
    "read_attention": "explain",
    "read_folder": "data.cache",
    "read_vectors": "data.vocabulary",
    "save_checkpoint": "checkpoint",
    "score_impressions": "scoring",
    "score_pieces": "scoring",
    "train_step": "training",
    "validate": "training",
    "write_prediction": "submission",
}
__all__ = list(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
