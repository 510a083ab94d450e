"""Solutions of chapter 09."""

import numpy as np


def count_work(titles, mentions, title_slots, word_slots):
    all_mentions = [n for click in mentions for n in click]
    once = set(all_mentions)
    return (
        len(mentions) * title_slots * word_slots,
        sum(len(titles[n]) for n in all_mentions),
        sum(len(titles[n]) for n in once),
        len({word for n in once for word in titles[n]}),
        sum(len(titles[n]) ** 2 for n in once),
    )


def equal_lengths(lengths, limit):
    groups = []
    for n in np.unique(lengths[lengths > 0]):
        sets = np.flatnonzero(lengths == n)
        size = max(1, limit // n)  # sets that fit into the limit, but one at least
        groups += [sets[first : first + size] for first in range(0, len(sets), size)]
    return groups


def which_first(times, factors):
    saved = times - times / factors  # what is left of a stage is times / factors
    best = int(np.argmax(saved))
    return best, times.sum() / (times.sum() - saved[best])


def segment_sums(rows, offsets):
    # np.add.reduceat gives rows[start] for an empty segment, and refuses a start at the end: so leave those out
    out = np.zeros((len(offsets) - 1, rows.shape[1]), rows.dtype)
    full = np.flatnonzero(np.diff(offsets))
    if len(full):
        out[full] = np.add.reduceat(rows, offsets[full], axis=0)
    return out
