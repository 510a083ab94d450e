"""Wrong answers to the exercises of chapter 09: each must be rejected."""


def lost_updates_1():
    return "AB" * 6  # every addition of A is lost, but B still adds three times: 3


def lost_updates_2():
    return "ABBBBBBAAAAA"  # A overwrites all of B and then goes on adding: 3


def sum_of_owner_1(g, rows, positions, offsets, out):
    for p in positions[offsets[g] : offsets[g + 1]]:
        out[g] += rows[p]  # on top of what np.empty left there


def sum_of_owner_2(g, rows, positions, offsets, out):
    out[:] = 0  # clears the rows of the other groups too
    out[g] = rows[positions[offsets[g] : offsets[g + 1]]].sum(axis=0)


def three_arrays_1(fused):
    return fused[:, 0], fused[:, 1], fused[:, 2]  # right numbers, but views with gaps


def three_arrays_2(fused):
    return tuple(fused.reshape(3, len(fused), *fused.shape[2:]))  # contiguous, but reshape does not move an axis


def floor_of_1(operations, moved, peak, bandwidth):
    return operations / peak + moved / bandwidth  # as if memory waited for arithmetic


def floor_of_2(operations, moved, peak, bandwidth):
    return min(operations / peak, moved / bandwidth)  # the faster of the two decides nothing
