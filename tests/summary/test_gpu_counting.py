"""Counting on a real GPU, where there is one."""

from __future__ import annotations

import math
import multiprocessing
import time

import numpy as np
import pytest
import torch
from device_histograms import FLOATS, RANDOM_EDGES, assert_same, by_device, host_values, only_histogram, tensors
from hypothesis import given, settings
from hypothesis import strategies as st
from support.events import values as logged_values

from tensorboardX import SummaryWriter
from tensorboardX.summary import device_counting
from tensorboardX.summary.device_counting import DeviceTally
from tensorboardX.summary.histogram import prepare_histogram

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@needs_gpu
@pytest.mark.parametrize("block", [1000, 1 << 22])
@pytest.mark.parametrize("bins", ["tensorflow", "compact", [-1.0, 0.0, 0.25, 0.25, 4.0]], ids=str)
@pytest.mark.parametrize("dtype", [*FLOATS[:4], torch.int64, torch.int8, torch.bool], ids=str)
def test_a_gpu_counts_as_the_host(monkeypatch, block, bins, dtype):
    monkeypatch.setattr(device_counting, "_BLOCK", block)
    tensor = (torch.randn(10_000, generator=torch.Generator().manual_seed(1)) * 3).to(dtype)
    if dtype.is_floating_point:
        tensor[::100], tensor[1::100], tensor[2::100], tensor[3] = math.nan, math.inf, -math.inf, 1e-310
    values = host_values(tensor)
    assert_same(by_device(tensor.cuda(), bins), only_histogram(prepare_histogram("h", values, bins)()), values)


@needs_gpu
@settings(max_examples=100, deadline=None)
@given(
    tensor=tensors().filter(lambda tensor: tensor.numel()),
    bins=st.sampled_from(["tensorflow", "compact"]) | RANDOM_EDGES,
)
def test_a_gpu_counts_any_values_as_the_host(tensor, bins):
    values = host_values(tensor)
    assert_same(by_device(tensor.cuda(), bins), only_histogram(prepare_histogram("h", values, bins)()), values)


@pytest.fixture
def strict_gpu():
    """A GPU on which an operation that waits raises RuntimeError, and for which a warm-up was done."""
    for bins in ("tensorflow", "compact"):
        prepare_histogram("warm-up", torch.ones(1_000_000, device="cuda"), bins)()
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    yield
    torch.cuda.set_sync_debug_mode("default")


@needs_gpu
@pytest.mark.usefixtures("strict_gpu")
@pytest.mark.parametrize("bins", ["tensorflow", "compact", [-1.0, 1.0, 2.0]], ids=str)
def test_the_caller_does_not_wait_for_a_gpu(bins):
    tensor = torch.randn(1_000_000, device="cuda")
    torch.cuda._sleep(2_000_000_000)  # clock cycles: about a second
    encode = prepare_histogram("h", tensor, bins)
    assert not torch.cuda.current_stream().query()
    assert isinstance(encode.args[1], DeviceTally)
    assert only_histogram(encode()).num == 1_000_000


@needs_gpu
@pytest.mark.usefixtures("strict_gpu")
def test_a_tensor_on_a_gpu_may_change_after_the_call():
    tensor = torch.full((1_000_000,), 2.0, device="cuda")
    torch.cuda._sleep(500_000_000)
    encode = prepare_histogram("h", tensor, "tensorflow")
    tensor.fill_(100.0)
    del tensor
    torch.full((1_000_000,), 7.0, device="cuda")  # may take the memory that was released
    histo = only_histogram(encode())
    assert (histo.min, histo.max, histo.sum) == (2, 2, 2_000_000)


@needs_gpu
def test_a_tensor_of_another_stream_on_a_gpu_may_be_released_after_the_call():
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        tensor = torch.full((1_000_000,), 2.0, device="cuda")
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda._sleep(500_000_000)
    encode = prepare_histogram("h", tensor, "tensorflow")
    del tensor
    with torch.cuda.stream(side):
        torch.full((1_000_000,), 7.0, device="cuda")
    assert only_histogram(encode()).max == 2


@needs_gpu
def test_a_graph_may_be_captured_while_a_histogram_of_a_gpu_waits_to_be_written(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        tensor = torch.randn(1_000_000, device="cuda")
        for step in range(20):
            writer.add_histogram("weights", tensor, step)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                doubled = tensor * 2
                time.sleep(0.05)
        graph.replay()
        assert torch.equal(doubled, tensor * 2)
    assert len(logged_values(tmp_path)) == 20


def _log_on_the_host(logdir) -> None:
    with SummaryWriter(logdir) as writer:
        writer.add_histogram("weights", np.ones(3), 1)


@needs_gpu
def test_a_forked_child_works_with_pending_histograms_of_a_gpu(tmp_path):
    with SummaryWriter(tmp_path / "parent") as writer:
        torch.cuda._sleep(500_000_000)
        writer.add_histogram("weights", torch.ones(1000, device="cuda"), 1)
        child = multiprocessing.get_context("fork").Process(target=_log_on_the_host, args=(tmp_path / "child",))
        child.start()
        child.join()
    assert child.exitcode == 0
    for logdir in (tmp_path / "parent", tmp_path / "child"):
        assert len(logged_values(logdir)) == 1
