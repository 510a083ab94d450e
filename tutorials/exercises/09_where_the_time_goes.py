"""Exercises of chapter 09: complete a stub, then run ``python tutorials/exercise.py 09``."""

import numpy as np


# 09.1
def count_work(titles, mentions, title_slots, word_slots):
    """How many rows each way of computing needs. Returns five whole numbers:

    padded      word slots: title_slots for each click, word_slots in each
    mentioned   words of all titles that the clicks mention, with repeats
    positions   the same, each mentioned title once
    different   different words in them
    pairs       pairs (i, j) of words of one title, each mentioned title once

    titles: for each title of the catalogue a list of word numbers, perhaps empty. mentions: for each click a list of
    the titles that it mentions, by number; a title may be there twice, and some titles nowhere.
    """
    raise NotImplementedError


# 09.2
def equal_lengths(lengths, limit):
    """Groups of sets that need no padding: a list of lists of set numbers, as few as possible.

    lengths [sets]: set s has lengths[s] positions. The sets of a group have one length, and together at most ``limit``
    positions, unless the group is a single set. Empty sets are in no group, every other set is in one.
    """
    raise NotImplementedError


# 09.3
def which_first(times, factors):
    """times [stages] in ms; stage s could be made factors[s] times faster (perhaps infinitely: np.inf).

    You may improve one stage. Returns its number, and how many times faster the whole program becomes.
    """
    raise NotImplementedError


# 09.4
def segment_sums(rows, offsets):
    """rows [T, M], offsets [segments + 1] -> [segments, M], the sum of rows[offsets[s]:offsets[s + 1]] for each s.

    This is right. Make it at least five times faster, for 20,000 segments, some of them empty.
    """
    out = np.zeros((len(offsets) - 1, rows.shape[1]), rows.dtype)
    for s in range(len(out)):
        out[s] = rows[offsets[s] : offsets[s + 1]].sum(axis=0)
    return out
