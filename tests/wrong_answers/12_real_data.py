"""Plausible wrong answers to the exercises of chapter 12."""

import json
from datetime import datetime, timedelta

import numpy as np


def parse_impression_1(line):
    _, user, _, _, _, *rest = line.split()  # any white space: the history and what was shown run together
    history = [one for one in rest if "-" not in one]
    shown = [one for one in rest if "-" in one]
    return user, history, [one[:-2] for one in shown], [int(one[-1]) for one in shown]


def parse_impression_2(line):
    _, user, _, history, shown = line.split("\t")
    shown = shown.split()
    return user, history.split(), [one[:-2] for one in shown], [int(one[-1]) for one in shown]  # always labelled


def on_last_day_1(times):
    days = [time.split()[0] for time in times]
    return np.array([day == max(days) for day in days])  # as text, "11/9" is after "11/14"


def on_last_day_2(times):
    times = [datetime.strptime(time, "%m/%d/%Y %I:%M:%S %p") for time in times]
    return np.array([time > max(times) - timedelta(days=1) for time in times])  # the last 24 hours


def token_coverage_1(counts, vectors):
    return sum(word in vectors for word in counts) / len(counts)  # the share of different words


def token_coverage_2(counts, vectors):
    covered = sum(count for word, count in counts.items() if word in vectors)
    return covered / len(counts)  # tokens over words


def prediction_line_1(impression_id, scores):
    order = np.argsort(-scores) + 1  # which candidate is on each place, not the place of each candidate
    return f"{impression_id} [{','.join(map(str, order))}]"


def prediction_line_2(impression_id, scores):
    ranks = np.argsort(np.argsort(scores)) + 1  # the best gets the largest number
    return f"{impression_id} [{','.join(map(str, ranks))}]"


def auc_of_line_1(line, labels):
    ranks = np.array(json.loads(line.split()[1]))
    return (ranks[labels == 1][:, None] > ranks[labels == 0][None, :]).mean()  # ranks taken for scores


def auc_of_line_2(line, labels):
    order = np.array(json.loads(line.split()[1])) - 1  # ranks taken for the numbers of the candidates
    place = np.argsort(np.asarray(labels)[order] == 0, kind="stable")
    clicks = int(np.sum(labels))
    return (place[:clicks, None] < place[None, clicks:]).mean()
