"""Tasks on a local Ray cluster of two workers."""

import pytest

from themis_rm.errors import InputError, MissingExtraError, SettingError
from themis_rm.executors import ray as ray_executor
from themis_rm.pipeline import ExecutorSettings

ray = pytest.importorskip("ray")


@pytest.fixture(scope="module")
def cluster():
    """Start a cluster with two workers and little memory."""
    ray.init(num_cpus=2, _memory=4 << 30, object_store_memory=100 << 20, log_to_driver=False, include_dashboard=False)
    yield
    ray.shutdown()


@pytest.mark.usefixtures("cluster")
def test_ray_writes_the_same_bytes_as_the_local_executor(copy_rows):
    assert copy_rows("ray", type="ray") == copy_rows("local")


@pytest.mark.usefixtures("cluster")
def test_the_error_of_a_task_on_ray_is_that_of_the_stage_and_the_next_run_resumes(copy_rows, tmp_path):
    file = tmp_path / "in" / "1.parquet"
    data = file.read_bytes()
    file.write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"1\.parquet is not a readable Parquet file"):
        copy_rows("ray", type="ray")
    file.write_bytes(data)
    assert copy_rows("ray", type="ray") == copy_rows("local")


@pytest.mark.usefixtures("cluster")
def test_a_task_that_no_node_can_run_is_refused(copy_rows):
    with pytest.raises(SettingError, match=r"No node of the Ray cluster has the 1 CPUs, 0 GPUs and 64 GB"):
        copy_rows("ray", type="ray", options={"mem_per_cpu_gb": 64})


@pytest.mark.parametrize("option", ["time", "nodes_per_task", "partition", "logging_dir"])
def test_options_without_effect_are_refused(option):
    with pytest.raises(SettingError, match=f"The ray executor has no option executor.options.{option}"):
        ExecutorSettings.build({"type": "ray", "options": {option: 2}})


def test_ray_that_is_not_installed_is_refused_before_the_job(monkeypatch):
    monkeypatch.setattr(ray_executor, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'themis-rm\[ray\]'"):
        ExecutorSettings.build({"type": "ray"})
