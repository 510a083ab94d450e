"""The cores that the process may use: affinity, Numba's own setting, and the CPU quota of a container."""

import os

import numba
import pytest

from nrms_np.app import threads


@pytest.fixture
def machine(monkeypatch):
    """Eight cores, and no limit until a test sets one."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(numba, "get_num_threads", lambda: 8)
    monkeypatch.setattr(threads, "_cpu_quota", lambda: None)
    return monkeypatch


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def version_2(tmp_path, group, **limits):
    """A tree of cgroup v2 and the file that names the process's own group; limits by folder, "/" written "__"."""
    root, own = tmp_path / "cgroup", tmp_path / "own"
    write(own, f"0::{group}\n")
    for folder, limit in limits.items():
        write(root / folder.replace("__", "/").lstrip("_") / "cpu.max", limit)
    return threads._cpu_quota(root, own)


def version_1(tmp_path, group, limits):
    root, own = tmp_path / "cgroup", tmp_path / "own"
    write(own, f"12:memory:{group}\n5:cpu,cpuacct:{group}\n3:cpuset:{group}\n0::{group}\n")
    for folder, (quota, period) in limits.items():
        write(root / "cpu,cpuacct" / folder / "cpu.cfs_quota_us", f"{quota}\n")
        write(root / "cpu,cpuacct" / folder / "cpu.cfs_period_us", f"{period}\n")
    return threads._cpu_quota(root, own)


def test_affinity(machine):
    assert threads.usable_cores() == 8
    machine.setattr(os, "sched_getaffinity", lambda _: {3, 5, 6})
    assert threads.usable_cores() == 3


def test_numbas_own_setting(machine):
    machine.setattr(numba, "get_num_threads", lambda: 2)
    assert threads.usable_cores() == 2


def test_a_system_without_affinity(machine):
    machine.delattr(os, "sched_getaffinity")
    for cores, expected in ((5, 5), (None, 1)):
        machine.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert threads.usable_cores() == expected


@pytest.mark.parametrize(("quota", "cores"), [(None, 8), (1.5, 2), (0.1, 1), (2.0, 2), (7.01, 8), (64.0, 8)])
def test_a_quota_is_rounded_up(machine, quota, cores):
    machine.setattr(threads, "_cpu_quota", lambda: quota)
    assert threads.usable_cores() == cores


def test_version_2_of_cgroups(tmp_path):
    assert version_2(tmp_path, "/user", user="150000 100000\n") == 1.5


def test_max_is_no_limit(tmp_path):
    assert version_2(tmp_path, "/user", user="max 100000\n") is None


def test_inside_a_container_the_own_group_is_the_root(tmp_path):
    write(tmp_path / "cgroup" / "cpu.max", "250000 100000\n")
    assert version_2(tmp_path, "/") == 2.5


def test_a_group_is_bound_by_those_above_it(tmp_path):
    limits = {"pod": "300000 100000\n", "pod__inner": "max 100000\n", "pod__inner__own": "800000 100000\n"}
    assert version_2(tmp_path, "/pod/inner/own", **limits) == 3
    assert version_2(tmp_path, "/pod/inner/own", **limits, pod__inner__own__below="10000 100000\n") == 3


def test_a_group_next_to_it_does_not_count(tmp_path):
    assert version_2(tmp_path, "/pod/own", pod="max 100000\n", pod__other="50000 100000\n") is None


def test_version_1_of_cgroups(tmp_path):
    assert version_1(tmp_path, "/docker/abc", {"docker/abc": (150000, 100000)}) == 1.5
    assert version_1(tmp_path, "/docker/abc", {"docker": (50000, 50000), "docker/abc": (-1, 100000)}) == 1
    assert version_1(tmp_path, "/docker/abc", {"docker": (-1, 50000)}) is None


def test_other_controllers_of_version_1_do_not_count(tmp_path):
    root, own = tmp_path / "cgroup", tmp_path / "own"
    write(own, "7:cpuset:/a\n")
    write(root / "cpuset" / "a" / "cpu.cfs_quota_us", "1000\n")
    write(root / "cpuset" / "a" / "cpu.cfs_period_us", "100000\n")
    assert threads._cpu_quota(root, own) is None


@pytest.mark.parametrize("content", ["", "nonsense\n", "100000\n", "1 2 3\n", "100000 zero\n", "-1 100000\n"])
def test_what_cannot_be_read_is_no_limit(tmp_path, content):
    assert version_2(tmp_path, "/own", own=content) is None


def test_a_system_without_cgroups(tmp_path):
    assert threads._cpu_quota(tmp_path / "nowhere", tmp_path / "nothing") is None


def test_the_commands_use_what_there_is(machine):
    used = []
    machine.setattr(threads, "set_threads", used.append)
    for asked in (0, 1, 8, 100):
        threads.use(asked)
    assert used == [8, 1, 8, 8]
