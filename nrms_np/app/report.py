"""What a training run prints: a table with a row for each epoch, and how close the demo came to the truth."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping

import numpy as np

from ..data.demo import Demo
from ..encoder import Parameters
from ..fit import Record
from ..inference import read_attention
from ..metrics import METRICS
from .run_data import Prepared

COLUMNS = ("loss", "val_loss", "positive_probability", *METRICS)  # of the table of a training run
HEADER = f"{'epoch':>11}     loss val_loss  p(click)      AUC      MRR   nDCG@5  nDCG@10  samples/s"


class TrainingTable:
    """The table that a training run prints: rankings that need no training, then a row for each epoch."""

    def __init__(self, evaluate_references: Callable[[], dict[str, dict[str, float]]]):
        self._evaluate = evaluate_references
        self.references: dict[str, dict[str, float]] = {}  # metrics by name, from the first row on

    def show(self, record: Record, is_best: bool) -> None:
        if not self.references:  # not earlier: on a large dev set they take a while
            self.references = self._evaluate()
            print("\n" + HEADER)
            for name, metrics in self.references.items():
                print(_row(name, metrics))
        print(_row(str(record["epoch"]), record, is_best), flush=True)


def _row(name: str, record: Mapping[str, object], is_best: bool = False) -> str:
    cells = [f"{record[column]:.4f}" if column in record else "" for column in COLUMNS]
    speed = f"{record['samples_per_second']:,.0f}" if "samples_per_second" in record else ""
    return f"{name:>11} " + " ".join(f"{cell:>8}" for cell in cells) + f"  {speed:>9}" + (" *" if is_best else "")


def to_csv(records: list[Record]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def compare_with_truth(demo: Demo, params: Parameters, prepared: Prepared, auc: float, oracle: float) -> str:
    """How close the run came to what is true of the demo corpus."""
    words = prepared.vocabulary.words
    titles = prepared.dev.news_words.take(np.unique(prepared.dev.candidates.values))
    _, additive = read_attention(params, titles, prepared.config)
    topical = np.array([word in demo.topical_words for word in words])[titles.values]
    attention = additive[topical].sum() / len(titles)
    return (
        f"AUC {auc:.4f} beside the oracle's {oracle:.4f}: {(auc - 0.5) / (oracle - 0.5):.1%} of its lift over 0.5\n"
        f"additive attention on topical words: {attention:.1%}; their share of words: {topical.mean():.1%}"
    )
