"""Figures, models and files of models, good ones and others, for `support.hostile_calls`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from matplotlib.figure import Figure

from .strategies import HUGE, OUTSIDE, Made


def _figure(**size: Any) -> Figure:
    figure = Figure(**({"figsize": (0.4, 0.3), "dpi": 50} | size))
    figure.add_subplot().plot([1, 2])
    return figure


def _titled(title: str) -> Figure:
    figure = Figure(figsize=(0.5, 0.4), dpi=50)
    figure.suptitle(title)
    return figure


FIGURES = st.sampled_from(
    [
        *[Made("a figure", lambda _: _figure())] * 4,
        *[Made("two figures", lambda _: [_figure(), _figure()])] * 2,
        Made("a title of NUL, surrogate and newline", lambda _: _titled("a\0b\n\ud800")),
        Made("figures of two sizes", lambda _: [_figure(), _figure(dpi=70)]),
        Made("no figures", lambda _: []),
        Made("a figure without pixels", lambda _: _figure(figsize=(0.001, 0.001))),
        Made("a huge figure", lambda _: _figure(figsize=(1e6, 1e6))),
        Made("bad mathematics", lambda _: _titled("$\\frac{$")),
        Made("a figure among others", lambda _: [_figure(), None]),
    ]
)


def _module(name: str) -> torch.nn.Module:
    module = torch.nn.Module()
    module._modules[name] = torch.nn.ReLU()
    module.forward = lambda x: module._modules[name](x) + 1
    return module


_NODE_NAMES = ["a b", "a\0b", "\ud800", "x" * 5000, "é\n", "..", "a/b:c", "layer"]
MODELS = st.sampled_from(
    [Made(f"module {name[:9]!r}", lambda _, name=name: _module(name)) for name in _NODE_NAMES]
    + [Made("identity", lambda _: torch.nn.Identity()), Made("scripted", lambda _: torch.jit.script(torch.nn.ReLU()))]
)
NO_MODELS = st.sampled_from([None, 5, "model", b"x", [], object(), np.ones(3), torch.ones(3), float("nan"), *HUGE])


def _file(name: str, content: bytes) -> Made:
    def make(directory: Path) -> Path:
        path = directory / "model"
        path.write_bytes(content)
        return path

    return Made(name, make)


NO_FILES = [
    "",
    ".",
    "/",
    "a\0b",
    "\ud800",
    "x" * 10_000,
    "no such file",
    "a\nb",
    None,
    5,
    2.5,
    b"\xff",
    [],
    object(),
    OUTSIDE,
]
_XML_NAMES = ["a b", "&#x1F600;", "x" * 5000, "../..", "a/b:c", "&#10;", "損"]


def _layers(name: str = "a", port: str = "0", dim: str = "3", data: str = "") -> bytes:
    return (
        f'<net><layers><layer id="0" name="{name}" type="Parameter"><data {data}/>'
        f'<output><port id="0"><dim>{dim}</dim></port></output></layer><layer id="1" name="out" type="Result"/>'
        f'</layers><edges><edge from-layer="0" from-port="0" to-layer="1" to-port="{port}"/></edges></net>'
    ).encode()


def _deep_xml() -> bytes:
    opening, closing = '<layers><layer id="0" type="Loop"><body>', "</body></layer></layers>"
    return f"<net>{opening * 2000}<layers/>{closing * 2000}</net>".encode()


XML = [
    *[_file(f"layer {name[:9]}", _layers(name)) for name in _XML_NAMES * 4],
    *[_file(f"dim {dim}", _layers(dim=dim)) for dim in ("x", "-5", str(2**70), "1" * 5000, "1.5", "")],
    *[_file(f"port {port}", _layers(port=port)) for port in ("x", "-1", "1" * 5000)],
    *[
        _file(data, _layers(data=data))
        for data in ('element_type="??"', f'n="{"9" * 30}"', 'precision="f32" axis="\ufffe"')
    ],
    *[
        _file("empty", b""),
        _file("bytes", b"\xff\xfe\0"),
        _file("root", b"<net/>"),
        _file("no layers", b"<net><layers/></net>"),
    ],
    *[
        _file("no id", b"<net><layers><layer/></layers></net>"),
        _file("entity", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
    ],
    *[_file("encoding", b'<?xml version="1.0" encoding="no-such"?><net/>'), _file("deep", _deep_xml())],
    _file("utf-32", '<?xml version="1.0" encoding="utf-32"?><net/>'.encode("utf-32")),
]


def _onnx(name: str, dims: list[Any], kind: int = 1) -> bytes:
    import onnx

    value = onnx.helper.make_tensor_value_info
    node = onnx.helper.make_node("Relu", [name], ["out"], name=name, alpha=float("nan"))
    graph = onnx.helper.make_graph([node], "g", [value(name, kind, dims)], [value("out", kind, dims)])
    return onnx.helper.make_model(graph).SerializeToString()


ONNX = [
    *[
        Made(f"node {n[:9]!r}", lambda d, n=n: _file("", _onnx(n, [1])).make(d))
        for n in ("a b", "", "x" * 5000, "../..", "é:\n")
    ],
    *[
        Made(f"dims {dims}", lambda d, dims=dims: _file("", _onnx("x", dims)).make(d))
        for dims in ([], [-1], [2**62], ["N"])
    ],
    Made("unknown type", lambda d: _file("", _onnx("x", [1], 900)).make(d)),
    *[_file("empty", b""), _file("garbage", b"garbage" * 9), _file("torn", b"\x08\x0a\x3a\xff")],
]
