"""A caller that logs a tensor of a device does not wait for the device; its result is waited for with a deadline."""

from __future__ import annotations

import gc
import math
import os
import threading
import time
import weakref

import numpy as np
import pytest
import torch
from device_histograms import EDGES, assert_same, only_histogram
from support.devices import SYNCHRONIZING, Recorder, waits
from support.events import values as logged_values
from torch._subclasses.fake_tensor import FakeTensorMode

from tensorboardX import SummaryWriter
from tensorboardX.background import progress
from tensorboardX.summary import device_counting
from tensorboardX.summary.device_counting import DeviceTally, count_on_device
from tensorboardX.summary.histogram import _COMPACT_PARTS, prepare_histogram


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.sum().item(),
        lambda x: x[x > 0],
        lambda x: x.nonzero(),
        lambda x: torch.where(x > 0, x, 0.0),
        lambda x: torch.tensor(1.0) * x,
        lambda x: x.int().abs().bincount(),
        lambda x: x.unique(),
    ],
)
def test_the_recorder_finds_whatwaits(call):
    assert waits(lambda: call(torch.randn(5)))


@pytest.mark.parametrize("block", [3, 1 << 22])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.int64, torch.bool])
@pytest.mark.parametrize("bins", ["tensorflow", "compact"])
def test_the_caller_calls_nothing_thatwaits(cpu_counts, monkeypatch, block, dtype, bins):
    monkeypatch.setattr(device_counting, "_BLOCK", block)
    device_counting._uploaded.cache_clear()
    tensor = torch.ones((2, 5), dtype=dtype)
    assert waits(lambda: prepare_histogram("h", tensor.t(), bins)) == set()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.int64, torch.bool])
def test_all_the_work_stays_on_the_device(dtype):
    """With tensors that have the device, shape and dtype of CUDA tensors, and no values: to read one is an error."""
    with FakeTensorMode(), Recorder() as recorder:
        values = torch.empty(1000, dtype=dtype, device="cuda")
        limits = torch.empty(20, dtype=torch.float64, device="cuda")
        counted = device_counting._tallied(values, limits)
        edges = device_counting._dividing_edges(values, limits, limits)
    assert counted.device.type == edges.device.type == "cuda"
    assert counted.dtype == edges.dtype == torch.float64
    assert (counted.shape, edges.shape) == ((24,), (22,))
    assert recorder.devices == set()
    assert recorder.operations & SYNCHRONIZING == set()


def late(tally: DeviceTally, seconds: float) -> threading.Thread:
    """Take the result back, and deliver it in pieces and in no order, as a copy by the device may come."""
    result = tally._result.copy()
    tally._result[:] = math.nan

    def deliver() -> None:
        for index in np.random.default_rng(1).permutation(len(result)):
            if index % 100 == 0:
                time.sleep(seconds / len(result) * 100)
            tally._result[index] = result[index]

    thread = threading.Thread(target=deliver)
    thread.start()
    return thread


@pytest.mark.parametrize("edges", [EDGES, None], ids=["edges", "compact"])
def test_a_result_is_used_when_all_of_it_has_come(edges):
    values = torch.randn(1000)
    tally = count_on_device("h", values, edges, _COMPACT_PARTS)
    expected, expected_edges = count_on_device("h", values, edges, _COMPACT_PARTS).resolve()
    thread = late(tally, 0.2)
    found, found_edges = tally.resolve()
    thread.join()
    assert vars(found) | {"below": None} == vars(expected) | {"below": None}
    np.testing.assert_array_equal(found.below, expected.below)
    np.testing.assert_array_equal(found_edges, expected_edges)


class _Broken:
    def query(self) -> bool:
        raise RuntimeError("the device is gone")


class _Silent:
    def query(self) -> bool:
        return False


def test_a_device_that_fails_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(device_counting, "_QUERY_AFTER", 0.01)
    tally = count_on_device("h", torch.ones(3), EDGES)
    tally._result[3] = math.nan
    tally._event = _Broken()
    with pytest.raises(RuntimeError, match="gone"):
        tally.resolve()


def test_a_device_that_hangs_is_not_waited_for_without_end(monkeypatch):
    monkeypatch.setattr(device_counting, "_QUERY_AFTER", 0.01)
    monkeypatch.setattr(device_counting, "_TIMEOUT", 0.05)
    tally = count_on_device("h", torch.ones(3), EDGES)
    tally._result[3] = math.nan
    tally._event = _Silent()
    with pytest.raises(RuntimeError, match=r"within 0\.05 seconds"):
        tally.resolve()


@pytest.mark.usefixtures("cpu_counts")
def test_where_the_device_has_no_memory_the_host_counts(monkeypatch, caplog):
    def fail(*args: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(device_counting, "_tallied", fail)
    tensor = torch.randn(100)
    for _ in range(2):
        found = only_histogram(prepare_histogram("full/device", tensor, "tensorflow")())
    assert found == only_histogram(prepare_histogram("h", tensor.numpy(), "tensorflow")())
    assert caplog.text.count("full/device") == 1
    assert "OutOfMemoryError" in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_keeps_the_memory_that_the_device_writes():
    tally = count_on_device("h", torch.ones(3), EDGES)
    memory = weakref.ref(tally._result)
    child = os.fork()
    if child == 0:
        del tally
        gc.collect()
        os._exit(0 if memory() is not None else 1)
    assert os.waitpid(child, 0)[1] == 0
    del tally
    gc.collect()
    assert memory() is None  # in the process that it belongs to it is freed


@pytest.mark.usefixtures("cpu_counts")
def test_a_writer_logs_it(tmp_path):
    tensor = torch.randn(1000)
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("weights", tensor, 3)
        writer.add_histogram("weights", tensor, 4, bins="compact")
    logged = logged_values(tmp_path)
    assert [step for step, _ in logged] == [3, 4]
    for (_, value), bins in zip(logged, ("tensorflow", "compact"), strict=True):
        assert_same(value.histo, only_histogram(prepare_histogram("h", tensor.numpy(), bins)()), tensor.numpy())


@pytest.mark.usefixtures("cpu_counts")
def test_close_waits_for_the_device_longer_than_for_a_hung_store(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.3)
    arrived: list[threading.Thread] = []
    copied = DeviceTally._copied

    def copied_late(tally: DeviceTally, result: torch.Tensor) -> np.ndarray:
        tally._result = copied(tally, result)
        arrived.append(late(tally, 0.7))
        return tally._result

    monkeypatch.setattr(DeviceTally, "_copied", copied_late)
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("weights", torch.randn(1000), 1)
    assert [step for step, _ in logged_values(tmp_path)] == [1]
    arrived[0].join()
