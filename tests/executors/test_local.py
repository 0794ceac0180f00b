"""Tasks that run in this process."""

import gc

from themis_rm.executors.local import rare_collections


def test_garbage_is_collected_less_often_during_a_task_and_as_before_after_it():
    before = gc.get_threshold()
    with rare_collections():
        during = gc.get_threshold()
    assert during[0] > before[0]
    assert gc.get_threshold() == before
