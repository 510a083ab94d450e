"""Wrong answers to the exercises of chapter 12: each must be refused."""

import json

import numpy as np


def _parse(line, labelled):
    _, user, _, history, shown = line.rstrip("\r\n").split("\t")
    ids = shown.split()
    if labelled(shown, ids):
        return user, history.split(), [one[:-2] for one in ids], [int(one[-1]) for one in ids]
    return user, history.split(), ids, None


def _ends(shown, ids):
    return ids[0].endswith(("-0", "-1"))


def parse_impression_1(line):
    return _parse(line, lambda shown, ids: "-1" in shown)  # a line without a click becomes a test line


def parse_impression_2(line):
    user, history, shown, labels = _parse(line, _ends)
    return user, history, [one[:2] for one in shown], labels


def parse_impression_3(line):
    user, history, shown, labels = _parse(line, _ends)
    return user, history, shown, None if labels is None else [bool(label) for label in labels]


def parse_impression_4(line):
    _, user, *rest = line.split()  # an empty history moves the columns
    shown = rest[-2:]
    return user, rest[3:-2], [one.split("-")[0] for one in shown], [int(one[-1]) for one in shown]


def parse_impression_5(line):
    _, user, _, history, shown = line.rstrip("\r\n").split("\t")
    pairs = [one.split("-") for one in shown.split()]  # an id with a hyphen
    labels = [int(one[1]) for one in pairs] if len(pairs[0]) == 2 else None
    return user, history.split(), [one[0] for one in pairs], labels


def parse_impression_6(line):
    user, history, shown, labels = _parse(line, _ends)
    return user, history, shown, labels or [0] * len(shown)  # a test file: nothing clicked


def on_last_day_1(times):
    return np.array([time.split()[0] == times[-1].split()[0] for time in times])  # of the last line


def _days(times):
    return [tuple(int(one) for one in time.split()[0].split("/")) for time in times]


def on_last_day_2(times):
    days = [(year, day) for _, day, year in _days(times)]  # without the month
    return np.array([day == max(days) for day in days])


def on_last_day_3(times):
    days = [time.split()[0] for time in times]  # as text: 11/9 after 11/14
    return np.array([day == max(days) for day in days])


def on_last_day_4(times):
    days = _days(times)  # month, day, year
    return np.array([day == max(days) for day in days])


def on_last_day_5(times):
    days = [(year, month, day) for month, day, year in _days(times)]
    return [day == max(days) for day in days]  # a list


def history_before_1(log, user, time):
    return [item for when, item in sorted((when, item) for who, when, item in log if who == user and when <= time)]


def history_before_2(log, user, time):
    return [item for who, when, item in log if who == user and when < time]  # in the order of the log


def history_before_3(log, user, time):
    found = sorted(((when, item) for who, when, item in log if who == user and when < time), key=lambda one: one[0])
    return list(dict.fromkeys(item for _, item in found))  # without repeats


def history_before_4(log, user, time):
    return [item for _, item in sorted((when, item) for who, when, item in log if who == user and when < time)]


def history_before_5(log, user, time):
    found = sorted(((when, item) for who, when, item in log if who == user and when < time), key=lambda one: one[0])
    return [item for _, item in found][::-1]  # newest first


def token_coverage_1(counts, vectors):
    return sum(count for word, count in counts.items() if word in vectors) / 100


def token_coverage_2(counts, vectors):
    total = sum(counts.values())
    for word in list(counts):
        if word not in vectors:
            del counts[word]
    return sum(counts.values()) / total if total else 0


def token_coverage_3(counts, vectors):
    return len(set(counts) & set(vectors)) / max(len(counts), 1)  # of words


def token_coverage_4(counts, vectors):
    return sum(count for word, count in counts.items() if word in vectors) / sum(counts.values())  # 0 / 0


def _ranks(scores):
    ranks = np.empty(len(scores), int)
    ranks[np.argsort(-scores)] = np.arange(1, len(scores) + 1)
    return ranks


def _line(one, numbers, comma=","):
    return f"{one} [{comma.join(map(str, numbers))}]"


def prediction_line_1(impression_id, scores):
    line = _line(impression_id, _ranks(scores))
    scores[:] = 0
    return line


def prediction_line_2(impression_id, scores):
    return _line(impression_id, _ranks(scores)) + "\n\n"


def prediction_line_3(impression_id, scores):
    return _line(impression_id, np.argsort(-scores) + 1)


def prediction_line_4(impression_id, scores):
    return _line(impression_id, _ranks(scores), ", ")


def prediction_line_5(impression_id, scores):
    return _line(impression_id, _ranks(-scores))


def prediction_line_6(impression_id, scores):
    return _line(impression_id, _ranks(scores) - 1)


def prediction_line_7(impression_id, scores):
    return _line(int(impression_id), _ranks(scores))  # 007 becomes 7


def _diagnose(lines, ids, scores, forms, fits=all):
    found = [line.split(" ", 1) for line in lines]
    if {one for one, _ in found} != set(ids):
        return "missing"
    if [one for one, _ in found] != list(ids):
        return "shuffled"
    numbers = [np.array(json.loads(one)) for _, one in found]
    for name, form in forms.items():
        if fits(np.array_equal(one, form(_ranks(of))) for one, of in zip(numbers, scores)):
            return name
    return "other"


FORMS = {
    "right": lambda ranks: ranks,
    "reversed": lambda ranks: len(ranks) + 1 - ranks,
    "order": lambda ranks: np.argsort(ranks) + 1,
    "zero": lambda ranks: ranks - 1,
}


def diagnose_1(lines, ids, scores):
    return _diagnose(lines, ids, scores, FORMS, any)  # one impression that fits is enough


def diagnose_2(lines, ids, scores):
    return _diagnose(lines[:1], ids[:1], scores[:1], FORMS)  # looks at the first line only


def diagnose_3(lines, ids, scores):
    forms = {**FORMS, "order": lambda ranks: np.argsort(-ranks) + 1}
    return _diagnose(lines, ids, scores, forms)


def diagnose_4(lines, ids, scores):
    # reads single digits: wrong from rank 10 on
    found = [[int(c) for c in line.split(" ", 1)[1] if c.isdigit()] for line in lines]
    if len(lines) < len(ids):
        return "missing"
    if [line.split(" ")[0] for line in lines] != list(ids):
        return "shuffled"
    for name, form in FORMS.items():
        if all(one == form(_ranks(of)).tolist() for one, of in zip(found, scores)):
            return name
    return "other"
