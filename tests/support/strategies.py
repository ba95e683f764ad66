"""Hypothesis strategies of what programs hand to a logger by mistake or malice: names, numbers, arrays, steps."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import functools
import math
import os
import pathlib
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst


class Made:
    """An argument that is made for each call anew, given a directory for files; or one that has no `repr`."""

    def __init__(self, name: str, make: Callable[[pathlib.Path], Any]) -> None:
        self.name = name
        self.make = make

    def __repr__(self) -> str:
        return f"<{self.name}>"


def made(value: Any, directory: pathlib.Path) -> Any:
    """A value, with everything made that is to be made in it."""
    if isinstance(value, Made):
        return value.make(directory)
    if type(value) is dict:
        return {key: made(item, directory) for key, item in value.items()}
    if type(value) is list and any(isinstance(item, (Made, dict, list)) for item in value):
        return value if any(item is value for item in value) else [made(item, directory) for item in value]
    return value


OUTSIDE = os.path.join(tempfile.gettempdir(), "tensorboardX-outside")
"""An absolute path where nothing may ever be made."""

HOSTILE_NAMES = [
    *[
        "",
        " ",
        ".",
        "..",
        "../..",
        "../outside",
        "a/../../../b",
        "/",
        "//",
        "/..",
        "..\\..",
        OUTSIDE,
        "~/x",
        "/etc/passwd",
    ],
    *["C:\\Windows", "\\\\server\\share", "a\0b", "\0", "a\nb", "\r\n", "\t", "\x7f", "\x1b[31m", "\x85"],
    *[
        "x" * 10_000,
        "é" * 10_000,
        "😀" * 10_000,
        "\ud800" * 10_000,
        "a/" * 5_000,
        "../" * 3_000,
        ("y" * 150 + "/") * 60,
    ],
    *["\ud800", "a\udfffb", "CON", "nul.txt", "COM1", "LPT9.log", "aux", "trailing.", "trailing ", ".hidden"],
    *[
        "a:b",
        'a"b',
        "a'b",
        "<b>c</b>",
        "a?b=c&d#e%20",
        "%00",
        "%s%n",
        "{}",
        "*",
        "[a-z]",
        "(",
        "$HOME",
        "`id`",
        "--logdir",
    ],
    *["\u202e", "\ufeff", "\u2028", "e\u0301", "😀", "損失", "ß", "İ", "a b", "a_b", "train/loss", "loss"],
    *["projector_config.pbtxt", "00000", "00000/default", "events.out.tfevents.1", "run/tfevents/x"],
    *["_hparams_/session_start_info", "custom_scalars__config__", "a/text_summary", "__run_graph__", "a_1"],
]


def any_text(max_size: int = 12) -> st.SearchStrategy[str]:
    """Text of any code points, halves of surrogate pairs included."""
    return st.text(st.characters(exclude_categories=[]), max_size=max_size)


def names() -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(HOSTILE_NAMES), any_text(), st.text(max_size=30))


# ---- numbers, steps and times

HUGE = [
    2**63,
    -(2**63) - 1,
    2**64,
    10**400,
    Made("10**5000", lambda _: 10**5000),
    Made("-10**5000", lambda _: -(10**5000)),
]


def numbers() -> st.SearchStrategy[object]:
    """What one number can be."""
    return st.one_of(
        st.floats(),
        st.floats(width=32).map(np.float32),
        st.integers(-(2**70), 2**70),
        st.booleans(),
        st.floats().map(lambda x: np.array([[x]])),
        st.floats(width=16).map(lambda x: torch.tensor(x, dtype=torch.bfloat16, requires_grad=True)),
        st.sampled_from(
            [np.longdouble("1e4000"), np.uint64(2**64 - 1), fractions.Fraction(1, 3), decimal.Decimal("NaN")]
        ),
        st.sampled_from([np.bool_(True), np.float16(6e4), torch.tensor(3), torch.ones(1, 1), 5e-324, -0.0, 1e39]),
    )


def good_steps() -> st.SearchStrategy[object]:
    """Steps that are accepted."""
    small = st.integers(0, 1000)
    int64 = st.integers(-(2**63), 2**63 - 1)
    return st.one_of(
        *(
            small,
            small,
            st.none(),
            int64,
            int64.map(np.int64),
            small.map(torch.tensor),
            small.map(lambda n: np.array([n])),
        ),
        *(
            st.floats(-1e6, 1e6),
            st.sampled_from([np.uint8(3), np.float16(2.5), True, fractions.Fraction(7, 2), np.bool_(True)]),
        ),
    )


def good_times() -> st.SearchStrategy[object]:
    """Wall times that are accepted, or none."""
    finite = st.floats(allow_nan=False, allow_infinity=False)
    seconds = st.floats(1e9, 2e9)
    return st.one_of(st.none(), seconds, finite, finite.map(np.float64), seconds.map(torch.tensor), st.integers(-9, 9))


def bad_steps() -> st.SearchStrategy[object]:
    few = [
        math.nan,
        math.inf,
        np.float64("nan"),
        torch.tensor(math.nan),
        np.array(3 + 1j),
        np.complex128(3 + 1j),
        "ten",
        "1" * 5000,
    ]
    return st.one_of(
        st.sampled_from([*HUGE, *few, np.timedelta64(5, "s"), decimal.Decimal("Infinity")]), junk(), arrays()
    )


def bad_times() -> st.SearchStrategy[object]:
    few = [
        math.nan,
        math.inf,
        -math.inf,
        np.float32("nan"),
        np.complex64(1 + 2j),
        torch.tensor([1.0, 2.0]),
        "now",
        10**400,
    ]
    return st.one_of(st.sampled_from([*few, np.longdouble("1e4000"), np.datetime64("2020")]), junk(), arrays())


# ---- arrays

DTYPES = st.one_of(
    *(npst.boolean_dtypes(), npst.integer_dtypes(endianness="?"), npst.unsigned_integer_dtypes(endianness="?")),
    *(
        npst.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
        npst.complex_number_dtypes(endianness="?", sizes=(64, 128)),
    ),
    *(npst.datetime64_dtypes(), npst.timedelta64_dtypes(), npst.unicode_string_dtypes(), npst.byte_string_dtypes()),
    st.just(np.dtype([("a", "<f4"), ("b", "U3")])),
)


def shapes(min_dims: int = 0, max_dims: int = 5, min_side: int = 0) -> st.SearchStrategy[tuple[int, ...]]:
    return npst.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=4)


def arrays() -> st.SearchStrategy[np.ndarray]:
    """Arrays of any dtype, shape and layout."""
    plain = npst.arrays(DTYPES, shapes())
    objects = st.sampled_from([None, 1, 2.5, "x", 1j, 10**400, fractions.Fraction(1, 3), b"x", float("nan")])
    return st.one_of(
        *(plain, plain, plain.map(np.transpose), plain.map(lambda a: a[..., ::-1] if a.ndim else a)),
        npst.arrays(np.dtype(object), shapes(max_dims=3), elements=objects),
        npst.arrays(np.float64, shapes()).map(lambda a: a.astype(np.longdouble) * np.longdouble("1e4000")),
        npst.arrays(np.float32, shapes(min_dims=1)).map(lambda a: np.ma.masked_invalid(a)),
        npst.arrays(np.float32, shapes(2, 2)).map(lambda a: np.asmatrix(a)),
    )


def real_arrays(shape: st.SearchStrategy[tuple[int, ...]] | tuple[int, ...]) -> st.SearchStrategy[object]:
    """Arrays, tensors and lists of real numbers of such a shape."""
    of = lambda dtype: npst.arrays(dtype, shape)  # noqa: E731
    unit = npst.arrays(np.float64, shape, elements=st.floats(0, 1))
    return st.one_of(
        *(
            unit,
            unit,
            of(np.uint8),
            of(np.float32),
            of(np.float64),
            of(np.float16),
            of(np.int64),
            of(np.bool_),
            of(">i2"),
        ),
        *(unit.map(np.ndarray.tolist), of(np.float32).map(torch.from_numpy), unit.map(np.longdouble)),
        of(np.float32).map(lambda a: torch.from_numpy(a).bfloat16()),
    )


_TORCH_DTYPES = sorted({v for v in vars(torch).values() if isinstance(v, torch.dtype)}, key=str)


def tensors() -> st.SearchStrategy[object]:
    """Tensors of any dtype, layout and device."""
    return st.one_of(
        st.builds(_tensor, st.sampled_from(_TORCH_DTYPES), shapes()),
        st.deferred(lambda: st.sampled_from(_special_tensors())),
    )


def _tensor(dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor:
    plain = torch.arange(math.prod(shape)).reshape(shape)
    try:
        return plain.to(dtype)
    except (NotImplementedError, RuntimeError, TypeError):  # a dtype that has no numbers of its own
        return plain.float()


@functools.cache
def _special_tensors() -> list[torch.Tensor]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of kinds that torch calls deprecated or in beta
        return [
            *(
                torch.empty(3, 4, 4, device="meta"),
                torch.empty((), device="meta"),
                torch.nn.Parameter(torch.rand(3, 4, 4)),
            ),
            *(torch.eye(3).to_sparse(), torch.eye(3).to_sparse_csr(), torch.ones(2, dtype=torch.complex32)),
            *(
                torch.quantize_per_tensor(torch.rand(3, 4, 4), 0.1, 0, torch.qint8),
                torch.ones(2, dtype=torch.cfloat).conj(),
            ),
            *(
                torch.ones(2, dtype=torch.cfloat).conj().imag,
                torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
            ),
        ]


# ---- what is no value at all


class _Kind(enum.Enum):
    A = 1
    B = "b"
    C = (1, 2)


class _Liar:
    """Claims to be much, and does none of it."""

    shape = 5
    dtype = property(lambda self: 1 / 0)

    def __float__(self):
        raise ZeroDivisionError("no\nnumber")

    __int__ = __index__ = __len__ = __iter__ = __float__

    def __repr__(self):
        raise RuntimeError("no text either")

    __str__ = __repr__


class _Array:
    """Fails where it is asked for its elements."""

    def __array__(self, *args, **kwargs):
        raise OSError("the data is on a tape")


def _deep() -> list:
    deep: list = []
    for _ in range(3000):
        deep = [deep]
    return deep


def _own_item() -> list:
    own: list = [1]
    own.append(own)
    return own


_JUNK = [
    *(None, True, False, *HUGE, 1j, math.nan, math.inf, "", "text", "x" * 5000, "\ud800", b"bytes", b"\xff" * 5000),
    *(
        decimal.Decimal("sNaN"),
        decimal.Decimal("1e999999"),
        Made("fraction", lambda _: fractions.Fraction(10**5000, 3)),
        10.0**300,
    ),
    *(
        [],
        [[]],
        [[1], [1, 2]],
        [None],
        ["a", 1],
        [Made("10**5000", lambda _: 10**5000)],
        [1, 1j],
        [np.ones(2), np.ones(3)],
        [torch.ones(2)] * 2,
        (),
        range(3),
    ),
    *(
        {},
        {"a": 1},
        {1: 2},
        set(),
        {1, 2},
        frozenset(),
        object(),
        Ellipsis,
        NotImplemented,
        Made("liar", lambda _: _Liar()),
        _Array(),
        Made("deep", lambda _: _deep()),
        _own_item(),
    ),
    *(
        _Kind.A,
        _Kind.C,
        _Kind,
        int,
        len,
        abs,
        slice(3),
        memoryview(b"abc"),
        bytearray(b"abc"),
        pathlib.Path("x"),
        pathlib.Path("a/b"),
    ),
    *(
        datetime.datetime(2020, 1, 1),
        datetime.timedelta(1),
        np.datetime64("2020"),
        np.timedelta64(5, "s"),
        np.datetime64("NaT"),
    ),
    *(
        np.str_("x"),
        np.bytes_(b"x"),
        np.void(b"abcd"),
        np.float32("nan"),
        np.array(None),
        np.array("x"),
        np.array([]),
        np.ones((1,) * 30),
    ),
    *(
        np.random,
        torch.nn.Linear(1, 1),
        torch.float32,
        torch.device("cpu"),
        torch.Size([1, 2]),
        list(range(5000)),
        "1" * 5000,
    ),
]


def junk() -> st.SearchStrategy[object]:
    """What no method takes as a whole, though one or the other may."""
    return st.sampled_from(_JUNK)


def values() -> st.SearchStrategy[object]:
    """Anything that may stand where an array, a number or an option should."""
    return st.one_of(junk(), junk(), numbers(), arrays(), tensors(), real_arrays(shapes()), names())


def mappings(value: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Dicts of a few names, some of which are no strings."""
    keys = st.one_of(names(), names(), names(), st.sampled_from([None, 3, b"key", (1, 2), 1.5]))
    return st.dictionaries(keys, value, max_size=3)
