"""Trains the functions of a blank page on the demo corpus, and lets them recommend. No model code of the library here.

The library gives the data (``make_demo``, ``prepare``) and the ranking metrics; whatever is differentiated is the
page's own.
"""

from __future__ import annotations

import time
from types import ModuleType

import numpy as np

import nrms_np

CONFIG = nrms_np.Config(batch_size=32, negatives=4, title_length=12, history_length=10, min_count=1, seed=0)
# headlines of one topic each: few clicks are enough
CORPUS = {"seed": 0, "users": 400, "news": 1000, "train_impressions": 1500, "dev_impressions": 300, "mixed": 0.0}
HEADS, HEAD_SIZE, QUERY_SIZE, WORD_SIZE = 4, 6, 12, 16  # H, A, P, D
EPOCHS, LEARNING_RATE = 6, 5e-3


def first_parameters(vocabulary_size: int, rng: np.random.Generator) -> dict:
    """Word vectors from the normal distribution; queries and keys so large that attention is awake from the start."""
    size = HEADS * HEAD_SIZE

    def encoder(columns: int, spread: float, value: np.ndarray) -> tuple:
        weight_query, weight_key = rng.normal(0, spread, (2, columns, size))
        pooling = rng.normal(0, size**-0.5, (size, QUERY_SIZE)), np.zeros(QUERY_SIZE), rng.normal(0, 0.3, QUERY_SIZE)
        return weight_query, weight_key, value, *pooling

    table = rng.normal(0, 0.5, (vocabulary_size, WORD_SIZE))
    news = encoder(WORD_SIZE, 0.45, rng.normal(0, WORD_SIZE**-0.5, (WORD_SIZE, size)))
    return {"embedding": table, "news": news, "user": encoder(size, 0.1, np.eye(size))}


def train(page: ModuleType, corpus: dict | None = None, epochs: int = EPOCHS) -> tuple[dict, nrms_np.data.demo.Demo]:
    """Prints one line an epoch; returns the parameters and the corpus."""
    demo = nrms_np.make_demo(**(corpus or CORPUS))
    vocabulary = nrms_np.build_vocabulary(demo.news.tokens.counts(), CONFIG.min_count)
    split = nrms_np.prepare(demo.news, demo.train, vocabulary, CONFIG)
    dev = nrms_np.prepare(demo.news, demo.dev, vocabulary, CONFIG)
    rng = np.random.default_rng(CONFIG.seed)
    params = first_parameters(len(vocabulary), rng)
    moments = {name: [np.zeros_like(one) for one in _arrays(params, name)] for name in params}
    moments = {name: (first, [one.copy() for one in first]) for name, first in moments.items()}
    step, start = 0, time.perf_counter()
    print(f"{len(split.clicks):,} clicks; before training: dev AUC {auc(page, params, dev):.3f} (.500 is guessing)")
    for epoch in range(1, epochs + 1):
        order, losses = rng.permutation(len(split.clicks)), []
        for which in np.array_split(order, max(1, len(order) // CONFIG.batch_size)):
            step += 1
            losses.append(_step(page, params, moments, split.batch(which, CONFIG, rng), step))
        seconds = time.perf_counter() - start
        print(
            f"epoch {epoch}: loss {np.mean(losses):.3f}, dev AUC {auc(page, params, dev):.3f}, {seconds:.0f} s",
            flush=True,
        )
    return params, demo


def _arrays(params: dict, name: str) -> list[np.ndarray]:
    return [params[name]] if name == "embedding" else list(params[name])


def _step(page: ModuleType, params: dict, moments: dict, batch: nrms_np.Batch, step: int) -> float:
    titles, histories = ((sets.values, sets.offsets) for sets in (batch.titles, batch.histories))
    loss, gradients = page.loss_and_gradients(params, batch.words, titles, histories, batch.candidates, HEADS)
    for side in ("news", "user"):
        for param, gradient, *two in zip(params[side], gradients[side], *moments[side]):
            page.adam_step(param, gradient, *two, step, LEARNING_RATE)
    (first,), (second,) = moments["embedding"]
    page.adam_step_of_rows(params["embedding"], batch.words, gradients["embedding"], first, second, step, LEARNING_RATE)
    return float(loss)


def vectors(page: ModuleType, params: dict, news_words: nrms_np.Ragged, histories: nrms_np.Ragged) -> tuple:
    """Of all titles [news, M] and of the readers with these histories, cut as in training, [histories, M]."""
    titles, _ = page.encode_forward(params["embedding"], (news_words.values, news_words.offsets), params["news"], HEADS)
    read = histories.last(CONFIG.history_length)
    return titles, page.encode_forward(titles, (read.values, read.offsets), params["user"], HEADS)[0]


def auc(page: ModuleType, params: dict, dev: nrms_np.Split) -> float:
    titles, users = vectors(page, params, dev.news_words, dev.histories)
    reader = np.repeat(np.arange(len(users)), dev.candidates.lengths)
    scores = (titles[dev.candidates.values] * users[reader]).sum(axis=1)
    return nrms_np.evaluate_scores(scores, dev.candidates, dev.labels)["auc"]


def recommend(page: ModuleType, params: dict, demo: nrms_np.data.demo.Demo, impression: int = 1) -> list[str]:
    """The five best titles that the reader of a dev impression has not read. Prints them under the last clicks."""
    vocabulary = nrms_np.build_vocabulary(demo.news.tokens.counts(), CONFIG.min_count)
    news_words = nrms_np.prepare(demo.news, demo.dev, vocabulary, CONFIG).news_words
    history = demo.dev.histories.take(np.array([impression]))
    titles, users = vectors(page, params, news_words, history)
    known = {demo.news.titles[n] for n in history.values}
    order = [demo.news.titles[n] for n in np.argsort(-(titles @ users[0]))]
    best = [title for title in dict.fromkeys(order) if title not in known][:5]  # some titles are there twice
    print("\nA reader whose last clicks were")
    for n in history.values[-5:]:
        print(f"    {demo.news.titles[n]}")
    print("gets from your functions")
    for title in best:
        print(f"    {title}")
    return best
