"""The graph of a JAX function, from its jaxpr."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..errors import InvalidTypeError, describe
from ..notices import log_safely
from ..proto.attr_value_pb2 import AttrValue
from ..proto.graph_pb2 import GraphDef
from ..proto.node_def_pb2 import NodeDef
from .nodes import (
    UniqueNames,
    argument_tuple,
    graph_def,
    import_optional,
    node,
    safe_name,
    shape_of,
    shortened,
    slot,
    text_attr,
    type_attr,
)

# Primitives that only call a function: their scope stands for them, and edges lead through it.
_CALLS = {"pjit", "jit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call", "checkpoint", "remat2"}

_logger = logging.getLogger(__name__)


def graph(function: Callable[..., Any], args: Any = None, verbose: bool = False) -> GraphDef:
    """The graph of `function`, which is traced on the shapes and dtypes of `args` and not run.

    Inputs are `input/<parameter>`, outputs `output/output.<n>`. Functions under `jit`, the bodies of `scan`, `while`
    and `cond`, and `jax.named_scope` are scopes.

    Args:
        function: A function of JAX arrays, under `jax.jit` or not.
        args: What it is called with: one value, or a tuple or list of arguments; None for no arguments.
        verbose: Log the jaxpr, at level INFO of the logger `tensorboardX.graph.jax`.

    Raises:
        ImportError: JAX is not installed.
        TypeError: `function` cannot be called.
        Exception: Whatever `function` raises, as it came.
    """
    jax = import_optional("jax", "jax", "the graph of a JAX function")
    if not callable(function):
        raise InvalidTypeError(f"the graph of a JAX function: got {describe(function)}; accepted is a function")
    arguments = argument_tuple(args)
    closed = jax.make_jaxpr(function)(*arguments)
    if verbose:
        log_safely(_logger.info, "%s", closed)
    paths = [path for path, _ in jax.tree_util.tree_flatten_with_path(arguments)[0]]
    return graph_def(_Encoder().whole(closed, _input_names(function, paths)))


def is_jax_function(model: Any, args: Any = None) -> bool:
    """Whether `model` is a function that JAX can trace on `args`. JAX is not imported for this.

    A plain function does not say what it computes with, so one is taken for JAX's where JAX is in use and neither it
    nor its arguments are of another framework.
    """
    if "jax" not in sys.modules or not callable(model) or isinstance(model, type):
        return False
    if _framework(model) in ("jax", "jaxlib"):
        return True
    return not any(_framework(each) in ("torch", "tensorflow", "keras") for each in (model, *argument_tuple(args)))


def _framework(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def _input_names(function: Callable[..., Any], paths: Iterable[Sequence[Any]]) -> list[str]:
    """A name for each array in the arguments: the parameter, then the keys of the dicts and lists it lies in."""
    try:
        parameters = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        parameters = []
    names = []
    for position, *keys in paths:
        index = position.idx
        first = parameters[index] if index < len(parameters) else f"argument{index}"
        names.append("/".join(["input", first, *(_key(key) for key in keys)]))
    return names


def _key(key: Any) -> str:
    """One step into a pytree: a dict's key, a list's index or an attribute's name."""
    for kind in ("key", "idx", "name"):
        if hasattr(key, kind):
            return str(getattr(key, kind))
    return str(key)


class _Encoder:
    def __init__(self) -> None:
        self._unique = UniqueNames()

    def whole(self, closed: Any, input_names: list[str]) -> Iterator[NodeDef]:
        """The nodes of the outermost jaxpr, with its inputs, constants and outputs."""
        edges: dict[Any, str] = {}
        yield from self._leaves(closed.jaxpr.invars, input_names, "Placeholder", edges)
        yield from self._constants(closed.jaxpr, "", edges)
        yield from self._equations(closed.jaxpr, "", edges)
        for number, variable in enumerate(closed.jaxpr.outvars, 1):
            inputs = _inputs([variable], edges)
            yield self._node(self._unique.take(f"output/output.{number}"), "Output", inputs, [variable], {})

    def _leaves(self, variables: list[Any], wishes: list[str], op: str, edges: dict[Any, str]) -> Iterator[NodeDef]:
        for variable, wish in zip(variables, wishes, strict=True):
            edges[variable] = self._unique.take(wish)
            yield self._node(edges[variable], op, [], [variable], {})

    def _constants(self, jaxpr: Any, scope: str, edges: dict[Any, str]) -> Iterator[NodeDef]:
        wishes = [f"{scope}constant"] * len(jaxpr.constvars)
        yield from self._leaves(jaxpr.constvars, wishes, "Const", edges)

    def _equations(self, jaxpr: Any, scope: str, edges: dict[Any, str]) -> Iterator[NodeDef]:
        """The operations of a jaxpr. `edges` holds the output each variable stands for, and is filled."""
        for equation in jaxpr.eqns:
            inner_scope = scope + _named_scope(equation)
            nested = list(_nested_jaxprs(equation))
            if equation.primitive.name in _CALLS and len(nested) == 1:
                yield from self._call(equation, nested[0][1], inner_scope, edges)
            else:
                yield from self._operation(equation, nested, inner_scope, edges)

    def _call(self, equation: Any, jaxpr: Any, scope: str, edges: dict[Any, str]) -> Iterator[NodeDef]:
        """A function called: its operations in a scope, and its results for those of the call."""
        name = self._unique.take(scope + safe_name(str(equation.params.get("name") or equation.primitive.name)))
        inner = _bound(jaxpr.invars, equation.invars, edges)
        yield from self._body(jaxpr, f"{name}/", inner)
        for outer, result in zip(equation.outvars, jaxpr.outvars, strict=True):
            if _is_variable(result) and result in inner:
                edges[outer] = inner[result]

    def _operation(
        self, equation: Any, nested: list[tuple[str, Any]], scope: str, edges: dict[Any, str]
    ) -> Iterator[NodeDef]:
        """One operation; what it runs (a loop's body, a condition's branches) lies in scopes below it."""
        name = self._unique.take(scope + equation.primitive.name)
        inputs = _inputs(equation.invars, edges)
        for label, jaxpr in nested:
            inner = _bound(jaxpr.invars, _passed(equation, label, len(jaxpr.invars)), edges)
            yield from self._body(jaxpr, f"{name}/{label}/", inner)
            inputs += [edge for edge in _inputs(jaxpr.outvars, inner) if edge not in inputs]
        for index, variable in enumerate(equation.outvars):
            edges[variable] = slot(name, index)
        yield self._node(name, equation.primitive.name, inputs, equation.outvars, _attributes(equation))

    def _body(self, jaxpr: Any, scope: str, edges: dict[Any, str]) -> Iterator[NodeDef]:
        yield from self._constants(jaxpr, scope, edges)
        yield from self._equations(jaxpr, scope, edges)

    def _node(
        self, name: str, op: str, inputs: list[str], variables: list[Any], attributes: dict[str, AttrValue]
    ) -> NodeDef:
        typed = type_attr(str(getattr(variables[0].aval, "dtype", ""))) if variables else {}
        return node(name, op, inputs, [shape_of(variable.aval) for variable in variables], {**attributes, **typed})


def _is_variable(item: Any) -> bool:
    """Whether an operand is a variable; the others are literals, which hold their value."""
    return not hasattr(item, "val")


def _inputs(operands: Iterable[Any], edges: dict[Any, str]) -> list[str]:
    return [edges[operand] for operand in operands if _is_variable(operand) and operand in edges]


def _bound(parameters: Sequence[Any], operands: Sequence[Any], edges: dict[Any, str]) -> dict[Any, str]:
    """The edges that a nested jaxpr starts with: those of the operands it is given."""
    pairs = zip(parameters, operands, strict=False)
    return {inner: edges[outer] for inner, outer in pairs if _is_variable(outer) and outer in edges}


def _passed(equation: Any, label: str, count: int) -> Sequence[Any]:
    """The operands that a nested jaxpr of `count` parameters is given: the last ones, save for `while`'s test."""
    operands: Sequence[Any] = equation.invars
    if label == "cond_jaxpr":  # operands: the test's constants, the body's constants, the carried values
        own, others = equation.params["cond_nconsts"], equation.params["body_nconsts"]
        return [*operands[:own], *operands[own + others :]]
    return operands[len(operands) - count :] if count <= len(operands) else ()


def _nested_jaxprs(equation: Any) -> Iterator[tuple[str, Any]]:
    """The jaxprs among an operation's parameters, each with the parameter's name (numbered, of several)."""
    for key, value in equation.params.items():
        jaxprs = _jaxprs(value)
        for index, jaxpr in enumerate(jaxprs):
            yield (f"{key}_{index}" if len(jaxprs) > 1 else key), jaxpr


def _jaxprs(value: Any) -> list[Any]:
    """The jaxprs that a parameter holds, closed ones opened."""
    items = value if isinstance(value, list | tuple) else [value]
    return [jaxpr for jaxpr in (getattr(item, "jaxpr", item) for item in items) if hasattr(jaxpr, "eqns")]


def _named_scope(equation: Any) -> str:
    """The `jax.named_scope` an operation was made in, with a slash at its end; empty outside of one."""
    stack = str(getattr(equation.source_info, "name_stack", "")).replace("()", "").replace(")", "")
    return f"{safe_name(stack)}/" if stack else ""


def _attributes(equation: Any) -> dict[str, AttrValue]:
    """The parameters that are values, and the literal operands, as text."""
    values = {
        key: value
        for key, value in equation.params.items()
        if value is not None and not callable(value) and not _jaxprs(value) and "jaxpr" not in key
    }
    literals = {f"operand{i}": item.val for i, item in enumerate(equation.invars) if not _is_variable(item)}
    return {key: text_attr(shortened(str(value))) for key, value in {**values, **literals}.items()}
