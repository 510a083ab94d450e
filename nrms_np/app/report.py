"""What a training run prints: a table with a row for each epoch, and how close the demo came to the truth."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..batch import cut_titles
from ..clicks import Clicks
from ..config import Config
from ..data.demo import Demo
from ..data.mind import Behaviors, News
from ..encoder import Parameters
from ..inference import read_attention
from ..metrics import METRICS
from ..ragged import Ragged
from . import cli


def describe_clicks(clicks: Clicks) -> str:
    """How many clicks there are, and what was left out and why."""
    left_out = join_counts(*((count, reason) for reason, count in clicks.left_out.items()))
    return f"{len(clicks):,} clicks" + (f"; impressions left out: {left_out}" if left_out else "")


def join_counts(*reasons: tuple[int, str]) -> str:
    """join_counts((2, "without history"), (0, "empty")) is "2 without history"."""
    return ", ".join(f"{count:,} {reason}" for count, reason in reasons if count)


def print_references(references: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """The beginning of the table: rankings that need no training. Returns them."""
    print(f"\n{'epoch':>11}     loss val_loss  p(click)      AUC      MRR   nDCG@5  nDCG@10  samples/s")
    for name, metrics in references.items():
        print_row(name, metrics)
    return references


def print_row(name: str, record: Mapping[str, object], is_best: bool = False) -> None:
    columns = ("loss", "val_loss", "positive_probability", *METRICS)
    cells = [f"{record[column]:.4f}" if column in record else "" for column in columns]
    speed = f"{record['samples_per_second']:,.0f}" if "samples_per_second" in record else ""
    star = " *" if is_best else ""
    print(f"{name:>11} " + " ".join(f"{cell:>8}" for cell in cells) + f"  {speed:>9}{star}", flush=True)


def compare_with_truth(demo: Demo, params: Parameters, words: Ragged, config: Config, auc: float, oracle: float) -> str:
    """How close the run came to what is true of the demo corpus; ``words`` are those of its titles."""
    shown = np.unique(demo.dev.candidates.values)
    titles = words.take(shown)
    decides = cut_titles(demo.deciding, config).take(shown).values == 1
    self_attention, additive = read_attention(params, titles, config)
    # what each word receives: of additive attention; of self-attention, the mean over heads and queries
    received = {
        "equal weights": np.repeat(1 / titles.lengths, titles.lengths),
        "additive attention": additive,
        "self-attention": np.concatenate([alpha.mean(axis=(0, 1)) for alpha in self_attention]),
    }
    shares = ", ".join(f"{name} {weights[decides].sum() / len(shown):.1%}" for name, weights in received.items())
    return (
        f"AUC {auc:.4f} beside the oracle's {oracle:.4f}: {(auc - 0.5) / (oracle - 0.5):.1%} of its lift over 0.5\n"
        f"on the words that decide fall: {shares}"
    )


def next_commands(checkpoint: Path, dev: Path | None, train: Path, news: News, behaviors: Behaviors) -> str:
    """What to do with a trained model, ready to paste: evaluate it on the dev folder (None: a day of ``train``),
    recommend for a reader of the dev data, and explain what is recommended."""
    lines = ["next, ready to paste:"]
    if dev:
        lines.append(cli.command("evaluate", "--checkpoint", checkpoint, "--data", cli.nearest(dev)))
    clicks = 5  # of the reader: a short history is easy to read
    lengths = behaviors.histories.lengths
    reader = int(np.where(lengths > 0, np.abs(lengths - clicks), np.inf).argmin())
    history = " ".join(news.ids[n] for n in behaviors.histories[reader][-clicks:])
    catalogue = cli.nearest((dev or train) / "news.tsv")
    for_reader: list[str | Path] = ["--checkpoint", checkpoint, "--news", catalogue, "--history", history]
    lines.append(cli.command("recommend", *for_reader))
    lines.append(cli.command("explain", *for_reader, "--html", checkpoint.with_name("why.html")))
    return "\n  ".join(lines)
