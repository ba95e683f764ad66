"""What is asked for is read, and nothing else."""

from __future__ import annotations

import re

import numpy as np
import pytest
from event_files import scalar, write_records
from hypothesis import given
from hypothesis import strategies as st

from tensorboardX import SummaryWriter
from tensorboardX.errors import InvalidTypeError, InvalidValueError, LogdirError
from tensorboardX.reader import open_logdir
from tensorboardX.reader.filters import NameFilter, step_filter
from tensorboardX.reader.source import LocalSource

NAMES = ["loss", "train/loss", "train/accuracy", "loss[0]", "a*b", ""]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, NAMES),
        ("loss", ["loss"]),
        ("*loss", ["loss", "train/loss"]),
        ("train/*", ["train/loss", "train/accuracy"]),
        ("loss[0]", ["loss[0]"]),
        ("a*b", ["a*b"]),
        ("[lt]*s", ["loss", "train/loss"]),
        ("l*", ["loss", "loss[0]"]),
        ("LOSS", []),
        ("", [""]),
        (re.compile("loss"), ["loss", "train/loss", "loss[0]"]),
        (re.compile("^loss$"), ["loss"]),
        (["loss", re.compile("acc")], ["loss", "train/accuracy"]),
        (("loss", "a?b"), ["loss", "a*b"]),
        ({"loss"}, ["loss"]),
        ([], []),
    ],
)
def test_names(wanted, found):
    is_wanted = NameFilter("tags", wanted)
    assert [name for name in NAMES if is_wanted(name)] == found
    assert [name for name in NAMES if is_wanted(name)] == found  # and again, from memory


@pytest.mark.parametrize("wanted", [1, [1], re.compile(b"bytes"), b"loss", [None], {"loss": object()}.values()])
def test_what_is_no_name_is_refused(tmp_path, wanted):
    write_records(tmp_path / "1.tfevents", scalar("loss", 1, 1.0))
    logdir = open_logdir(tmp_path)
    for call in (logdir.scalars, logdir.images, logdir.hparams, logdir.embeddings, logdir.index, logdir.follow):
        with pytest.raises(InvalidTypeError, match="runs: got"):
            call(runs=wanted)
    with pytest.raises(InvalidTypeError, match="tags: got"):
        logdir.scalars(tags=wanted)


STEPS = [-(2**63), -7, -1, 0, 1, 2, 3, 10, 99, 100, 101, 200, 2**40, 2**63 - 1]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (slice(100, 200), [100, 101]),
        (slice(None), STEPS),
        (slice(None, 0), [-(2**63), -7, -1]),
        (slice(100, None), [100, 101, 200, 2**40, 2**63 - 1]),
        (slice(0, 200, 10), [0, 10, 100]),
        (slice(1, None, 100), [1, 101]),
        (slice(None, None, 100), [0, 100, 200]),
        (slice(10**30, 10**31), []),
        (slice(-(10**30), 10**30), STEPS),
        (slice(5, 5), []),
        (range(0, 4), [0, 1, 2, 3]),
        (range(3, -1, -1), [0, 1, 2, 3]),
        (range(10, 0, -5), [10]),
        (range(0), []),
        ([100, 1, 1, 10**30], [1, 100]),
        ({3}, [3]),
        (np.array([2, 99]), [2, 99]),
        ([], []),
        (0, [0]),
        (True, [1]),
        (np.int64(99), [99]),
        (lambda step: step % 2, [step for step in STEPS if step % 2]),
        (lambda step: step in {3, 99}, [3, 99]),
        (lambda step: None, []),
    ],
)
def test_steps(wanted, found):
    is_wanted = step_filter(wanted)
    steps = np.array(STEPS, np.int64)
    assert steps[is_wanted(steps)].tolist() == found
    assert is_wanted(steps[:0]).tolist() == []


@given(st.builds(range, st.integers(-50, 50), st.integers(-50, 50), st.integers(-9, 9).filter(bool)))
def test_any_range_of_steps(wanted):
    steps = np.arange(-60, 60)
    assert steps[step_filter(wanted)(steps)].tolist() == sorted(wanted)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ("100", InvalidTypeError),
        (1.5, InvalidTypeError),
        ([1.5], InvalidTypeError),
        (slice(1.5, 2), InvalidTypeError),
        (slice(0, 10, 0), InvalidValueError),
        (slice(0, 10, -1), InvalidValueError),
        (slice(0, 10, 2**70), InvalidValueError),
    ],
)
def test_what_is_no_step_is_refused(tmp_path, wanted, error):
    write_records(tmp_path / "1.tfevents", scalar("loss", 1, 1.0))
    logdir = open_logdir(tmp_path)
    for call in (logdir.scalars, logdir.images, logdir.follow):
        with pytest.raises(error, match="steps: got"):
            call(steps=wanted)


def test_errors_of_a_function_reach_the_caller(tmp_path):
    write_records(tmp_path / "1.tfevents", scalar("loss", 1, 1.0))
    with pytest.raises(ZeroDivisionError):
        open_logdir(tmp_path).scalars(steps=lambda step: 1 // 0)


def test_all_filters_together(tmp_path):
    for run in ("a/train", "a/test", "b/train"):
        with SummaryWriter(str(tmp_path / run)) as writer:
            for step in range(100):
                writer.add_scalar("loss", step, step)
                writer.add_scalar("other", step, step)
                if step % 10 == 0:
                    writer.add_text("loss", run, step)
    logdir = open_logdir(tmp_path)
    assert logdir.runs == ["a/test", "a/train", "b/train"]
    columns = logdir.scalars("*/train", "loss", slice(90, None, 5))
    assert list(zip(columns["run"], columns["tag"], columns["step"], strict=True)) == [
        ("a/train", "loss", 90),
        ("a/train", "loss", 95),
        ("b/train", "loss", 90),
        ("b/train", "loss", 95),
    ]
    assert columns["value"].tolist() == [90.0, 95.0, 90.0, 95.0]
    texts = logdir.texts(re.compile("^a"), "*text_summary", range(0, 11))
    assert list(zip(texts["run"], texts["step"], texts["text"], strict=True)) == [
        ("a/test", 0, "a/test"),
        ("a/test", 10, "a/test"),
        ("a/train", 0, "a/train"),
        ("a/train", 10, "a/train"),
    ]


def test_a_mesh_is_wanted_by_its_own_name(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_mesh("cloud", np.zeros((1, 3, 3)), global_step=1)
        writer.add_mesh("other", np.zeros((1, 3, 3)), global_step=1)
    logdir = open_logdir(tmp_path)
    assert logdir.meshes(tags="cloud")["tag"].tolist() == ["cloud"]
    assert logdir.meshes(tags="cloud_*")["tag"].tolist() == ["cloud"]
    assert logdir.tags() == {".": {"meshes": ["cloud", "other"]}}


def test_what_is_left_out_is_not_read(tmp_path, monkeypatch):
    pixels = np.random.default_rng(1).integers(0, 256, (3, 200, 200), dtype=np.uint8)
    for run in ("one", "other"):
        with SummaryWriter(str(tmp_path / run)) as writer:
            for step in range(30):
                writer.add_scalar("loss", step, step)
                writer.add_image("image", pixels, step)
                writer.add_image("second", pixels, step)
    size = sum(path.stat().st_size for path in tmp_path.rglob("*tfevents*"))
    read = 0
    original = LocalSource.read

    def counting(self, offset, size):
        nonlocal read
        data = original(self, offset, size)
        read += len(data)
        return data

    monkeypatch.setattr(LocalSource, "read", counting)
    logdir = open_logdir(tmp_path)

    def share(call, *arguments) -> float:
        nonlocal read
        read = 0
        assert call(*arguments).rows
        return read / size

    assert share(logdir.scalars) < 0.15
    assert share(logdir.index) < 0.15
    assert share(logdir.scalars, "one") < 0.08
    assert share(logdir.images, "one", "image", slice(0, 3)) < 0.12
    assert 0.95 < share(logdir.images) < 1.2
    assert share(open_logdir(tmp_path, verify_skipped=True).scalars) > 0.95


# ---- runs


def test_runs_are_directories_with_event_files(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "only other files").mkdir()
    (tmp_path / "only other files" / "notes.txt").write_text("text")
    (tmp_path / "a directory.tfevents").mkdir()
    for name in ("b/2.tfevents", "b/1.tfevents.suffix", "b/deep/er/1.tfevents", "z.tfevents"):
        write_records(tmp_path / name, scalar("loss", 1, 1.0))
    logdir = open_logdir(str(tmp_path))
    assert logdir.runs == [".", "b", "b/deep/er"]
    names = {run: [file.path for file in files] for run, files in logdir.files("b*").items()}
    assert names == {
        "b": [str(tmp_path / "b" / "1.tfevents.suffix"), str(tmp_path / "b" / "2.tfevents")],
        "b/deep/er": [str(tmp_path / "b/deep/er" / "1.tfevents")],
    }
    assert logdir.tags("b/*") == {"b/deep/er": {"scalars": ["loss"]}}


def test_one_file(tmp_path):
    path = write_records(tmp_path / "any name", scalar("loss", 1, 1.0))
    logdir = open_logdir(path)
    assert logdir.runs == ["."]
    assert logdir.scalars()["value"].tolist() == [1.0]
    assert logdir.embeddings().rows == 0


def test_links_that_lead_back_up(tmp_path):
    write_records(tmp_path / "run" / "1.tfevents", scalar("loss", 1, 1.0))
    (tmp_path / "run" / "up").symlink_to(tmp_path)
    (tmp_path / "broken.tfevents").symlink_to(tmp_path / "nowhere")
    assert "run" in open_logdir(tmp_path).runs
    assert open_logdir(tmp_path).scalars("run").rows == 1


def test_a_named_pipe_is_no_file(tmp_path):
    import os

    os.mkfifo(tmp_path / "1.tfevents")
    assert open_logdir(tmp_path).scalars().rows == 0


def test_nothing_there(tmp_path):
    with pytest.raises(LogdirError, match="nowhere: no such file or directory"):
        open_logdir(tmp_path / "nowhere")
    logdir = open_logdir(tmp_path)
    assert (logdir.runs, logdir.tags()) == ([], {})
    for call in (logdir.scalars, logdir.images, logdir.hparams, logdir.embeddings, logdir.index):
        assert call().rows == 0
    tmp_path.rmdir()
    with pytest.raises(LogdirError):
        logdir.scalars()


def test_the_index(tmp_path):
    with SummaryWriter(str(tmp_path / "run")) as writer:
        for step in range(5, 300):
            writer.add_scalar("loss", step, step, 1000.0 + step)
            writer.add_scalar(f"late{step // 150}", step, 1000 - step, 2000.0 + step)
        writer.add_histogram("loss", [1, 2], 7, walltime=5.0)
        writer.add_image("large", np.random.default_rng(1).random((3, 200, 200)), 8, walltime=6.0)
    index = open_logdir(tmp_path).index()
    rows = list(zip(*(column.tolist() for column in index.values()), strict=True))
    assert rows == [
        ("run", "large", "images", 1, 8, 8, 6.0, 6.0),
        ("run", "late0", "scalars", 145, 995, 851, 2005.0, 2149.0),
        ("run", "late1", "scalars", 150, 850, 701, 2150.0, 2299.0),
        ("run", "loss", "histograms", 1, 7, 7, 5.0, 5.0),
        ("run", "loss", "scalars", 295, 5, 299, 1005.0, 1299.0),
    ]
    assert open_logdir(tmp_path).index(tags="late*")["count"].tolist() == [145, 150]
    assert open_logdir(tmp_path).tags() == {
        "run": {"images": ["large"], "scalars": ["late0", "late1", "loss"], "histograms": ["loss"]}
    }
