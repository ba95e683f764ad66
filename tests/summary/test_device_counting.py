"""Counting on the device of a tensor: the same histograms as on the host.

What runs on an accelerator runs here on tensors of the CPU, taken for one.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from device_histograms import EDGES, RANDOM_EDGES, assert_same, by_device, host_values, only_histogram, tensors
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode

from tensorboardX.summary import device_counting
from tensorboardX.summary.device_counting import is_countable
from tensorboardX.summary.histogram import prepare_histogram
from tensorboardX.values import accelerators


@pytest.mark.parametrize("block", [3, 1 << 22], ids=["many blocks", "one block"])
@settings(max_examples=300, deadline=None)
@given(
    tensor=tensors(),
    bins=st.sampled_from(["tensorflow", "compact"]) | RANDOM_EDGES,
    max_bins=st.none() | st.integers(1, 50),
)
def test_the_histogram_is_the_one_of_the_host(block, tensor, bins, max_bins):
    values = host_values(tensor)
    expected = only_histogram(prepare_histogram("h", values, bins, max_bins)())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accelerators, "is_accelerator", lambda device: device.type == "cpu")
        patch.setattr(device_counting, "_BLOCK", block)
        if not tensor.numel():
            assert only_histogram(prepare_histogram("h", tensor, bins, max_bins)()) == expected
        else:
            assert_same(by_device(tensor, bins, max_bins), expected, values)


@pytest.mark.usefixtures("cpu_counts")
@pytest.mark.parametrize("bins", ["tensorflow", "compact", [-1.0, 0.0, 0.25, 0.25, 4.0]], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16], ids=str)
def test_many_values(bins, dtype):
    tensor = torch.randn(200_000, generator=torch.Generator().manual_seed(1)).to(dtype)
    tensor[::1000] = math.nan
    values = tensor.numpy()
    assert_same(by_device(tensor, bins), only_histogram(prepare_histogram("h", values, bins)()), values)


@pytest.mark.usefixtures("cpu_counts")
def test_every_edge_and_its_neighbours_lie_in_the_bins_of_the_host():
    for dtype in (np.float32, np.float64):
        on = EDGES.astype(dtype)
        values = np.concatenate((on, np.nextafter(on, dtype(np.inf)), np.nextafter(on, dtype(-np.inf))))
        assert_same(
            by_device(torch.from_numpy(values), EDGES), only_histogram(prepare_histogram("h", values, EDGES)()), values
        )


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
        assert_same(by_device(tensor, bins), only_histogram(prepare_histogram("h", values, bins)()), values)


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
    found = [name for name in names if accelerators.is_accelerator(torch.device(name))]
    assert found == ["cuda:1", "xpu"]


@pytest.mark.usefixtures("cpu_counts")
@pytest.mark.parametrize("bins", ["auto", "sturges", 7])
def test_bins_that_depend_on_all_values_are_made_on_the_host(bins):
    tensor = torch.randn(100)
    assert only_histogram(prepare_histogram("h", tensor, bins)()) == only_histogram(
        prepare_histogram("h", tensor.numpy(), bins)()
    )


@pytest.mark.usefixtures("cpu_counts")
@pytest.mark.parametrize(
    "tensor", [torch.ones(3, dtype=torch.complex64), torch.ones(3).to_sparse(), torch.ones(3, device="meta")], ids=str
)
def test_other_tensors_are_refused(tensor):
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
    assert only_histogram(encode()).max == 2
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
        histo = only_histogram(
            prepare_histogram("device/nan", torch.tensor([1.0, math.nan, math.inf, 3.0]), "tensorflow")()
        )
    assert (histo.num, histo.min, histo.max) == (2, 1, 3)
    assert caplog.text.count("device/nan") == 1
