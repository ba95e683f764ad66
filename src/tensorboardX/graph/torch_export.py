"""The graph of a `torch.export.ExportedProgram`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..proto.attr_value_pb2 import AttrValue
from ..proto.node_def_pb2 import NodeDef
from .nodes import UniqueNames, node, shape_of, shortened, text_attr, type_attr


def export_nodes(program: Any) -> Iterator[NodeDef]:
    """The nodes of `program`, scoped by the modules they were called in, such as `Net/Sequential[layers]/Linear[0]`.

    Inputs are `input/<name>`, outputs `output/output.<n>`, parameters and buffers lie in the scope of their module.
    """
    scopes = _Scopes(program.graph)
    targets = {spec.arg.name: spec.target for spec in program.graph_signature.input_specs if spec.target}
    unique = UniqueNames()
    names: dict[str, str] = {}
    for item in program.graph.nodes:
        if item.op == "output":
            yield from _outputs(item, names, unique)
        elif item.op == "placeholder":
            if item.name in targets:
                names[item.name] = unique.take(scopes.of_attribute(targets[item.name]))
                yield _node(item, names, "Parameter", {"name": text_attr(targets[item.name])})
            elif item.users:
                names[item.name] = unique.take(f"input/{item.name}")
                yield _node(item, names, "IO Node", {})
        else:
            names[item.name] = unique.take(f"{scopes.of_operation(item)}/{item.name}")
            yield _node(item, names, _op(item), {"attr": text_attr(_arguments(item))})


class _Scopes:
    """Readable scopes of dotted module paths, learnt from the module stacks of the graph's operations."""

    def __init__(self, graph: Any) -> None:
        self._scopes: dict[str, str] = {}
        for item in graph.nodes:
            self.of_operation(item)
        self.root = self._scopes.setdefault("", "Module")

    def of_operation(self, item: Any) -> str:
        """The scope of the innermost module that `item` was called in."""
        scope, outer = "", ""
        for path, module_class in (item.meta.get("nn_module_stack") or {}).values():
            if path not in self._scopes:
                own = path[len(outer) + 1 :] if outer and path.startswith(outer + ".") else path
                label = f"{_class_name(module_class)}[{own}]" if path else _class_name(module_class)
                self._scopes[path] = f"{scope}/{label}" if scope else label
            scope, outer = self._scopes[path], path
        return scope or self._scopes.get("", "Module")

    def of_attribute(self, target: str) -> str:
        """The name of a parameter or buffer: its own, in the scope of its module."""
        path, _, name = target.rpartition(".")
        scope = self._scopes.get(path)
        return f"{scope}/{name}" if scope else f"{self.of_attribute(path) if path else self.root}/{name}"


def _class_name(module_class: Any) -> str:
    """The class's own name; the stack holds a class or its qualified name."""
    name = module_class if isinstance(module_class, str) else module_class.__name__
    return name.rpartition(".")[2].partition("@")[0]


def _op(item: Any) -> str:
    """`aten.linear.default` for an operator of PyTorch, the name for a Python function."""
    if isinstance(item.target, str):
        return str(item.op)
    is_operator = type(item.target).__module__.startswith("torch")
    return str(item.target if is_operator else getattr(item.target, "__name__", item.target))


def _node(item: Any, names: Mapping[str, str], op: str, attributes: dict[str, AttrValue]) -> NodeDef:
    value = item.meta.get("val")
    values = value if isinstance(value, list | tuple) else [value]
    typed = type_attr(str(getattr(values[0], "dtype", "")).rpartition(".")[2]) if values else {}
    inputs = [names[each.name] for each in item.all_input_nodes if each.name in names]
    return node(names[item.name], op, inputs, [shape_of(each) for each in values], {**attributes, **typed})


def _arguments(item: Any) -> str:
    """The arguments as text; those that come from another node as `%name`."""
    positional = [_argument(argument) for argument in item.args]
    named = [f"{key}={_argument(argument)}" for key, argument in item.kwargs.items()]
    return shortened("(" + ", ".join(positional + named) + ")")


def _argument(argument: Any) -> str:
    if isinstance(argument, list | tuple):
        return "[" + ", ".join(_argument(each) for each in argument) + "]"
    return f"%{argument.name}" if hasattr(argument, "all_input_nodes") else str(argument)


def _outputs(item: Any, names: Mapping[str, str], unique: UniqueNames) -> Iterator[NodeDef]:
    for number, source in enumerate(item.all_input_nodes, 1):
        if source.name in names:
            shapes = [shape_of(source.meta.get("val"))]
            yield node(unique.take(f"output/output.{number}"), "IO Node", [names[source.name]], shapes)
