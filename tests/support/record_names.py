#!/usr/bin/env python3
"""Record the names in the original's modules, and the parameters of what can be called, for tests/test_names.py.

    python tests/support/record_names.py

writes tests/data/names.json. The interpreter must have the original tensorboardX.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

PATH = Path(__file__).resolve().parents[1] / "data" / "names.json"
PACKAGE = "tensorboardX"
LINE = re.compile(r"\[[^\[\]{}]*\]")
MODULES = [
    *["", "comet_utils", "crc32c", "embedding", "event_file_writer", "global_writer", "onnx_graph", "openvino_graph"],
    *["record_writer", "summary", "utils", "writer", "x2num"],
    *["proto.api_pb2", "proto.attr_value_pb2", "proto.event_pb2", "proto.graph_pb2", "proto.layout_pb2"],
    *["proto.node_def_pb2", "proto.plugin_hparams_pb2", "proto.plugin_mesh_pb2", "proto.plugin_pr_curve_pb2"],
    *["proto.plugin_text_pb2", "proto.resource_handle_pb2", "proto.summary_pb2"],
    *["proto.tensor_pb2", "proto.tensor_shape_pb2", "proto.types_pb2", "proto.versions_pb2"],
]
"""Those of the original but the writers of Visdom."""


def record() -> dict[str, Any]:
    """Return the version, and for each module its names: parameters of a function, methods of a class, else None."""
    found = {module: names_of(f"{PACKAGE}.{module}".rstrip("."), "_pb2" in module) for module in MODULES}
    return {"version": importlib.metadata.version(PACKAGE), "modules": found}


def names_of(path: str, generated: bool) -> dict[str, Any]:
    """Return what a module has of its own, or from elsewhere in the package: not what it imports for itself."""
    module = importlib.import_module(path)
    names = [name for name in sorted(vars(module)) if name == "__version__" or not name.startswith("__")]
    if generated:
        names = [name for name in names if not name.startswith("_")]
    kept = {name: vars(module)[name] for name in names if is_own(vars(module)[name])}
    return {name: described(value, path) for name, value in kept.items()}


def is_own(value: Any) -> bool:
    owner = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", PACKAGE)
    return str(owner).partition(".")[0] in (PACKAGE, "crc32c", "_crc32c")


def described(value: Any, path: str) -> Any:
    """Return the names of parameters, of a class those of each method; None of what is defined in another module."""
    if getattr(value, "__module__", "") != path or hasattr(value, "DESCRIPTOR"):
        return None
    if not isinstance(value, type):
        return parameters(value) if inspect.isfunction(value) else None
    methods = {name: getattr(value, name) for name in dir(value) if name in vars(value) and is_called(name)}
    return {name: parameters(method) for name, method in methods.items() if inspect.isfunction(method)}


def is_called(name: str) -> bool:
    return not name.startswith("_") or name in ("__init__", "__enter__", "__exit__", "_get_file_writer")


def parameters(function: Any) -> list[str]:
    named = inspect.signature(function).parameters.items()
    return [name for name, parameter in named if parameter.kind is not parameter.VAR_KEYWORD]


def to_json(recorded: dict[str, Any]) -> str:
    """One function a line, so that a change of one is a change of one line."""
    text = json.dumps(recorded, indent=1)
    return LINE.sub(lambda found: json.dumps(json.loads(found[0])), text) + "\n"


def main() -> int:
    if "+dropin" in importlib.metadata.version(PACKAGE):
        sys.stderr.write("this interpreter has our tensorboardX, not the original\n")
        return 1
    PATH.write_text(to_json(record()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
