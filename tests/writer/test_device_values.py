"""A writer takes values that a device still computes, goes on, and writes them in order when they have come.

What runs on an accelerator runs here on tensors of the CPU, taken for one.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import served
from support.devices import BusyDevice, FailedEvent, take_cpu_for_device
from support.events import event_files, events, scalars, values

import tensorboardX
from tensorboardX import GlobalSummaryWriter, SummaryWriter
from tensorboardX.errors import WriteError
from tensorboardX.record_reader import read_records
from tensorboardX.values import pending
from tensorboardX.values.torch_copies import TorchNumbers
from tensorboardX.writer import FileWriter

TAGS = st.text("ab /", max_size=3)
STEPS = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))
DTYPES = st.sampled_from([torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64])
FLOATS = st.floats(width=32) | st.floats()
TENSORS = st.builds(lambda number, dtype: torch.tensor(number).to(dtype), FLOATS, DTYPES)
NUMBERS = TENSORS | FLOATS
ARRAYS = st.builds(
    lambda numbers, dtype: torch.tensor(numbers).to(dtype), st.lists(st.floats(-1e4, 1e4), max_size=4), DTYPES
)
OPTIONS = st.sampled_from([{}, {"display_name": "shown"}, {"new_style": True}, {"double_precision": True}])
CALLS = st.one_of(
    st.tuples(st.just("add_scalar"), TAGS, NUMBERS, STEPS, OPTIONS),
    st.tuples(st.just("add_scalars_at_step"), st.dictionaries(TAGS, NUMBERS, max_size=4), STEPS, st.just({})),
    st.tuples(st.just("add_tensor"), TAGS, ARRAYS, STEPS, st.just({})),
)


def by_tag(directory) -> dict[str, list[bytes]]:
    """The Events of a run by the tags in them: those of different tags may pass each other."""
    (path,) = event_files(directory)
    found: dict[str, list[bytes]] = {}
    for data in list(read_records(path))[1:]:
        event = tensorboardX.proto.event_pb2.Event.FromString(data)
        for tag in {value.tag for value in event.summary.value} or {""}:
            found.setdefault(tag, []).append(data)
    return found


def log(directory, calls):
    with SummaryWriter(directory) as writer:
        for name, *arguments, options in calls:
            getattr(writer, name)(*arguments, walltime=5.0, **options)
    return by_tag(directory)


@given(st.lists(CALLS, max_size=8))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=100)
def test_the_bytes_are_those_of_values_that_are_waited_for(calls):
    with tempfile.TemporaryDirectory() as plain, tempfile.TemporaryDirectory() as late:
        expected = log(plain, calls)
        with pytest.MonkeyPatch.context() as patch:
            take_cpu_for_device(patch)
            assert log(late, calls) == expected


def test_callers_go_on_and_the_order_within_a_tag_is_kept(tmp_path, busy_device):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", torch.tensor(0.0), 0)
        writer.add_scalar("loss", 1.0, 1)
        writer.add_scalar("loss", torch.tensor(2.0), 2)
        writer.add_scalars_at_step({"loss": 3.0, "lr": torch.tensor(0.5)}, 3)
        writer.add_scalars_at_step({"loss": torch.tensor(4.0), "lr": torch.tensor(0.25)}, 4)
        writer.add_scalar("loss", 5.0, 5)
        writer.add_scalar("other", 6.0, 6)
        assert len(busy_device) == 4
        busy_device.finish()
    found = scalars(tmp_path)
    assert [each for each in found if each[0] == "loss"] == [("loss", step, float(step)) for step in range(6)]
    assert [each[1:] for each in found if each[0] == "lr"] == [(3, 0.5), (4, 0.25)]
    assert ("other", 6, 6.0) in found
    assert len([event for event in events(tmp_path) if event.step in (3, 4)]) == 2


def test_scalars_of_other_tags_pass_a_value_that_a_device_computes(tmp_path, busy_device):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("late", torch.tensor(1.0), 1)
        for step in range(1000):
            writer.add_scalar("loss", float(step), step)
        while writer.stats.written < 1000:  # a test that hangs has failed
            threading.Event().wait(0.01)
        busy_device.finish()
    assert scalars(tmp_path)[-1] == ("late", 1, 1.0)


@pytest.mark.parametrize("method", ["flush", "close"])
def test_flush_and_close_wait_for_it(tmp_path, busy_device, method):
    writer = SummaryWriter(tmp_path)
    writer.add_scalar("loss", torch.tensor(1.5), 1)
    writer.add_scalars("chart", {"a": torch.tensor(2.5)}, 1)
    caller = threading.Thread(target=getattr(writer, method))
    caller.start()
    caller.join(0.2)
    assert caller.is_alive()
    assert scalars(tmp_path) == []
    busy_device.finish()
    caller.join()
    assert scalars(tmp_path) == [("loss", 1, 1.5)]
    assert scalars(tmp_path / "chart" / "a") == [("chart", 1, 2.5)]
    writer.close()


@pytest.mark.usefixtures("cpu_device")
def test_a_change_after_the_call_is_not_logged(tmp_path):
    tensor, array = torch.tensor(1.0), torch.ones(3)
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", tensor, 1)
        writer.add_scalars_at_step({"a": tensor, "b": tensor}, 1)
        writer.add_tensor("weights", array, 1)
        tensor.fill_(7.0)
        array.fill_(7.0)
    assert scalars(tmp_path) == [("loss", 1, 1.0), ("a", 1, 1.0), ("b", 1, 1.0)]
    assert [list(value.tensor.float_val) for _, value in values(tmp_path) if value.tag == "weights"] == [[1.0] * 3]


def test_nan_is_warned_of_by_the_thread(tmp_path, caplog, busy_device):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("device/nan", torch.tensor(float("nan")), 1)
        assert "device/nan" not in caplog.text
        busy_device.finish()
    (record,) = [record for record in caplog.records if "device/nan" in record.getMessage()]
    assert record.threadName.startswith("tensorboardX-")


@pytest.fixture
def failing_device(monkeypatch, busy_device):
    """A device on which copies fail from the time on when `fail()` was called."""
    monkeypatch.setattr(pending, "_failed", set())
    begin = TorchNumbers.__init__
    failing = []

    def begin_failing(copy, numbers, stream):
        begin(copy, numbers, stream)
        if failing:
            copy._buffer.event = FailedEvent()

    monkeypatch.setattr(TorchNumbers, "__init__", begin_failing)
    monkeypatch.setattr(pending, "_ASK_AFTER", 0.01)
    return lambda: failing.append(True)


def test_a_device_error_loses_one_event_and_ends_nothing(tmp_path, caplog, failing_device):
    with SummaryWriter(tmp_path) as writer:
        failing_device()
        writer.add_scalar("device/lost", torch.tensor(1.0), 1)
        writer.add_tensor("weights", torch.ones(3), 1)
        writer.add_scalar("device/lost", 2.0, 2)
        writer.flush()
        assert scalars(tmp_path) == [("device/lost", 2, 2.0)]
        writer.add_scalar("device/lost", 3.0, 3)
        stats = writer.stats
        assert (stats.dropped, stats.failed) == (2, 0)
        assert stats.dropped_by_reason == {"device error": 2}
        assert stats.dropped_by_kind == {"scalar": 1, "tensor": 1}
    assert scalars(tmp_path) == [("device/lost", 2, 2.0), ("device/lost", 3, 3.0)]
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]  # once a minute
    assert "'device/lost'" in warning.getMessage()
    assert "illegal memory access" in warning.getMessage()


def test_a_device_error_is_raised_where_that_is_wanted(tmp_path, failing_device):
    with SummaryWriter(tmp_path, on_error="raise") as writer:
        failing_device()
        writer.add_scalar("device/raised", torch.tensor(1.0), 1)
        with pytest.raises(WriteError, match=r"'device/raised'.*illegal memory access"):
            writer.flush()
        writer.add_scalar("loss", 2.0, 2)
        assert writer.stats.dropped_by_reason == {"device error": 1}
    assert scalars(tmp_path) == [("loss", 2, 2.0)]


def test_an_error_leaves_out_the_point_of_the_export(tmp_path, failing_device):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalars("chart", {"a": 1.0}, 1)
        failing_device()
        writer.add_scalars("chart", {"a": torch.tensor(2.0), "b": torch.tensor(2.0)}, 2)
        writer.export_scalars_to_json(tmp_path / "scalars.json")
    found = {
        series.split("/")[-1]: points for series, points in json.loads((tmp_path / "scalars.json").read_text()).items()
    }
    assert [point[1:] for point in found["a"]] == [[1, 1.0]]
    assert found["b"] == []


@pytest.mark.parametrize("write_to_disk", [True, False])
def test_the_export_has_the_numbers(tmp_path, busy_device, write_to_disk):
    with SummaryWriter(tmp_path / "run", write_to_disk=write_to_disk) as writer:
        for step in range(3):
            writer.add_scalars("chart", {"a": torch.tensor(float(step)), "b": 1.0}, step)
        busy_device.finish()
        writer.add_scalars("chart", {"a": 3.0}, 3)
        writer.export_scalars_to_json(tmp_path / "scalars.json")
    found = json.loads((tmp_path / "scalars.json").read_text())
    (points,) = [points for series, points in found.items() if series.endswith("a")]
    assert [point[1:] for point in points] == [[step, float(step)] for step in range(4)]


def test_without_a_disk_nothing_is_waited_for(tmp_path, busy_device):
    with SummaryWriter(tmp_path, write_to_disk=False) as writer:
        writer.add_scalar("loss", torch.tensor(1.0), 1)
        writer.add_scalar("loss", torch.tensor(1.0), 1, new_style=True)
        writer.add_scalars("chart", {"a": torch.tensor(1.0)}, 1)
        writer.add_scalars_at_step({"a": torch.tensor(1.0)}, 1)
        writer.add_tensor("weights", torch.ones(3), 1)
        with pytest.raises(ValueError, match="'loss'"):
            writer.add_scalar("loss", torch.ones(2), 1)


@pytest.mark.usefixtures("cpu_device")
def test_scalars_that_share_events_and_those_of_a_device(tmp_path):
    with SummaryWriter(tmp_path, merge_scalars=True) as writer:
        for step in range(3):
            writer.add_scalar("a", float(step), step)
            writer.add_scalar("b", torch.tensor(float(step)), step)
            writer.add_scalar("a", float(step), step)
    found = scalars(tmp_path)
    assert [each[1:] for each in found if each[0] == "b"] == [(step, float(step)) for step in range(3)]
    assert len([each for each in found if each[0] == "a"]) == 6


@pytest.mark.usefixtures("cpu_device")
@pytest.mark.parametrize("layer", ["add_summary", "add_event"])
def test_a_replaced_layer_gets_complete_messages_at_the_call(tmp_path, monkeypatch, layer):
    given = []
    plain = getattr(FileWriter, layer)

    def replaced(self, message, *args, **kwargs):
        given.append(str(message))
        return plain(self, message, *args, **kwargs)

    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("before", torch.tensor(0.5), 1)
        monkeypatch.setattr(FileWriter, layer, replaced)
        writer.add_scalar("loss", torch.tensor(1.5), 1)
        writer.add_scalars("chart", {"a": torch.tensor(2.5)}, 1)
        writer.add_scalar("new", torch.tensor(3.5), 1, new_style=True)
        writer.add_tensor("weights", torch.full((2,), 4.5), 1)
        assert [number for number in (0.5, 1.5, 2.5, 3.5, 4.5) if any(str(number) in text for text in given)] == [
            *(1.5, 2.5, 3.5, 4.5)
        ]
    assert sorted(scalars(tmp_path)) == [("before", 1, 0.5), ("loss", 1, 1.5)]


def test_steps_that_are_given_when_a_value_is_written_follow_the_calls(tmp_path, busy_device):
    with GlobalSummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", torch.tensor(0.0))
        writer.add_scalar("loss", 1.0)
        writer.add_scalar("loss", torch.tensor(2.0))
        busy_device.finish()
    assert scalars(tmp_path) == [("loss", step, float(step)) for step in range(3)]


def test_a_default_step_applies(tmp_path, busy_device):
    with SummaryWriter(tmp_path) as writer:
        with writer.use_metadata(global_step=7, walltime=5.0):
            writer.add_scalar("loss", torch.tensor(1.0))
        busy_device.finish()
    (event,) = events(tmp_path)
    assert (event.step, event.wall_time) == (7, 5.0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_writes_nothing_of_its_parent_and_logs_on(tmp_path, busy_device):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("parent", torch.tensor(1.0), 1)
        writer.add_scalars("chart", {"a": torch.tensor(1.0)}, 1)
        child = os.fork()
        if child == 0:
            writer.add_scalar("child", 2.0, 2)
            writer.close()
            os._exit(0 if [len(points) for points in writer.scalar_dict.values()] == [0] else 1)
        assert os.waitpid(child, 0)[1] == 0
        busy_device.finish()
    assert sorted(scalars(tmp_path)) == [("child", 2, 2.0), ("parent", 1, 1.0)]


@pytest.mark.usefixtures("cpu_device")
def test_both_loaders_serve_it(tmp_path, tensorboard):
    with SummaryWriter(tmp_path / "run") as writer:
        for step in range(3):
            writer.add_scalar("loss", torch.tensor(float(step)), step)
            writer.add_scalars_at_step({"a": torch.tensor(1.0), "b": np.float32(step)}, step)
    found = served.scalars(tensorboard(tmp_path))
    points = [(step, float(step)) for step in range(3)]
    assert found == {"run": {"loss": points, "a": [(step, 1.0) for step in range(3)], "b": points}}


def test_the_device_of_the_tests_holds_values_back(monkeypatch):
    """Else the tests above would not see a caller that waits."""
    take_cpu_for_device(monkeypatch)
    device = BusyDevice(monkeypatch)
    number = tensorboardX.values.device_values.to_number(torch.tensor(1.0))
    assert not number.is_done
    device.finish()
    assert number.is_done
