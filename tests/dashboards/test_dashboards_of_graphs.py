"""Graphs, as stock TensorBoard serves them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from recorded import GRAPHS
from support import served
from support.tensorboard_server import TensorBoard
from torch.utils.tensorboard._pytorch_graph import graph as stock_graph

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


def nodes_of(tb: TensorBoard, run: str) -> list[tuple[str, str, list[str]]]:
    """Name, op and inputs of the nodes of a run's graph."""
    graphs = served.graphs(tb)
    assert sorted(graphs) == GRAPHS
    assert graphs[run].keys() == {None}
    return [(node["name"][0], node["op"][0], node.get("input", [])) for node in graphs[run][None].nodes]


def test_the_graph_of_pytorch_is_that_of_its_own_writer(tb, recorded):
    [call] = [call for call in recorded.only("add_graph") if recorded.run(call) == "graphs/pytorch"]
    expected, _ = stock_graph(call.arguments["model"], torch.from_numpy(call.arguments["input_to_model"]))
    found = served.graphs(tb)["graphs/pytorch"][None]
    assert [parts(node) for node in found.nodes] == [
        parts(node) for node in served.parse_text_proto(str(expected))["node"]
    ]
    names = [name for name, _, _ in nodes_of(tb, "graphs/pytorch")]
    assert any(name.startswith("Network/Sequential[body]/Residual[1]/BatchNorm2d[norm]/") for name in names)
    assert served.run_metadata(tb)["graphs/pytorch"]["profiler"]["step_stats"]


def parts(node: dict[str, list[Any]]) -> dict[str, Any]:
    """A node with its attributes in order of their names: their order means nothing."""
    return node | {"attr": sorted(node.get("attr", []), key=lambda attribute: attribute["key"])}


def test_the_graph_of_onnx_has_the_operations_of_the_file(tb, recorded):
    onnx = pytest.importorskip("onnx")
    [call] = recorded.only("add_onnx_graph")
    graph = onnx.load(call.arguments["onnx_model_file"]).graph
    expected = [(weight.name, "Const", []) for weight in graph.initializer]
    expected += [(value.name, "Placeholder", []) for value in graph.input]
    expected += [(node.name, node.op_type, list(node.input)) for node in graph.node]  # named as what they make
    expected += [(f"{value.name}_1", "Output", [value.name]) for value in graph.output]
    assert len(graph.node) == 4
    assert nodes_of(tb, "graphs/onnx") == expected


def test_the_graph_of_openvino_has_the_layers_of_the_file(tb, recorded):
    [call] = recorded.only("add_openvino_graph")
    network = ET.parse(call.arguments["xmlname"]).getroot()
    names = {layer.get("id"): layer.get("name") for layer in network.iter("layer")}
    edges = [(names[edge.get("from-layer")], names[edge.get("to-layer")]) for edge in network.iter("edge")]
    assert (len(names), len(edges)) == (5, 4)
    assert nodes_of(tb, "graphs/openvino") == [
        (name, layer.get("type"), [source for source, target in edges if target == name])
        for layer, name in zip(network.iter("layer"), names.values(), strict=True)
    ]


def test_the_graph_of_jax_has_the_primitives_of_the_function(tb, recorded):
    jax = pytest.importorskip("jax")
    [call] = [call for call in recorded.only("add_graph") if recorded.run(call) == "graphs/jax"]
    function, arguments = call.arguments["model"], call.arguments["input_to_model"]
    primitives = sorted(primitives_of(jax.make_jaxpr(function)(*arguments).jaxpr))
    nodes = nodes_of(tb, "graphs/jax")
    assert sorted(op for _, op, _ in nodes if op not in ("Placeholder", "Output")) == primitives
    assert "dot_general" in primitives
    assert [op for _, op, _ in nodes].count("Placeholder") == 3  # two weights and the images
    names = {name for name, _, _ in nodes}
    assert {source for _, _, inputs in nodes for source in inputs} <= names
    assert {name.split("/")[0] for name in names} == {"input", "hidden", "output"}


def primitives_of(jaxpr: Any) -> Iterator[str]:
    """The primitives, those of nested functions instead of the call."""
    for equation in jaxpr.eqns:
        inner = equation.params.get("jaxpr") or equation.params.get("call_jaxpr")
        if inner is None:
            yield equation.primitive.name
        else:
            yield from primitives_of(getattr(inner, "jaxpr", inner))
