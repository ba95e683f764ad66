"""What is left after `trim`, as both loaders of TensorBoard and the reader see it."""

from __future__ import annotations

import numpy as np
import pytest
from reader.event_files import read, scalar, start, version
from support import served
from surgery_runs import contents, points, write_everything, write_old_records, write_run

from tensorboardX import SummaryWriter, surgery
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboardX.reader import Records, open_logdir
from tensorboardX.surgery import trim


def test_both_loaders_show_the_resumed_run_without_overlap(tmp_path, tensorboard):
    run = tmp_path / "run"
    write_everything(run, range(10))
    report = trim(tmp_path, 6, in_place=True)
    write_run(run, range(6, 8), tags=("loss", "plain"), factor=10.0)
    tb = tensorboard(tmp_path)
    assert [step for step, _ in served.scalars(tb)["run"]["loss"]] == list(range(8))
    assert served.scalars(tb)["run"]["plain"] == [(step, float(step)) for step in range(6)] + [(6, 60.0), (7, 70.0)]
    assert [step for step, _ in served.histograms(tb)["run"]["weights"]] == list(range(6))
    assert [step for step, _ in served.text(tb)["run"]["note/text_summary"]] == list(range(6))
    assert [step for step, _ in served.image_files(tb)["run"]["picture"][0]] == list(range(6))
    assert [step for step, _ in served.pr_curves(tb)["run"]["curve"]] == list(range(6))
    assert served.labels(tb, "scalars")["run"]["loss"][0] == "Loss"
    assert (report.verb, report.changed, report.events_before) == ("trim", 1, 71)
    assert report.events_after == 43


def test_records_that_stay_are_copied_as_they_are(tmp_path):
    path = write_everything(tmp_path, range(4))
    before = [record.data for record in Records(path)]
    trim(tmp_path, 2, in_place=True)
    kept = [data for data in before if Event.FromString(data).step < 2]
    assert [record.data for record in Records(path)] == kept
    assert read(tmp_path / "copy", path.read_bytes())[1] == ()


def test_a_file_that_ends_before_the_step_is_not_touched(tmp_path):
    first, second = write_run(tmp_path, range(5)), write_run(tmp_path, range(5, 10))
    before = first.stat()
    report = trim(tmp_path, 7, in_place=True)
    assert first.stat() == before
    assert [file.changed for file in report.files] == [False, True]
    assert points(tmp_path)[".", "loss"] == [(step, float(step)) for step in range(7)]
    assert second.stat().st_size == report.files[1].bytes_after


def test_what_tells_of_the_file_or_the_session_stays(tmp_path):
    path = write_old_records(tmp_path / "tfevents", version(), start(5), scalar("a", 5, 1.0), scalar("a", 3, 2.0))
    trim(tmp_path, 4, in_place=True)
    assert [record.data for record in Records(path)] == [
        each.SerializeToString() for each in (version(), start(5), scalar("a", 3, 2.0))
    ]


def test_negative_steps_and_no_step(tmp_path):
    write_old_records(tmp_path / "tfevents", version(), *(scalar("a", step, 1.0) for step in (-7, -2, 0, 2)))
    trim(tmp_path, -2, in_place=True)
    assert points(tmp_path) == {(".", "a"): [(-7, 1.0)]}


def test_metadata_moves_to_the_first_value_that_is_left(tmp_path, tensorboard):
    run = tmp_path / "run"
    for steps in (range(5, 8), range(3, 7)):  # the second begins before the first, and its values are of one run
        with SummaryWriter(str(run)) as writer:
            for step in steps:
                writer.add_text("note", f"step {step}", step)
    first, second = sorted(run.glob("*tfevents*"))
    bare = [Event.FromString(record.data) for record in Records(second)]
    for event in bare:
        for value in event.summary.value:
            value.ClearField("metadata")
    write_old_records(second, *bare)
    trim(tmp_path, 5, in_place=True)
    assert [record.offset for record in Records(first)] == [0]
    assert [step for step, _ in served.text(tensorboard(tmp_path))["run"]["note/text_summary"]] == [3, 4]


def test_metadata_of_one_of_many_values_moves(tmp_path):
    def tensor(tag, metadata=None):
        value = Summary.Value(tag=tag, metadata=metadata)
        value.tensor.string_val.append(b"x")
        value.tensor.dtype = 7
        return value

    text = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    events = [
        Event(wall_time=1.0, step=9, summary=Summary(value=[tensor("a", text), tensor("b", text)])),
        Event(wall_time=2.0, step=1, summary=Summary(value=[tensor("c", text), tensor("b"), tensor("a", text)])),
        Event(wall_time=3.0, step=2, summary=Summary(value=[tensor("b")])),
    ]
    path = write_old_records(tmp_path / "tfevents", version(), *events)
    trim(tmp_path, 5, in_place=True)
    left = [Event.FromString(record.data) for record in Records(path)][1:]
    assert [[value.metadata.plugin_data.plugin_name for value in event.summary.value] for event in left] == [
        ["text"] * 3,
        [""],
    ]
    assert left[1] == events[2]
    assert left[0].summary.value[2] == events[1].summary.value[2]


def test_dry_run_writes_nothing_and_reports_the_same(tmp_path):
    write_run(tmp_path / "a", range(10))
    write_run(tmp_path / "b", range(3))
    before = contents(tmp_path)
    dry = trim(tmp_path, 5, dry_run=True)
    assert contents(tmp_path) == before
    wet = trim(tmp_path, 5, in_place=True)
    assert dry.dry_run
    assert wet.files == dry.files
    assert wet.bytes_after == sum(map(len, contents(tmp_path).values()))


def test_out_leaves_the_log_directory_as_it_is(tmp_path):
    logdir, out = tmp_path / "logs", tmp_path / "new"
    write_run(logdir / "a", range(10))
    write_run(logdir / "b" / "c", range(3))
    before = contents(logdir)
    report = trim(logdir, 5, out=out)
    assert contents(logdir) == before
    assert sorted(contents(out)) == [file.path for file in report.files]
    expected = {key: [point for point in found if point[0] < 5] for key, found in points(logdir).items()}
    assert points(out) == expected


def test_only_the_runs_that_are_wanted(tmp_path):
    write_run(tmp_path / "a", range(4))
    write_run(tmp_path / "b", range(4))
    report = trim(tmp_path, 2, runs="a", in_place=True)
    assert [file.run for file in report.files] == ["a"]
    assert {key[0]: len(found) for key, found in points(tmp_path).items()} == {"a": 2, "b": 4}


def test_one_file_only(tmp_path):
    first, second = write_run(tmp_path, range(4)), write_run(tmp_path, range(4))
    before = second.read_bytes()
    trim(first, 2, in_place=True)
    assert second.read_bytes() == before
    assert len(open_logdir(first).scalars()["step"]) == 4


def test_a_torn_tail_is_left_out_and_reported(tmp_path):
    path = write_run(tmp_path, range(4))
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    report = trim(tmp_path, 100, in_place=True)
    assert [damage.end for damage in report.damage] == [len(whole) - 5]
    assert whole.startswith(path.read_bytes())
    assert not surgery.verify(tmp_path).damage


def test_a_remote_log_directory_is_copied(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    path = write_run(tmp_path / "logs", range(6))
    url = f"memory://surgery-{tmp_path.name}"
    with fsspec.open(f"{url}/run/{path.name}", "wb") as file:
        file.write(path.read_bytes())
    trim(url, 3, out=tmp_path / "out")
    assert points(tmp_path / "out")["run", "loss"] == [(0, 0.0), (1, 1.0), (2, 2.0)]
    with pytest.raises(ValueError, match="in place only local files"):
        trim(url, 3, in_place=True)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "neither out nor in_place"),
        ({"out": "x", "in_place": True}, ValueError, "both out and in_place"),
        ({"in_place": True, "from_step": 1.5}, TypeError, "from_step: got float 1.5"),
        ({"in_place": True, "from_step": 2**63}, ValueError, "from_step"),
        ({"in_place": True, "runs": 3}, TypeError, "runs: got int 3"),
        ({"out": "s3://bucket/x"}, ValueError, "accepted is a local directory"),
    ],
)
def test_arguments_that_cannot_be(tmp_path, arguments, error, message):
    write_run(tmp_path, range(2))
    before = contents(tmp_path)
    with pytest.raises(error, match=message):
        trim(tmp_path, **({"from_step": 1} | arguments))
    assert contents(tmp_path) == before


def test_places_that_cannot_be(tmp_path):
    write_run(tmp_path / "logs", range(2))
    with pytest.raises(OSError, match="no such file"):
        trim(tmp_path / "missing", 1, in_place=True)
    with pytest.raises(OSError, match="is not empty"):
        trim(tmp_path / "logs", 1, out=tmp_path)


def test_a_numpy_integer_is_a_step(tmp_path):
    write_run(tmp_path, range(4))
    trim(tmp_path, np.int32(2), in_place=True)
    assert len(points(tmp_path)[".", "loss"]) == 2
