from __future__ import annotations

import logging

import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402
from graph_checks import check_connected, node, shapes, sources  # noqa: E402
from jax import lax  # noqa: E402

from tensorboardX.graph.jax import graph, is_jax_function  # noqa: E402
from tensorboardX.proto.types_pb2 import DT_BOOL, DT_FLOAT, DT_INT32  # noqa: E402

ROWS = jnp.ones((2, 4))


def made(function, *args):
    graph_def = graph(function, args)
    check_connected(graph_def)
    return graph_def


def mlp(params, x):
    for index, layer in enumerate(params):
        with jax.named_scope(f"layer{index}"):
            x = jax.nn.relu(x @ layer["w"] + layer["b"])
    return {"mean": x.mean(), "out": x}


def test_scopes_edges_and_shapes():
    params = [{"w": jnp.ones((4, 3)), "b": jnp.zeros(3)}, {"w": jnp.ones((3, 2)), "b": jnp.zeros(2)}]
    graph_def = made(mlp, params, ROWS)
    inputs = [each.name for each in graph_def.node if each.op == "Placeholder"]
    assert inputs == [f"input/params/{i}/{key}" for i in range(2) for key in "bw"] + ["input/x"]
    assert sources(graph_def, "layer0/dot_general") == ["input/x", "input/params/0/w"]
    assert shapes(graph_def, "layer1/add") == [[2, 2]]
    assert node(graph_def, "layer1/add").attr["dtype"].type == DT_FLOAT
    (relu,) = (each.name for each in graph_def.node if each.op == "max" and each.name.startswith("layer0/"))
    assert relu.endswith("/relu/max")
    assert node(graph_def, relu).attr["operand1"].s == b"0.0"
    assert sources(graph_def, "layer1/dot_general") == [relu, "input/params/1/w"]
    assert [each.name for each in graph_def.node if each.op == "Output"] == ["output/output.1", "output/output.2"]
    assert shapes(graph_def, "output/output.1") == [[]]


def test_a_function_under_jit_is_a_scope():
    inner = jax.jit(lambda x: jnp.sin(x) * 2)
    inner.__name__ = "inner"

    def outer(x):
        return jnp.exp(inner(x) + inner(x))

    plain, jitted = made(outer, ROWS), made(jax.jit(outer), ROWS)
    assert [each.op for each in plain.node] == [each.op for each in jitted.node]
    assert [each.name for each in jitted.node if each.op == "exp"] == ["outer/exp"]
    sines = [each.name for each in plain.node if each.op == "sin"]
    assert len(set(sines)) == 2
    assert all(sources(plain, name) == ["input/x"] for name in sines)


def test_scan_has_its_body_as_a_scope():
    graph_def = made(lambda c, xs: lax.scan(lambda c, x: (c + x, jnp.sin(c)), c, xs), jnp.zeros(4), ROWS)
    assert shapes(graph_def, "scan") == [[4], [2, 4]]
    assert sources(graph_def, "scan/jaxpr/add") == ["input/c", "input/xs"]
    assert sources(graph_def, "scan/jaxpr/sin") == ["input/c"]
    assert sources(graph_def, "output/output.2") == ["scan:1"]
    assert node(graph_def, "scan").attr["length"].s == b"2"


def test_while_gives_each_part_its_operands():
    def function(limit, factor, n, x):
        return lax.while_loop(lambda s: s[0] < limit, lambda s: (s[0] + 1, s[1] * factor), (n, x))

    graph_def = made(function, 3, 2.0, 0, ROWS)
    assert sources(graph_def, "while/cond_jaxpr/lt") == ["input/n", "input/limit"]
    assert node(graph_def, "while/cond_jaxpr/lt").attr["dtype"].type == DT_BOOL
    (product,) = (each for each in graph_def.node if each.op == "mul")
    assert product.name == "while/body_jaxpr/mul"
    assert product.input[0] == "input/x"
    assert "while/cond_jaxpr/lt" in sources(graph_def, "while")


def test_cond_has_its_branches_as_scopes():
    graph_def = made(lambda p, x: lax.cond(p, jnp.sin, jnp.cos, x), True, ROWS)
    branches = {each.op: each for each in graph_def.node if each.op in ("sin", "cos")}
    assert {each.name.split("/")[0] for each in branches.values()} == {"cond"}
    assert all(list(each.input) == ["input/x"] for each in branches.values())
    assert {each.name for each in branches.values()} <= set(sources(graph_def, "cond"))
    assert "branches" not in node(graph_def, "cond").attr


def test_gradients_custom_rules_and_checkpoints():
    @jax.custom_vjp
    def clipped(x):
        return x * 2

    clipped.defvjp(lambda x: (clipped(x), x), lambda _, g: (jnp.clip(g, -1, 1),))
    function = jax.checkpoint(lambda x: clipped(jax.nn.silu(x)).sum())
    assert any(each.op == "logistic" for each in made(function, ROWS).node)
    assert len(made(jax.grad(function), ROWS).node) > 8


def test_constants_and_identity():
    table = jnp.arange(4.0) * 3
    graph_def = made(lambda x, i: (x, x[0] + table, 1.0), ROWS, jnp.int32(1))
    assert sources(graph_def, "output/output.1") == ["input/x"]
    assert sources(graph_def, "output/output.3") == []
    assert node(graph_def, "input/i").attr["dtype"].type == DT_INT32
    assert [shapes(graph_def, each.name) for each in graph_def.node if each.op == "Const"] == [[[4]]]


def test_the_function_is_not_run_and_its_error_comes_as_it_is():
    error = ValueError("bad")

    def fails(x):
        raise error

    with pytest.raises(ValueError, match="bad") as caught:
        graph(fails, ROWS)
    assert caught.value is error


def test_verbose_logs_and_nothing_is_printed(capfd, caplog):
    with caplog.at_level(logging.INFO, logger="tensorboardX.graph.jax"):
        graph(jnp.sin, ROWS, verbose=True)
    assert "lambda" in caplog.text
    assert capfd.readouterr() == ("", "")


def test_detection():
    assert is_jax_function(jax.jit(jnp.sin))
    assert is_jax_function(jnp.sin, ROWS)
    assert is_jax_function(lambda x: x, (ROWS,))
    assert not is_jax_function(3)
    assert not is_jax_function(int)
    with pytest.raises(TypeError, match="got int 3"):
        graph(3)


def test_a_function_of_torch_tensors_is_none_of_jax():
    torch = pytest.importorskip("torch")
    assert not is_jax_function(lambda x: x, torch.zeros(2))
    assert not is_jax_function(torch.nn.ReLU())
