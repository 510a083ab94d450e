"""The demo corpus has the properties that its users rely on, with numbers."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

from nrms_np import rng
from nrms_np.app import baselines
from nrms_np.data.demo import CLOSERS, FILLERS, SECTIONS, TEMPLATES, TOPICS, Demo, make_demo, write_demo
from nrms_np.data.mind import last_day, texts
from nrms_np.data.read_folder import read_folder
from nrms_np.ragged import Ragged
from tests.helpers import list_of_position

KINDS = {kind for topic in TOPICS.values() for kind in topic}
SMALL = {"users": 200, "news": 800, "train_impressions": 300, "dev_impressions": 80}


TOPIC_OF = {word: name for name, topic in TOPICS.items() for words in topic.values() for word in words}


def tokenize(text: str) -> list[str]:
    return re.findall(r"\w+|[.,!?;|]", text.lower())


def mean_auc(scores: np.ndarray, demo: Demo) -> float:
    """Mean over the dev impressions of the share of (clicked, not clicked) pairs in the right order."""
    candidates = demo.dev.candidates
    each = []
    for start, stop in zip(candidates.offsets[:-1], candidates.offsets[1:]):
        clicked = demo.dev.labels[start:stop] == 1
        good, bad = scores[start:stop][clicked], scores[start:stop][~clicked]
        difference = np.subtract.outer(good, bad)
        each.append(np.mean(difference > 0) + np.mean(difference == 0) / 2)
    return float(np.mean(each))


def popularity(demo: Demo) -> np.ndarray:
    clicks = np.bincount(demo.train.candidates.values[demo.train.labels == 1], minlength=len(demo.news))
    return clicks[demo.dev.candidates.values]


def cosine_to_history(titles: np.ndarray, demo: Demo) -> np.ndarray:
    """Cosine between each dev candidate's row and the mean row of the user's last 50 clicks."""
    users = np.zeros((len(demo.dev), titles.shape[1]))
    for i in range(len(users)):
        history = demo.dev.histories[i][-50:]
        if len(history):
            users[i] = titles[history].mean(axis=0)
            users[i] /= np.linalg.norm(users[i])
    titles = titles / np.linalg.norm(titles, axis=1, keepdims=True)
    return np.sum(users[list_of_position(demo.dev.candidates)] * titles[demo.dev.candidates.values], axis=1)


def mean_vector(demo: Demo) -> np.ndarray:
    tokens = [tokenize(title) for title in demo.news.titles]
    row = {word: i for i, word in enumerate(sorted({word for title in tokens for word in title}))}
    table = rng.generator(0, "test word vectors").normal(0, 0.1, (len(row), 300))
    return cosine_to_history(np.array([table[[row[word] for word in title]].mean(axis=0) for title in tokens]), demo)


def cooccurrence(demo: Demo) -> np.ndarray:
    titles = demo.news.tokens.titles
    table = baselines.cooccurrence_vectors(titles, len(demo.news.tokens.words))
    means = np.array([table[title].mean(axis=0) for title in titles])
    return cosine_to_history(means - means.mean(axis=0), demo)


def known_topics(demo: Demo, deciding_only: bool) -> np.ndarray:
    """What a reader who knows the topic of every word can do: count the topics of the history."""
    names = list(TOPICS)
    shares = np.zeros((len(demo.news), len(names)))
    for n, title in enumerate(demo.news.titles):
        for word, decides in zip(tokenize(title), demo.deciding[n]):
            if word in TOPIC_OF and (decides or not deciding_only):
                shares[n, names.index(TOPIC_OF[word])] += 1
    shares /= shares.sum(axis=1, keepdims=True)
    users = np.array([shares[demo.dev.histories[i][-50:]].sum(axis=0) for i in range(len(demo.dev))])
    users = np.sqrt(users)
    return np.sum(users[list_of_position(demo.dev.candidates)] * shares[demo.dev.candidates.values], axis=1)


def contents(demo: Demo) -> list:
    out = [demo.news.ids, demo.news.categories, demo.news.titles, demo.dev_probabilities.tobytes()]
    for one in (demo.train, demo.dev):
        out += [one.text_columns(), one.labels.tobytes()]
        out += [part.tobytes() for lists in (one.histories, one.candidates) for part in (lists.values, lists.offsets)]
    return [*out, demo.deciding.values.tobytes()]


@pytest.fixture(scope="module", params=[0, 1])
def demo(request, demo_corpus) -> Demo:
    return make_demo(request.param) if request.param else demo_corpus


def test_the_oracle_is_neither_perfect_nor_blind(demo):
    assert 0.80 <= mean_auc(demo.dev_probabilities, demo) <= 0.90


def test_rankings_without_training_reach_at_most_a_third_of_the_oracles_lift(demo):
    lift = mean_auc(demo.dev_probabilities, demo) - 0.5
    for ranking in (popularity, mean_vector, cooccurrence):
        assert mean_auc(ranking(demo), demo) - 0.5 <= lift / 3, ranking


def test_only_who_knows_the_words_that_decide_can_rank(demo):
    """A mean of words stays short of the oracle even when the topic of every word is known."""
    lift = mean_auc(demo.dev_probabilities, demo) - 0.5
    assert mean_auc(known_topics(demo, deciding_only=True), demo) - 0.5 >= 0.97 * lift
    assert mean_auc(known_topics(demo, deciding_only=False), demo) - 0.5 <= 0.85 * lift


def test_at_least_half_of_the_dev_candidates_are_unseen_in_training(demo):
    seen = np.union1d(demo.train.histories.values, demo.train.candidates.values)
    assert np.mean(~np.isin(demo.dev.candidates.values, seen)) >= 0.5


def test_clicks_come_as_often_as_their_probability(demo):
    # Within an impression that counts, the chance of a click is (p - all) / (1 - none - all).
    expected = []
    for start, stop in zip(demo.dev.candidates.offsets[:-1], demo.dev.candidates.offsets[1:]):
        p = demo.dev_probabilities[start:stop]
        every, none = p.prod(), (1 - p).prod()
        expected.append((p - every) / (1 - none - every))
    expected = np.concatenate(expected)
    for group in np.unique(demo.dev_probabilities.round(6)):
        here = demo.dev_probabilities.round(6) == group
        error = np.sqrt(np.sum(expected[here] * (1 - expected[here])))
        assert abs(demo.dev.labels[here].sum() - expected[here].sum()) < 4 * error + 1


def test_sizes(demo):
    assert len(demo.news) == 30000 and len(demo.train) == 10000 and len(demo.dev) == 1600
    assert len(demo.dev_probabilities) == len(demo.dev.labels) == len(demo.dev.candidates.values)
    for part in (demo.train, demo.dev):
        assert 15 <= part.candidates.lengths.mean() <= 25
        assert 1 <= part.labels.sum() / len(part) <= 2.5
        assert 15 <= part.histories.lengths.mean() <= 21
        assert part.histories.lengths.max() > 50
        assert 0 < np.mean(part.histories.lengths == 0) < 0.03
        assert set(np.unique(part.labels)) == {0, 1}
        clicks = Ragged(part.labels, part.candidates.offsets)
        for i in range(len(part)):
            assert 0 < clicks[i].sum() < len(clicks[i])
            assert len(np.unique(part.candidates[i])) == len(part.candidates[i])


def test_a_history_is_the_earlier_history_and_the_clicks_since(demo):
    last = {}
    for part in (demo.train, demo.dev):
        clicks = Ragged(part.labels, part.candidates.offsets)
        for i, user in enumerate(part.text_columns()[1]):
            history = part.histories[i].tolist()
            assert user not in last or history == last[user]
            last[user] = history + part.candidates[i][clicks[i] == 1].tolist()


def test_topical_words(demo):
    tokens = [word for title in demo.news.titles for word in tokenize(title)]
    assert demo.topical_words == set(TOPIC_OF) <= set(tokens)
    assert 0.2 < np.mean([word in demo.topical_words for word in tokens]) < 0.4
    assert 7 < len(tokens) / len(demo.news) < 12


def test_the_section_decides_which_topic_counts(demo):
    names = list(TOPICS)
    half = {
        word.lower(): names[side * len(names) // 2 :][: len(names) // 2] for side in (0, 1) for word in SECTIONS[side]
    }
    mixed = 0
    for n, title in enumerate(demo.news.titles):
        section, *words = tokenize(title)
        topics = [TOPIC_OF.get(word) for word in words]
        assert sum(topic is not None for topic in topics) == 2
        counts = [topic in half[section] for topic in topics]
        assert demo.deciding[n].tolist() == [1, *counts]
        assert {topic for topic, one in zip(topics, counts) if one} == {demo.news.categories[n]}
        mixed += sum(counts) == 1
    assert 0.88 < mixed / len(demo.news) < 0.92


def test_the_chance_of_a_click_is_a_matter_of_the_deciding_topic(demo):
    """In an impression, candidates about the same topic have the same chance, whatever else they mention."""
    assert len(np.unique(demo.dev_probabilities)) == 2
    candidates, categories = demo.dev.candidates, np.array(demo.news.categories)
    of_interest = demo.dev_probabilities.max()
    for start, stop in zip(candidates.offsets[:-1], candidates.offsets[1:]):
        chances = {}
        for topic, chance in zip(categories[candidates.values[start:stop]], demo.dev_probabilities[start:stop]):
            assert chances.setdefault(topic, chance) == chance
        assert sum(chance == of_interest for chance in chances.values()) <= 2


def test_a_word_has_one_part():
    """Section, topic (one only) or filler: known by its spelling."""
    fixed = [re.sub(r"\{\w+\}", " ", text) for text in [*TEMPLATES, *CLOSERS]]
    fillers = {word for text in fixed + sum(FILLERS.values(), []) for word in tokenize(text)}
    topical = [word for topic in TOPICS.values() for words in topic.values() for word in words]
    sections = [word.lower() for words in SECTIONS for word in words]
    assert not fillers & set(topical) and not fillers & set(sections)
    assert len({*topical, *sections}) == len(topical) + len(sections)


def test_every_template_has_two_topical_phrases_and_known_slots():
    for template in TEMPLATES:
        slots = re.findall(r"\{(\w+)\}", template)
        assert sum(slot in KINDS for slot in slots) == 2, template
        assert set(slots) <= set(KINDS) | set(FILLERS), template


def test_headlines_are_well_formed(demo):
    for title in demo.news.titles:
        assert re.fullmatch(r"[A-Z][A-Za-z,:?]*( [A-Za-z,:?]+)+", title), title
        assert not re.search(r"\b[Aa] [aeiou]|\b[Aa]n [^aeiou]", title), title


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    assert contents(make_demo(3, **SMALL)) == contents(make_demo(3, **SMALL))
    for one, other in zip(contents(make_demo(3, **SMALL))[1:4], contents(make_demo(4, **SMALL))[1:4]):
        assert one != other


def test_the_dev_day_follows_the_training_days(demo):
    part = make_demo(0, **SMALL)
    days = {time.split()[0] for time in texts(part.train.times)}
    assert len(days) == 5 and {time.split()[0] for time in texts(part.dev.times)} == {"3/9/2030"}
    assert 0 < last_day(part.train).sum() < len(part.train)


def test_round_trip_through_mind_files(tmp_path):
    demo = make_demo(0, **SMALL)
    write_demo(tmp_path, demo)
    for name, part in (("train", demo.train), ("dev", demo.dev)):
        news, behaviors = read_folder(tmp_path / name)
        assert (news.ids, news.categories, news.titles) == (demo.news.ids, demo.news.categories, demo.news.titles)
        assert behaviors.text_columns() == part.text_columns()
        for read, made in ((behaviors.histories, part.histories), (behaviors.candidates, part.candidates)):
            assert np.array_equal(read.values, made.values) and np.array_equal(read.offsets, made.offsets)
        assert np.array_equal(behaviors.labels, part.labels)


def test_too_few_news_are_refused():
    with pytest.raises(ValueError, match="at least 500"):
        make_demo(0, news=100)
    make_demo(0, users=20, news=500, train_impressions=20, dev_impressions=5)


@pytest.mark.slow
def test_it_is_quick():
    start = time.process_time()
    make_demo(5)
    assert time.process_time() - start < 10  # about 1.5 s; the bound is for a busy machine
