"""Counting on the device of a tensor: the same histograms as on the host, and nobody waits for the device.

What runs on an accelerator runs here on tensors of the CPU, taken for one; where there is a GPU, also on that.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import threading
import time
import weakref
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.events import values as logged_values
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from tensorboardX import SummaryWriter
from tensorboardX.background import progress
from tensorboardX.proto.summary_pb2 import HistogramProto, Summary
from tensorboardX.summary import device_counting
from tensorboardX.summary.device_counting import DeviceTally, count_on_device, is_countable
from tensorboardX.summary.histogram import _COMPACT_PARTS, DEFAULT_BINS, histogram, prepare_histogram

FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn]
INTEGERS = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint64]
EDGES = np.array(DEFAULT_BINS)

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@pytest.fixture
def cpu_counts(monkeypatch):
    """Take the CPU for an accelerator."""
    monkeypatch.setattr(device_counting, "_is_accelerator", lambda device: device.type == "cpu")


def _near(values: st.SearchStrategy[float]) -> st.SearchStrategy[float]:
    """Values, and the floats on either side of them in float32 and float64."""
    kinds = st.sampled_from([np.float32, np.float64])
    return st.builds(
        lambda value, kind, towards: float(np.nextafter(kind(value), kind(towards))),
        values,
        kinds,
        st.sampled_from([-math.inf, math.inf]),
    )


_SPECIAL = [math.nan, math.inf, -math.inf, -0.0, 0.0, 5e-324, -1e-310, 1e-45, 1.7e308, -1.7e308, 3.4e38, 1.0, 1.0]
_ANY = st.floats() | st.sampled_from(_SPECIAL) | st.sampled_from(DEFAULT_BINS) | _near(st.sampled_from(DEFAULT_BINS))


@st.composite
def tensors(draw):
    dtype = draw(st.sampled_from(FLOATS + INTEGERS))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, max_side=12) | st.sampled_from([(0,), (2, 0)]))
    if dtype in INTEGERS:
        kind = str(dtype).removeprefix("torch.")
        return torch.from_numpy(draw(hnp.arrays(kind, shape)))
    with np.errstate(over="ignore"):
        return torch.from_numpy(draw(hnp.arrays(np.float64, shape, elements=_ANY))).to(dtype)


_EDGES = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=8).map(sorted)


def _only(summary: Summary | bytes) -> HistogramProto:
    [value] = (Summary.FromString(summary) if isinstance(summary, bytes) else summary).value
    return value.histo


def _host_values(tensor: torch.Tensor) -> np.ndarray:
    exact = tensor.float() if tensor.dtype in (torch.bfloat16, torch.float8_e4m3fn) else tensor
    return exact.cpu().numpy()


def _by_device(tensor: torch.Tensor, bins, max_bins=None) -> HistogramProto:
    encode = prepare_histogram("h", tensor, bins, max_bins)
    assert isinstance(encode.args[1], DeviceTally)
    return _only(encode())


def _assert_near(found: float, expected: float, parts: np.ndarray) -> None:
    """Sums depend on the order, in the last digits; or altogether, if parts of them are beyond floats."""
    with np.errstate(over="ignore"):
        scale = np.abs(parts).sum()
    if math.isfinite(scale):
        assert abs(found - expected) <= 1e-11 * scale
    assert math.isfinite(found)


def _assert_same(found: HistogramProto, expected: HistogramProto, values: np.ndarray) -> None:
    """Exactly equal, but for the sums."""
    finite = values.astype(np.float64)
    finite = finite[np.isfinite(finite)]
    with np.errstate(over="ignore", under="ignore"):
        _assert_near(found.sum, expected.sum, finite)
        _assert_near(found.sum_squares, expected.sum_squares, finite**2)
    assert (found.min, found.max, found.num) == (expected.min, expected.max, expected.num)
    assert list(found.bucket_limit) == list(expected.bucket_limit)
    assert list(found.bucket) == list(expected.bucket)


@pytest.mark.parametrize("block", [3, 1 << 22], ids=["many blocks", "one block"])
@settings(max_examples=300, deadline=None)
@given(
    tensor=tensors(),
    bins=st.sampled_from(["tensorflow", "compact"]) | _EDGES,
    max_bins=st.none() | st.integers(1, 50),
)
def test_the_histogram_is_the_one_of_the_host(block, tensor, bins, max_bins):
    values = _host_values(tensor)
    expected = _only(histogram("h", values, bins, max_bins))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device_counting, "_is_accelerator", lambda device: device.type == "cpu")
        patch.setattr(device_counting, "_BLOCK", block)
        if not tensor.numel():
            assert _only(histogram("h", tensor, bins, max_bins)) == expected
        else:
            _assert_same(_by_device(tensor, bins, max_bins), expected, values)


@pytest.mark.usefixtures("cpu_counts")
@pytest.mark.parametrize("bins", ["tensorflow", "compact", [-1.0, 0.0, 0.25, 0.25, 4.0]], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16], ids=str)
def test_many_values(bins, dtype):
    tensor = torch.randn(200_000, generator=torch.Generator().manual_seed(1)).to(dtype)
    tensor[::1000] = math.nan
    values = tensor.numpy()
    _assert_same(_by_device(tensor, bins), _only(histogram("h", values, bins)), values)


@pytest.mark.usefixtures("cpu_counts")
def test_every_edge_and_its_neighbours_lie_in_the_bins_of_the_host():
    for dtype in (np.float32, np.float64):
        on = EDGES.astype(dtype)
        values = np.concatenate((on, np.nextafter(on, dtype(np.inf)), np.nextafter(on, dtype(-np.inf))))
        _assert_same(_by_device(torch.from_numpy(values), EDGES), _only(histogram("h", values, EDGES)), values)


def _views() -> dict[str, tuple[torch.Tensor, np.ndarray]]:
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    plain = base.numpy()
    negated = torch.complex(base, base).conj().imag
    return {
        "transposed": (base.transpose(0, 2), plain),
        "strided": (base[:, :, ::2], plain[:, :, ::2]),
        "expanded": (base[0, 0].expand(5, 4), np.broadcast_to(plain[0, 0], (5, 4))),
        "a parameter": (torch.nn.Parameter(base), plain),
        "part of a graph": (base.clone().requires_grad_() * 2, plain * 2),
        "lazily negated": (negated, -plain),
        "one number": (torch.tensor(2.5), np.array(2.5)),
    }


@pytest.mark.usefixtures("cpu_counts")
@pytest.mark.parametrize("view", _views())
def test_any_kind_of_dense_tensor(view):
    tensor, values = _views()[view]
    for bins in ("tensorflow", "compact"):
        _assert_same(_by_device(tensor, bins), _only(histogram("h", values, bins)), values)


class _Subclass(torch.Tensor):
    pass


@pytest.mark.usefixtures("cpu_counts")
@pytest.mark.filterwarnings("ignore::UserWarning")  # of torch, that some kinds of tensors may change
def test_what_is_counted_on_the_device():
    ones = torch.ones(3)
    assert is_countable(ones)
    assert is_countable(torch.nn.Parameter(ones))
    assert is_countable(ones.as_subclass(_Subclass))
    others = [ones.numpy(), [1.0], 1.0, torch.ones(0), ones.to_sparse(), ones.to(torch.complex64)]
    others.append(torch.quantize_per_tensor(ones, 0.1, 0, torch.qint8))
    others.append(torch.nested.nested_tensor([ones]))
    with FakeTensorMode():
        others.append(torch.ones(3))
    assert not any(map(is_countable, others))


def test_only_devices_with_streams_and_float64_are_accelerators():
    assert [is_countable(torch.ones(3, device=device)) for device in ("cpu", "meta")] == [False, False]
    names = ("cuda:1", "xpu", "mps", "cpu", "meta", "xla")
    accelerators = [name for name in names if device_counting._is_accelerator(torch.device(name))]
    assert accelerators == ["cuda:1", "xpu"]


@pytest.mark.usefixtures("cpu_counts")
@pytest.mark.parametrize("bins", ["auto", "sturges", 7])
def test_bins_that_depend_on_all_values_are_made_on_the_host(bins):
    tensor = torch.randn(100)
    assert _only(histogram("h", tensor, bins)) == _only(histogram("h", tensor.numpy(), bins))


@pytest.mark.usefixtures("cpu_counts")
@pytest.mark.parametrize(
    "tensor", [torch.ones(3, dtype=torch.complex64), torch.ones(3).to_sparse(), torch.ones(3, device="meta")], ids=str
)
def test_other_tensors_are_refused_as_ever(tensor):
    with pytest.raises(TypeError, match="'weights'"):
        prepare_histogram("weights", tensor, "tensorflow")


@pytest.mark.usefixtures("cpu_counts")
def test_wrong_bins_are_refused_before_anything_is_counted():
    with pytest.raises(ValueError, match="'weights'"):
        prepare_histogram("weights", torch.ones(3), "magic")


@pytest.mark.usefixtures("cpu_counts")
def test_the_tensor_may_change_after_the_call():
    tensor = torch.tensor([1.0, 2.0])
    encode = prepare_histogram("h", tensor, "tensorflow")
    tensor.fill_(100.0)
    assert _only(encode()).max == 2
    assert encode() == encode()


@pytest.mark.usefixtures("cpu_counts")
def test_only_kilobytes_wait_in_the_queue():
    tensor = torch.randn(100_000)
    sizes = {bins: prepare_histogram("h", tensor, bins).args[1].nbytes for bins in ("tensorflow", "compact")}
    assert 8 * len(EDGES) <= sizes["tensorflow"] < 16_000
    assert sizes["compact"] < 1_000


@pytest.mark.usefixtures("cpu_counts")
def test_nan_and_infinity_are_left_out_with_one_warning(caplog):
    for _ in range(2):
        histo = _only(histogram("device/nan", torch.tensor([1.0, math.nan, math.inf, 3.0]), "tensorflow"))
    assert (histo.num, histo.min, histo.max) == (2, 1, 3)
    assert caplog.text.count("device/nan") == 1


# ---- nobody waits for the device

# Each of these waits for the device, or copies a number to it from memory that is not pinned, which waits as well.
SYNCHRONIZING = {
    *["_local_scalar_dense", "item", "is_nonzero", "nonzero", "bincount", "histc", "masked_select", "equal"],
    *["_unique", "_unique2", "unique_dim", "unique_consecutive", "index", "index_put_", "lift_fresh", "where.Scalar"],
    *["where.ScalarSelf", "where.ScalarOther", "repeat_interleave.Tensor", "allclose", "multinomial", "scalar_tensor"],
}


class _Recorder(TorchDispatchMode):
    """Notes the operations by their names, and the devices that `to` names."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: set[str] = set()
        self.devices: set[str] = set()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = str(operation).removeprefix("aten.")
        self.operations |= {name, name.partition(".")[0]}
        if name.startswith("_to_copy") and kwargs.get("device") is not None:
            self.devices.add(str(kwargs["device"]))
        return operation(*args, **kwargs)


def _waits(call: Callable[[], object]) -> set[str]:
    with _Recorder() as recorder:
        call()
    return recorder.operations & SYNCHRONIZING


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
def test_the_recorder_finds_what_waits(call):
    assert _waits(lambda: call(torch.randn(5)))


@pytest.mark.parametrize("block", [3, 1 << 22])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.int64, torch.bool])
@pytest.mark.parametrize("bins", ["tensorflow", "compact"])
def test_the_caller_calls_nothing_that_waits(cpu_counts, monkeypatch, block, dtype, bins):
    monkeypatch.setattr(device_counting, "_BLOCK", block)
    device_counting._uploaded.cache_clear()
    tensor = torch.ones((2, 5), dtype=dtype)
    assert _waits(lambda: prepare_histogram("h", tensor.t(), bins)) == set()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.int64, torch.bool])
def test_all_the_work_stays_on_the_device(dtype):
    """With tensors that have the device, shape and dtype of CUDA tensors, and no values: to read one is an error."""
    with FakeTensorMode(), _Recorder() as recorder:
        values = torch.empty(1000, dtype=dtype, device="cuda")
        limits = torch.empty(20, dtype=torch.float64, device="cuda")
        counted = device_counting._tallied(values, limits)
        edges = device_counting._dividing_edges(values, limits, limits)
    assert counted.device.type == edges.device.type == "cuda"
    assert counted.dtype == edges.dtype == torch.float64
    assert (counted.shape, edges.shape) == ((24,), (22,))
    assert recorder.devices == set()
    assert recorder.operations & SYNCHRONIZING == set()


def _late(tally: DeviceTally, seconds: float) -> threading.Thread:
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
    thread = _late(tally, 0.2)
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
    monkeypatch.setattr(device_counting, "_OVERDUE", 0.01)
    tally = count_on_device("h", torch.ones(3), EDGES)
    tally._result[3] = math.nan
    tally._event = _Broken()
    with pytest.raises(RuntimeError, match="gone"):
        tally.resolve()


def test_a_device_that_hangs_is_not_waited_for_without_end(monkeypatch):
    monkeypatch.setattr(device_counting, "_OVERDUE", 0.01)
    monkeypatch.setattr(device_counting, "_GIVEN_UP", 0.05)
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
        found = _only(histogram("full/device", tensor, "tensorflow"))
    assert found == _only(histogram("h", tensor.numpy(), "tensorflow"))
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
        _assert_same(value.histo, _only(histogram("h", tensor.numpy(), bins)), tensor.numpy())


@pytest.mark.usefixtures("cpu_counts")
def test_a_writer_that_is_closed_waits_for_the_device_and_not_for_a_dead_store_only(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.3)
    arrived: list[threading.Thread] = []
    copied = DeviceTally._copied

    def copied_late(tally: DeviceTally, result: torch.Tensor) -> np.ndarray:
        tally._result = copied(tally, result)
        arrived.append(_late(tally, 0.7))
        return tally._result

    monkeypatch.setattr(DeviceTally, "_copied", copied_late)
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("weights", torch.randn(1000), 1)
    assert [step for step, _ in logged_values(tmp_path)] == [1]
    arrived[0].join()


# ---- on a GPU


@needs_gpu
@pytest.mark.parametrize("block", [1000, 1 << 22])
@pytest.mark.parametrize("bins", ["tensorflow", "compact", [-1.0, 0.0, 0.25, 0.25, 4.0]], ids=str)
@pytest.mark.parametrize("dtype", [*FLOATS[:4], torch.int64, torch.int8, torch.bool], ids=str)
def test_a_gpu_counts_as_the_host(monkeypatch, block, bins, dtype):
    monkeypatch.setattr(device_counting, "_BLOCK", block)
    tensor = (torch.randn(10_000, generator=torch.Generator().manual_seed(1)) * 3).to(dtype)
    if dtype.is_floating_point:
        tensor[::100], tensor[1::100], tensor[2::100], tensor[3] = math.nan, math.inf, -math.inf, 1e-310
    values = _host_values(tensor)
    _assert_same(_by_device(tensor.cuda(), bins), _only(histogram("h", values, bins)), values)


@needs_gpu
@settings(max_examples=100, deadline=None)
@given(tensor=tensors().filter(lambda tensor: tensor.numel()), bins=st.sampled_from(["tensorflow", "compact"]) | _EDGES)
def test_a_gpu_counts_any_values_as_the_host(tensor, bins):
    values = _host_values(tensor)
    _assert_same(_by_device(tensor.cuda(), bins), _only(histogram("h", values, bins)), values)


@pytest.fixture
def strict_gpu():
    """A GPU on which an operation that waits raises RuntimeError, and for which a warm-up was done."""
    for bins in ("tensorflow", "compact"):
        histogram("warm-up", torch.ones(1_000_000, device="cuda"), bins)
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
    assert _only(encode()).num == 1_000_000


@needs_gpu
@pytest.mark.usefixtures("strict_gpu")
def test_a_tensor_on_a_gpu_may_change_after_the_call():
    tensor = torch.full((1_000_000,), 2.0, device="cuda")
    torch.cuda._sleep(500_000_000)
    encode = prepare_histogram("h", tensor, "tensorflow")
    tensor.fill_(100.0)
    del tensor
    torch.full((1_000_000,), 7.0, device="cuda")  # may take the memory that was let go
    histo = _only(encode())
    assert (histo.min, histo.max, histo.sum) == (2, 2, 2_000_000)


@needs_gpu
def test_a_tensor_of_another_stream_on_a_gpu_may_be_let_go_after_the_call():
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        tensor = torch.full((1_000_000,), 2.0, device="cuda")
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda._sleep(500_000_000)
    encode = prepare_histogram("h", tensor, "tensorflow")
    del tensor
    with torch.cuda.stream(side):
        torch.full((1_000_000,), 7.0, device="cuda")
    assert _only(encode()).max == 2


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
def test_a_child_lives_with_histograms_of_its_parents_gpu(tmp_path):
    with SummaryWriter(tmp_path / "parent") as writer:
        torch.cuda._sleep(500_000_000)
        writer.add_histogram("weights", torch.ones(1000, device="cuda"), 1)
        child = multiprocessing.get_context("fork").Process(target=_log_on_the_host, args=(tmp_path / "child",))
        child.start()
        child.join()
    assert child.exitcode == 0
    for logdir in (tmp_path / "parent", tmp_path / "child"):
        assert len(logged_values(logdir)) == 1
