"""Wrong answers to the exercises of chapter 06: each must be rejected."""

import math

import numpy as np


def dropout_backward_1(dout, mask, rate):
    return dout * mask  # the scale is forgotten


def dropout_backward_2(dout, mask, rate):
    return dout / (1 - rate)  # the mask is forgotten: entries that took no part get a gradient


def title_gradient_1(dclicked, dscores, users, candidates):
    dtitles = np.zeros_like(dclicked)
    np.add.at(dtitles, candidates, dscores[:, :, None] * users[:, None, :])
    return dtitles  # the histories are forgotten


def title_gradient_2(dclicked, dscores, users, candidates):
    dtitles = dclicked.copy()
    dtitles[candidates] += dscores[:, :, None] * users[:, None, :]  # a title shown twice keeps only one of the two
    return dtitles


def masks_by_position_1(word_masks, titles):
    positions = sum(len(title) for title in titles)
    return np.resize(word_masks, (positions, word_masks.shape[1]))  # row p for position p, whatever word it holds


def masks_by_position_2(word_masks, titles):
    positions = sum(len(title) for title in titles)
    return np.random.default_rng(0).random((positions, word_masks.shape[1])) >= 0.4  # a mask for each position


def loss_without_history_1(negatives):
    return math.log(negatives)  # forgets that the clicked title is a candidate too


def loss_without_history_2(negatives):
    return 0.0  # zero scores are not zero loss
