"""A watch does not wait for a device: what it queues there is awaited by a thread."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import torch
from support import events
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from watched import Training, batches, by_step, network

from tensorboardX import SummaryWriter
from tensorboardX.watch import measurement, squares
from tensorboardX.watch.squares import SquaresOnDevice, norms_of, to_host

# Each of these waits for a device, or copies a number to it from memory that is not pinned, which waits as well.
SYNCHRONIZING = {
    *["_local_scalar_dense", "item", "is_nonzero", "nonzero", "masked_select", "equal", "index", "index_put_"],
    *["lift_fresh", "where.ScalarSelf", "where.ScalarOther", "where.Scalar", "allclose", "scalar_tensor"],
}


class Recorder(TorchDispatchMode):
    """Notes the operations by their names, and copies to the host that are awaited."""

    def __init__(self):
        super().__init__()
        self.waiting: set[str] = set()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        name = str(operation).removeprefix("aten.")
        if {name, name.partition(".")[0]} & SYNCHRONIZING:
            self.waiting.add(name)
        if name.startswith("_to_copy") and (kwargs or {}).get("device") is not None and not kwargs.get("non_blocking"):
            self.waiting.add(name)
        return operation(*args, **(kwargs or {}))


@pytest.mark.parametrize("call", [lambda x: x.sum().item(), lambda x: x[x > 0], lambda x: x.to("meta")])
def test_the_recorder_finds_what_waits(call):
    with Recorder() as recorder:
        call(torch.ones(3))
    assert recorder.waiting


@pytest.fixture
def cpu_is_a_device(monkeypatch):
    """The CPU is handled as a device with streams."""
    monkeypatch.setattr(measurement, "to_host", SquaresOnDevice)


@pytest.mark.parametrize("histograms", [False, True])
def test_the_caller_calls_nothing_that_waits(tmp_path, cpu_is_a_device, histograms):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale(torch.ones(()))
    with SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, scaler=scaler, histograms=histograms)
        loss = scaler.scale(model(batches(1)[0]).square().mean())
        with Recorder() as recorder:
            loss.backward()
            optimizer.step()
        watch.remove()
    assert recorder.waiting == set()
    assert by_step(tmp_path).keys() == {0}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64, torch.complex64])
def test_all_the_work_stays_on_the_device(dtype):
    """With tensors that have the device, shape and dtype of CUDA tensors, and no values: to read one is an error."""
    with FakeTensorMode(), Recorder() as recorder:
        tensors = [torch.empty(size, dtype=dtype, device="cuda") for size in (3, 1000)]
        norms = norms_of([*tensors, None])
        mixed = norms_of([torch.empty(3), *tensors])
    assert (norms.device.type, norms.dtype, norms.shape) == ("cuda", torch.float64, (3,))
    assert (mixed.device.type, mixed.shape) == ("cuda", (3,))
    assert recorder.waiting == set()


def test_the_result_is_that_of_the_host(tmp_path, cpu_is_a_device):
    model = network()
    training = Training(model, torch.optim.SGD(model.parameters(), lr=0.1))
    training.run(tmp_path)
    for step, values in by_step(tmp_path).items():
        assert values == pytest.approx(training.expected[step], rel=1e-5)


def test_nan_and_infinity_are_told_from_what_has_not_come():
    numbers = torch.tensor([1.0, float("nan"), float("inf"), 0.0], dtype=torch.float64)
    np.testing.assert_array_equal(SquaresOnDevice(numbers).resolve(), [1, -1, np.inf, 0])
    np.testing.assert_array_equal(to_host(numbers).resolve(), [1, -1, np.inf, 0])


def test_a_thread_waits_for_what_comes_late_and_scalars_pass(tmp_path, monkeypatch):
    release = threading.Event()

    class Late(SquaresOnDevice):
        def __init__(self, numbers):
            super().__init__(numbers)
            arrived = self._result.copy()
            self._result[:] = np.nan
            self._delivery = threading.Thread(target=self._deliver, args=(arrived,))
            self._delivery.start()

        def _deliver(self, arrived):
            release.wait(30)
            for index in np.random.default_rng(0).permutation(len(arrived)):
                time.sleep(0.002)
                self._result[index] = arrived[index]

    monkeypatch.setattr(measurement, "to_host", Late)
    model = network()
    training = Training(model, torch.optim.SGD(model.parameters(), lr=0.1))
    with SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, training.optimizer, every=1)
        for batch in batches(2):
            training.step(batch)
        writer.add_scalar("loss", 1.0, 0)
        deadline = time.monotonic() + 30
        while not events.scalars(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [tag for tag, _, _ in events.scalars(tmp_path)] == ["loss"]
        release.set()
        watch.remove()
    found = {(tag, step): value for tag, step, value in events.scalars(tmp_path)}
    for step, expected in enumerate(training.expected):
        assert {tag: found[f"watch/{tag}", step] for tag in expected} == pytest.approx(expected, rel=1e-5)


def test_torch_before_2_4_takes_norms_without_a_dtype(monkeypatch):
    foreach_norm = torch._foreach_norm
    monkeypatch.setattr(squares.torch, "_foreach_norm", lambda tensors, order=2: foreach_norm(tensors, order))
    ones = torch.ones(70_000, dtype=torch.bfloat16)
    assert norms_of([ones, ones[:4].double()]).tolist() == pytest.approx([70_000**0.5, 2.0])
