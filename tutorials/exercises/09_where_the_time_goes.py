"""Exercises of chapter 09: fill in the stubs, then run ``python tutorials/exercises/09_making_it_fast.py``."""

import numpy as np


def lost_updates():
    """Threads A and B each add 1 to a counter three times; each addition is a read and then a write.

    Return the order of the twelve actions, a string of A and B, after which the counter (0 at first) is 2.
    """
    return "AAAAAABBBBBB"  # first all of A, then all of B: the counter is 6


def sum_of_owner(g, rows, positions, offsets, out):
    """Write the sum of rows[p], for all p in group g of the ragged (positions, offsets), to out[g]. Nothing else.

    rows [positions, columns]; out [groups, columns] holds anything before, as np.empty leaves it.
    """
    raise NotImplementedError


def equal_lengths(lengths, limit):
    """Groups of sets that need no padding: a list of lists of set numbers, as few as possible.

    lengths [sets]: set s has lengths[s] positions. The sets of a group have one length, and together at most ``limit``
    positions, unless the group is a single set. Empty sets are in no group, every other set is in one.
    """
    raise NotImplementedError


def floor_of(operations, moved, peak, bandwidth):
    """The least seconds of a computation: operations at peak a second, bytes moved at bandwidth a second."""
    raise NotImplementedError


def check_lost_updates(answer=lost_updates):
    order = answer()
    assert sorted(order) == ["A"] * 6 + ["B"] * 6, f"each thread has six actions (three reads, three writes): {order}"
    counter, seen, reads_next = 0, {}, {"A": True, "B": True}
    for thread in order:
        if reads_next[thread]:
            seen[thread] = counter
        else:
            counter = seen[thread] + 1
        reads_next[thread] = not reads_next[thread]
    assert counter == 2, f"after {order} the counter is {counter}, not 2"


def check_sum_of_owner(answer=sum_of_owner):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(6, 3))
    positions, offsets = np.array([4, 0, 5, 1, 2, 3]), np.array([0, 2, 2, 3, 6])  # group 1 owns nothing
    for g in (2, 0, 3, 1):  # threads come in any order
        before = rng.normal(size=(4, 3))
        out = before.copy()
        answer(g, rows, positions, offsets, out)
        others = np.arange(4) != g
        assert (out[others] == before[others]).all(), f"group {g} wrote into the row of another group: that is a race"
        right = rows[positions[offsets[g] : offsets[g + 1]]].sum(axis=0)
        assert np.allclose(out[g], right), f"group {g} should have the sum {right}, not {out[g]}"


def check_equal_lengths(answer=equal_lengths):
    lengths = np.array([3, 1, 0, 3, 9, 3, 1, 3, 3])
    for limit, fewest in ((100, 3), (6, 5), (7, 5), (3, 7), (1, 8)):
        groups = [list(group) for group in answer(lengths, limit)]
        members = sorted(s for group in groups for s in group)
        assert members == [0, 1, 3, 4, 5, 6, 7, 8], f"each set that is not empty is in one group; yours hold {members}"
        for group in groups:
            here = lengths[group]
            assert (here == here[0]).all(), f"the sets {group} have different lengths: {here}"
            assert here.sum() <= limit or len(group) == 1, f"group {group} has {here.sum()} positions, limit {limit}"
        assert len(groups) == fewest, f"with limit {limit}, {fewest} groups are enough; yours are {len(groups)}"


def check_floor_of(answer=floor_of):
    cases = (  # operations, bytes, peak, bandwidth, seconds
        (8e9, 1e9, 2e9, 1e9, 4.0),  # waits for arithmetic
        (1e9, 8e9, 2e9, 1e9, 8.0),  # waits for memory
        (2e9, 1e9, 2e9, 1e9, 1.0),  # both limits at once: they work at the same time
        (0, 3e9, 2e9, 1e9, 3.0),  # a copy
    )
    for operations, moved, peak, bandwidth, right in cases:
        got = answer(operations, moved, peak, bandwidth)
        assert abs(got - right) < 1e-12, (
            f"{operations:.0e} operations and {moved:.0e} bytes, at {peak:.0e} and {bandwidth:.0e} a second, "
            f"take at least {right} s, not {got}"
        )


if __name__ == "__main__":
    for check in (check_lost_updates, check_sum_of_owner, check_equal_lengths, check_floor_of):
        check()
        print(check.__name__.removeprefix("check_"), "is right")
