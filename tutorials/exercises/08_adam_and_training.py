"""Exercises of chapter 08. Fill in a stub, then ``python tutorials/exercise.py 08.1``, and so on."""

import numpy as np  # noqa: F401

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def corrected_average(numbers, beta):
    """08.1: the average of a list of numbers: average = beta * average + (1 - beta) * number, from 0, then corrected.

    Equal numbers average to that number, however few they are.
    """
    raise NotImplementedError


def adam_step(param, gradient, first, second, step, learning_rate):
    """08.2: one step of Adam in place: param, first and second, all of one shape; step = 1, 2, ...; returns nothing."""
    raise NotImplementedError


def lazy_step(table, first, second, rows, values, step, learning_rate):
    """08.3: one lazy step in place: table, first, second [V, D]; rows [n] row numbers, values [n, D] a gradient each.

    A row may be listed more than once: its gradients add up first. Rows that are not listed stay as they are.
    """
    raise NotImplementedError


def first_step(step):
    """08.4: how many learning rates long is the first step of a row that is first seen at this step (1, 2, ...)?

    Its gradient is large beside epsilon, and its moments are 0 until then.
    """
    raise NotImplementedError


def clip_gradients(gradients, clip):
    """08.5: a dict of the same gradients, scaled by one factor so that their global norm is at most clip.

    A gradient is an array, or a pair (rows, values): rows are row numbers and stay as they are.
    """
    raise NotImplementedError


def order_of_epoch(seed, epoch, clicks):
    """08.6: a random order of 0 .. clicks - 1, an array, that depends on (seed, epoch) alone: another for each pair."""
    raise NotImplementedError
