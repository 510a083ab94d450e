"""The data of a run: from the folders that its settings name to what trains and validates a model."""

import zlib
from dataclasses import dataclass, replace
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
from .report import describe_clicks
from .run_folder import RunSettings


@dataclass(frozen=True, eq=False)
class Data:
    """Both sides of the data as read; ``demo`` holds the truth behind the built-in corpus."""

    train_news: News
    train: Behaviors
    dev_news: News
    dev: Behaviors
    demo: Demo | None = None


@dataclass(frozen=True, eq=False)
class Prepared:
    """What the model trains and is validated on."""

    data: Data  # that it was made of
    train: Split
    dev: Split
    vocabulary: vocabulary.Vocabulary
    table: np.ndarray  # the word vectors that training starts from
    config: Config  # with the size of the word vectors that were given
    fingerprint: str
    has_vectors: bool  # word vectors were given
    word_counts: np.ndarray  # int64 [vocabulary], in the training titles


def load_data(settings: RunSettings) -> Data:
    if settings.train is None:
        print("demo corpus (give --train DIR to use MIND data)")
        demo = make_demo()  # always the same corpus: --seed is for training
        return Data(demo.news, demo.train, demo.news, demo.dev, demo)
    folders = [Path(folder) for folder in settings.train]
    parts = [read_folder(folder, settings.strict) for folder in folders]
    news, train = join_folders(parts) if len(parts) > 1 else parts[0]
    if settings.dev:
        dev_news, dev = read_folder(Path(settings.dev), settings.strict)
        if shared := count_shared(news, train, dev_news, dev):
            say([f"{shared:,} of the {len(dev):,} dev impressions are training data too, so dev metrics are too good"])
        return Data(news, train, dev_news, dev)
    held_out = last_day(*(part for _, part in parts), paths=[folder / "behaviors.tsv" for folder in folders])
    print(f"no --dev: the last day of the training data is held out ({held_out.sum():,} impressions)")
    return Data(news, train.select(np.flatnonzero(~held_out)), news, train.select(np.flatnonzero(held_out)))


def count_shared(train_news: News, train: Behaviors, dev_news: News, dev: Behaviors) -> int:
    """How many dev impressions are in the training data as well: the same user, time and candidates."""
    times = set(train.times.tolist()) & set(dev.times.tolist())  # as a rule there is none

    def keys(news: News, part: Behaviors) -> list[tuple]:
        which = [i for i, time in enumerate(part.times.tolist()) if time in times]
        users = part.user_ids[part.users[which]]
        return [(user, part.times[i], *(news.ids[n] for n in part.candidates[i])) for user, i in zip(users, which)]

    known = set(keys(train_news, train))
    return sum(key in known for key in keys(dev_news, dev))


def prepare_data(data: Data, settings: RunSettings) -> Prepared:
    """Everything as integers, and the first word vectors. Prints what there is; raises InputError if none trains."""
    config, counts = settings.config, data.train_news.tokens.counts()
    known: dict[str, np.ndarray] = {}
    if settings.embeddings:
        known = vectors.read_vectors(Path(settings.embeddings), counts)
        if not known:
            common = ", ".join(word for word, _ in counts.most_common(5))
            raise InputError(
                f"{settings.embeddings}: none of the words of the training news ({common}, ...) has a vector in it; "
                "give vectors of the same language, and put spaces between the words of Chinese or Thai titles"
            )
        print(vectors.coverage(counts, known))
        config = replace(config, word_size=len(next(iter(known.values()))))
    words = vocabulary.build_vocabulary(counts, config.min_count, known)
    train = prepare(data.train_news, data.train, words, config)
    dev = prepare(data.dev_news, data.dev, words, config)
    for name, split, news in (("training", train, data.train_news), ("dev", dev, data.dev_news)):
        if not len(split.news_words.values):
            raise InputError(f"no title of the {name} data has a word; is the column of titles in news.tsv empty?")
        if not len(split.clicks):
            nothing = f"the {name} data holds no click with a history and a title that was not clicked"
            if split.labels.all():
                nothing += "; python -m nrms_np.convert FOLDER --out NEW draws titles that were not clicked"
            raise InputError(nothing)
        print(f"{name}: {len(news):,} news, {len(split.candidates):,} impressions, {describe_clicks(split.clicks)}")
    unknown = vocabulary.unknown_share(dev.news_words)
    print(f"vocabulary: {len(words):,} words; unknown in dev titles: {unknown:.1%} of words")
    occurrences = np.bincount(train.news_words.values, minlength=len(words))
    table = vectors.make_table(words, counts, known, config.word_size, config.seed)
    fingerprint = fingerprint_of(data, train, dev, words, table)
    return Prepared(data, train, dev, words, table, config, fingerprint, bool(known), occurrences)


def fingerprint_of(data: Data, train: Split, dev: Split, words: vocabulary.Vocabulary, table: np.ndarray) -> str:
    """Changes when the data does: words, ids, word vectors, titles, histories, candidates or labels."""
    names = [*words.words, *data.train_news.ids, *data.dev_news.ids]
    crc = zlib.crc32("\n".join([f"{data.train.checksum} {data.dev.checksum}", *names]).encode())
    titles = [array for split in (train, dev) for array in (split.news_words.values, split.news_words.offsets)]
    for array in (data.train.users, data.train.user_ids, np.ascontiguousarray(table), *titles):
        crc = zlib.crc32(array.data, crc)
    return f"{len(train.clicks)} clicks, {crc:08x}"
