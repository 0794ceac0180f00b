"""Control groups for the memory of sandboxes."""

import os
from pathlib import Path

import pytest

from themis_rm.execute.memory_groups import (
    MemoryGroup,
    _parents,
    _remove_abandoned,
    create_memory_group,
    remove_memory_group,
)


def parents(tmp_path, membership, *passing):
    for name in passing:
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "cgroup.subtree_control").write_text("cpu memory pids\n")
    file = tmp_path / "membership"
    file.write_text(membership)
    return [str(path.relative_to(tmp_path)) for path in _parents(tmp_path, file) if path.is_relative_to(tmp_path)]


def test_version_1_uses_the_hierarchy_of_memory(tmp_path):
    assert parents(tmp_path, "8:pids:/x\n4:cpu,memory:/a/b\n") == ["memory/a/b", "memory"]


def test_version_2_uses_the_closest_group_that_passes_memory_on(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert parents(tmp_path, "0::/a/b\n", "a", ".") == ["a", "."]


@pytest.mark.parametrize("membership", ["", "0::/\n", "nonsense"])
def test_without_the_controller_there_is_no_group(tmp_path, membership):
    assert parents(tmp_path, membership) == []


def test_a_group_is_removed():
    group = create_memory_group()
    if not group:
        pytest.skip("this user cannot create control groups")
    assert MemoryGroup(group).kills() == 0
    remove_memory_group(group)
    assert not Path(group).exists()


def test_the_files_of_version_2_are_used(tmp_path):
    (tmp_path / "memory.max").write_text("max")
    (tmp_path / "memory.swap.max").write_text("max")
    (tmp_path / "cgroup.procs").touch()
    (tmp_path / "memory.events").write_text("low 0\noom 2\noom_kill 1\noom_group_kill 0\n")
    group = MemoryGroup(str(tmp_path))
    group.limit(1000)
    group.join()
    assert group.kills() == 1
    assert (tmp_path / "memory.max").read_text() == "1000"
    assert (tmp_path / "memory.swap.max").read_text() == "0"
    assert (tmp_path / "cgroup.procs").read_text() == "0"


def test_groups_of_killed_processes_are_removed(tmp_path):
    for name in ("themis-sandbox-999999999-a", f"themis-sandbox-{os.getpid()}-a", "other-999999999-a"):
        (tmp_path / name).mkdir()
    _remove_abandoned(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other-999999999-a", f"themis-sandbox-{os.getpid()}-a"]
