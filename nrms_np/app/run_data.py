"""The data of a run: from the folders that its settings name to what trains and validates a model."""

import zlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ..clicks import Split
from ..config import Config
from ..data import vectors, vocabulary
from ..data.demo import Demo, make_demo
from ..data.lines import say
from ..data.mind import Behaviors, News, join_folders, last_day, prepare
from ..data.read_folder import read_folder
from ..errors import InputError
from .evaluation import describe_clicks
from .run_folder import RunSettings


@dataclass(frozen=True, eq=False)
class Prepared:
    """What the model trains and is validated on, and what that was made of."""

    train_news: News
    train_behaviors: Behaviors
    dev_news: News
    dev_behaviors: Behaviors
    demo: Demo | None  # the truth behind the built-in corpus
    train: Split
    dev: Split
    vocabulary: vocabulary.Vocabulary
    table: np.ndarray  # the word vectors that training starts from
    config: Config  # with the size of the word vectors that were given
    settings: RunSettings  # that name the data

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the data does: words, ids, word vectors, titles, histories, candidates or labels."""
        checksums = f"{self.train_behaviors.checksum} {self.dev_behaviors.checksum}"
        names = [*self.vocabulary.words, *self.train_news.ids, *self.dev_news.ids]
        crc = zlib.crc32("\n".join([checksums, *names]).encode())
        titles = [array for split in (self.train, self.dev) for array in vars(split.news_words).values()]
        users = self.train_behaviors.users, self.train_behaviors.user_ids
        for array in (*users, np.ascontiguousarray(self.table), *titles):
            crc = zlib.crc32(array.data, crc)
        return f"{len(self.train.clicks)} clicks, {crc:08x}"


def prepare_data(settings: RunSettings) -> Prepared:
    """Everything as integers, and the first word vectors. Prints what there is; raises InputError if none trains."""
    train_news, train_behaviors, dev_news, dev_behaviors, _ = data = load_data(settings)
    config, counts = settings.config, train_news.tokens.counts()
    known: dict[str, np.ndarray] = {}
    if settings.embeddings:
        known = vectors.read_vectors(Path(settings.embeddings), counts)
        print(vectors.coverage(counts, known))
        config = replace(config, word_size=len(next(iter(known.values()))))
    words = vocabulary.build_vocabulary(counts, config.min_count, known)
    train = prepare(train_news, train_behaviors, words, config)
    dev = prepare(dev_news, dev_behaviors, words, config)
    for name, split in (("training", train), ("dev", dev)):
        if not len(split.news_words.values):
            raise InputError(f"no title of the {name} data has a word; is the column of titles in news.tsv empty?")
        if not len(split.clicks):
            nothing = f"the {name} data holds no click with a history and a title that was not clicked"
            if split.labels.all():
                nothing += "; python -m nrms_np.convert FOLDER --out NEW draws titles that were not clicked"
            raise InputError(nothing)
        news, clicks = len(split.news_words), describe_clicks(split.clicks)
        print(f"{name}: {news:,} news, {len(split.candidates):,} impressions, {clicks}")
    unknown = vocabulary.unknown_share(dev.news_words)
    print(f"vocabulary: {len(words):,} words; unknown in dev titles: {unknown:.1%} of words")
    table = vectors.make_table(words, counts, known, config.word_size, config.seed)
    return Prepared(*data, train, dev, words, table, config, settings)


def load_data(settings: RunSettings) -> tuple[News, Behaviors, News, Behaviors, Demo | None]:
    """What to train on, what to validate on, and the demo corpus if they are its."""
    if settings.train is None:
        print("demo corpus (give --train DIR to use MIND data)")
        demo = make_demo()  # always the same corpus: --seed is for training
        return demo.news, demo.train, demo.news, demo.dev, demo
    folders = [Path(folder) for folder in settings.train]
    parts = [read_folder(folder, settings.strict) for folder in folders]
    news, train = join_folders(parts) if len(parts) > 1 else parts[0]
    if settings.dev:
        dev_news, dev = read_folder(Path(settings.dev), settings.strict)
        times = set(dev.times.tolist()).intersection(train.times.tolist())  # as a rule there is none
        same_time = (part.select(np.flatnonzero([t in times for t in part.times.tolist()])) for part in (dev, train))
        shared_dev, shared_train = (set(zip(*part.text_columns())) for part in same_time)  # id, user and time
        if shared := len(shared_dev & shared_train):
            say([f"{shared:,} of the {len(dev):,} dev impressions are training data too, so dev metrics are too good"])
        return news, train, dev_news, dev, None
    held_out = last_day(*(part for _, part in parts), paths=[folder / "behaviors.tsv" for folder in folders])
    print(f"no --dev: the last day of the training data is held out ({held_out.sum():,} impressions)")
    return news, train.select(np.flatnonzero(~held_out)), news, train.select(np.flatnonzero(held_out)), None
