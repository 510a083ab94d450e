"""Plausible wrong answers to the exercises of chapter 07."""

import numpy as np


def best_step_1(epsilon, size, third):
    return (epsilon * size / third) ** 0.5  # the rule for one-sided differences


def best_step_2(epsilon, size, third):
    return (epsilon * size / third) ** (
        1 / 3
    )  # the step where both terms are of one order, not the best: the 3 is lost


def complex_gradient_1(f, x):
    h = 1e-20
    shifted = x.astype(complex)
    out = np.zeros(len(x))
    for i in range(len(x)):
        shifted[i] += 1j * h  # never put back: entry i gets the slopes of all entries before it too
        out[i] = f(shifted).imag / h
    return out


def complex_gradient_2(f, x):
    h = 1e-20
    return np.full(len(x), f(x + 1j * h).imag / h)  # shifts all entries at once


def safe_sum_of_lengths_1(x):
    return np.sqrt((x * x.conj()).sum(axis=1)).sum()  # the textbook's complex length is real


def safe_sum_of_lengths_2(x):
    out = np.empty(len(x))  # a real buffer
    for i, row in enumerate(x):
        out[i] = np.sqrt((row * row).sum()).real
    return out.sum()


def blind_softmax_backward_1(dout, alpha):
    return alpha * dout  # a dropped term: the plain sum does see it


def blind_softmax_backward_2(dout, alpha):
    return -2 * alpha * (dout - (alpha * dout).sum())  # a multiple of the right one
