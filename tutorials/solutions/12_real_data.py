"""Solutions of chapter 12."""

import json
from datetime import datetime

import numpy as np


def parse_impression(line):
    _, user, _, history, shown = line.rstrip("\n").split("\t")  # tabs only: the time and the lists hold spaces
    shown = shown.split()
    if not shown[0].endswith(("-0", "-1")):
        return user, history.split(), shown, None
    return user, history.split(), [one[:-2] for one in shown], [int(one[-1]) for one in shown]


def on_last_day(times):
    days = [datetime.strptime(time, "%m/%d/%Y %I:%M:%S %p").date() for time in times]  # dates compare as dates
    return np.array([day == max(days) for day in days])


def token_coverage(counts, vectors):
    covered = sum(count for word, count in counts.items() if word in vectors)  # each word as often as it occurs
    return covered / sum(counts.values())


def prediction_line(impression_id, scores):
    order = np.argsort(-scores)  # order[0] is the number of the best candidate
    ranks = np.empty(len(scores), int)
    ranks[order] = np.arange(1, len(scores) + 1)  # the inverse of order: the place of each candidate
    return f"{impression_id} [{','.join(map(str, ranks))}]"


def auc_of_line(line, labels):
    ranks = np.array(json.loads(line.split()[1]))
    better = ranks[labels == 1][:, None] < ranks[labels == 0][None, :]  # a small rank is a good one
    return better.mean()
