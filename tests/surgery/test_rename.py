"""Other names for tags and runs."""

from __future__ import annotations

import pytest
from support import served
from surgery_runs import contents, points, write_everything, write_old_records, write_run

from tensorboardX.proto.event_pb2 import Event, TaggedRunMetadata
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.reader import Records, open_logdir
from tensorboardX.surgery import rename


def test_both_loaders_show_tags_under_their_new_names(tmp_path, tensorboard):
    write_everything(tmp_path / "run", range(5))
    names = {"loss": "train/a much longer name of the loss", "picture": "p", "note/text_summary": "words/text_summary"}
    before = open_logdir(tmp_path).images("run")["data"].tolist()
    rename(tmp_path, tags=names, in_place=True)
    tb = tensorboard(tmp_path)
    assert sorted(served.scalars(tb)["run"]) == ["plain", "train/a much longer name of the loss"]
    assert served.labels(tb, "scalars")["run"]["train/a much longer name of the loss"][0] == "Loss"
    assert [data for _, data in served.image_files(tb)["run"]["p"][0]] == before
    assert len(served.text(tb)["run"]["words/text_summary"]) == 5


def test_two_tags_may_change_places(tmp_path):
    write_run(tmp_path, range(3), tags=("a", "b", "c"))
    with_values = points(tmp_path)
    rename(tmp_path, tags={"a": "b", "b": "a"}, in_place=True)
    found = points(tmp_path)
    assert found == {key: with_values[key] for key in with_values}
    assert [key[1] for key in found] == ["b", "a", "c"]


def test_a_name_in_use_is_refused_and_nothing_changes(tmp_path):
    write_run(tmp_path / "x", range(3), tags=("a",))
    write_run(tmp_path / "y", range(3), tags=("a", "b"))
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="run 'y' has a tag 'b' already"):
        rename(tmp_path, tags={"a": "b"}, in_place=True)
    assert contents(tmp_path) == before


def test_values_named_by_their_node_and_profiles(tmp_path):
    old = Summary.Value(node_name="node", simple_value=1.0)
    events = [
        Event(step=1, summary=Summary(value=[old])),
        Event(tagged_run_metadata=TaggedRunMetadata(tag="step1", run_metadata=b"x")),
        Event(step=2, summary=Summary(value=[Summary.Value(tag="node", simple_value=2.0)])),
    ]
    path = write_old_records(tmp_path / "tfevents", *events)
    rename(tmp_path, tags={"node": "tag", "step1": "one"}, in_place=True)
    _, profile, named = [Event.FromString(record.data) for record in Records(path)]
    assert profile.tagged_run_metadata == TaggedRunMetadata(tag="one", run_metadata=b"x")
    assert named.summary.value[0] == Summary.Value(tag="tag", simple_value=2.0)


def test_a_run_moves_with_all_that_is_below(tmp_path, tensorboard):
    write_run(tmp_path / "a", range(3))
    write_run(tmp_path / "a" / "eval", range(4))
    (tmp_path / "a" / "checkpoint").write_text("x")
    report = rename(tmp_path, run=("a", "b/c"), in_place=True)
    assert report.runs == {"a": "b/c", "a/eval": "b/c/eval"}
    assert sorted(served.scalars(tensorboard(tmp_path))) == ["b/c", "b/c/eval"]
    assert (tmp_path / "b" / "c" / "checkpoint").read_text() == "x"


def test_a_run_under_another_name_elsewhere(tmp_path):
    logdir = tmp_path / "logs"
    write_run(logdir / "a", range(3))
    write_run(logdir / "a" / "eval", range(4))
    write_run(logdir / "z", range(4))
    before = contents(logdir)
    dry = rename(logdir, run=("a", "b"), dry_run=True)
    report = rename(logdir, run=("a", "b"), out=tmp_path / "out")
    assert dry.runs == report.runs == {"a": "b", "a/eval": "b/eval"}
    assert contents(logdir) == before
    assert open_logdir(tmp_path / "out").runs == ["b", "b/eval"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "either tags or run"),
        ({"tags": {"a": "b"}, "run": ("a", "b")}, ValueError, "either tags or run"),
        ({"tags": ["a"]}, TypeError, "tags: got list"),
        ({"tags": {"loss": 3}}, TypeError, "tags: got int 3"),
        ({"tags": {"loss": ""}}, TypeError, "not empty"),
        ({"tags": {"loss": "x", "accuracy": "x"}}, ValueError, "new names that differ"),
        ({"run": "a"}, TypeError, "run: got str"),
        ({"run": ("missing", "b")}, ValueError, "there is no run 'missing'"),
        ({"run": ("a", "z")}, ValueError, "there is a run 'z' already"),
        ({"run": ("a", "a/b")}, ValueError, "names that differ"),
        ({"run": ("a", "../b")}, ValueError, "below the log directory"),
        ({"run": ("a", "/b")}, ValueError, "below the log directory"),
        ({"run": (".", "b")}, ValueError, "below the log directory"),
        ({"run": ("a", "x\\b")}, ValueError, "below the log directory"),
        ({"run": ("a", "my.tfevents")}, ValueError, "below the log directory"),
    ],
)
def test_names_that_cannot_be(tmp_path, arguments, error, message):
    write_run(tmp_path / "a", range(2))
    write_run(tmp_path / "z", range(2))
    before = contents(tmp_path)
    with pytest.raises(error, match=message):
        rename(tmp_path, **arguments, in_place=True)
    assert contents(tmp_path) == before
