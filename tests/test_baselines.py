"""Rankings that need no training."""

import numpy as np

from nrms_np.app import baselines
from nrms_np.ragged import Ragged


def test_words_that_keep_the_same_company_get_similar_vectors():
    # 0 and 1 never meet, but both stand with 2 and 3; 4 stands with 5 and 6; 7 is alone
    titles = Ragged.from_lists([[0, 2, 3], [1, 2, 3], [4, 5, 6], [7], [], [0, 3, 2], [1, 3, 2]])
    table = baselines.cooccurrence_vectors(titles, 9, size=8)
    assert table.shape == (9, 8) and table.dtype == np.float32 and np.isfinite(table).all()
    cosine = table @ table.T / np.maximum(np.outer(*[np.linalg.norm(table, axis=1)] * 2), 1e-9)
    assert cosine[0, 1] > 0.9 and abs(cosine[0, 4]) < 0.1
    assert np.abs(table[[7, 8]]).max() < 1e-6  # company: none


def test_only_the_most_frequent_words_get_a_vector_from_cooccurrence(monkeypatch):
    monkeypatch.setattr(baselines, "COMMON", 3)
    table = baselines.cooccurrence_vectors(Ragged.from_lists([[5, 1], [1, 4], [4, 5], [0, 2]]), 6)
    assert (np.abs(table).max(axis=1) > 0).tolist() == [False, True, False, False, True, True]
