"""Data of MIND's form and statistics in any size: ``python -m benchmarks.make_mind --out DIR --impressions N``.

For measuring only: titles are made-up words and clicks are drawn at random, so there is nothing to learn in it. Each
user has the same history in all of its impressions, as in MIND.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
from tqdm import tqdm

from nrms_np.ragged import Ragged
from nrms_np.rng import generator

BLOCK = 20_000  # impressions at a time
# Statistics of MIND. A log-normal number has median m and mean m exp(spread^2 / 2).
HISTORY_MEDIAN, HISTORY_SPREAD, LONGEST_HISTORY, NO_HISTORY = 18.4, 1.073, 800, 0.02
SHOWN_MEDIAN, SHOWN_SPREAD, MOST_SHOWN = 24.0, 0.97, 290
MORE_CLICKS = 0.5  # after the first, on average
TITLE_WORDS, VOCABULARY = 11.7, 60_000
IMPRESSIONS_OF_USER = 3.14  # where --users is not given
FLAT = 30  # news (and words) number n has frequency 1 / (n + FLAT): Zipf's law, with a less steep beginning
DAYS = 6


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.make_mind", description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write; made if not there")
    parser.add_argument("--news", type=int, default=161_013, metavar="N")
    parser.add_argument("--impressions", type=int, default=2_232_748, metavar="N")
    parser.add_argument("--users", type=int, metavar="N", help="a third of the impressions if not given")
    parser.add_argument("--no-labels", action="store_true", help="like MIND's test set")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    args = parser.parse_args(argv)
    if args.news < 2 * MOST_SHOWN or args.impressions < 1:
        parser.error(f"needs at least {2 * MOST_SHOWN} news and 1 impression")
    make_mind(args.out, args.news, args.impressions, args.users, not args.no_labels, args.seed)


def make_mind(
    folder: Path,
    news: int,
    impressions: int,
    users: int | None = None,
    labels: bool = True,
    seed: int = 0,
    first_day: int = 9,
) -> None:
    """Write news.tsv and behaviors.tsv, from ``first_day`` of November on. The same arguments give the same bytes.

    The news depend on ``news`` and ``seed`` only, so that train, dev and test of different sizes share them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"N{n}" for n in generator(seed, "make_mind ids").permutation(2 * news)[:news].tolist()]
    with open(folder / "news.tsv", "w", encoding="utf-8", newline="\n") as file:
        for news_id, title in zip(ids, _titles(news, seed)):
            file.write(f"{news_id}\tnews\tnewsworld\t{title}\t\t\t[]\t[]\n")
    with (
        open(folder / "behaviors.tsv", "w", encoding="utf-8", newline="\n") as file,
        tqdm(total=impressions, desc=f"writing {folder}", unit=" impressions", leave=False) as bar,
    ):
        users = users or max(round(impressions / IMPRESSIONS_OF_USER), 1)
        for lines in _behaviors(ids, impressions, users, labels, seed, first_day):
            file.writelines(lines)
            bar.update(len(lines))


def word(number: int) -> str:
    """A pronounceable word for each number; small numbers are frequent and short."""
    number, last = divmod(number, len(_SYLLABLES))
    return (word(number - 1) if number else "") + _SYLLABLES[last]


_SYLLABLES = ["".join(pair) for pair in product("bdfgklmnprstvz", "aeiou")]


def _titles(news: int, seed: int) -> Iterator[str]:
    words = [word(n) for n in range(VOCABULARY)]
    rng = generator(seed, "make_mind titles")
    lengths = rng.poisson(TITLE_WORDS - 3, news) + 3
    for title in Ragged.from_lengths(_zipf(rng, lengths.sum(), VOCABULARY), lengths):
        yield " ".join([words[n] for n in title.tolist()]).capitalize()


def _behaviors(
    ids: list[str], impressions: int, users: int, labels: bool, seed: int, first_day: int
) -> Iterator[list[str]]:
    histories = _histories(ids, users, seed)
    shown_forms = [news_id + end for news_id in ids for end in (("-0", "-1") if labels else ("", ""))]
    clock = [_clock(second) for second in range(86_400)]
    for first in range(0, impressions, BLOCK):
        rng = generator(seed, "make_mind impressions", impressions, first)
        count = min(BLOCK, impressions - first)
        shown, clicked = _shown(rng, count, len(ids))
        forms = [shown_forms[code] for code in (2 * shown.values + clicked).tolist()]
        user = rng.integers(users, size=count).tolist()
        day, second = rng.integers(DAYS, size=count).tolist(), rng.integers(86_400, size=count).tolist()
        ends = shown.offsets.tolist()
        yield [
            f"{first + i + 1}\tU{user[i] + 1}\t11/{first_day + day[i]}/2019 {clock[second[i]]}\t{histories[user[i]]}\t"
            f"{' '.join(forms[ends[i] : ends[i + 1]])}\n"
            for i in range(count)
        ]


def _histories(ids: list[str], users: int, seed: int) -> list[str]:
    """The history of each user, as text."""
    texts = []
    for first in range(0, users, BLOCK):
        rng = generator(seed, "make_mind histories", users, first)
        count = min(BLOCK, users - first)
        lengths = _log_normal(rng, count, HISTORY_MEDIAN, HISTORY_SPREAD, 1, LONGEST_HISTORY)
        lengths[rng.random(count) < NO_HISTORY] = 0
        clicked = Ragged.from_lengths(_zipf(rng, lengths.sum(), len(ids)), lengths)
        names = [ids[n] for n in clicked.values.tolist()]
        ends = clicked.offsets.tolist()
        texts += [" ".join(names[ends[i] : ends[i + 1]]) for i in range(count)]
    return texts


def _shown(rng: np.random.Generator, count: int, news: int) -> tuple[Ragged, np.ndarray]:
    """Candidates of ``count`` impressions, no news twice in one, and whether each was clicked."""
    lengths = _log_normal(rng, count, SHOWN_MEDIAN, SHOWN_SPREAD, 2, MOST_SHOWN)
    drawn = _zipf(rng, lengths.sum(), news)
    impression = np.repeat(np.arange(count), lengths)
    _, kept = np.unique(impression * news + drawn, return_index=True)
    kept.sort()
    impression = impression[kept]
    lengths = np.bincount(impression, minlength=count)
    shown = Ragged.from_lengths(drawn[kept], lengths)
    clicks = np.minimum(1 + rng.poisson(MORE_CLICKS, count), np.maximum(lengths - 1, 1))
    # the first candidates are clicked, then each impression is shuffled: its places sorted by a random number
    place = np.arange(len(kept)) - np.repeat(shown.offsets[:-1], lengths)
    order = np.argsort(impression + rng.random(len(kept)))
    return shown, (place < np.repeat(clicks, lengths)).astype(np.int32)[order]


def _log_normal(
    rng: np.random.Generator, count: int, median: float, spread: float, least: int, most: int
) -> np.ndarray:
    return np.clip(median * np.exp(spread * rng.standard_normal(count)), least, most).round().astype(np.int64)


def _zipf(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Numbers below ``size``, number n with frequency 1 / (n + FLAT), by inverting its sum. int32 [count]."""
    numbers = FLAT * (np.exp(rng.random(count) * np.log((size + FLAT) / FLAT)) - 1)
    return np.minimum(numbers.astype(np.int32), size - 1)


def _clock(second: int) -> str:
    hour, minute = second // 3600, second // 60 % 60
    return f"{hour % 12 or 12}:{minute:02}:{second % 60:02} {'AM' if hour < 12 else 'PM'}"


if __name__ == "__main__":
    main()
