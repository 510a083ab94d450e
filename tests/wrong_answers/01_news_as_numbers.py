"""Wrong answers of chapter 01, each of which must be refused."""

import numpy as np


def _owner(offsets):
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def list_means_1(x, offsets):  # reduceat gives the entry at its start for an empty list
    sums = np.add.reduceat(np.append(x, 0.0), offsets[:-1])
    return sums / np.maximum(np.diff(offsets), 1)


def list_means_2(x, offsets):  # 0 / 0 for an empty list
    return np.bincount(_owner(offsets), x, len(offsets) - 1) / np.diff(offsets)


def list_means_3(x, offsets):  # empty lists at the end are lost
    sums = np.bincount(_owner(offsets), x)
    return sums / np.maximum(np.diff(offsets)[: len(sums)], 1)


def list_means_4(x, offsets):  # a loop
    return np.array([x[a:b].mean() if b > a else 0.0 for a, b in zip(offsets[:-1], offsets[1:])])


def list_means_5(x, offsets):  # divides by the longest list, as padding does
    lengths = np.diff(offsets)
    return np.bincount(_owner(offsets), x, len(lengths)) / max(lengths.max(initial=0), 1)


def list_means_6(x, offsets):  # destroys what it was given
    means = np.bincount(_owner(offsets), x, len(offsets) - 1) / np.maximum(np.diff(offsets), 1)
    x[:] = 0
    return means


def list_means_7(x, offsets):  # float32
    return (np.bincount(_owner(offsets), x, len(offsets) - 1) / np.maximum(np.diff(offsets), 1)).astype(np.float32)


def list_means_8(x, offsets):  # fails where there is no list
    sums = np.bincount(_owner(offsets), x, len(offsets) - 1)
    if len(sums) == 0:
        raise IndexError
    return sums / np.maximum(np.diff(offsets), 1)


def drop_unknown_1(values, offsets):  # the old offsets
    return values[values != 0], offsets


def drop_unknown_2(values, offsets):  # counts up to and with the position at the offset
    kept = np.cumsum(values != 0)
    return values[values != 0], np.append(kept, kept[-1:])[np.minimum(offsets, len(kept))] if len(kept) else offsets


def drop_unknown_3(values, offsets):  # lists that are empty now disappear
    kept = values != 0
    new = np.concatenate([[0], np.cumsum(kept)])[offsets]
    return values[kept], np.unique(new)


def drop_unknown_4(values, offsets):  # negative values too
    kept = values > 0
    return values[kept], np.concatenate([[0], np.cumsum(kept)])[offsets]


def drop_unknown_5(values, offsets):  # overwrites the offsets that it was given
    kept = values != 0
    offsets[:] = np.concatenate([[0], np.cumsum(kept)])[offsets]
    return values[kept], offsets


def drop_unknown_6(values, offsets):  # values are indices: a float cannot be one
    kept = values != 0
    return values[kept].astype(float), np.concatenate([[0], np.cumsum(kept)])[offsets]


def drop_unknown_7(values, offsets):  # a loop
    lists = [values[a:b] for a, b in zip(offsets[:-1], offsets[1:])]
    lists = [one[one != 0] for one in lists]
    return np.concatenate([np.zeros(0, int), *lists]), np.cumsum([0, *map(len, lists)])


def _ratio(exponentials):
    total = exponentials.sum(-1, keepdims=True)
    return exponentials / np.where(total > 0, total, 1)


def masked_softmax_1(logits, mask):  # -1e9 and a row of pads: uniform over nothing
    shifted = np.where(mask, logits, -1e9)
    return _ratio(np.exp(shifted - shifted.max(-1, keepdims=True)))


def masked_softmax_2(logits, mask):  # a large pad is the largest: all real entries underflow
    return _ratio(np.where(mask, np.exp(logits - logits.max(-1, keepdims=True)), 0))


def masked_softmax_3(logits, mask):  # a pad counts as 0 in the maximum: [-1000, -999, pad] underflows
    shifted = np.where(mask, logits, 0.0)
    return _ratio(np.exp(shifted - shifted.max(-1, keepdims=True)) * mask)


def masked_softmax_4(logits, mask):  # counts the True entries, and takes the first ones
    out = np.zeros_like(logits)
    for row, n in enumerate(mask.sum(1)):
        out[row, :n] = _ratio(np.exp(logits[row, :n] - logits[row, :n].max(initial=-np.inf)))
    return out


def masked_softmax_5(logits, mask):  # clips instead of subtracting
    return _ratio(np.where(mask, np.exp(np.minimum(logits, 700)), 0))


def masked_softmax_6(logits, mask):  # minus infinity, and a row of pads is not a number
    shifted = np.where(mask, logits, -np.inf)
    exponentials = np.exp(shifted - shifted.max(-1, keepdims=True, initial=-np.inf))
    return exponentials / exponentials.sum(-1, keepdims=True)


def masked_softmax_7(logits, mask):  # the largest of the whole array
    largest = np.where(mask, logits, -np.inf).max(initial=-1e9)
    return _ratio(np.where(mask, np.exp(np.where(mask, logits - largest, 0)), 0))


def masked_softmax_8(logits, mask):  # writes the pads into the logits
    logits[~mask] = -1e9
    return masked_softmax_1(logits, mask) * mask


def first_use_1(values):  # by value
    return np.unique(values, return_inverse=True)


def first_use_2(values):  # order in place of its inverse
    different, first, numbers = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return different[order], order[numbers]


def first_use_3(values):  # the dictionary
    number_of = {}
    numbers = [number_of.setdefault(int(value), len(number_of)) for value in values]
    return np.array(list(number_of), int), np.array(numbers, int)


def first_use_4(values):  # numbers that cannot index
    different, first, numbers = np.unique(values, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return different[np.argsort(first)], rank[numbers].astype(float)


def first_use_5(values):  # an array as dictionary: no negative values, and not empty
    first = np.full(values.max() + 1, len(values))
    np.minimum.at(first, values, np.arange(len(values)))
    different = np.flatnonzero(first < len(values))
    order = np.argsort(first[different])
    rank = np.empty(len(first), int)
    rank[different[order]] = np.arange(len(different))
    return different[order], rank[values]


def first_use_6(values):  # one thing in place of two
    different, first = np.unique(values, return_index=True)
    return different[np.argsort(first)]


def _walk(values, counts, order):
    offsets = np.concatenate([[0], np.cumsum(counts)])
    free, positions = offsets[:-1].copy(), np.empty(len(values), int)
    for position in order:
        positions[free[values[position]]] = position
        free[values[position]] += 1
    return positions, offsets


def transpose_1(values, size):  # positions of one number in descending order
    return _walk(values, np.bincount(values, minlength=size), range(len(values))[::-1])


def transpose_2(values, size):  # numbers after the largest have no offsets
    return _walk(values, np.bincount(values), range(len(values)))


def transpose_3(values, size):  # sorts
    return np.argsort(values, kind="stable"), np.concatenate([[0], np.cumsum(np.bincount(values, minlength=size))])


def transpose_4(values, size):  # the free places do not move on: the last position wins
    offsets = np.concatenate([[0], np.cumsum(np.bincount(values, minlength=size))])
    positions = np.zeros(len(values), int)
    for position, value in enumerate(values):
        positions[offsets[value]] = position
    return positions, offsets


def transpose_5(values, size):  # moves the offsets themselves on
    offsets = np.concatenate([[0], np.cumsum(np.bincount(values, minlength=size))])
    positions = np.zeros(len(values), int)
    for position, value in enumerate(values):
        positions[offsets[value]] = position
        offsets[value] += 1
    return positions, offsets


def transpose_6(values, size):  # the values in order, not their positions
    counts = np.bincount(values, minlength=size)
    return np.repeat(np.arange(size), counts), np.concatenate([[0], np.cumsum(counts)])


def transpose_7(values, size):  # sorts, by another name
    order = np.lexsort((np.arange(len(values)), values))
    return order, np.concatenate([[0], np.cumsum(np.bincount(values, minlength=size))])


def transpose_8(values, size):  # positions as floats
    positions, offsets = _walk(values, np.bincount(values, minlength=size), range(len(values)))
    return positions.astype(float), offsets


def first_use_7(values):  # destroys what it was given
    different, first, numbers = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    found = different[order], np.argsort(order)[numbers]
    values[:] = 0
    return found


def drop_unknown_8(values, offsets):  # destroys values and offsets
    kept = values != 0
    found = values[kept].copy(), np.concatenate([[0], np.cumsum(kept)])[offsets].copy()
    values[:] = 99
    offsets[:] = -1
    return found


def list_means_9(x, offsets):  # a small constant in place of a rule for empty lists
    lengths = np.diff(offsets)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    return np.bincount(owner, weights=x, minlength=len(lengths)) / (lengths + 1e-12)
