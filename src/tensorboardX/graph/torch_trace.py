"""The graph of a traced or scripted PyTorch module, with the names that `torch.utils.tensorboard` gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..proto.node_def_pb2 import NodeDef
from .nodes import node, text_attr

_ROOT = "__module"  # how the tracer calls the outermost module in scope names
_GET_ATTRIBUTE = "prim::GetAttr"
_MODULE_KIND = "ClassType"


class _Scopes:
    """Readable scopes, such as `Net/Sequential[layers]/Linear[0]`, of the tracer's dotted module paths."""

    def __init__(self, module: Any) -> None:
        self.root = _class_name(module)
        self._labels: dict[str, str] = {}
        self._readable: dict[str, str] = {}
        named = module.named_modules(prefix=_ROOT) if hasattr(module, "named_modules") else ()
        for path, submodule in named:
            self._labels[path] = f"{_class_name(submodule)}[{_last(path)}]"

    def label(self, path: str) -> str:
        """One level of a scope: a module as `Class[name]`, a parameter by its name."""
        return self._labels.get(path) or _last(path)

    def readable(self, scope: str) -> str:
        """The scope of an operation, from the one the tracer noted (paths parted by `/`)."""
        if scope not in self._readable:
            labels = "/".join(self.label(path) for path in scope.split("/"))
            self._readable[scope] = f"{self.root}/{labels}" if labels.strip("/") else self.root
        return self._readable[scope]


def trace_nodes(graph: Any, module: Any) -> Iterator[NodeDef]:
    """The nodes of `graph`, a `torch._C.Graph` with its calls inlined, traced or scripted from `module`.

    A value of the graph becomes a node `<scope>/<value name>`, so an operation of two outputs is two nodes.
    Names, order and attributes follow `torch.utils.tensorboard`, in time linear in the graph.
    """
    scopes = _Scopes(module)
    operations = list(_scoped_operations(graph, scopes))
    inputs = [value for value in graph.inputs() if value.uses() and value.type().kind() != _MODULE_KIND]
    names = _value_names(inputs, operations)
    for value in inputs:
        yield _port(names[value.debugName()], value, [])
    for number, value in enumerate(graph.outputs(), 1):
        yield _port(f"output/output.{number}", value, [names[value.debugName()]])
    for operation, _ in operations:
        yield from _operation_nodes(operation, names)


def _scoped_operations(graph: Any, scopes: _Scopes) -> Iterator[tuple[Any, str]]:
    """Each operation with its readable scope; look-ups of submodules are left out, scopes stand for them."""
    paths: dict[str, tuple[str, str]] = {}  # value -> (dotted path, readable scope)
    for operation in graph.nodes():
        if operation.kind() != _GET_ATTRIBUTE:
            yield operation, scopes.readable(operation.scopeName())
            continue
        output = operation.output()
        owner = operation.input().debugName()
        path, scope = paths.get(owner, (_ROOT, scopes.root))
        path = f"{path}.{operation.s('name')}"
        scope = f"{scope}/{scopes.label(path)}"
        paths[output.debugName()] = path, scope
        if output.type().kind() != _MODULE_KIND:
            yield operation, scope


def _value_names(inputs: list[Any], operations: list[tuple[Any, str]]) -> dict[str, str]:
    """The node name of each value. A value that has no node (a module) is named in the scope of its last user."""
    names = {}
    for operation, scope in operations:
        for value in operation.inputs():
            names[value.debugName()] = f"{scope}/{value.debugName()}"
    for value in inputs:
        names[value.debugName()] = f"input/{value.debugName()}"
    for operation, scope in operations:
        for value in operation.outputs():
            names[value.debugName()] = f"{scope}/{value.debugName()}"
    return names


def _port(name: str, value: Any, inputs: list[str]) -> NodeDef:
    """An input or an output of the whole graph. One that is no tensor has shape [1], as PyTorch writes it."""
    try:
        shape = value.type().sizes()
    except RuntimeError:
        shape = [1]
    return node(name, "IO Node", inputs, [shape], {"attr": text_attr("")})


def _operation_nodes(operation: Any, names: dict[str, str]) -> Iterator[NodeDef]:
    kind = operation.kind()
    inputs = [names[value.debugName()] for value in operation.inputs()]
    attributes = {"attr": text_attr(_attribute_text(operation))}
    for value in operation.outputs():
        shape = value.type().sizes() if value.isCompleteTensor() else None
        yield node(names[value.debugName()], kind, inputs, [shape], attributes)


def _attribute_text(operation: Any) -> str:
    """The attributes as a dict's text. Quotes become blanks: the page shows them as escapes."""
    attributes = {name: getattr(operation, operation.kindOf(name))(name) for name in operation.attributeNames()}
    return str(attributes).replace("'", " ")


def _class_name(module: Any) -> str:
    """The class that a traced or scripted module was made from; a scripted function's name."""
    return str(getattr(module, "original_name", None) or getattr(module, "name", None) or "Module")


def _last(path: str) -> str:
    return path.rpartition(".")[2]
