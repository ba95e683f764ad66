"""The graph of an ONNX file. Format: onnx/onnx.proto."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from ..errors import InvalidValueError, reason, shown
from ..proto.attr_value_pb2 import AttrValue
from ..proto.graph_pb2 import GraphDef
from ..proto.node_def_pb2 import NodeDef
from .nodes import (
    Shape,
    UniqueNames,
    checked_path,
    graph_def,
    import_optional,
    node,
    slot,
    type_attr,
    typed_attr,
)


def load_onnx_graph(fname: str | os.PathLike[str]) -> GraphDef:
    """The graph of the ONNX model in the file `fname`.

    Inputs are nodes of op `Placeholder`, initializers `Const` (without their data), outputs `Output`. The graphs that
    `If`, `Loop` and `Scan` hold lie in the scope `<node>/<attribute>`. Shapes are those the file states.

    Raises:
        ImportError: The package onnx is not installed.
        OSError: The file cannot be read.
        ValueError: It is no ONNX model.
    """
    onnx = import_optional("onnx", "onnx", "the graph of an ONNX file")
    name = checked_path("onnx_model_file", fname)
    try:
        model = onnx.load(name, load_external_data=False)  # the data of weights is not drawn
    except OSError:
        raise
    except Exception as error:  # DecodeError of protobuf, and what other formats of onnx raise
        raise InvalidValueError(f"onnx_model_file: {shown(name)} is no ONNX model: {reason(error)}") from error
    if not model.HasField("graph"):  # protobuf takes an empty file for a message with no field set
        raise InvalidValueError(f"onnx_model_file: {shown(name)} is no ONNX model: there is no graph in it")
    return graph_def(_Encoder(onnx).graph_nodes(model.graph, _Scope()))


def parse(graph: Any) -> GraphDef:
    """The graph of an ONNX GraphProto, as `load_onnx_graph` makes it. Raises ImportError without the package onnx."""
    onnx = import_optional("onnx", "onnx", "the graph of an ONNX model")
    return graph_def(_Encoder(onnx).graph_nodes(graph, _Scope()))


@dataclass
class _Tensor:
    """What a graph states about one of its tensors."""

    shape: Shape | None = None
    data_type: str = ""


@dataclass
class _Scope:
    """A graph or a nested one: where its nodes lie, and which node output each tensor name stands for."""

    prefix: str = ""
    edges: dict[str, str] = field(default_factory=dict)
    tensors: dict[str, _Tensor] = field(default_factory=dict)

    def nested(self, prefix: str) -> _Scope:
        """The scope of a nested graph, which sees the tensors around it."""
        return _Scope(f"{prefix}/", dict(self.edges), dict(self.tensors))

    def inputs(self, names: Iterable[str]) -> list[str]:
        """The edges into a node; an empty name is an optional input that is not given."""
        return [self.edges[name] for name in names if name in self.edges]


class _Encoder:
    def __init__(self, onnx: ModuleType) -> None:
        self._onnx = onnx
        self._unique = UniqueNames()

    def graph_nodes(self, graph: Any, scope: _Scope) -> Iterator[NodeDef]:
        """The nodes of `graph`. `scope.edges` is filled with the tensors that it makes."""
        for value in [*graph.value_info, *graph.output, *graph.input]:
            scope.tensors[value.name] = self._tensor(value)
        yield from self._initializers(graph, scope)
        yield from self._inputs(graph, scope)
        names = [self._claim(item, scope) for item in graph.node]  # all of them first: an edge may lead to any
        for item, name in zip(graph.node, names, strict=True):
            yield from self._operation(item, name, scope)
        for value in graph.output if not scope.prefix else ():  # a nested graph's outputs go to its operation
            name = self._unique.take(scope.prefix + value.name)
            yield self._value(name, "Output", value.name, scope, scope.inputs([value.name]))

    def _initializers(self, graph: Any, scope: _Scope) -> Iterator[NodeDef]:
        dense = [(tensor.name, tensor) for tensor in graph.initializer]
        sparse = [(tensor.values.name, tensor) for tensor in graph.sparse_initializer]
        for name, tensor in dense + sparse:
            element = tensor.data_type if hasattr(tensor, "data_type") else tensor.values.data_type
            scope.tensors[name] = _Tensor(list(tensor.dims), self._type_name(element))
            scope.edges[name] = self._unique.take(scope.prefix + name)
            yield self._value(scope.edges[name], "Const", name, scope)

    def _inputs(self, graph: Any, scope: _Scope) -> Iterator[NodeDef]:
        initialized = {tensor.name for tensor in graph.initializer}  # old files list these among the inputs too
        for value in graph.input:
            if value.name not in initialized:
                scope.edges[value.name] = self._unique.take(scope.prefix + value.name)
                yield self._value(scope.edges[value.name], "Placeholder", value.name, scope)

    def _claim(self, item: Any, scope: _Scope) -> str:
        """A name for the operation, from its own, its first output or its kind; its outputs then stand for it."""
        wish = item.name or next(filter(None, item.output), "") or item.op_type
        name = self._unique.take(scope.prefix + wish)
        for index, output in enumerate(item.output):
            if output:
                scope.edges[output] = slot(name, index)
        return name

    def _operation(self, item: Any, name: str, scope: _Scope) -> Iterator[NodeDef]:
        inputs = scope.inputs(item.input)
        attributes: dict[str, AttrValue] = {}
        for attribute in item.attribute:
            nested = [attribute.g] if attribute.HasField("g") else list(attribute.graphs)
            for graph in nested:
                inner = scope.nested(f"{name}/{attribute.name}")
                yield from self.graph_nodes(graph, inner)
                inputs += inner.inputs(value.name for value in graph.output)
            if not nested:
                attributes[attribute.name] = typed_attr(
                    self._attribute(self._onnx.helper.get_attribute_value(attribute))
                )
        outputs = [scope.tensors.get(output, _Tensor()) for output in item.output]
        yield self._node(name, item.op_type, inputs, outputs, attributes)

    def _value(self, name: str, op: str, tensor: str, scope: _Scope, inputs: Iterable[str] = ()) -> NodeDef:
        return self._node(name, op, inputs, [scope.tensors[tensor]], {})

    def _node(
        self, name: str, op: str, inputs: Iterable[str], outputs: list[_Tensor], attributes: Mapping[str, AttrValue]
    ) -> NodeDef:
        typed = type_attr(outputs[0].data_type) if outputs else {}
        return node(name, op, inputs, [output.shape for output in outputs], {**typed, **attributes})

    def _attribute(self, value: Any) -> Any:
        """The value of an attribute as one that a node holds; of a tensor its type and shape only."""
        if isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if isinstance(value, self._onnx.TensorProto):
            return f"{self._type_name(value.data_type)}{list(value.dims)}"
        return type(value).__name__ if hasattr(value, "DESCRIPTOR") else [self._attribute(item) for item in value]

    def _tensor(self, value: Any) -> _Tensor:
        tensor = value.type.tensor_type
        if not value.type.HasField("tensor_type"):
            return _Tensor()
        sizes = [dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim]
        return _Tensor(sizes if tensor.HasField("shape") else None, self._type_name(tensor.elem_type))

    def _type_name(self, element: int) -> str:
        """`FLOAT` for 1 and so on; empty for a number this release of onnx does not know."""
        enum = self._onnx.TensorProto.DataType
        return str(enum.Name(element)) if element in enum.values() else ""
