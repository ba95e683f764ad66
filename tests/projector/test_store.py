"""The lock and the files of the projector's store, in a directory that others may write too."""

from __future__ import annotations

import multiprocessing
import os

import numpy as np
import pytest

from tensorboardX import SummaryWriter
from tensorboardX.projector import store
from tensorboardX.projector.embedding import prepare_embedding

POINTS = np.array([[0.1, 0.2], [0.3, 0.4]], np.float32)


def test_no_lock_file_is_left_behind(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_embedding(POINTS, global_step=step)
    names = {name for name in os.listdir(tmp_path) if "tfevents" not in name}
    assert names == {"00000", "00001", "00002", "projector_config.pbtxt"}


def test_one_that_a_killed_process_left_behind_is_used_and_deleted(tmp_path):
    (tmp_path / store.LOCK_NAME).touch()
    prepare_embedding(tmp_path, POINTS).encode()()
    assert sorted(os.listdir(tmp_path)) == ["00000", "projector_config.pbtxt"]


def add_many(directory: str, worker: int) -> None:
    for step in range(15):
        prepare_embedding(directory, POINTS, global_step=step, tag=f"worker {worker}").encode()()


def test_processes_that_delete_the_lock_file_lose_no_entry_of_each_other(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=add_many, args=(str(tmp_path), worker)) for worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert (tmp_path / "projector_config.pbtxt").read_text().count("embeddings {") == 4 * 15
    assert store.LOCK_NAME not in os.listdir(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
@pytest.mark.parametrize("name", [store.LOCK_NAME, "projector_config.pbtxt"])
def test_a_planted_link_is_refused(tmp_path, name):
    """What it leads to is neither made nor locked, nor copied into the directory for others to read."""
    logdir = tmp_path / "run"
    logdir.mkdir()
    secret = tmp_path / "secret"
    secret.write_bytes(b"embeddings { tensor_name: 'secret' tensor_path: 'secret' }\n")
    (logdir / name).symlink_to(secret if name != store.LOCK_NAME else tmp_path / "made-elsewhere")
    with pytest.raises(OSError, match=f"{name} is a symbolic link"):
        prepare_embedding(logdir, POINTS).encode()()
    assert sorted(os.listdir(tmp_path)) == ["run", "secret"]
    assert os.listdir(logdir) == [name]
