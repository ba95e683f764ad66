"""The graph of a PyTorch model: by `torch.jit.trace`, and by `torch.export` where that cannot be had.

Nothing of TensorBoard is needed. The names are those of `torch.utils.tensorboard`.
"""

from __future__ import annotations

import logging
import opcode
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any

from ..errors import InvalidTypeError, describe
from ..notices import log_safely
from ..proto.graph_pb2 import GraphDef
from ..proto.node_def_pb2 import NodeDef
from ..proto.step_stats_pb2 import RunMetadata
from .nodes import argument_tuple, graph_def, import_optional, run_metadata
from .torch_export import export_nodes
from .torch_trace import trace_nodes

ACCEPTED = "a torch.nn.Module, a torch.jit.ScriptModule or ScriptFunction, or a torch.export.ExportedProgram"

_logger = logging.getLogger(__name__)
_RAISES = (opcode.opmap["RAISE_VARARGS"], opcode.opmap["RERAISE"])


def graph(
    model: Any, args: Any = None, verbose: bool = False, use_strict_trace: bool | None = None
) -> tuple[GraphDef, RunMetadata]:
    """The graph of `model`, which runs once, in evaluation mode, on `args`.

    Args:
        model: A `torch.nn.Module`, which is traced; or a scripted or traced module or an `ExportedProgram`, whose
            graph is taken as it is. Its training modes, hooks and parameters stay as they are.
        args: What `forward` takes: one tensor or dict, or a tuple or list of arguments. Needed for a module only.
        verbose: Log the graph that PyTorch gives, at level INFO of the logger `tensorboardX.graph.pytorch`.
        use_strict_trace: False lets the tracer record a dict or list that `forward` returns; True raises the
            RuntimeError of the tracer. None traces strictly, and leaves to `torch.export` what that cannot record.

    Returns:
        The graph, and the metadata that names the device, as `torch.utils.tensorboard` writes them.

    Raises:
        ImportError: PyTorch is not installed.
        TypeError: `model` is none of these, or `args` is missing.
        Exception: Whatever `forward` raises, as it came.
    """
    torch = import_optional("torch", "torch", "the graph of a PyTorch model")
    if not is_torch_model(model):
        raise InvalidTypeError(f"the graph of a model: got {describe(model)}; accepted is {ACCEPTED}")
    nodes = _nodes(torch, model, args, verbose, use_strict_trace)
    return graph_def(nodes), run_metadata()


def is_torch_model(model: Any) -> bool:
    """Whether `graph` takes `model`. PyTorch is not imported: a model of it exists only where it is already."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    return isinstance(model, (torch.nn.Module, torch.jit.ScriptFunction)) or _is_program(model)


def _is_program(model: Any) -> bool:
    """Whether `model` is an `ExportedProgram`; `torch.export` takes long to import and is left where it is."""
    return isinstance(model, getattr(sys.modules.get("torch.export"), "ExportedProgram", ()))


def _nodes(torch: ModuleType, model: Any, args: Any, verbose: bool, strict: bool | None) -> list[NodeDef]:
    if _is_program(model):
        return _from_program(model, verbose)
    if isinstance(model, torch.jit.ScriptModule | torch.jit.ScriptFunction):
        return _from_graph(torch, model.graph.copy(), model, verbose)  # inlining would change the model's own graph
    if args is None:
        raise InvalidTypeError("the graph of a torch.nn.Module: got no inputs; accepted is what its forward takes")
    model = getattr(model, "_orig_mod", model)  # what torch.compile wraps cannot be traced, the module itself can
    with _evaluation_mode(model):
        return _module_nodes(torch, model, argument_tuple(args), verbose, strict)


def _module_nodes(
    torch: ModuleType, model: Any, args: tuple[Any, ...], verbose: bool, strict: bool | None
) -> list[NodeDef]:
    try:
        traced = _trace(torch, model, args, strict is not False)
    except Exception as error:
        if strict and isinstance(error, RuntimeError):  # of the tracer, which refuses the dict or list
            raise
        program = None if _is_error_of_model(torch, model, args, error) else _export_or_none(model, args)
        if program is None:
            raise
        log_safely(_logger.info, "torch.jit.trace gives no graph, so torch.export is used: %s", error)
        return _from_program(program, verbose)
    if isinstance(traced, torch.jit.ScriptModule):
        return _from_graph(torch, traced.graph, traced, verbose)
    return _from_program(_export(model, args), verbose)  # PYTORCH_JIT=0 switches the tracer off


def _from_graph(torch: ModuleType, jit_graph: Any, module: Any, verbose: bool) -> list[NodeDef]:
    torch._C._jit_pass_inline(jit_graph)
    if verbose:
        log_safely(_logger.info, "%s", jit_graph)
    return list(trace_nodes(jit_graph, module))


def _from_program(program: Any, verbose: bool) -> list[NodeDef]:
    if verbose:
        log_safely(_logger.info, "%s", program)
    return list(export_nodes(program))


def _trace(torch: ModuleType, model: Any, args: tuple[Any, ...], strict: bool) -> Any:
    """The traced module. It is not run again to be checked: only its graph is wanted."""
    with warnings.catch_warnings():
        # The caller did not ask for a trace, so its deprecation and its advice say nothing to them. It is deprecated by
        # a DeprecationWarning up to torch 2.13, and by a FutureWarning from 2.14 on.
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.trace")
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
        return torch.jit.trace(model, args, strict=strict, check_trace=False)


def _export(model: Any, args: tuple[Any, ...]) -> Any:
    from torch.export import export

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*during export")  # advice for who wants to run the program
        return export(model, args, strict=False)


def _export_or_none(model: Any, args: tuple[Any, ...]) -> Any:
    try:
        return _export(model, args)
    except Exception as error:
        log_safely(_logger.debug, "torch.export gives no graph either: %s", error)
        return None


def _is_error_of_model(torch: ModuleType, model: Any, args: tuple[Any, ...], error: Exception) -> bool:
    """Whether the model itself fails, and not the tracer."""
    call = torch.nn.Module._call_impl.__code__
    frames = list(_frames(error))
    if all(frame.f_code is not call for frame, _ in frames):
        return False  # the tracer took offence at the inputs or outputs
    return _is_raised_outside(torch.__path__[0], *frames[-1]) or _fails(torch, model, args)


def _frames(error: Exception) -> Iterator[tuple[FrameType, int]]:
    """The frames that `error` passed, outermost first, each with the offset of the instruction it was at."""
    position = error.__traceback__
    while position is not None:
        yield position.tb_frame, position.tb_lasti
        position = position.tb_next


def _is_raised_outside(folder: str, frame: FrameType, offset: int) -> bool:
    """Whether `frame` stands at a `raise` or `assert` in a file that is not in `folder`."""
    return frame.f_code.co_code[offset] in _RAISES and not frame.f_code.co_filename.startswith(folder + os.sep)


def _fails(torch: ModuleType, model: Any, args: tuple[Any, ...]) -> bool:
    """Whether the model fails without the tracer too."""
    try:
        with torch.no_grad():
            model(*args)
    except Exception:
        return True
    return False


@contextmanager
def _evaluation_mode(model: Any) -> Iterator[None]:
    """Evaluation mode in every submodule, then each one's own mode again.

    The flags are set directly: a `train` method that a user overrides may do more than that, such as merge weights.
    """
    modes = [(module, module.training) for module in model.modules() if hasattr(module, "training")]
    try:
        for module, _ in modes:
            module.training = False
        yield
    finally:
        for module, training in modes:
            module.training = training
