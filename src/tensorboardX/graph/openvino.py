"""The graph of an OpenVINO model. Format: OpenVINO IR, versions 10 and 11, the `.xml` file."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import InvalidValueError, reason, shown
from ..proto.attr_value_pb2 import AttrValue
from ..proto.graph_pb2 import GraphDef
from ..proto.node_def_pb2 import NodeDef
from .nodes import UniqueNames, checked_path, graph_def, node, slot, type_attr, typed_attr

_FIRST_BYTES = 64  # the step of parsing before the root element: a DOCTYPE is met before what follows it is read


def load_openvino_graph(fname: str | os.PathLike[str]) -> GraphDef:
    """The graph of the IR file `fname`; the weights beside it (`.bin`) are not read.

    A layer is a node: its `type` the op, `<data>` the attributes, the `<dim>` of its output ports the shapes. The
    bodies of `TensorIterator`, `Loop` and `If` lie in the scope `<layer>/<body>`.

    Raises:
        ValueError: The file is not XML or has no layers, a size or a port in it is no number, an edge leads to a layer
            or port that is not there, or the file declares a document type: entities are never expanded.
        OSError: The file cannot be read.
    """
    path = Path(checked_path("xmlname", fname))
    root = _parse(path)
    if root.find("layers") is None:
        raise InvalidValueError(f"{path}: <{root.tag}> has no <layers>; accepted is the .xml file of an OpenVINO model")
    unique = UniqueNames()
    try:
        return graph_def(_network(root, "", unique).nodes(unique))
    except KeyError as error:
        raise InvalidValueError(
            f"{path}: {error.args[0]} is missing, or an edge names it and no layer has it"
        ) from error
    except (ValueError, RecursionError) as error:  # a port or a size that is no number, bodies within bodies
        raise InvalidValueError(f"{path}: not a model of OpenVINO: {reason(error)}") from error


class _RefuseDoctype(ET.TreeBuilder):
    """Builds the tree of a file without a document type, where alone entities can be declared."""

    started = False

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise InvalidValueError(
            f"the document type {shown(name)} is declared; no model has one, and entities are refused"
        )

    def start(self, tag: str, attrs: dict[str, str]) -> ET.Element:
        self.started = True
        return super().start(tag, attrs)


def _parse(path: Path) -> ET.Element:
    content = path.read_bytes()
    builder = _RefuseDoctype()
    parser = ET.XMLParser(target=builder)  # noqa: S314 (the builder refuses every document type)
    try:
        position = 0
        while position < len(content) and not builder.started:
            parser.feed(content[position : position + _FIRST_BYTES])
            position += _FIRST_BYTES
        parser.feed(content[position:])
        root: ET.Element = parser.close()
    except InvalidValueError as error:
        raise InvalidValueError(f"{path}: {error}") from None
    except (ET.ParseError, ValueError, LookupError) as error:  # the last two for encodings
        raise InvalidValueError(f"{path}: not XML: {reason(error)}") from error
    return root


@dataclass
class _Network:
    """A whole model or the body of a layer: its layers, their node names, and the edges into each."""

    layers: dict[str, ET.Element]
    names: dict[str, str]
    inputs: dict[str, dict[str, str]]  # layer -> port -> the output that feeds it

    def nodes(self, unique: UniqueNames) -> Iterator[NodeDef]:
        """One node for each layer, the layers of its bodies before it."""
        for key, layer in self.layers.items():
            edges = self.inputs[key]
            sources = [edges[port] for port in sorted(edges, key=int)]
            for body in layer:
                if body.find("layers") is not None:
                    inner = _network(body, f"{self.names[key]}/{body.tag}/", unique)
                    sources += _connect(inner, layer, body.tag, edges)
                    yield from inner.nodes(unique)
            yield _layer_node(layer, self.names[key], sources)


def _network(element: ET.Element, prefix: str, unique: UniqueNames) -> _Network:
    layers = {layer.attrib["id"]: layer for layer in element.iterfind("layers/layer")}
    names = {key: unique.take(f"{prefix}{layer.get('name') or layer.attrib['type']}") for key, layer in layers.items()}
    slots = {key: _output_slots(layer) for key, layer in layers.items()}
    inputs: dict[str, dict[str, str]] = {key: {} for key in layers}
    for edge in element.iterfind("edges/edge"):
        source = edge.attrib["from-layer"]
        output = slot(names[source], slots[source][edge.attrib["from-port"]])
        inputs[edge.attrib["to-layer"]][edge.attrib["to-port"]] = output
    return _Network(layers, names, inputs)


def _connect(body: _Network, layer: ET.Element, tag: str, edges: dict[str, str]) -> list[str]:
    """Leads the edges into `layer` to the parameters of its body; returns the body's results, which lead back."""
    ports = layer.find(tag.replace("body", "port_map"))
    if ports is None:
        return []
    for port in ports.iterfind("input"):
        outer = edges.get(port.attrib["external_port_id"])
        if outer is not None:
            body.inputs[port.attrib["internal_layer_id"]]["0"] = outer
    return [body.names[port.attrib["internal_layer_id"]] for port in ports.iterfind("output")]


def _output_slots(layer: ET.Element) -> dict[str, int]:
    """Which output each port is: port numbers go on from those of the inputs."""
    return {port.attrib["id"]: index for index, port in enumerate(layer.iterfind("output/port"))}


def _layer_node(layer: ET.Element, name: str, inputs: list[str]) -> NodeDef:
    ports = layer.findall("output/port")
    shapes = [[int(dim.text or -1) for dim in port.iterfind("dim")] for port in ports]
    data = layer.find("data")
    attributes = {} if data is None else {key: typed_attr(value) for key, value in data.attrib.items()}
    return node(name, layer.attrib["type"], inputs, shapes, {**_dtype(layer, ports), **attributes})


def _dtype(layer: ET.Element, ports: list[ET.Element]) -> dict[str, AttrValue]:
    """The element type of the first output: its port's precision, else what `<data>` says."""
    data = layer.find("data")
    stated = [ports[0].get("precision") if ports else None, None if data is None else data.get("element_type")]
    return next(filter(None, (type_attr(name) for name in stated if name)), {})
