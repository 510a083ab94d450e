"""The work that is measured: batches of the default sizes, from the real MIND sample or made with its statistics."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nrms_np.adam import AdamState
from nrms_np.batch import Batch, cut_titles
from nrms_np.clicks import Split, find_clicks
from nrms_np.config import Config
from nrms_np.data.mind import prepare
from nrms_np.data.read_folder import read_folder
from nrms_np.data.vocabulary import build_vocabulary
from nrms_np.encoder import Parameters
from nrms_np.model import init_parameters
from nrms_np.ragged import Ragged
from nrms_np.rng import generator

MIND = Path(__file__).resolve().parents[2] / "shared" / "mind" / "train"


@dataclass(frozen=True, eq=False)
class Problem:
    config: Config
    split: Split
    source: str

    def params(self) -> Parameters:
        table = generator(0, "benchmark table").normal(0, 0.1, (self.split.vocabulary_size, self.config.word_size))
        return init_parameters(table.astype(np.float32), self.config)

    def batches(self, count: int) -> list[Batch]:
        """Different batches of ``config.batch_size`` clicks."""
        return [self.batch(*self.draw(i)) for i in range(count)]

    def draw(self, i: int) -> tuple[np.ndarray, np.random.Generator]:
        """What batch i is assembled from: its clicks, and the generator of their negatives."""
        rng = generator(0, "benchmark batch", i)
        return rng.choice(len(self.split.clicks), self.config.batch_size), rng

    def batch(self, which: np.ndarray, rng: np.random.Generator) -> Batch:
        return self.split.batch(which, self.config, rng)


def make_problem(config: Config) -> Problem:
    """The real sample when it is there, else random data with MIND's lengths and frequencies."""
    if (MIND / "news.tsv").exists():
        news, behaviors = read_folder(MIND)
        vocabulary = build_vocabulary(news.tokens.counts(), config.min_count)
        return Problem(config, prepare(news, behaviors, vocabulary, config), "real MIND sample")
    return Problem(config, random_split(config), "random data with MIND's statistics")


def random_split(
    config: Config, news: int = 51282, impressions: int = 4000, vocabulary: int = 20000, mean_title: float = 11.7
) -> Split:
    """Titles of 11.7 words (or another mean) and histories of 32 clicks (median 18), both with Zipf frequencies."""
    rng = generator(0, "benchmark data")

    def zipf(size: int, of: int) -> np.ndarray:
        """Numbers below ``of``: number n with frequency about 1 / n."""
        return np.minimum(np.exp(rng.random(size) * np.log(of)).astype(np.int32), of - 1)

    def lists(count: int, mean: float, sigma: float, of: int) -> Ragged:
        lengths = np.maximum(rng.lognormal(np.log(mean) - sigma**2 / 2, sigma, count).round(), 1).astype(np.int64)
        return Ragged.from_lengths(zipf(lengths.sum(), of), lengths)

    words, histories = lists(news, mean_title, 0.3, vocabulary), lists(impressions, 32, 1.07, news)
    shown = lists(impressions, 37, 0.9, news)
    labels = np.zeros(len(shown.values), np.int8)
    labels[shown.offsets[:-1]] = 1
    clicks = find_clicks(histories, shown, labels)
    return Split(cut_titles(words, config), histories, shown, labels, clicks, vocabulary)


def fresh_state(problem: Problem) -> tuple[Parameters, AdamState]:
    params = problem.params()
    return params, AdamState.zeros(params)
