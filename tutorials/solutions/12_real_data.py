"""Solutions of chapter 12."""

import json
from datetime import datetime

import numpy as np


def parse_impression(line):
    _, user, _, history, shown = line.rstrip("\r\n").split("\t")  # tabs only: the time and the lists hold spaces
    shown = shown.split()
    if not shown[0].endswith(("-0", "-1")):
        return user, history.split(), shown, None
    return user, history.split(), [one[:-2] for one in shown], [int(one[-1]) for one in shown]


def on_last_day(times):
    days = [datetime.strptime(time, "%m/%d/%Y %I:%M:%S %p").date() for time in times]  # dates compare as dates
    return np.array([day == max(days) for day in days])


def history_before(log, user, time):
    earlier = [(when, item) for who, when, item in log if who == user and when < time]
    return [item for _, item in sorted(earlier, key=lambda one: one[0])]  # sorted is stable


def token_coverage(counts, vectors):
    covered = sum(count for word, count in counts.items() if word in vectors)  # each word as often as it occurs
    return covered / max(sum(counts.values()), 1)


def _ranks(scores):
    order = np.argsort(-scores)  # order[0] is the number of the best candidate
    ranks = np.empty(len(scores), int)
    ranks[order] = np.arange(1, len(scores) + 1)  # the inverse of order: the place of each candidate
    return ranks


def prediction_line(impression_id, scores):
    return f"{impression_id} [{','.join(map(str, _ranks(scores)))}]"


def diagnose(lines, ids, scores):
    found = dict(line.split(" ", 1) for line in lines)
    if not set(ids) <= set(found):
        return "missing"
    if [line.split(" ", 1)[0] for line in lines] != list(ids):
        return "shuffled"
    numbers = [np.array(json.loads(found[one])) for one in ids]
    ranks = [_ranks(one) for one in scores]
    forms = {
        "right": ranks,
        "reversed": [len(one) + 1 - one for one in ranks],
        "order": [np.argsort(one) + 1 for one in ranks],
        "zero": [one - 1 for one in ranks],
    }
    # a short impression may look right by chance (one candidate, or an order that is its own inverse): ask all of them
    for name, form in forms.items():
        if all(np.array_equal(one, other) for one, other in zip(numbers, form)):
            return name
    return "other"
