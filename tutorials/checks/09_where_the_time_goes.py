"""How the answers of chapter 09 are judged."""

import numpy as np
from judge import Exercise, fastest

# 09.1


def work_cases(rng):
    for lengths, clicks, sizes in (
        ((3, 2, 4, 1), (3, 5), (6, 7)),
        ((2, 0, 5, 3, 2), (4, 0, 1), (5, 5)),
        ((4,), (2,), (3, 4)),
        ((0, 0), (3,), (4, 2)),
        ((2, 3), (), (2, 3)),
        ((1, 6, 2, 3, 4, 2, 1), (2, 7, 3, 3), (8, 6)),
        ((2, 1, 3) * 5, (3, 1, 2) * 5, (4, 9)),
    ):
        titles = [rng.integers(0, 5, n).tolist() for n in lengths]  # five words: many repeats
        yield titles, [rng.integers(0, len(titles), n).tolist() for n in clicks], *sizes
    yield [[3, 1], [3, 1], [], [4, 4, 2], [7]], [[0, 1, 3], [1, 3, 3, 2]], 4, 3  # two titles of the same words


def work_truth(titles, mentions, title_slots, word_slots):
    padded, mentioned, positions, different, pairs = 0, 0, 0, [], 0
    seen = []
    for click in mentions:
        padded += title_slots * word_slots
        for n in click:
            mentioned += len(titles[n])
            if n not in seen:
                seen.append(n)
                for word in titles[n]:
                    positions += 1
                    pairs += len(titles[n])
                    if word not in different:
                        different.append(word)
    return padded, mentioned, positions, len(different), pairs


# 09.2


def length_cases(rng):
    yield np.array([3, 1, 0, 3, 9, 3, 1, 3, 3]), 7
    for sets, longest in ((30, 6), (12, 40), (5, 1), (1, 3), (0, 1)):
        for limit in (1, 6, 8, 25, 1000):
            yield rng.integers(0, longest + 1, sets), limit


def groups_check(args, groups):
    lengths, limit = args
    groups = [[int(s) for s in group] for group in groups]
    members = sorted(s for group in groups for s in group)
    if members != np.flatnonzero(lengths).tolist():
        return f"each set that is not empty is in one group, and no other: yours hold {members}"
    for group in groups:
        if len({int(lengths[s]) for s in group}) != 1:
            return f"the sets {group} have different lengths, or there are none"
        if lengths[group].sum() > limit and len(group) > 1:
            return f"the group {group} has {lengths[group].sum()} positions"
    fewest = 0
    for n in set(lengths[lengths > 0].tolist()):
        fewest += -(-int((lengths == n).sum()) // max(1, limit // n))
    return None if len(groups) == fewest else f"{fewest} groups are enough; yours are {len(groups)}"


# 09.3


def stage_cases(rng):
    yield np.array([60.0, 31.0, 9.0]), np.array([2.0, np.inf, 50.0])  # not the largest stage
    for stages in (2, 5, 1, 7):
        yield rng.uniform(1, 50, stages), rng.uniform(1.1, 9, stages)
        yield np.append(rng.uniform(5, 50, stages), 0.5), np.append(rng.uniform(1.1, 4, stages), np.inf)


def stage_truth(times, factors):
    best, gain = 0, 0.0
    for s in range(len(times)):
        after = [t / f if i == s else t for i, (t, f) in enumerate(zip(times, factors))]
        if sum(times) / sum(after) > gain + 1e-12:
            best, gain = s, sum(times) / sum(after)
    return best, float(gain)


# 09.4


def segment_cases(rng):
    for m, lengths in enumerate(((2, 3, 1), (0, 2, 0, 0, 4, 0), (0, 0), (1,), (), (5, 0, 0), (3, 1, 1, 7)), 1):
        yield rng.normal(size=(sum(lengths), m)), np.concatenate([[0], np.cumsum(lengths, dtype=int)]).astype(int)


def segment_truth(rows, offsets):
    out = np.zeros((len(offsets) - 1, rows.shape[1]))
    for s in range(len(out)):
        for p in range(offsets[s], offsets[s + 1]):
            out[s] += rows[p]
    return out


def segment_loop(rows, offsets):
    out = np.zeros((len(offsets) - 1, rows.shape[1]), rows.dtype)
    for s in range(len(out)):
        out[s] = rows[offsets[s] : offsets[s + 1]].sum(axis=0)
    return out


def segment_trial(call, rng):
    offsets = np.concatenate([[0], np.cumsum(rng.integers(0, 9, 20_000))])
    args = rng.normal(size=(offsets[-1], 8)), offsets
    got = call(*args)
    if got.shape != (20_000, 8) or np.abs(got - segment_loop(*args)).max() > 1e-9:
        return "with 20,000 segments the sums are wrong"
    factor = fastest(segment_loop, args, 3) / fastest(call, args, 3)
    return None if factor >= 5 else f"it is right, and {factor:.1f} times as fast as the loop: 5 times is asked for"


EXERCISES = [
    Exercise(
        "count_work",
        work_cases,
        work_truth,
        gives="padded, mentioned, positions, different, pairs",
        hints=(
            "Which of the five numbers depend on how often a title is mentioned?",
            "A set of the mentioned title numbers gives the last three.",
        ),
    ),
    Exercise(
        "equal_lengths",
        length_cases,
        check=groups_check,
        gives="the groups",
        hints=(
            "Take one length after the other; how many sets of n positions fit into the limit?",
            "limit // n sets in each group, but one at least.",
        ),
    ),
    Exercise(
        "which_first",
        stage_cases,
        stage_truth,
        gives="the stage, the factor",
        near={
            "That is the largest stage, which is not always the largest gain": lambda times, factors: (
                int(np.argmax(times)),
                times.sum() / (times.sum() - times.max() + times.max() / factors[np.argmax(times)]),
            ),
        },
        hints=(
            "What is left of a stage of t ms that becomes f times faster? What is saved?",
            "The stage with the largest t - t / f; the whole takes the sum of the times less that.",
        ),
    ),
    Exercise(
        "segment_sums",
        segment_cases,
        segment_truth,
        trial=segment_trial,
        gives="the sums",
        float32=True,
        near={
            "np.add.reduceat gives the row at the start of an empty segment, not zero": lambda rows, offsets: (
                np.add.reduceat(rows, offsets[:-1], axis=0)
            ),
        },
        hints=(
            "np.add.reduceat adds up all segments in one call. Try it on an empty one.",
            "Call it for the segments that are not empty, and leave zeros in the others. Numba is another way.",
        ),
    ),
]
