"""Wrong answers to the exercises of chapter 05: each must be refused."""

import numpy as np


def owner_of(offsets):
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def right_pool(x, alpha, offsets):
    out = np.zeros((len(offsets) - 1, x.shape[1]), np.result_type(x, alpha))
    np.add.at(out, owner_of(offsets), alpha[:, None] * x)
    return out


def right_tanh(dlogits, query, hidden):
    return dlogits[:, None] * query * (1 - hidden**2)


def right_x(dout, alpha, dz, weight, offsets):
    return alpha[:, None] * dout[owner_of(offsets)] + dz @ weight.T


def pool_1(x, alpha, offsets):
    return np.add.reduceat(alpha[:, None] * x, offsets[:-1])  # an empty set gets a row of the next one


def pool_2(x, alpha, offsets):
    pairs = zip(offsets, offsets[1:])
    return np.array([alpha[start:end] @ x[start:end] for start, end in pairs if start < end])  # drops empty sets


def pool_3(x, alpha, offsets):
    out = np.add.reduceat(alpha[:, None] * x, offsets[:-1])  # dies when the last set is empty
    out[np.diff(offsets) == 0] = 0
    return out


def pool_4(x, alpha, offsets):
    out = np.zeros((4, 4))  # sizes of one example
    for s in range(4):
        out[s] = alpha[offsets[s] : offsets[s + 1]] @ x[offsets[s] : offsets[s + 1]]
    return out


def pool_5(x, alpha, offsets):
    return right_pool(x, alpha, offsets).astype(np.float32)


def pool_6(x, alpha, offsets):
    out = right_pool(x, alpha, offsets)
    offsets[:] = 0  # destroys an argument
    return out


def pool_7(x, alpha, offsets):
    out = right_pool(x, alpha, offsets)
    alpha[:] = 0
    return out


def pool_8(x, alpha, offsets):
    # the shape (0,) where there is no set
    return np.array([alpha[start:end] @ x[start:end] for start, end in zip(offsets, offsets[1:])])


def pool_9(x, alpha, offsets):
    out = right_pool(x, alpha, offsets)
    return out / np.maximum(np.diff(offsets), 1)[:, None]  # a mean of a mean


def pool_10(x, alpha, offsets):
    out = np.zeros((len(offsets) - 1, x.shape[1]))
    out[owner_of(offsets)] += alpha[:, None] * x  # only the last position of each set
    return out


def dalpha_1(x, dout, offsets):
    return (dout[owner_of(offsets)] * x).mean(axis=1)


def dalpha_2(x, dout, offsets):
    return dout[owner_of(offsets)].sum(axis=1)  # x is missing


def dalpha_3(x, dout, offsets):
    return x @ dout[0]  # the dout of the first set for all


def dalpha_4(x, dout, offsets):
    return x @ dout.sum(axis=0)


def dlogits_1(alpha, dalpha, offsets):
    return alpha * dalpha  # the mean is missing


def dlogits_2(alpha, dalpha, offsets):
    return alpha * (dalpha - alpha @ dalpha)  # one mean over all sets


def dlogits_3(alpha, dalpha, offsets):
    return alpha * (1 - alpha) * dalpha  # the diagonal alone


def dlogits_4(alpha, dalpha, offsets):
    owner, size = owner_of(offsets), np.maximum(np.diff(offsets), 1)
    return alpha * (dalpha - np.bincount(owner, dalpha, len(size))[owner] / size[owner])  # the plain mean


def dlogits_5(alpha, dalpha, offsets):
    parts = [slice(start, end) for start, end in zip(offsets, offsets[1:])]
    return np.concatenate([alpha[p] * (dalpha[p] - alpha[p] @ dalpha[p]) for p in parts[:-1]])  # forgets the last set


def tanh_backward_1(dlogits, query, hidden):
    return dlogits[:, None] * query * (1 - hidden)  # the square is missing


def tanh_backward_2(dlogits, query, hidden):
    return dlogits[:, None] * query * (1 - np.tanh(hidden) ** 2)  # tanh taken twice: hidden is the output already


def tanh_backward_3(dlogits, query, hidden):
    hidden *= hidden  # overwrites the cache
    np.subtract(1, hidden, out=hidden)
    hidden *= dlogits[:, None] * query
    return hidden


def tanh_backward_4(dlogits, query, hidden):
    return right_tanh(dlogits, query, hidden).astype(np.float32)


def tanh_backward_5(dlogits, query, hidden):
    return np.zeros((5, 3)) + right_tanh(dlogits, query, hidden)


def tanh_backward_6(dlogits, query, hidden):
    return right_tanh(dlogits, query, hidden).tolist()


def tanh_backward_7(dlogits, query, hidden):
    return right_tanh(dlogits, query, hidden) + 5e-8


def tanh_backward_8(dlogits, query, hidden):
    out = right_tanh(dlogits, query, hidden)
    dlogits *= 0
    return out


def tanh_backward_9(dlogits, query, hidden):
    return right_tanh(dlogits, query, hidden).astype(object)


def tanh_backward_10(dlogits, query, hidden):
    out = right_tanh(dlogits, query, hidden)
    query *= 0
    return out


def weight_gradients_1(x, hidden, dlogits, dz):
    return x.T @ dz, dz.sum(axis=0), (hidden * dz).sum(axis=0)  # dquery from dz


def weight_gradients_2(x, hidden, dlogits, dz):
    return x.T @ dz / len(x), dz.mean(axis=0), hidden.T @ dlogits / len(x)  # means


def weight_gradients_3(x, hidden, dlogits, dz):
    return dz.T @ x, dz.sum(axis=0), hidden.T @ dlogits  # transposed


def weight_gradients_4(x, hidden, dlogits, dz):
    return x.T @ dz, dz.sum(axis=1), hidden.T @ dlogits  # the wrong axis


def weight_gradients_5(x, hidden, dlogits, dz):
    return x.T @ dz, dz.sum(axis=0, keepdims=True), hidden.T @ dlogits  # [1, P]


def x_gradient_1(dout, alpha, dz, weight, offsets):
    return alpha[:, None] * dout[owner_of(offsets)]  # only as what is averaged


def x_gradient_2(dout, alpha, dz, weight, offsets):
    return dz @ weight.T  # only as what decides the weight


def x_gradient_3(dout, alpha, dz, weight, offsets):
    out = right_x(dout, alpha, dz, weight, offsets)
    dz *= 0
    alpha *= 0
    return out


def x_gradient_4(dout, alpha, dz, weight, offsets):
    return right_x(dout, alpha, dz, weight, offsets).astype(np.float32)


def x_gradient_5(dout, alpha, dz, weight, offsets):
    return np.zeros((4, 5)) + right_x(dout, alpha, dz, weight, offsets)


def x_gradient_6(dout, alpha, dz, weight, offsets):
    return dout[owner_of(offsets)] + dz @ weight.T  # alpha is missing


def mean_query_1(size):
    return np.ones(size)  # equal factors are not equal logits: hidden still differs between positions


def mean_query_2(size):
    return np.full(size, 1 / size)  # the same, smaller


def mean_query_3(size):
    return np.zeros(7)


def mean_query_4(size):
    return np.full(size, 1e-10)


def mean_query_5(size):
    return np.zeros(size, int)


def mean_query_6(size):
    return np.zeros(size, complex)


def mean_query_7(size):
    return np.zeros(size, bool)


def mean_query_8(size):
    return np.full(size, 1e-6)


def inside_backward_1(dlogits, hidden, factors, offsets):
    return right_pool(hidden, dlogits, offsets)  # the gradient of the factors


def inside_backward_2(dlogits, hidden, factors, offsets):
    return (dlogits[:, None] * factors * (1 - hidden**2)).sum(axis=0)  # one query for all sets


def inside_backward_3(dlogits, hidden, factors, offsets):
    return right_pool(1 - hidden**2, dlogits, offsets)  # the factors are missing


def inside_backward_4(dlogits, hidden, factors, offsets):
    out = right_pool(factors * (1 - hidden**2), dlogits, offsets)
    return out / np.maximum(np.diff(offsets), 1)[:, None]  # a mean


def tanh_backward_11(dlogits, query, hidden):  # a difference quotient
    z = np.arctanh(hidden)
    return dlogits[:, None] * query * (np.tanh(z + 1e-5) - np.tanh(z - 1e-5)) / 2e-5


def tanh_backward_12(dlogits, query, hidden):  # five positions and no more
    right = dlogits[:, None] * query * (1 - hidden**2)
    right[5:] = 0
    return right
