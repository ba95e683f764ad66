"""Values of any framework become arrays, and no framework is imported for it."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

import tensorboardX
from tensorboardX import x2num
from tensorboardX.errors import TensorBoardXError
from tensorboardX.values.arrays import to_float, to_numpy, to_owned, to_step, to_walltime

VALUES = np.array([[0.5, -1.0, 2.0], [3.0, 0.25, -0.0]], dtype=np.float32)


class HasArray:
    """What NumPy reads through `__array__`, and nothing else."""

    def __init__(self, array: np.ndarray) -> None:
        self.held = array

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return self.held if dtype is None else self.held.astype(dtype)


class HasDLPack:
    """What NumPy reads through DLPack, and nothing else."""

    def __init__(self, array: np.ndarray) -> None:
        self.held = array

    def __dlpack__(self, **options):
        return self.held.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.held.__dlpack_device__()


class HasAsNumpy:
    """What MXNet's arrays have, and nothing else."""

    def __init__(self, array: np.ndarray) -> None:
        self.held = array

    shape = property(lambda self: self.held.shape)
    dtype = property(lambda self: self.held.dtype)

    def asnumpy(self) -> np.ndarray:
        return self.held


class HasArrayOnDevice:
    """What Chainer's variables have, and nothing else."""

    device = "@numpy"

    def __init__(self, array: np.ndarray | None) -> None:
        self.array = array

    shape = property(lambda self: self.array.shape)
    dtype = property(lambda self: self.array.dtype)


class HasDataOnDevice:
    """The same under its older name."""

    device = "@numpy"

    def __init__(self, array: np.ndarray) -> None:
        self.data = array


class TensorSubclass(torch.Tensor):
    pass


TensorSubclass.__module__ = "somebodys.project"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, np.array(1)),
        (2.5, np.array(2.5)),
        (True, np.array(True)),
        (2 + 1j, np.array(2 + 1j)),
        (np.float32(0.1), np.array(0.1, np.float32)),
        ([], np.array([], np.float64)),
        ([1, 2], np.array([1, 2])),
        ((1.5, 2), np.array([1.5, 2.0])),
        ([[1, 2], [3, 4]], np.array([[1, 2], [3, 4]])),
        ([2**70, 1], np.array([2.0**70, 1.0])),
        ([np.float32(1), torch.tensor(2.0)], np.array([1, 2], np.float32)),
        ([torch.ones(2), torch.zeros(2)], np.array([[1, 1], [0, 0]], np.float32)),
        ([Decimal("0.5"), Fraction(1, 4)], np.array([0.5, 0.25])),
        (range(3), np.arange(3)),
        (memoryview(b"ab"), np.array([97, 98], np.uint8)),
        (np.array([1, Decimal(2)], dtype=object), np.array([1.0, 2.0])),
        (np.array([[1, 2]]).view(np.matrix), np.array([[1, 2]])),
    ],
    ids=lambda value: re.sub(r" at 0x\w+", "", repr(value)),
)
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_numbers_lists_and_numpy(value, expected):
    array = to_numpy(value)
    assert type(array) is np.ndarray
    assert array.dtype == expected.dtype
    np.testing.assert_array_equal(array, expected)


def test_an_array_is_not_copied_by_to_numpy():
    assert to_numpy(VALUES) is VALUES
    assert np.shares_memory(to_numpy(torch.from_numpy(VALUES)), VALUES)


TENSORS = {
    "plain": lambda: torch.from_numpy(VALUES),
    "requires_grad": lambda: torch.tensor(VALUES, requires_grad=True),
    "in a graph": lambda: torch.tensor(VALUES, requires_grad=True) * 1,
    "parameter": lambda: torch.nn.Parameter(torch.tensor(VALUES)),
    "subclass": lambda: torch.tensor(VALUES).as_subclass(TensorSubclass),
    "bfloat16": lambda: torch.tensor(VALUES, dtype=torch.bfloat16),
    "float16": lambda: torch.tensor(VALUES, dtype=torch.float16),
    "float8_e4m3fn": lambda: torch.tensor(VALUES).to(torch.float8_e4m3fn),
    "float8_e5m2": lambda: torch.tensor(VALUES).to(torch.float8_e5m2),
    "non-contiguous": lambda: torch.tensor(np.repeat(VALUES, 2, axis=1))[:, ::2],
    "transposed": lambda: torch.tensor(VALUES.T.copy()).T,
    "expanded": lambda: torch.tensor(VALUES[None]).expand(1, 2, 3)[0],
    "conjugate": lambda: torch.complex(torch.tensor(VALUES), torch.zeros(2, 3)).conj().real,
    "negative view": lambda: torch.complex(torch.zeros(2, 3), torch.tensor(-VALUES)).conj().imag,
    "bfloat16 with grad": lambda: torch.tensor(VALUES, dtype=torch.bfloat16, requires_grad=True),
}


@pytest.mark.parametrize("name", TENSORS)
def test_tensors_of_torch(name):
    tensor = TENSORS[name]()
    np.testing.assert_array_equal(to_numpy(tensor), VALUES)
    assert to_numpy(tensor).dtype in (np.float32, np.float16)


def test_a_conjugate_tensor_is_resolved():
    tensor = torch.tensor([1 + 2j]).conj()
    assert tensor.is_conj()
    np.testing.assert_array_equal(to_numpy(tensor), [1 - 2j])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "bool"])
def test_integers_of_torch_keep_their_dtype(dtype):
    array = to_numpy(torch.tensor([0, 1]).to(getattr(torch, dtype)))
    assert array.dtype == dtype
    np.testing.assert_array_equal(array, [0, 1])


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_a_quantized_tensor_gives_its_values():
    quantized = torch.quantize_per_tensor(torch.tensor([0.5, 1.0]), 0.25, 0, torch.quint8)
    np.testing.assert_array_equal(to_numpy(quantized), [0.5, 1.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: torch.eye(2).to_sparse(), r"sparse_coo: call \.to_dense\(\)"),
        (lambda: torch.eye(2).to_sparse_csr(), r"sparse_csr: call \.to_dense\(\)"),
        (lambda: torch.empty(2, device="meta"), "meta device"),
    ],
    ids=["sparse", "csr", "meta"],
)
@pytest.mark.filterwarnings("ignore:Sparse CSR:UserWarning")
def test_tensors_without_plain_elements_are_refused(make, message):
    with pytest.raises(TypeError, match=rf"(?s)'w/grad'.*shape.*{message}"):
        to_numpy(make(), "w/grad")


def test_a_tensor_that_torch_cannot_read_is_refused():
    with torch._subclasses.FakeTensorMode():
        fake = torch.ones(2)
    with pytest.raises(TypeError, match=r"'w'.*cannot be read as an array"):
        to_numpy(fake, "w")


@pytest.mark.parametrize("wrap", [HasArray, HasDLPack])
@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8])
def test_other_frameworks_through_their_protocols(wrap, dtype):
    array = np.arange(6, dtype=dtype).reshape(2, 3)
    read = to_numpy(wrap(array))
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, array)
    assert to_float(wrap(array[:1, 2])) == 2.0


def test_jax():
    jnp = pytest.importorskip("jax.numpy")
    np.testing.assert_array_equal(to_numpy(jnp.asarray(VALUES)), VALUES)
    np.testing.assert_array_equal(to_numpy(jnp.asarray(VALUES, dtype=jnp.bfloat16)), VALUES)
    assert to_float(jnp.asarray(0.5)) == 0.5


def test_dtypes_of_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for dtype in (ml_dtypes.bfloat16, ml_dtypes.float8_e5m2, ml_dtypes.float8_e4m3fn, ml_dtypes.int4):
        array = to_numpy(np.array([0, 1, 2]).astype(dtype))
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, [0, 1, 2])


def test_tensorflow():
    tf = pytest.importorskip("tensorflow")
    np.testing.assert_array_equal(to_numpy(tf.constant(VALUES)), VALUES)
    np.testing.assert_array_equal(to_numpy(tf.Variable(VALUES)), VALUES)
    np.testing.assert_array_equal(to_numpy(tf.cast(VALUES, tf.bfloat16)), VALUES)


def test_paddle():
    paddle = pytest.importorskip("paddle")
    np.testing.assert_array_equal(to_numpy(paddle.to_tensor(VALUES)), VALUES)
    np.testing.assert_array_equal(to_numpy(paddle.to_tensor(VALUES).astype("bfloat16")), VALUES)


def test_chainer():
    chainer = pytest.importorskip("chainer")
    for value in (chainer.Variable(VALUES), chainer.Parameter(VALUES), [chainer.Variable(row) for row in VALUES]):
        np.testing.assert_array_equal(to_numpy(value), VALUES)
    assert to_float(chainer.functions.mean(chainer.Variable(np.array([0.25, 0.75])))) == 0.5
    with pytest.raises(TypeError, match="'x': got chainer"):
        to_numpy(chainer.Parameter(chainer.initializers.Normal()), "x")  # without a shape yet


def test_mxnet():
    mx = pytest.importorskip("mxnet")
    for value in (mx.nd.array(VALUES), mx.np.array(VALUES), [mx.nd.array(row) for row in VALUES]):
        np.testing.assert_array_equal(to_numpy(value), VALUES)
    assert to_float(mx.nd.array([0.5])) == to_float(mx.np.array(0.5)) == 0.5


@pytest.mark.parametrize("kind", [HasAsNumpy, HasArrayOnDevice, HasDataOnDevice])
def test_arrays_that_have_no_protocol_of_numpy(kind):
    np.testing.assert_array_equal(to_numpy(kind(VALUES)), VALUES)
    np.testing.assert_array_equal(to_numpy([kind(row) for row in VALUES]), VALUES)
    np.testing.assert_array_equal(x2num.make_np(kind(VALUES)), VALUES)
    assert to_float(kind(np.array([0.5]))) == 0.5


@pytest.mark.parametrize("array", [None, np.array(["a"])])
def test_a_variable_without_numbers_is_refused(array):
    with pytest.raises(TypeError, match="'x': got"):
        to_numpy(HasArrayOnDevice(array), "x")


def test_cupy():
    cupy = pytest.importorskip("cupy")
    np.testing.assert_array_equal(to_numpy(cupy.asarray(VALUES)), VALUES)


def test_mlx():
    mx = pytest.importorskip("mlx.core")
    np.testing.assert_array_equal(to_numpy(mx.array(VALUES)), VALUES)
    np.testing.assert_array_equal(to_numpy(mx.array(VALUES).astype(mx.bfloat16)), VALUES)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_tensors_on_a_gpu(dtype):
    np.testing.assert_array_equal(to_numpy(torch.tensor(VALUES, dtype=dtype, device="cuda")), VALUES)


@pytest.mark.parametrize(
    "value",
    ["text", b"bytes", None, {"a": 1}, {1}, object(), ["a"], [1, None], [1, "a"], (i for i in ()), np.array(["a"])]
    + [np.array([None]), np.array([1, "1"], dtype=object), np.array(["2020-01-01"], dtype="datetime64[D]"), type],
    ids=lambda value: re.sub(r" at 0x\w+", "", repr(value)),
)
def test_what_is_not_numeric_is_refused(value):
    with pytest.raises(TypeError, match="'train/x'") as caught:
        to_numpy(value, "train/x")
    assert isinstance(caught.value, TensorBoardXError)


def test_lists_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"'x'.*\(1,\), \(2,\)"):
        to_numpy([[1, 2], [3]], "x")


OWNERS = {
    "array": lambda memory: memory,
    "view": lambda memory: memory[:],
    "matrix": lambda memory: memory.view(np.matrix),
    "tensor": torch.from_numpy,
    "__array__": HasArray,
    "__dlpack__": HasDLPack,
    "asnumpy": HasAsNumpy,
    "array beside a device": HasArrayOnDevice,
    "memoryview": memoryview,
    "list of arrays": lambda memory: [memory],
    "list of tensors": lambda memory: [torch.from_numpy(memory)],
}


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_owned_memory_does_not_change_with_the_callers(owner):
    memory = np.ones((2, 3))
    owned = to_owned(OWNERS[owner](memory))
    assert not np.shares_memory(owned, memory)
    memory[:] = 7
    assert (owned == 1).all()
    owned[:] = 2  # and it can be changed


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3.0),
        (0.1, 0.1),
        (True, 1.0),
        (2**1000, 2.0**1000),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.array([[5]]), 5.0),
        ([5], 5.0),
        (torch.tensor(0.5, requires_grad=True), 0.5),
        (torch.tensor([[2]]), 2.0),
        (torch.tensor(0.5, dtype=torch.bfloat16), 0.5),
        (Decimal("0.25"), 0.25),
        (Fraction(1, 8), 0.125),
        (np.array(Decimal(4), dtype=object), 4.0),
        (math.inf, math.inf),
    ],
    ids=lambda value: re.sub(r" at 0x\w+", "", repr(value)),
)
def test_one_number(value, expected):
    assert to_float(value) == expected
    assert type(to_float(value)) is float


@pytest.mark.parametrize(
    "value",
    [[1, 2, 3], np.zeros(0), torch.ones(2), 1j, 10**400],
    ids=lambda value: re.sub(r" at 0x\w+", "", repr(value)),
)
def test_what_holds_no_single_real_number_is_refused(value):
    with pytest.raises(ValueError, match="'loss'") as caught:
        to_float(value, "loss")
    assert isinstance(caught.value, TensorBoardXError)


@pytest.mark.parametrize(
    "value",
    ["0.5", b"1", None, {}, Decimal("sNaN"), np.array("a")],
    ids=lambda value: re.sub(r" at 0x\w+", "", repr(value)),
)
def test_what_is_no_number_is_refused(value):
    with pytest.raises(TypeError, match="'loss'") as caught:
        to_float(value, "loss")
    assert isinstance(caught.value, TensorBoardXError)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (None, None),
        (3, 3),
        (-1, -1),
        (2.9, 2),
        (np.int64(4), 4),
        (np.array([5]), 5),
        (torch.tensor(6), 6),
        (torch.tensor([7]), 7),
        (-(2**63), -(2**63)),
        (2**63 - 1, 2**63 - 1),
    ],
    ids=lambda value: re.sub(r" at 0x\w+", "", repr(value)),
)
def test_steps(step, expected):
    assert to_step(step) == expected
    assert type(to_step(step)) is type(expected)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("ten", TypeError),
        ([1], TypeError),
        (1j, TypeError),
        (np.array([1, 2]), TypeError),
        (torch.tensor([1, 2]), TypeError),
        (math.nan, ValueError),
        (math.inf, ValueError),
        (2**63, ValueError),
        (-(2**63) - 1, ValueError),
        (10**5000, ValueError),
    ],
    ids=lambda value: repr(value)[:20] if not isinstance(value, int) or value < 10**100 else "huge",
)
def test_what_is_no_step_is_refused(step, error):
    with pytest.raises(error, match="global_step: got") as caught:
        to_step(step)
    assert isinstance(caught.value, TensorBoardXError)


@pytest.mark.parametrize(("walltime", "expected"), [(0, 0.0), (1.5, 1.5), (-3, -3.0), (torch.tensor(2.5), 2.5)])
def test_wall_times(walltime, expected):
    assert to_walltime(walltime) == expected


@pytest.mark.parametrize(
    ("walltime", "error"),
    [("now", TypeError), ([1.0], TypeError), (math.nan, ValueError), (math.inf, ValueError), (10**5000, ValueError)],
    ids=["text", "list", "nan", "inf", "huge"],
)
def test_what_is_no_wall_time_is_refused(walltime, error):
    with pytest.raises(error, match="walltime: got") as caught:
        to_walltime(walltime)
    assert isinstance(caught.value, TensorBoardXError)


def test_the_names_of_the_original_read_arrays_too(caplog):
    np.testing.assert_array_equal(x2num.make_np(torch.tensor(VALUES)), VALUES)
    assert not caplog.records
    x2num.make_np([1.0, math.nan])
    assert "NaN" in caplog.text
    with pytest.raises(TypeError):
        x2num.make_np("text")


FRAMEWORKS = ["torch", "tensorflow", "jax", "paddle", "cupy", "mlx", "matplotlib", "onnx", "fsspec"]
SERVICES = ["boto3", "google.cloud", "comet_ml", "moviepy", "imageio", "soundfile", "scipy", "pandas"]

LOG_EVERYTHING = """
import json, sys
import tensorboardX
import numpy as np
with tensorboardX.SummaryWriter(sys.argv[1]) as writer:
    for value in (1.5, 2, True, [3.0], np.float32(4), np.ones((1, 1))):
        writer.add_scalar("a", value, 1)
    writer.add_scalars("b", {"c": 1.0}, 1)
    writer.add_histogram("d", [1, 2, 3], 1)
    writer.add_histogram("d", np.ones(3), 2)
    writer.add_image("e", np.zeros((3, 4, 4)), 1)
    writer.add_images("e", [np.zeros((3, 4, 4))] * 2, 2, dataformats="CHW")
    writer.add_text("f", "g", 1)
print(json.dumps(sorted(sys.modules)))
"""


def test_no_framework_is_imported_that_the_user_has_not_imported(tmp_path):
    # Stand-ins, so that an import of what is not installed here would succeed and be seen.
    for name in [*FRAMEWORKS, *SERVICES]:
        package = tmp_path / "stand-ins" / name.replace(".", "/")
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
    source = str(Path(tensorboardX.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "stand-ins"), source])}
    command = [sys.executable, "-c", LOG_EVERYTHING, str(tmp_path / "run")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    modules = json.loads(done.stdout)
    assert {"numpy", "tensorboardX", "PIL.Image", "google.protobuf"} <= set(modules)
    assert set(modules).isdisjoint([*FRAMEWORKS, *SERVICES])


@pytest.mark.filterwarnings("ignore:ComplexHalf")
def test_complex_numbers_of_half_floats_keep_both_parts():
    array = to_numpy(torch.tensor([1 + 2j, -0.5j], dtype=torch.complex64).to(torch.complex32))
    assert array.dtype == np.complex64
    np.testing.assert_array_equal(array, [1 + 2j, -0.5j])


@pytest.mark.parametrize(
    "step", [np.complex64(1), np.array(3 + 1j), np.datetime64(1, "ns"), np.timedelta64(1, "ns")], ids=repr
)
def test_numbers_that_numpy_would_cut_are_no_steps_and_no_times(step):
    for convert in (to_step, to_walltime):
        with pytest.raises(TypeError, match="accepted is"):
            convert(step)


def test_a_step_far_beyond_integers_is_refused_at_once():
    start = time.perf_counter()
    with pytest.raises(ValueError, match=r"global_step: got .*1E\+999999"):
        to_step(Decimal("1e999999"))
    assert time.perf_counter() - start < 1
