"""What every graph must hold for TensorBoard to draw it connected."""

from __future__ import annotations

import re

from tensorboard.compat.proto.graph_pb2 import GraphDef as StockGraphDef

from tensorboardX.proto.graph_pb2 import GraphDef

NAME = re.compile(r"[A-Za-z0-9_.\-\[\]]+(/[A-Za-z0-9_.\-\[\]]+)*")
SLOT = re.compile(r"(.*):([1-9]\d*)")


def stock(graph: GraphDef) -> StockGraphDef:
    """The graph as TensorBoard's own message reads it."""
    return StockGraphDef.FromString(graph.SerializeToString())


def sources(graph: GraphDef, name: str) -> list[str]:
    """The edges into the node `name`."""
    return list(node(graph, name).input)


def node(graph: GraphDef, name: str):
    (found,) = (each for each in graph.node if each.name == name)
    return found


def shapes(graph: GraphDef, name: str) -> list[list[int] | None]:
    """The output shapes of a node; None for an output of unknown rank."""
    protos = node(graph, name).attr["_output_shapes"].list.shape
    return [None if shape.unknown_rank else [dim.size for dim in shape.dim] for shape in protos]


def check_connected(graph: GraphDef) -> None:
    """Names are unique and valid, and each edge comes from a node, and from an output it has."""
    names = [each.name for each in graph.node]
    assert len(names) == len(set(names))
    assert [name for name in names if not NAME.fullmatch(name)] == []
    by_name = {each.name: each for each in stock(graph).node}
    for each in graph.node:
        for edge in each.input:
            match = SLOT.fullmatch(edge)
            assert (match[1] if match else edge) in by_name, f"{each.name} <- {edge}"
            if match and "_output_shapes" in by_name[match[1]].attr:
                assert int(match[2]) < len(by_name[match[1]].attr["_output_shapes"].list.shape)
    assert graph.versions.producer == 22
