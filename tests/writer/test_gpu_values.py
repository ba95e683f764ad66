"""Scalars and tensors of a real GPU, where there is one."""

from __future__ import annotations

import multiprocessing
import time

import pytest
import torch
from support.events import scalars, values

from tensorboardX import SummaryWriter

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def log_step(writer: SummaryWriter, numbers: list[torch.Tensor], step: int) -> None:
    for index, number in enumerate(numbers):
        writer.add_scalar(f"single/{index}", number, step)
    writer.add_scalars_at_step({f"group/{index}": number for index, number in enumerate(numbers)}, step)
    writer.add_scalars("chart", {"a": numbers[0], "b": numbers[1]}, step)
    writer.add_tensor("weights", numbers[0].expand(3), step)


@pytest.fixture
def numbers():
    """A hundred numbers, for which a warm-up was done."""
    return [torch.full((), float(index), device="cuda") for index in range(100)]


def test_a_hundred_scalars_a_step_never_wait(tmp_path, numbers):
    with SummaryWriter(tmp_path) as writer:
        log_step(writer, numbers, 0)
        writer.flush()
        torch.cuda.synchronize()
        torch.cuda.set_sync_debug_mode("error")
        try:
            torch.cuda._sleep(2_000_000_000)  # clock cycles: about a second
            for step in range(1, 4):
                log_step(writer, numbers, step)
                for number in numbers:
                    number.add_(1)
            assert not torch.cuda.current_stream().query()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    found = {(tag, step): value for tag, step, value in scalars(tmp_path)}
    for kind in ("single", "group"):
        for index in range(100):
            assert [found[f"{kind}/{index}", step] for step in range(4)] == [index, index, index + 1, index + 2]
    weights = [list(value.tensor.float_val) for _, value in values(tmp_path) if value.tag == "weights"]
    assert weights == [[0] * 3, [0] * 3, [1] * 3, [2] * 3]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.bool], ids=str)
def test_other_dtypes(tmp_path, dtype):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", torch.ones((), dtype=dtype, device="cuda"), 1)
    assert scalars(tmp_path) == [("loss", 1, 1.0)]


def test_a_number_of_another_stream_may_be_released_after_the_call(tmp_path):
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        number = torch.full((), 2.0, device="cuda")
    torch.cuda.current_stream().wait_stream(side)
    with SummaryWriter(tmp_path) as writer:
        torch.cuda._sleep(500_000_000)
        writer.add_scalar("loss", number, 1)
        del number
        with torch.cuda.stream(side):
            torch.full((), 7.0, device="cuda")
    assert scalars(tmp_path) == [("loss", 1, 2.0)]


def test_a_graph_may_be_captured_while_scalars_wait_to_be_written(tmp_path, numbers):
    with SummaryWriter(tmp_path) as writer:
        for step in range(20):
            log_step(writer, numbers, step)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                doubled = numbers[1] * 2
                time.sleep(0.05)
        graph.replay()
        assert doubled.item() == 2
    assert len(scalars(tmp_path)) == 20 * 200


def _log_on_the_host(logdir) -> None:
    with SummaryWriter(logdir) as writer:
        writer.add_scalar("loss", 1.0, 1)


def test_a_forked_child_works_with_pending_scalars_of_a_gpu(tmp_path, numbers):
    with SummaryWriter(tmp_path / "parent") as writer:
        torch.cuda._sleep(500_000_000)
        log_step(writer, numbers, 1)
        child = multiprocessing.get_context("fork").Process(target=_log_on_the_host, args=(tmp_path / "child",))
        child.start()
        child.join()
    assert child.exitcode == 0
    assert len(scalars(tmp_path / "parent")) == 200
    assert len(scalars(tmp_path / "child")) == 1
