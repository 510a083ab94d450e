"""The loop over pieces: results in order, errors not lost, from many threads, after a fork; products in blocks."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nrms_np import parallel
from nrms_np.app import threads
from nrms_np.parallel import BLOCK, TERMS, in_parallel, matmul, matmul_transposed, row_blocks

THREADS = (1, 2, 3)


@pytest.mark.parametrize("count", THREADS)
def test_results_come_in_the_order_of_the_pieces(set_threads, count):
    set_threads(count)
    assert in_parallel(lambda n: n * n, range(50)) == [n * n for n in range(50)]


@pytest.mark.parametrize("count", [2, 3])
def test_pieces_run_at_the_same_time(set_threads, count):
    set_threads(count)
    all_here = threading.Barrier(count, timeout=30)
    in_parallel(lambda _: all_here.wait(), range(count))  # fewer threads would wait in vain


def test_one_thread_is_this_thread(set_threads):
    set_threads(1)
    assert set(in_parallel(lambda _: threading.get_ident(), range(9))) == {threading.get_ident()}


def test_a_single_piece_stays_in_this_thread(set_threads):
    set_threads(3)
    assert in_parallel(lambda _: threading.get_ident(), range(1)) == [threading.get_ident()]


@pytest.mark.parametrize("count", THREADS)
def test_an_error_in_a_piece_comes_out(set_threads, count):
    set_threads(count)
    with pytest.raises(ZeroDivisionError):
        in_parallel(lambda n: 1 // n, [1, 0, 2])
    assert in_parallel(lambda n: n, [1, 2]) == [1, 2]


def test_row_blocks_cover_all_rows():
    assert row_blocks(5, 2) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert row_blocks(0) == []


def test_many_threads_at_once(set_threads):
    set_threads(3)
    ready = threading.Barrier(8, timeout=30)

    def call(caller):
        ready.wait()
        for _ in range(20):
            assert in_parallel(lambda n: (caller, n * n), range(25)) == [(caller, n * n) for n in range(25)]
        return caller

    with ThreadPoolExecutor(8) as callers:
        assert list(callers.map(call, range(8))) == list(range(8))


def wait_for(child, seconds):
    """The exit code of a child; a child that hangs is killed, and has none."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("inside", [False, True], ids=["between calls", "while a piece runs elsewhere"])
def test_a_forked_child_can_go_on(set_threads, inside):
    set_threads(3)
    a = np.random.default_rng(0).normal(size=(3 * BLOCK, 7)).astype(np.float32)
    expected = matmul(a, a.T[:, :5])  # the pool of this process has threads now
    started, go_on = threading.Event(), threading.Event()
    other = threading.Thread(target=lambda: in_parallel(lambda _: (started.set(), go_on.wait(30)), range(3)))
    if inside:
        other.start()
        started.wait(30)
    child = os.fork()
    if child == 0:
        right = False
        try:
            right = np.array_equal(matmul(a, a.T[:, :5]), expected)
            right &= in_parallel(lambda n: n + 1, range(40)) == list(range(1, 41))
        finally:
            os._exit(0 if right else 1)
    code = wait_for(child, 60)
    go_on.set()
    if inside:
        other.join()
    assert code == 0
    assert in_parallel(lambda n: n + 1, range(40)) == list(range(1, 41))


SHAPES = [(0, 3, 4), (1, 3, 4), (BLOCK, 5, 6), (BLOCK + 1, 64, 33), (3 * TERMS + 7, 40, 24)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_products_are_those_of_numpy_and_the_same_bits_for_any_number_of_threads(set_threads, shape):
    rows, inner, columns = shape
    rng = np.random.default_rng(1)
    a, b, c = (rng.normal(size=s).astype(np.float32) for s in ((rows, inner), (inner, columns), (rows, columns)))
    found = []
    for count in THREADS:
        set_threads(count)
        found.append((matmul(a, b), matmul_transposed(a, c)))
        assert all(x.dtype == np.float32 for x in found[-1])
    # the bound of a float32 sum is eps * terms * sum |a| |b|; roundings of either sign leave far less than eps * 16
    wide, rounding = a.astype(np.float64), 16 * np.finfo(np.float32).eps
    for product, x, y in ((found[0][0], wide, b), (found[0][1], wide.T, c)):
        assert (np.abs(product - x @ y) <= rounding * (np.abs(x) @ np.abs(y))).all()
    for product, sum_over_rows in found[1:]:
        assert product.tobytes() == found[0][0].tobytes()
        assert sum_over_rows.tobytes() == found[0][1].tobytes()


@pytest.fixture
def blas():
    """Gets and sets the threads of OpenBLAS."""
    get, put = threads._openblas()
    before = get()
    put(2)
    if get() != 2:
        pytest.skip("this NumPy has a BLAS that is not OpenBLAS, or one thread")
    yield get
    put(before)


def test_blas_has_one_thread_inside_and_its_own_afterwards(set_threads, blas):
    set_threads(3)
    assert in_parallel(lambda _: blas(), range(5)) == [1] * 5
    assert blas() == 2
    with parallel.blas_on_one_thread():
        in_parallel(lambda _: None, range(3))
        assert blas() == 1  # the outer one still wants it
    assert blas() == 2


@pytest.mark.parametrize("count", THREADS)
def test_blas_has_its_threads_back_after_an_error(set_threads, blas, count):
    set_threads(count)
    with pytest.raises(ZeroDivisionError):
        in_parallel(lambda n: 1 // n, [1, 0, 2])
    assert blas() == 2


def test_blas_has_its_threads_back_after_calls_from_many_threads(set_threads, blas):
    set_threads(2)
    with ThreadPoolExecutor(8) as callers:
        inside = list(callers.map(lambda _: in_parallel(lambda _: blas(), range(4)), range(40)))
    assert inside == [[1] * 4] * 40
    assert blas() == 2
