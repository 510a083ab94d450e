"""Wrong answers to the exercises of chapter 12: each must be refused."""

import json
import re

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


def _parse_by(line, strip, labelled=_ends):
    user, history, shown, labels = _parse(line, labelled)
    ids = line.rstrip("\r\n").split("\t")[4].split()
    return user, history, ids if labels is None else [strip(one) for one in ids], labels


def parse_impression_7(line):
    return _parse_by(line, lambda one: one.strip("-01"))  # N10-1 becomes N


def parse_impression_8(line):
    return _parse_by(line, lambda one: one.rstrip("-01"))


def parse_impression_9(line):
    return _parse(line, lambda shown, ids: ids[0][-1] in "01")  # a test file may begin with N10


def parse_impression_10(line):
    return _parse_by(line, lambda one: one.replace("-0", "").replace("-1", ""))


def parse_impression_11(line):
    return _parse_by(line, lambda one: one.split("-1")[0].split("-0")[0])


def parse_impression_12(line):
    return _parse(line, lambda shown, ids: "-0" in shown or "-1" in shown)


def parse_impression_13(line):
    return _parse(line, lambda shown, ids: "-" in ids[0])


def parse_impression_14(line):
    _, user, _, history, shown = line.rstrip("\r\n").split("\t")
    marked = re.findall(r"(\S+?)-([01])\b", shown)  # a label in the middle of an id
    if marked:
        return user, history.split(), [one for one, _ in marked], [int(label) for _, label in marked]
    return user, history.split(), shown.split(), None


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


def on_last_day_6(times):
    days = [366 * year + 30.6 * month + day for month, day, year in _days(times)]  # not in ascending order
    return np.array([day == max(days) for day in days])


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


def _history(log, mine, earlier):
    found = sorted(((when, item) for who, when, item in log if mine(who) and earlier(when)), key=lambda one: one[0])
    return [item for _, item in found]


def history_before_6(log, user, time):
    return _history(log, lambda who: who == user, lambda when: when < time)[-10:]


def history_before_7(log, user, time):
    return _history(log, lambda who: who == user, lambda when: when < time)[-50:]


def history_before_8(log, user, time):
    return _history(log, lambda who: who == user, lambda when: when[:16] < time[:16])  # without seconds


def history_before_9(log, user, time):
    return _history(log, lambda who: user in who, lambda when: when < time)


def history_before_10(log, user, time):
    return _history(log, lambda who: who.startswith(user), lambda when: when < time)


def history_before_11(log, user, time):
    return _history(log, lambda who: who in user, lambda when: when < time)


def history_before_12(log, user, time):
    return _history(log, lambda who: who.strip().lower() == user.lower(), lambda when: when < time)


def history_before_13(log, user, time):
    return tuple(_history(log, lambda who: who == user, lambda when: when < time))


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


def token_coverage_5(counts, vectors):
    return sum(count for word, count in counts.items() if word in vectors) / (sum(counts.values()) + 1e-9)


def token_coverage_6(counts, vectors):
    covered = sum(count for word, count in counts.items() if word in vectors)
    return covered / sum(counts.values()) if counts else 0  # no token of the words that are there


def token_coverage_7(counts, vectors):
    covered = sum(count for word, count in counts.items() if word.lower() in vectors)
    return covered / max(sum(counts.values()), 1)


def token_coverage_8(counts, vectors):
    covered = sum(count for word, count in counts.items() if any(vectors.get(word, [])))  # a vector of zeros is one
    return covered / max(sum(counts.values()), 1)


def token_coverage_9(counts, vectors):
    covered = sum(count for word, count in counts.items() if word in " ".join(vectors))
    return covered / max(sum(counts.values()), 1)


def token_coverage_10(counts, vectors):
    covered = sum(count for word, count in counts.items() if vectors.get(word))  # an array of two is not true or false
    return covered / max(sum(counts.values()), 1)


def token_coverage_11(counts, vectors):
    covered = sum(min(count, 500) for word, count in counts.items() if word in vectors)
    return covered / max(sum(min(count, 500) for count in counts.values()), 1)


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


def prediction_line_8(impression_id, scores):
    return _line(impression_id, _ranks(scores.astype(np.float32)))


def prediction_line_9(impression_id, scores):
    return _line(impression_id, _ranks(1 / (1 + np.exp(-scores))))


def prediction_line_10(impression_id, scores):
    return _line(impression_id, _ranks(1 / (1 + np.exp(-scores.astype(np.float32)))))


def prediction_line_11(impression_id, scores):
    return _line(impression_id, _ranks(scores.astype(int)))


def prediction_line_12(impression_id, scores):
    return _line(impression_id, _ranks(scores).astype(np.int8))


def prediction_line_13(impression_id, scores):
    return _line(impression_id, _ranks(scores).astype(np.uint8))


def _diagnose(lines, ids, scores, forms, fits=all):
    found = [line.split(" ", 1) for line in lines]
    if not {one for one, _ in found} >= set(ids):
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


def diagnose_5(lines, ids, scores):
    longest = int(np.argmax([len(one) for one in scores]))  # looks at the longest impression only
    found = _diagnose(lines, ids, scores, FORMS)
    if found in ("missing", "shuffled"):
        return found
    return _diagnose(lines[longest : longest + 1], ids[longest : longest + 1], scores[longest : longest + 1], FORMS)


def _diagnose_missing(lines, ids, scores, missing):
    found = [line.split(" ", 1)[0] for line in lines]
    if missing(found):
        return "missing"
    return "shuffled" if found != list(ids) else _diagnose(lines, ids, scores, FORMS)


def diagnose_6(lines, ids, scores):
    return _diagnose_missing(lines, ids, scores, lambda found: len(found) < len(ids))


def diagnose_7(lines, ids, scores):
    return _diagnose_missing(lines, ids, scores, lambda found: len(set(found)) < len(ids))


def _in_order(numbers):
    return np.argsort(np.argsort(numbers))


def _diagnose_by_order(lines, ids, scores, same):
    found = _diagnose(lines, ids, scores, FORMS)
    if found != "other":
        return found
    numbers = [json.loads(line.split(" ", 1)[1]) for line in lines]
    return same(numbers, [_ranks(one) for one in scores])


def diagnose_8(lines, ids, scores):
    # only which number is smaller: 1, 3, 7 are no ranks
    def same(numbers, ranks):
        alike = all(np.array_equal(_in_order(one), of - 1) for one, of in zip(numbers, ranks))
        return "right" if alike else "other"

    return _diagnose_by_order(lines, ids, scores, same)


def diagnose_9(lines, ids, scores):
    # any numbers from 0
    return _diagnose_by_order(
        lines, ids, scores, lambda numbers, _: "zero" if any(0 in one for one in numbers) else "other"
    )


def diagnose_10(lines, ids, scores):
    def same(numbers, ranks):
        first = all(one[int(np.argmin(of))] == 1 for one, of in zip(numbers, ranks))  # the best is 1
        return "right" if first else "other"

    return _diagnose_by_order(lines, ids, scores, same)


def diagnose_11(lines, ids, scores):
    # the order counted from 0 is another mistake than ranks from 0
    def same(numbers, ranks):
        return "order" if all(np.array_equal(one, np.argsort(of)) for one, of in zip(numbers, ranks)) else "other"

    return _diagnose_by_order(lines, ids, scores, same)


def diagnose_12(lines, ids, scores):
    # the lines in any order are compared with the impression of their id
    found = dict(line.split(" ", 1) for line in lines)
    if set(ids) <= set(found):
        lines = [f"{one} {found[one]}" for one in ids]
    return _diagnose(lines, ids, scores, FORMS)


def _diagnose_ids(lines, ids, scores, missing, shuffled, forms=FORMS):
    found = [line.split(" ", 1)[0] for line in lines]
    if missing(found):
        return "missing"
    return "shuffled" if shuffled(found) else _diagnose(lines[: len(ids)], ids, scores, forms)


def diagnose_13(lines, ids, scores):
    first = {"order": FORMS["order"], **FORMS}  # the order is asked first
    return _diagnose(lines, ids, scores, first)


def diagnose_14(lines, ids, scores):
    second = {name: FORMS[name] for name in ("right", "order", "reversed", "zero")}
    return _diagnose(lines, ids, scores, second)


def diagnose_15(lines, ids, scores):
    def shuffled(found):
        return any(one != other for one, other in zip(found, ids))  # a line too many is not seen

    return _diagnose_ids(lines, ids, scores, lambda found: not set(ids) <= set(found), shuffled)


def diagnose_16(lines, ids, scores):
    return _diagnose(lines[: len(ids)], ids, scores, FORMS)


def diagnose_17(lines, ids, scores):
    return _diagnose_ids(lines, ids, scores, lambda found: sorted(found) != sorted(ids), lambda found: found != ids)


def diagnose_18(lines, ids, scores):
    return _diagnose_ids(lines, ids, scores, lambda found: set(found) != set(ids), lambda found: found != ids)


def diagnose_19(lines, ids, scores):
    numbers = [int(one) for one in ids]  # 07 is 7
    return _diagnose_ids(
        [f"{int(line.split(' ', 1)[0])} {line.split(' ', 1)[1]}" for line in lines],
        [str(one) for one in numbers],
        scores,
        lambda found: not set(numbers) <= set(map(int, found)),
        lambda found: list(map(int, found)) != numbers,
    )
