"""Exercises of chapter 09b: complete a stub, then run ``python tutorials/exercise.py 09b``."""


# 09b.1
def sums_over_i(weight, x, heads):
    """The kernel weighted_sums_transposed for one set: weight [n * n, heads], x [n, M] -> out [n, M].

    Row i * n + j of weight is the pair (i, j); column a * heads + h of x and out is number a of head h (heads last).
    out_j = sum over i of weight_ij * x_i, in each head with its own weights: dvalue from alpha and dout, for example.
    """
    raise NotImplementedError


# 09b.2
def lost_updates(additions):
    """Threads A and B each add 1 to a counter, ``additions`` times; each addition is a read and then a write.

    Return the order of the 4 * additions actions, a string of A and B, after which the counter (0 at first) is as small
    as it can possibly be. First all of A, then all of B ("AAAA...BBBB...") loses nothing. additions is 1 or more.
    """
    raise NotImplementedError


# 09b.3
def races(reads, writes):
    """The pairs of threads that may not run at the same time: [(a, b), ...] with a < b, in ascending order.

    reads, writes: for each thread the list of row numbers that it reads, and that it writes.
    """
    raise NotImplementedError


# 09b.4
def sum_of_owner(g, rows, positions, offsets, out):
    """Write the sum of rows[p], for all p in group g of the ragged (positions, offsets), to out[g]. Nothing else.

    rows [positions, columns]; out [groups, columns] holds anything before, as np.empty leaves it. Its other rows
    belong to other threads, which write at the same time.
    """
    raise NotImplementedError


# 09b.5
def floor_of(operations, moved, peak, bandwidth):
    """The least seconds of a computation: operations at peak a second, bytes moved at bandwidth a second, and which of
    the two it waits for: "arithmetic" or "memory" ("memory" if both take as long)."""
    raise NotImplementedError
