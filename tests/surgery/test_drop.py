"""What is left after `drop`."""

from __future__ import annotations

import re

import pytest
from support import served
from surgery_runs import contents, points, write_everything, write_old_records, write_run

from tensorboardX import SummaryWriter
from tensorboardX.proto.event_pb2 import Event, TaggedRunMetadata
from tensorboardX.reader import Records, open_logdir
from tensorboardX.surgery import drop


def test_both_loaders_show_the_other_tags(tmp_path, tensorboard):
    write_everything(tmp_path / "run", range(5))
    report = drop(tmp_path, ["plain", re.compile("^pict"), "no*"], in_place=True)
    tb = tensorboard(tmp_path)
    assert list(served.scalars(tb)["run"]) == ["loss"]
    assert served.image_files(tb) == {}
    assert served.text(tb) == {}
    assert len(served.pr_curves(tb)["run"]["curve"]) == 5
    [file] = report.files
    assert (file.values_before, file.values_after) == (35, 20)


def test_other_values_of_an_event_stay_as_they_are(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(3):
            writer.add_scalars_at_step({"a": 1.0, "b": 2.0, "c": 3.0}, step)
    before = {key: found for key, found in points(tmp_path).items() if key[1] != "b"}
    report = drop(tmp_path, "b", in_place=True)
    assert points(tmp_path) == before
    assert report.events_after == report.events_before == 4


def test_steps_of_a_profile_are_dropped_by_their_tag(tmp_path):
    events = [Event(tagged_run_metadata=TaggedRunMetadata(tag=tag, run_metadata=b"")) for tag in ("a", "b")]
    path = write_old_records(tmp_path / "tfevents", *events)
    drop(tmp_path, "a", in_place=True)
    assert [record.data for record in Records(path)] == [events[1].SerializeToString()]


def test_only_in_the_runs_that_are_wanted_and_nothing_else_is_touched(tmp_path):
    write_run(tmp_path / "a", range(3))
    write_run(tmp_path / "b", range(3))
    drop(tmp_path, "loss", runs="b", in_place=True)
    assert open_logdir(tmp_path).tags() == {
        "a": {"scalars": ["accuracy", "loss"]},
        "b": {"scalars": ["accuracy"]},
    }
    before = contents(tmp_path)
    assert drop(tmp_path, "nothing of this name", in_place=True).changed == 0
    assert contents(tmp_path) == before


@pytest.mark.parametrize("tags", [None, 3, [b"loss"]])
def test_tags_that_are_none(tmp_path, tags):
    write_run(tmp_path, range(2))
    with pytest.raises(TypeError, match="tags: got"):
        drop(tmp_path, tags, in_place=True)
