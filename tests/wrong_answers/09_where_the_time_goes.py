"""Wrong answers to the exercises of chapter 09: each must be refused."""

import numpy as np


def count_work_1(titles, mentions, title_slots, word_slots):
    # counts all titles of the catalogue, mentioned or not
    mentioned = sum(len(titles[n]) for click in mentions for n in click)
    words = {word for title in titles for word in title}
    lengths = [len(title) for title in titles]
    return len(mentions) * title_slots * word_slots, mentioned, sum(lengths), len(words), sum(n * n for n in lengths)


def count_work_2(titles, mentions, title_slots, word_slots):
    # pairs without i = j
    once = {n for click in mentions for n in click}
    mentioned = sum(len(titles[n]) for click in mentions for n in click)
    lengths = [len(titles[n]) for n in once]
    words = {word for n in once for word in titles[n]}
    pairs = sum(n * (n - 1) for n in lengths)
    return len(mentions) * title_slots * word_slots, mentioned, sum(lengths), len(words), pairs


def count_work_3(titles, mentions, title_slots, word_slots):
    # slots of the titles that are mentioned, in place of those that are there
    once = {n for click in mentions for n in click}
    mentioned = sum(len(titles[n]) for click in mentions for n in click)
    lengths = [len(titles[n]) for n in once]
    words = {word for n in once for word in titles[n]}
    padded = sum(len(click) for click in mentions) * word_slots
    return padded, mentioned, sum(lengths), len(words), sum(n * n for n in lengths)


def _groups(size_of, wanted=None):
    def groups(lengths, limit):
        found = []
        for n in wanted or np.unique(lengths[lengths > 0]):
            sets = np.flatnonzero(lengths == n)
            size = size_of(limit, n)
            found += [sets[i : i + size] for i in range(0, len(sets), size)]
        return found

    return groups


equal_lengths_1 = _groups(lambda limit, n: max(1, round(limit / n)))  # over the limit for n = 3, limit = 8
equal_lengths_2 = _groups(lambda limit, n: max(1, limit // n), range(1, 10))  # lengths up to 9 only
equal_lengths_3 = _groups(lambda limit, n: 1)  # each set by itself


def equal_lengths_4(lengths, limit):
    # empty sets as a group of their own
    return [np.flatnonzero(lengths == 0), *_groups(lambda limit, n: max(1, limit // n))(lengths, limit)]


def which_first_1(times, factors):
    # the stage that takes longest
    s = int(np.argmax(times))
    return s, times.sum() / (times.sum() - times[s] + times[s] / factors[s])


def which_first_2(times, factors):
    # the stage that can be improved most
    s = int(np.argmax(factors))
    return s, times.sum() / (times.sum() - times[s] + times[s] / factors[s])


def which_first_3(times, factors):
    # forgets what is left of the stage
    saved = times - times / factors
    s = int(np.argmax(saved))
    return s, times.sum() / (times.sum() - times[s])


def segment_sums_1(rows, offsets):
    # an empty segment gets the row at its start
    if not len(rows):
        return np.zeros((len(offsets) - 1, rows.shape[1]), rows.dtype)
    return np.add.reduceat(rows, np.minimum(offsets[:-1], len(rows) - 1), axis=0)


def segment_sums_2(rows, offsets):
    # right, and as slow as before
    parts = [rows[start:end].sum(axis=0) for start, end in zip(offsets[:-1], offsets[1:])]
    return np.array(parts, rows.dtype).reshape(len(offsets) - 1, rows.shape[1])


def segment_sums_3(rows, offsets):
    # differences of a running sum in float32
    total = np.concatenate([np.zeros((1, rows.shape[1]), np.float32), np.cumsum(rows, axis=0, dtype=np.float32)])
    return (total[offsets[1:]] - total[offsets[:-1]]).astype(rows.dtype)


def count_work_4(titles, mentions, title_slots, word_slots):
    mentioned = [tuple(titles[n]) for click in mentions for n in click]
    once = set(mentioned)  # two titles of the same words are two
    return (
        len(mentions) * title_slots * word_slots,
        sum(map(len, mentioned)),
        sum(map(len, once)),
        len({word for one in once for word in one}),
        sum(len(one) ** 2 for one in once),
    )
