"""The benchmark runs, its versions do the same work, and the speed-up has not been lost."""

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed (it belongs to the bench extra)")
pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_a_step_is_at_least_five_times_as_fast_as_padded_pytorch():
    from benchmarks import side_by_side

    steps = side_by_side.run(rounds=9, threads=0, small=True)["step_seconds"]
    assert set(steps) >= {"nrms_np", "nrms_np_bilinear", "torch_padded", "torch_tuned", "matrix_products"}
    assert steps["torch_padded"]["median"] / steps["nrms_np"]["median"] >= 5
    assert steps["batch_assembly"]["median"] < 0.1 * steps["nrms_np"]["median"]  # 2 % at full size
