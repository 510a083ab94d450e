"""Random numbers: every draw comes from a generator keyed by what it is for, never from global state (chapter 08)."""

import zlib

import numpy as np


def generator(seed: int, purpose: str, *key: int) -> np.random.Generator:
    """A generator for one purpose, for example ``generator(seed, "dropout", epoch, step)``.

    The same key gives the same draws whatever was drawn before, so an interrupted run can go on anywhere.
    Give a purpose always the same number of keys: missing ones count as 0.
    """
    return np.random.Generator(np.random.SFC64([seed, zlib.crc32(purpose.encode()), *key]))
