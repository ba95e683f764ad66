"""Links that somebody put below a log directory do not lead what is logged out of it; a user's own go on working."""

import os
from pathlib import Path

import numpy as np
import pytest
from support import events

from tensorboardX import SummaryWriter
from tensorboardX.storage.links import without_leaving

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")


@pytest.fixture
def elsewhere(tmp_path):
    """A directory with a file, beside the log directory; nothing is made or changed there."""
    directory = tmp_path / "elsewhere"
    (directory / "inner").mkdir(parents=True)
    (directory / "file").write_text("precious")
    yield directory
    assert sorted(path.name for path in directory.rglob("*")) == ["file", "inner"]
    assert (directory / "file").read_text() == "precious"


@pytest.fixture
def logdir(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def warned(caplog):
    return [record.getMessage() for record in caplog.records if "symbolic link" in record.getMessage()]


@pytest.mark.parametrize("link", ["loss", "loss/train", "loss/missing"])
def test_sub_runs_of_add_scalars(logdir, elsewhere, caplog, link):
    (logdir / link).parent.mkdir(exist_ok=True)
    (logdir / link).symlink_to(elsewhere / "nothing" if "missing" in link else elsewhere)
    key = "missing" if "missing" in link else "train"
    with SummaryWriter(logdir) as writer:
        for step in range(3):
            writer.add_scalars("loss", {key: float(step)}, step)
    place = logdir / "loss_" / key if link == "loss" else logdir / "loss" / f"{key}_"
    assert [value for _, _, value in events.scalars(place)] == [0.0, 1.0, 2.0]
    assert len(warned(caplog)) == 1
    assert f"{logdir / link}_ is used instead" in warned(caplog)[0]


def test_sub_runs_of_add_hparams(logdir, elsewhere):
    (logdir / "trial").symlink_to(os.path.relpath(elsewhere, logdir))
    with SummaryWriter(logdir) as writer:
        writer.add_hparams({"lr": 1.0}, {"accuracy": 0.5}, name="trial/1")
    assert [value for _, _, value in events.scalars(logdir / "trial_" / "1")] == [0.5]


@pytest.mark.parametrize("link", ["00001", "00001/default"])
def test_embeddings(logdir, elsewhere, link):
    (logdir / link).parent.mkdir(exist_ok=True)
    (logdir / link).symlink_to(elsewhere)
    points = np.random.default_rng(0).random((3, 2))
    with SummaryWriter(logdir) as writer:
        writer.add_embedding(points, global_step=1)
        writer.add_embedding(points, global_step=1)
    directory = "00001_/default" if link == "00001" else "00001/default_"
    config = (logdir / "projector_config.pbtxt").read_text()
    assert config.count("embeddings {") == 1
    assert f'tensor_path: "{directory}/tensors.bytes"' in config
    assert (logdir / directory / "tensors.bytes").stat().st_size == 3 * 2 * 4


def test_links_of_the_user_are_followed(tmp_path, caplog):
    """The log directory, what is above it, and links that stay within it."""
    real = tmp_path / "disk" / "run"
    (real / "train").mkdir(parents=True)
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    (tmp_path / "latest").symlink_to(tmp_path / "runs" / "run")
    (real / "loss").symlink_to("train")
    (real / "00001").symlink_to(real / "train")
    for logdir in (tmp_path / "latest", tmp_path / "runs" / "run"):
        with SummaryWriter(logdir) as writer:
            writer.add_scalars("loss", {"a": 1.0}, 1)
            writer.add_embedding(np.random.default_rng(0).random((3, 2)), global_step=1)
    assert len(list((real / "train" / "a").iterdir())) == 2
    assert (real / "train" / "default" / "tensors.bytes").exists()
    assert not warned(caplog)


@pytest.mark.parametrize("root", ["/", "relative", "."])
def test_any_log_directory(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    assert without_leaving(root, "a", "b") == str(Path(root, "a", "b")) or root == "."
    (tmp_path / "out").symlink_to("/proc")
    assert without_leaving(".", "out", "b") == "./out_/b"
