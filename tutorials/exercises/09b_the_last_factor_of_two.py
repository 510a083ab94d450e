"""Exercises of chapter 09b: complete a stub, then run ``python tutorials/exercise.py 09b``."""


# 09b.1
def lost_updates(additions):
    """Threads A and B each add 1 to a counter, ``additions`` times; each addition is a read and then a write.

    Return the order of the 4 * additions actions, a string of A and B, after which the counter (0 at first) is as small
    as it can possibly be. First all of A, then all of B ("AAAA...BBBB...") loses nothing.
    """
    raise NotImplementedError


# 09b.2
def races(reads, writes):
    """The pairs of threads that may not run at the same time: [(a, b), ...] with a < b, in ascending order.

    reads, writes: for each thread the list of row numbers that it reads, and that it writes.
    """
    raise NotImplementedError


# 09b.3
def sum_of_owner(g, rows, positions, offsets, out):
    """Write the sum of rows[p], for all p in group g of the ragged (positions, offsets), to out[g]. Nothing else.

    rows [positions, columns]; out [groups, columns] holds anything before, as np.empty leaves it.
    """
    raise NotImplementedError


# 09b.4
def dot_products(x, y, heads):
    """One set, heads last: x and y [n, M], column a * heads + h is number a of head h -> [n * n, heads].

    Row i * n + j, entry h: the dot product of x_i and y_j in head h.
    """
    raise NotImplementedError


# 09b.5
def floor_of(operations, moved, peak, bandwidth):
    """The least seconds of a computation: operations at peak a second, bytes moved at bandwidth a second, and which of
    the two it waits for: "arithmetic" or "memory"."""
    raise NotImplementedError
