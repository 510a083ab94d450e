"""The loop over pieces: results in order, on as many threads as Numba may use, errors not lost."""

import threading

import numba
import pytest

from nrms_np.parallel import in_parallel, row_blocks


@pytest.fixture
def threads():
    """Lets a test set the number of threads, and puts it back."""
    before = numba.get_num_threads()
    yield numba.set_num_threads
    numba.set_num_threads(before)


@pytest.mark.parametrize("count", [1, numba.config.NUMBA_NUM_THREADS])
def test_results_come_in_the_order_of_the_pieces(threads, count):
    threads(count)
    assert in_parallel(lambda n: n * n, range(50)) == [n * n for n in range(50)]


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one core only")
def test_pieces_run_at_the_same_time(threads):
    threads(2)
    both_here = threading.Barrier(2, timeout=30)
    in_parallel(lambda _: both_here.wait(), range(2))  # one thread alone would wait in vain


def test_an_error_in_a_piece_comes_out():
    with pytest.raises(ZeroDivisionError):
        in_parallel(lambda n: 1 // n, [1, 0, 2])


def test_row_blocks_cover_all_rows():
    assert row_blocks(5, 2) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert row_blocks(0) == []


def test_a_single_piece_stays_in_this_thread():
    assert in_parallel(lambda _: threading.get_ident(), range(1)) == [threading.get_ident()]
