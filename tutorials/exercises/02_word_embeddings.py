"""Exercises of chapter 02: fill in a stub, then run ``python tutorials/exercises/02_word_embeddings.py``."""

import numpy as np


def scatter_add(ids, drows, size):
    """Return dtable [size, D]: the rows of drows [T, D] summed by their id, ids int [T]; do not use np.add.at."""
    dtable = np.zeros((size, drows.shape[1]))
    raise NotImplementedError(f"scatter_add: fill dtable {dtable.shape}; an id may come any number of times")


def check_scatter_add(answer=scatter_add):
    rng = np.random.default_rng(0)
    for ids, size in (([3, 1, 3], 5), ([0, 1, 2], 3), ([2, 2, 2, 2], 4), ([4, 0, 4, 1, 0, 4], 6)):
        ids = np.array(ids)
        drows = rng.normal(size=(len(ids), 2))
        want = np.zeros((size, 2))
        np.add.at(want, ids, drows)
        got = np.asarray(answer(ids.copy(), drows.copy(), size))
        assert got.shape == want.shape, f"ids {ids}: the shape is {got.shape}, not {want.shape}"
        for w in range(size):
            times = int((ids == w).sum())
            assert np.allclose(got[w], want[w]), f"ids {ids}: row {w} is wrong; this id comes {times} times"


def merge_repeats(ids, rows):
    """Return the sparse gradient (words int [U], ascending and all different; drows [U, D]) of ids [T], rows [T, D]."""
    raise NotImplementedError("merge_repeats: number the different ids, then sum the rows of each number")


def check_merge_repeats(answer=merge_repeats):
    rng = np.random.default_rng(1)
    for ids in ([3, 1, 3], [5, 2, 9], [7, 7, 7], [8, 0, 8, 5, 0, 8]):
        ids = np.array(ids)
        rows = rng.normal(size=(len(ids), 3))
        words, drows = answer(ids.copy(), rows.copy())
        assert list(words) == sorted(set(ids.tolist())), f"ids {ids}: the words are {words}"
        assert np.shape(drows) == (len(words), 3), f"ids {ids}: drows has shape {np.shape(drows)}"
        for w, row in zip(words, drows):
            want = sum(rows[t] for t in range(len(ids)) if ids[t] == w)
            assert np.allclose(row, want), f"ids {ids}: the row of word {w} is not the sum over its positions"


def mean_titles_backward(dtitles, values, offsets, size):
    """Return dtable [size, D] when title n is the mean of the word vectors table[values[offsets[n] : offsets[n + 1]]].

    dtitles [N, D] is the gradient of the title vectors; a title may hold a word twice, and words are shared by titles.
    """
    raise NotImplementedError("mean_titles_backward: first the gradient at each position, then its sum for each word")


def check_mean_titles_backward(answer=mean_titles_backward):
    rng = np.random.default_rng(2)
    for titles in ([[0, 1], [2, 3]], [[0, 1, 2], [3]], [[4, 1, 4], [1, 0]], [[2], [2], [2, 2, 0, 1]]):
        values, offsets = np.concatenate(titles), np.concatenate([[0], np.cumsum([len(one) for one in titles])])
        table, dtitles = rng.normal(size=(5, 2)), rng.normal(size=(len(titles), 2))
        got = np.asarray(answer(dtitles.copy(), values.copy(), offsets.copy(), len(table)))
        assert got.shape == table.shape, f"titles {titles}: the shape is {got.shape}, not {table.shape}"
        for w, d in np.ndindex(table.shape):
            losses = []
            for h in (1e-5, -1e-5):
                moved = table.copy()
                moved[w, d] += h
                losses.append(sum((moved[one].mean(axis=0) * dtitles[n]).sum() for n, one in enumerate(titles)))
            measured = (losses[0] - losses[1]) / 2e-5
            assert abs(got[w, d] - measured) < 1e-7, (
                f"titles {titles}: dtable[{w}, {d}] is {got[w, d]:.4f}, the central difference says {measured:.4f}"
            )


if __name__ == "__main__":
    for number, check in enumerate((check_scatter_add, check_merge_repeats, check_mean_titles_backward), 1):
        check()
        print(f"{number}. {check.__name__.removeprefix('check_')}: right")
