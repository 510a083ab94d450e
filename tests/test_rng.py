"""Keyed random numbers: the key, and nothing else, decides the draws."""

import numpy as np
import pytest

from nrms_np.rng import generator


def draws(*key):
    return generator(*key).random(8).tolist()


def test_same_key_same_draws_whatever_was_drawn_before():
    first = draws(1, "dropout", 2, 3)
    np.random.seed(0)
    np.random.random(5)
    generator(1, "dropout", 2, 3).random(100)
    assert draws(1, "dropout", 2, 3) == first


@pytest.mark.parametrize(
    "other",
    [
        (2, "dropout", 2, 3),  # seed
        (1, "order", 2, 3),  # purpose
        (1, "dropout", 3, 3),  # epoch
        (1, "dropout", 2, 4),  # step
        (1, "dropout", 3, 2),  # epoch and step exchanged
        (1, "dropout", 2),  # no step
        (1, "dropout", 2, 3, 1),
        (2, "dropout", 1, 3),  # seed and epoch exchanged
    ],
)
def test_another_key_gives_other_draws(other):
    assert not set(draws(1, "dropout", 2, 3)) & set(draws(*other))


def test_neighbouring_steps_are_uncorrelated():
    one, two = (generator(0, "dropout", 1, step).standard_normal(10_000) for step in (0, 1))
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.05  # 5 standard deviations: 1 / sqrt(10,000) each
