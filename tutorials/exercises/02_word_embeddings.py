"""Exercises of chapter 02: fill in a stub, then run ``python tutorials/exercise.py 02.1``."""


# 02.1
def scatter_add(ids, drows, size):
    """Return dtable [size, D]: the rows of drows [T, D] summed by their id, ids int [T].

    Without np.add.at and without a loop over positions or words. (A loop over the D columns counts as one, too.)
    """
    raise NotImplementedError


# 02.2
def survivors(ids, size):
    """Return int [size]: for each id the position whose row survives in ``dtable[ids] += drows``, -1 for unused ids.

    ids int [T], each in 0 .. size - 1.
    """
    raise NotImplementedError


# 02.3
def mean_backward(dtitles, offsets):
    """Return dpositions [T, D], when title n is the mean of the rows of its positions, offsets[n] to offsets[n + 1].

    dtitles [N, D] is the gradient of the title vectors. A title may be empty; its vector is 0.
    """
    raise NotImplementedError


# 02.4
def mean_titles_backward(dtitles, values, offsets, size):
    """Return dtable [size, D], when title n is the mean of the vectors table[values[offsets[n] : offsets[n + 1]]].

    A title may hold a word twice, words are shared by titles, and a title may be empty.
    """
    raise NotImplementedError


# 02.5
def merge_repeats(ids, drows):
    """Return the sparse gradient (words int [U], drows [U, D]) of ids int [T], drows [T, D], whose ids may repeat.

    words are ascending and all different; each has the sum of the rows of its positions.
    """
    raise NotImplementedError
