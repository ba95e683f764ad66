"""A run stays where and what it was: other working directories, layers put in from outside, wrong arguments."""

import abc
import copy
import os
import time

import numpy as np
import pytest
from support import events

from tensorboardX import FileWriter, SummaryWriter
from tensorboardX.event_file_writer import EventFileWriter


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Go to a directory; return a function that goes to another."""
    (tmp_path / "start").mkdir()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "start")
    return lambda: os.chdir(tmp_path / "other")


def test_a_run_stays_in_its_directory_when_the_process_leaves_it(tmp_path, elsewhere):
    writer = SummaryWriter("run")
    writer.add_scalar("a", 1.0, 1)
    elsewhere()
    writer.add_scalar("a", 2.0, 2)
    writer.add_scalars("main", {"sub": 3.0}, 3)
    writer.add_hparams({"lr": 0.1}, {"loss": 1.0}, name="trial")
    writer.add_embedding(np.eye(3), global_step=4)
    writer.close()
    writer.add_scalar("a", 5.0, 5)
    with copy.copy(writer) as second:
        second.add_scalar("a", 6.0, 6)
    writer.close()
    run = tmp_path / "start" / "run"
    assert sorted(events.scalars(run)) == [("a", step, float(step)) for step in (1, 2, 5, 6)]
    assert events.scalars(run / "main" / "sub") == [("main", 3, 3.0)]
    assert events.scalars(run / "trial") == [("loss", 0, 1.0)]
    assert (run / "projector_config.pbtxt").exists()
    assert list((tmp_path / "other").iterdir()) == []


def test_the_logdir_is_what_was_given(elsewhere):
    with SummaryWriter("run") as writer:
        assert (writer.logdir, writer.get_logdir(), writer.file_writer.get_logdir()) == ("run", "run", "run")
        writer.add_scalars("main", {"sub": 3.0}, 3)
        assert list(writer.all_writers) == ["run", os.path.join("run", "main", "sub")]


@pytest.mark.parametrize("layer", ["file writer", "event writer"])
def test_a_layer_that_is_put_in_gets_every_event(tmp_path, layer):
    with SummaryWriter(tmp_path / "first") as writer:
        writer.add_scalar("a", 1.0, 1)
        writer.flush()
        before = writer.file_writer, writer.file_writer.event_writer
        if layer == "file writer":
            writer.file_writer = FileWriter(tmp_path / "second")
        else:
            writer.file_writer.event_writer = EventFileWriter(str(tmp_path / "second"))
        writer.add_scalar("a", 2.0, 2)
        writer.add_histogram("h", [1.0], 3)
        writer.file_writer.close()
        writer.file_writer = before[0]
        writer.file_writer.event_writer = before[1]
        writer.add_scalar("a", 4.0, 4)
    assert [event.step for event in events.events(tmp_path / "first")] == [1, 4]
    assert [event.step for event in events.events(tmp_path / "second")] == [2, 3]


def test_the_default_bins_of_a_writer_are_its_own(tmp_path):
    with SummaryWriter(tmp_path / "first") as first, SummaryWriter(tmp_path / "second") as second:
        first.default_bins.append(1e30)
        assert len(second.default_bins) == len(first.default_bins) - 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"nonsense": 3}, TypeError, "'nonsense'"),
        ({"on_full": "wait"}, ValueError, "on_full: got str 'wait'; accepted are 'block' and 'drop'"),
        ({"on_error": None}, ValueError, "on_error: got NoneType None"),
        ({"flush_secs": None}, TypeError, "flush_secs: got NoneType None; accepted is a number"),
        ({"flush_secs": "120"}, TypeError, "flush_secs"),
        ({"flush_secs": float("nan")}, ValueError, "flush_secs"),
        ({"max_queue_bytes": None}, TypeError, "max_queue_bytes"),
        ({"max_queue_bytes": 1.5}, TypeError, "max_queue_bytes"),
        ({"max_queue_bytes": -1}, ValueError, "max_queue_bytes"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_wrong_argument_is_refused_by_the_constructor_and_leaves_nothing(tmp_path, arguments, error, message):
    with pytest.raises(error, match=message):
        SummaryWriter(tmp_path / "run", **arguments)
    assert not list(tmp_path.rglob("*tfevents*"))


def test_numbers_of_numpy_are_numbers(tmp_path):
    with SummaryWriter(tmp_path, flush_secs=np.float32(30), max_queue_bytes=np.int64(1 << 20)) as writer:
        writer.add_scalar("a", 1.0, 1)
    assert events.scalars(tmp_path) == [("a", 1, 1.0)]


def test_writing_to_disk_may_be_enabled_later(tmp_path):
    writer = SummaryWriter(tmp_path, write_to_disk=False)
    writer.add_scalar("a", 0.0, 0)
    writer.close()
    writer._write_to_disk = True
    writer._get_file_writer()
    writer.add_scalar("a", 1.0, 1)
    writer.close()
    assert events.scalars(tmp_path) == [("a", 1, 1.0)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_subclass_may_have_attributes_of_its_own(tmp_path, when):
    class Wrapper(SummaryWriter):
        def __init__(self, log_dir):
            if when == "before":
                self.log_dir = log_dir
            super().__init__(log_dir)
            self.log_dir = log_dir
            self.stats = {}

    with Wrapper(tmp_path) as writer:
        writer.add_scalars("main", {"a": 1.0}, 1)
        writer.scalar_dict = {}
        writer.add_scalars("main", {"a": 2.0}, 2)
        assert [point[1:] for points in writer.scalar_dict.values() for point in points] == [[2, 2.0]]
        assert (writer.log_dir, writer.stats) == (tmp_path, {})


def test_an_overridden_way_to_the_file_writer_is_gone_each_time(tmp_path):
    calls = []

    class Wrapper(SummaryWriter):
        def _get_file_writer(self):
            calls.append(None)
            return super()._get_file_writer()

    with Wrapper(tmp_path) as writer:
        calls.clear()
        for step in range(3):
            writer.add_scalar("a", 1.0, step)
        assert len(calls) == 3


def test_a_file_writer_may_be_an_abstract_class_too():
    class Writer(FileWriter, abc.ABC):
        pass

    assert issubclass(Writer, FileWriter)


def test_blocks_of_metadata_may_end_in_any_order(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        first, second = writer.use_metadata(global_step=1), writer.use_metadata(global_step=2, walltime=3.0)
        first.__enter__()
        second.__enter__()
        writer.add_scalar("a", 1.0)
        first.__exit__(None, None, None)
        writer.add_scalar("b", 1.0)
        second.__exit__(None, None, None)
        writer.add_scalar("c", 1.0)
    assert [(tag, step) for tag, step, _ in events.scalars(tmp_path)] == [("a", 2), ("b", 2), ("c", 0)]


def test_files_of_a_clock_that_is_set_back_keep_their_order(tmp_path, monkeypatch):
    clock = time.time() + 100
    monkeypatch.setattr(time, "time", lambda: clock)
    writer = SummaryWriter(tmp_path)
    writer.add_scalar("a", 1.0, 1)
    writer.close()
    clock -= 60
    writer.add_scalar("a", 2.0, 2)
    writer.close()
    assert [step for _, step, _ in events.scalars(tmp_path)] == [1, 2]
    assert len(list(tmp_path.iterdir())) == 2
