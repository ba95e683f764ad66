"""The path of the event file, where programs read it: `_ev_writer._file_name` and, as in torch, `_file_name`."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

from support.events import event_files, scalars

from tensorboardX import GlobalSummaryWriter, SummaryWriter
from tensorboardX.event_file_writer import EventsWriter


def test_a_closed_file_is_still_known(tmp_path):
    writer = SummaryWriter(tmp_path)
    event_writer = writer.file_writer.event_writer
    writer.add_scalar("a", 1.0, 1)
    writer.close()
    (path,) = map(str, event_files(tmp_path))
    assert event_writer._file_name == event_writer._ev_writer._file_name == path


def test_a_program_uploads_each_file_and_goes_on_in_a_new_one(tmp_path):
    """As Composer does at the end of each batch, epoch and evaluation."""
    writer, uploaded = SummaryWriter(tmp_path / "run"), {}
    for step in range(3):
        writer.add_scalar("loss", step / 4, step)
        if writer.file_writer:
            writer.flush()
            path = Path(writer.file_writer.event_writer._file_name)
            uploaded[path.name] = path.read_bytes()
            writer.close()
        assert not writer.file_writer
    (tmp_path / "uploaded").mkdir()
    for name, content in uploaded.items():
        (tmp_path / "uploaded" / name).write_bytes(content)
    assert scalars(tmp_path / "uploaded") == [("loss", step, step / 4) for step in range(3)]
    assert len(uploaded) == 3


def test_the_file_of_a_global_writer_is_known_as_well(tmp_path):
    with GlobalSummaryWriter(tmp_path) as writer:
        event_writer = writer.file_writer.event_writer
        assert event_writer._file_name == event_writer._ev_writer._file_name == str(event_files(tmp_path)[0])
    assert event_writer._file_name == str(event_files(tmp_path)[0])


def test_another_events_writer_can_be_put_there(tmp_path):
    with SummaryWriter(tmp_path / "run") as writer:
        other = EventsWriter(str(tmp_path / "other"))
        writer.file_writer.event_writer._ev_writer = other
        assert writer.file_writer.event_writer._file_name == other.path
        writer.add_scalar("a", 1.0, 1)
        other.close()
    assert scalars(tmp_path / "run") == [("a", 1, 1.0)]


def test_a_file_that_was_not_opened_yet_has_no_name(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalars("a", {"b": 1.0}, 1)
        event_writer = writer.all_writers[str(tmp_path / "a" / "b")].event_writer
        writer.flush()
        assert event_writer._file_name == str(event_files(tmp_path / "a" / "b")[0])
    copy = event_writer.__reduce__()
    assert copy[0](*copy[1])._file_name is None


def test_knowing_the_file_keeps_no_writer_alive(tmp_path):
    writer = SummaryWriter(tmp_path)
    writer.add_scalar("a", 1.0, 1)
    event_writer = weakref.ref(writer.file_writer.event_writer)
    writer.flush()
    del writer
    gc.collect()
    assert event_writer() is None
