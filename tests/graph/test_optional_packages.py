"""Each encoder without its framework."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tensorboardX.graph import jax, model_graph, onnx, pytorch


@pytest.mark.parametrize(
    ("package", "call"),
    [("torch", pytorch.graph), ("jax", jax.graph), ("onnx", onnx.load_onnx_graph)],
    ids=["torch", "jax", "onnx"],
)
def test_the_extra_is_named(package, call, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"pip install 'tensorboardX\[{package}\]'"):
        call("model")


@pytest.mark.parametrize("model", [None, 3, "model", {"layers": 2}, int])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(TypeError, match=r"accepted is a torch\.nn\.Module.* or a function of JAX arrays"):
        model_graph(model, None)


def test_no_framework_is_imported_to_look_at_a_model():
    code = (
        "import sys; import tensorboardX.graph as g\n"
        "try: g.model_graph(len, 3)\n"
        "except TypeError: pass\n"
        "print([name for name in ('torch', 'jax', 'onnx', 'tensorboard') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
