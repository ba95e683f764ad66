"""Encoders of model graphs: each turns a model of one framework into the `GraphDef` that TensorBoard draws.

A framework is imported only by the encoder that needs it.
"""

from __future__ import annotations

from typing import Any

from ..errors import InvalidTypeError, describe
from ..proto.graph_pb2 import GraphDef
from ..proto.step_stats_pb2 import RunMetadata
from . import jax, pytorch
from .nodes import run_metadata

__all__ = ["model_graph"]


def model_graph(
    model: Any, args: Any = None, verbose: bool = False, use_strict_trace: bool | None = None
) -> tuple[GraphDef, RunMetadata]:
    """The graph of a PyTorch model or of a JAX function.

    Args:
        model: A `torch.nn.Module`, a scripted or traced module, an `ExportedProgram`, or a function of JAX arrays.
        args: What `model` is called with: one value, or a tuple or list of arguments.
        verbose: Log the framework's own text of the graph, at level INFO.
        use_strict_trace: For a PyTorch model: False lets the tracer record a dict or list that the model returns; True
            raises an error then. None draws such a model by other means.

    Raises:
        TypeError: `model` is none of these.
        Exception: Whatever the model itself raises, as it came.
    """
    if pytorch.is_torch_model(model):
        return pytorch.graph(model, args, verbose, use_strict_trace)
    if jax.is_jax_function(model, args):
        return jax.graph(model, args, verbose), run_metadata()
    raise InvalidTypeError(
        f"the graph of a model: got {describe(model)}; accepted is {pytorch.ACCEPTED}, or a function of JAX arrays"
    )
