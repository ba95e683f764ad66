from __future__ import annotations

import pytest

from tensorboardX.graph import model_graph


def test_a_torch_module():
    torch = pytest.importorskip("torch")
    made, metadata = model_graph(torch.nn.Linear(4, 2), torch.zeros(1, 4))
    assert "aten::linear" in {node.op for node in made.node}
    assert metadata.step_stats.dev_stats[0].device == "/device:CPU:0"


def test_a_jax_function():
    jax = pytest.importorskip("jax")
    made, metadata = model_graph(jax.jit(lambda x: jax.numpy.sin(x)), jax.numpy.ones(3))
    assert "sin" in {node.op for node in made.node}
    assert metadata.step_stats.dev_stats[0].device == "/device:CPU:0"
