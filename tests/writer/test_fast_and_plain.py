"""Calls write the same bytes whether they go straight to the queue or through layers that a tool replaced."""

import tempfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from support.events import event_files

import tensorboardX
from tensorboardX import SummaryWriter
from tensorboardX.record_reader import read_records
from tensorboardX.writer import FileWriter

TAGS = st.text(max_size=12)
STEPS = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))
NUMBERS = st.one_of(st.floats(), st.integers(-(2**70), 2**70), st.booleans(), st.floats(width=32).map(np.float32))
ARRAYS = npst.arrays(np.float32, npst.array_shapes(max_side=5), elements=st.floats(width=32))

CALLS = st.one_of(
    st.tuples(st.just("add_scalar"), TAGS, NUMBERS, STEPS),
    st.tuples(st.just("add_scalars_at_step"), st.dictionaries(TAGS, NUMBERS, max_size=3), STEPS),
    st.tuples(st.just("add_scalar_series"), TAGS, st.lists(st.floats(width=32), max_size=5)),
    st.tuples(st.just("add_text"), TAGS, st.text(), STEPS),
    st.tuples(st.just("add_histogram"), TAGS, ARRAYS, STEPS),
    st.tuples(st.just("add_tensor"), TAGS, ARRAYS, STEPS),
)


class ReplacedEventFileWriter(tensorboardX.EventFileWriter):
    """What a tool puts in to see every Event."""

    def add_event(self, event):
        super().add_event(event)


def _log(directory, calls):
    with SummaryWriter(directory) as writer:
        for name, *arguments in calls:
            if name == "add_scalar_series":
                writer.add_scalar_series(*arguments, walltimes=5.0)
            else:
                getattr(writer, name)(*arguments, walltime=5.0)
    (path,) = event_files(directory)
    return list(read_records(path))[1:]


@given(st.lists(CALLS, max_size=8))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
def test_fast_and_plain_ways_write_equal_bytes(calls):
    with tempfile.TemporaryDirectory() as fast, tempfile.TemporaryDirectory() as plain:
        quick = _log(fast, calls)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tensorboardX.writer, "EventFileWriter", ReplacedEventFileWriter)
            assert _log(plain, calls) == quick


def test_the_fast_path_of_plain_floats_is_the_same_but_for_the_time(tmp_path):
    """The shortest way takes no wall time, so it is compared without it."""
    events = {}
    for name in ("fast", "plain"):
        with SummaryWriter(tmp_path / name) as writer:
            if name == "plain":
                writer._fast_queue = None
            for step in (0, 1, 127, 128, 2**40):
                writer.add_scalar("a b", step / 3, step)
        (path,) = event_files(tmp_path / name)
        events[name] = [tensorboardX.proto.event_pb2.Event.FromString(data) for data in list(read_records(path))[1:]]
        for event in events[name]:
            assert event.wall_time > 1e9
            event.ClearField("wall_time")
    assert events["fast"] == events["plain"]
    assert len(events["fast"]) == 5


@pytest.mark.parametrize("layer", ["add_summary", "add_event"])
def test_a_replaced_layer_gets_messages(tmp_path, monkeypatch, layer):
    given = []
    plain = getattr(FileWriter, layer)

    def replaced(self, message, *args, **kwargs):
        given.append(message)
        return plain(self, message, *args, **kwargs)

    monkeypatch.setattr(FileWriter, layer, replaced)
    with SummaryWriter(tmp_path) as writer:
        writer.add_text("note", "text", 1)
        writer.add_histogram("weights", np.arange(9.0), 1)
        writer.add_image("image", np.zeros((3, 2, 2)), 1)
    kind = tensorboardX.proto.summary_pb2.Summary if layer == "add_summary" else tensorboardX.proto.event_pb2.Event
    assert len(given) == 3
    assert all(type(message) is kind for message in given)
