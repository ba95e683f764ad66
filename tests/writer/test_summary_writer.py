"""What a SummaryWriter does between its construction and its end."""

import copy
import json
import pickle
import re
import socket
import threading
from unittest import mock

import numpy as np
import pytest
from support.events import event_files, events, scalars
from support.events import values as values_of

import tensorboardX
from tensorboardX import FileWriter, SummaryWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.record_reader import read_records


def test_default_directory_names_time_host_and_comment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with SummaryWriter(comment="-lr0.1") as writer:
        name = re.escape(socket.gethostname())
        assert re.fullmatch(rf"runs/[A-Z][a-z]{{2}}\d\d_\d\d-\d\d-\d\d_{name}-lr0\.1", writer.logdir)
    assert len(event_files(tmp_path / writer.logdir)) == 1


@pytest.mark.parametrize("keyword", ["logdir", "log_dir"])
def test_directory_may_be_a_path_under_either_name_and_comment_is_ignored_then(tmp_path, keyword):
    with SummaryWriter(**{keyword: tmp_path / "run"}, comment="ignored") as writer:
        writer.add_scalar("a", 1.0, 1)
        assert writer.logdir == writer.log_dir == writer.get_logdir() == tmp_path / "run"
        assert writer.file_writer.get_logdir() == str(tmp_path / "run")
        assert list(writer.all_writers) == [str(tmp_path / "run")]
    assert scalars(tmp_path / "run") == [("a", 1, 1.0)]


def test_file_name_has_seconds_host_pid_counter_and_suffix(tmp_path):
    with SummaryWriter(tmp_path, filename_suffix=".extra") as writer:
        path = writer.file_writer.event_writer._ev_writer._file_name
        assert path == writer.file_writer.event_writer._ev_writer._py_recordio_writer.path
    host = re.escape(socket.gethostname())
    assert re.fullmatch(rf"events\.out\.tfevents\.\d{{10}}\.{host}\.\d+\.\d{{6}}\.extra", path.rpartition("/")[2])


def test_first_record_is_the_file_version(tmp_path):
    SummaryWriter(tmp_path).close()
    (path,) = event_files(tmp_path)
    (first,) = read_records(path)
    assert Event.FromString(first).file_version == "brain.Event:2"


def test_add_after_close_opens_a_new_file_and_nothing_is_lost(tmp_path):
    writer = SummaryWriter(tmp_path)
    writer.add_scalar("a", 1.0, 1)
    writer.close()
    writer.close()
    assert writer.all_writers is None
    writer.add_scalar("a", 2.0, 2)
    writer.close()
    assert len(event_files(tmp_path)) == 2
    assert scalars(tmp_path) == [("a", 1, 1.0), ("a", 2, 2.0)]
    assert writer.stats.written == 2


def test_write_to_disk_false_writes_nothing_anywhere_and_still_checks(tmp_path):
    with SummaryWriter(tmp_path / "run", write_to_disk=False) as writer:
        writer.add_scalar("a", 1.0, 1)
        writer.add_scalars("b", {"c": 1.0}, 1)
        writer.add_image("d", np.zeros((3, 4, 4)), 1)
        writer.flush()
        with pytest.raises(TypeError, match="'a'"):
            writer.add_scalar("a", "text", 1)
    assert not (tmp_path / "run").exists()


def test_purge_step_is_marked_twice_and_only_in_the_first_file(tmp_path):
    writer = SummaryWriter(tmp_path, purge_step=7)
    writer.add_scalar("a", 1.0, 7)
    writer.close()
    writer.add_scalar("a", 1.0, 8)
    writer.close()
    starts = [event.step for event in events(tmp_path) if event.session_log.status == event.session_log.START]
    assert starts == [7, 7]


def test_purged_points_are_gone(tmp_path, tensorboard):
    from support import served

    with SummaryWriter(tmp_path) as writer:
        for step in range(10):
            writer.add_scalar("a", 0.0, step)
    with SummaryWriter(tmp_path, purge_step=5) as writer:
        for step in range(5, 8):
            writer.add_scalar("a", 1.0, step)
    points = served.scalars(tensorboard(tmp_path))["."]["a"]
    assert points == [(step, 0.0) for step in range(5)] + [(step, 1.0) for step in range(5, 8)]


def test_use_metadata_nests_and_is_restored_when_the_body_raises(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        with writer.use_metadata(global_step=10, walltime=5.0):
            writer.add_scalar("a", 1.0)
            with pytest.raises(ZeroDivisionError), writer.use_metadata(global_step=20):
                writer.add_scalar("a", 2.0)
                writer.add_scalar("a", 3.0, 30, 6.0)
                _ = 1 / 0
            writer.add_text("t", "x")
        writer.add_scalar("a", 4.0, 40)
    found = [(event.step, event.wall_time) for event in events(tmp_path)]
    assert found[:4] == [(10, 5.0), (20, 5.0), (30, 6.0), (10, 5.0)]
    assert found[4][0] == 40
    assert found[4][1] > 1e9


def test_use_metadata_wants_something_to_use(tmp_path):
    with SummaryWriter(tmp_path) as writer, pytest.raises(ValueError, match="global_step"), writer.use_metadata():
        pass


def test_file_writer_use_metadata(tmp_path):
    writer = FileWriter(tmp_path)
    with writer.use_metadata(global_step=3):
        writer.add_summary(Summary(value=[Summary.Value(tag="a", simple_value=1.0)]))
    writer.close()
    assert scalars(tmp_path) == [("a", 3, 1.0)]


def test_add_scalars_makes_a_sub_run_for_each_name(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalars("train/loss", {"a": 1.0, "b": np.float32(2)}, 3)
        writer.add_scalars("train/loss", {"a": 4.0}, 5)
        assert set(writer.all_writers) == {str(tmp_path / path) for path in ("", "train/loss/a", "train/loss/b")}
    assert scalars(tmp_path / "train/loss/a") == [("train/loss", 3, 1.0), ("train/loss", 5, 4.0)]
    assert scalars(tmp_path / "train/loss/b") == [("train/loss", 3, 2.0)]


def test_export_scalars_to_json_writes_what_add_scalars_logged_and_forgets_it(tmp_path):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalars("m", {"a": 1.5}, 3, walltime=9.0)
        writer.export_scalars_to_json(tmp_path / "all.json")
        assert json.loads((tmp_path / "all.json").read_text()) == {str(tmp_path / "run/m/a"): [[9.0, 3, 1.5]]}
        assert writer.scalar_dict == {}


def test_display_name_and_description_reach_both_loaders(tmp_path, tensorboard):
    from support import served

    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", 1.0, 1, display_name="The name", summary_description="The description")
        writer.add_scalar("a", 2.0, 2)
        writer.add_scalar("b", 3.0, 2)
    server = tensorboard(tmp_path)
    assert served.scalars(server)["."] == {"a": [(1, 1.0), (2, 2.0)], "b": [(2, 3.0)]}
    name, description = served.labels(server, "scalars")["."]["a"]
    assert name == "The name"
    assert "The description" in description


def test_threads_that_share_a_writer_lose_nothing_and_keep_their_order(tmp_path):
    def log(name):
        for step in range(500):
            writer.add_scalar(name, float(step), step)

    with SummaryWriter(tmp_path) as writer:
        threads = [threading.Thread(target=log, args=(f"t{number}",)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = scalars(tmp_path)
    for number in range(8):
        assert [step for tag, step, _ in found if tag == f"t{number}"] == list(range(500))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda writer: pickle.loads(pickle.dumps(writer))])
def test_copies_go_on_in_the_same_run_with_files_of_their_own(tmp_path, duplicate):
    with SummaryWriter(tmp_path, filename_suffix=".x") as writer:
        writer.add_scalar("a", 1.0, 1)
        with duplicate(writer) as other:
            other.add_scalar("b", 2.0, 2)
            assert other.logdir == writer.logdir
    assert len(event_files(tmp_path)) == 2
    assert sorted(scalars(tmp_path)) == [("a", 1, 1.0), ("b", 2, 2.0)]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda writer: pickle.loads(pickle.dumps(writer))])
def test_copies_count_what_lies_beyond_the_default_bins(tmp_path, duplicate):
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("writer", [1, 1e21, -1e21], 1)
        with duplicate(writer) as other:
            other.add_histogram("copy", [1, 1e21, -1e21], 1)
    counted = {value.tag: value.histo for _, value in values_of(tmp_path)}
    assert sum(counted["writer"].bucket) == 3
    assert counted["copy"] == counted["writer"]


def test_a_replaced_event_file_writer_sees_real_events(tmp_path, monkeypatch):
    """As wandb does: a subclass in the module global, which reads its first positional argument."""
    seen = []

    class Spy(tensorboardX.writer.EventFileWriter):
        def __init__(self, logdir, *args, **kwargs):
            assert isinstance(logdir, str)
            super().__init__(logdir, *args, **kwargs)

        def add_event(self, event):
            assert isinstance(event, Event)
            seen.append(event.summary.value[0].tag)
            super().add_event(event)

    monkeypatch.setattr(tensorboardX.writer, "EventFileWriter", Spy)
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", 1.0, 1)
        writer.add_text("b", "text", 1)
        writer.add_scalars("c", {"d": 1.0}, 1)
    assert seen == ["a", "b/text_summary", "c"]
    assert [value.tag for _, value in values_of(tmp_path)] == ["a", "b/text_summary"]


def test_a_foreign_event_file_writer_gets_everything(tmp_path, monkeypatch):
    """A class of somebody else's with the original's constructor."""

    class Recorder:
        def __init__(self, logdir, max_queue_size=10, flush_secs=120, filename_suffix=""):
            self.logdir, self.events = logdir, []

        def get_logdir(self):
            return self.logdir

        def add_event(self, event):
            self.events.append(event)

        def flush(self):
            pass

        def close(self):
            pass

    monkeypatch.setattr(tensorboardX.writer, "EventFileWriter", Recorder)
    with SummaryWriter(tmp_path) as writer:
        recorder = writer.file_writer.event_writer
        writer.add_scalar("a", 1.0, 1)
        writer.add_histogram("b", [1.0], 2)
    assert [(event.step, event.summary.value[0].tag) for event in recorder.events] == [(1, "a"), (2, "b")]


def test_add_event_replaced_on_the_class_of_an_open_writer_sees_later_events(tmp_path, monkeypatch):
    """As clearml does."""
    original, seen = FileWriter.add_event, []

    def spy(self, event, step=None, walltime=None):
        seen.append((event.summary.value[0].tag, step))
        original(self, event, step, walltime)

    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("before", 1.0, 1)
        monkeypatch.setattr(FileWriter, "add_event", spy)
        writer.add_scalar("after", 2.0, 2)
        writer.add_image("image", np.zeros((3, 4, 4)), 3)
    assert seen == [("after", 2), ("image", 3)]
    assert [value.tag for _, value in values_of(tmp_path)] == ["before", "after", "image"]


@pytest.mark.parametrize(
    ("layer", "method"),
    [
        ("FileWriter", "add_event"),
        ("FileWriter", "add_summary"),
        ("its object", "add_event"),
        ("its object", "add_summary"),
        ("EventFileWriter", "add_event"),
        ("its object's", "add_event"),
    ],
)
def test_a_layer_replaced_for_a_while_sees_the_scalars_of_that_time(tmp_path, layer, method):
    writer = SummaryWriter(tmp_path)
    target = {
        "FileWriter": FileWriter,
        "its object": writer.file_writer,
        "EventFileWriter": tensorboardX.event_file_writer.EventFileWriter,
        "its object's": writer.file_writer.event_writer,
    }[layer]
    writer.add_scalar("before", 1.0, 1)
    with mock.patch.object(target, method, autospec=True, side_effect=getattr(target, method)) as spy:
        writer.add_scalar("meanwhile", 2.0, 2)
        writer.add_scalar("meanwhile", np.float32(3), 3)
    writer.add_scalar("after", 4.0, 4)
    writer.close()
    assert spy.call_count == 2
    assert [value.tag for _, value in values_of(tmp_path)] == ["before", "meanwhile", "meanwhile", "after"]


def test_record_writer_replaced_in_its_module(tmp_path, monkeypatch):
    class Plain:
        """The original's interface, and nothing more."""

        def __init__(self, path):
            self.path, self.inner = path, tensorboardX.record_writer.RecordWriter(path)

        def write(self, data):
            self.inner.write(data)

        def flush(self):
            self.inner.flush()

        def close(self):
            self.inner.close()

    monkeypatch.setattr(tensorboardX.event_file_writer, "RecordWriter", Plain)
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", 1.0, 1)
        writer.add_text("b", "text", 1)
    assert [value.tag for _, value in values_of(tmp_path)] == ["a", "b/text_summary"]


def test_write_event_replaced_on_the_class_sees_every_event(tmp_path, monkeypatch):
    original, seen = tensorboardX.event_file_writer.EventsWriter.write_event, []

    def spy(self, event):
        seen.append(event.WhichOneof("what"))
        original(self, event)

    monkeypatch.setattr(tensorboardX.event_file_writer.EventsWriter, "write_event", spy)
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", 1.0, 1)
    assert seen == ["file_version", "summary"]
    assert scalars(tmp_path) == [("a", 1, 1.0)]


def test_summaries_of_other_packages_are_accepted(tmp_path):
    from tensorboard.compat.proto.event_pb2 import Event as StockEvent
    from tensorboard.compat.proto.summary_pb2 import Summary as StockSummary

    summary = StockSummary(value=[StockSummary.Value(tag="a", simple_value=1.0)])
    with SummaryWriter(tmp_path) as writer:
        writer._get_file_writer().add_summary(summary, 1)
        writer.file_writer.add_event(StockEvent(summary=summary), 2)
        writer.file_writer.add_summary(summary.SerializeToString(), np.int64(3))
    assert scalars(tmp_path) == [("a", 1, 1.0), ("a", 2, 1.0), ("a", 3, 1.0)]


def test_values_may_be_changed_right_after_the_call(tmp_path):
    image, numbers = np.zeros((3, 4, 4), np.uint8), np.zeros(10)
    with SummaryWriter(tmp_path) as writer:
        writer.add_image("image", image, 0)
        writer.add_histogram("numbers", numbers, 0)
        image[:], numbers[:] = 255, 9.0
    found = {value.tag: value for _, value in values_of(tmp_path)}
    from support.served import decode_image

    assert decode_image(found["image"].image.encoded_image_string).max() == 0
    assert found["numbers"].histo.max == 0


def test_an_unreachable_writer_is_closed_behind_everybodys_back(tmp_path):
    import gc
    import time

    before = threading.active_count()
    writer = SummaryWriter(tmp_path)
    writer.add_scalar("a", 1.0, 1)
    del writer
    gc.collect()
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert threading.active_count() == before
    assert scalars(tmp_path) == [("a", 1, 1.0)]


def test_add_scalars_at_step_writes_one_event(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalars_at_step({"a": 1, "b c": np.float32(2), "d": float("nan")}, 3)
        writer.add_scalars_at_step({}, 4)
        with pytest.raises(TypeError, match="'a'"):
            writer.add_scalars_at_step({"b": 1.0, "a": "text"}, 5)
    (event,) = events(tmp_path)
    assert event.step == 3
    assert [value.tag for value in event.summary.value] == ["a", "b_c", "d"]
    assert [value.simple_value for value in event.summary.value][:2] == [1.0, 2.0]


def test_add_scalar_series_is_add_scalar_many_times(tmp_path):
    steps = np.arange(-5, 40_000, 3)
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar_series("a b", steps / 7, steps, walltimes=9.5)
        writer.add_scalar_series("c", [1.0, 2.0])
        with pytest.raises(ValueError, match="'d'"):
            writer.add_scalar_series("d", [1.0, 2.0], [1.0, 2.0])
    found = scalars(tmp_path)
    assert found[:-2] == [("a_b", int(step), float(np.float32(step / 7))) for step in steps]
    assert found[-2:] == [("c", 0, 1.0), ("c", 1, 2.0)]
    assert {event.wall_time for event in events(tmp_path)[:-2]} == {9.5}


def test_add_scalar_series_has_the_walltime_of_use_metadata(tmp_path):
    with SummaryWriter(tmp_path) as writer, writer.use_metadata(walltime=123.5):
        writer.add_scalar_series("a", [1.0, 2.0])
        writer.add_scalar_series("a", [3.0], [2], walltimes=7.5)
    assert [event.wall_time for event in events(tmp_path)] == [123.5, 123.5, 7.5]


def test_add_scalar_series_goes_through_a_replaced_layer(tmp_path, monkeypatch):
    original, seen = FileWriter.add_event, []

    def spy(self, event, step=None, walltime=None):
        seen.append((step, walltime))
        original(self, event, step, walltime)

    monkeypatch.setattr(FileWriter, "add_event", spy)
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar_series("a", [1.0, 2.0], [7, 8], [1.5, 2.5])
    assert seen == [(7, 1.5), (8, 2.5)]
    assert scalars(tmp_path) == [("a", 7, 1.0), ("a", 8, 2.0)]


def test_compact_histograms_are_small_and_served_alike_by_both_loaders(tmp_path, tensorboard):
    from support import served

    values = np.random.default_rng(0).normal(size=10_000).astype(np.float32)
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("weights", values, 1)
        writer.add_histogram("compact", values, 1, bins="compact")
    sizes = {value.tag: value.ByteSize() for _, value in values_of(tmp_path)}
    assert sizes["compact"] * 10 <= sizes["weights"]
    histo = next(value.histo for _, value in values_of(tmp_path) if value.tag == "compact")
    assert (histo.min, histo.max, histo.num) == (values.min(), values.max(), len(values))
    assert histo.sum == pytest.approx(values.astype(float).sum())
    ((step, buckets),) = served.histograms(tensorboard(tmp_path))["."]["compact"]
    counts, edges = np.histogram(values, 48)
    assert step == 1
    if buckets[0][0] == buckets[0][1]:  # the Python loader leaves out the empty bucket that comes first
        assert buckets.pop(0) == pytest.approx([edges[0], edges[0], 0])
    np.testing.assert_allclose([bucket[0] for bucket in buckets], edges[:-1], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose([bucket[1] for bucket in buckets], edges[1:], rtol=1e-6, atol=1e-7)
    assert sum(bucket[2] for bucket in buckets) == len(values)
    assert np.abs(np.subtract([bucket[2] for bucket in buckets], counts)).max() <= 1  # edges differ in the last digit


def test_a_tag_logged_again_without_a_step_is_reported_once(tmp_path, caplog):
    tags = [f"{tmp_path.name}/{name}" for name in ("once", "twice", "text", "stepped")]
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar(tags[0], 1.0)
        for number in range(3):
            writer.add_scalar(tags[1], float(number))
            writer.add_text(tags[2], "text")
            writer.add_scalar(tags[3], 1.0, number)
    reported = [record.getMessage() for record in caplog.records if "without a step" in record.getMessage()]
    assert [repr(tag) in message for tag, message in zip(tags[1:3], reported, strict=True)] == [True, True]
    assert len(scalars(tmp_path)) == 1 + 3 + 3


@pytest.mark.parametrize("dataformats", ["NCHW", "CHW", "HWC"])
def test_an_empty_list_of_images_writes_nothing(tmp_path, caplog, dataformats):
    with SummaryWriter(tmp_path) as writer:
        for images in ([], ()):
            writer.add_images(f"empty/{dataformats}", images, 1, dataformats=dataformats)
        with pytest.raises(TypeError, match="tag 3"):
            writer.add_images(3, [])
    assert not events(tmp_path)
    assert caplog.text.count("an empty list of images is left out") == 1
