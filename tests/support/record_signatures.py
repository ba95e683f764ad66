#!/usr/bin/env python3
"""Record the signatures of the two libraries whose calls ours takes, for tests/test_signatures.py.

    python tests/support/record_signatures.py

writes tests/data/signatures.json. The interpreter must have the original tensorboardX, and torch with tensorboard.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

PATH = Path(__file__).resolve().parents[1] / "data" / "signatures.json"
PARAMETER = re.compile(r"\{\n +\"name\": [^\[\]]*?\n {5}\}")
CLASSES = {
    "tensorboardX": ("tensorboardX", ["SummaryWriter", "FileWriter", "GlobalSummaryWriter"]),
    "torch": ("torch.utils.tensorboard", ["SummaryWriter"]),
}

Parameter = dict[str, Any]


def record(distribution: str) -> dict[str, Any]:
    """Return the version of one library and the parameters of each public method, as JSON has them."""
    module_name, class_names = CLASSES[distribution]
    module = importlib.import_module(module_name)
    classes = {name: methods_of(getattr(module, name)) for name in class_names}
    return {"version": importlib.metadata.version(distribution).partition("+")[0], "classes": classes}


def methods_of(owner: type) -> dict[str, list[Parameter]]:
    """Return the parameters of the constructor and each public method, without `self`, sorted by its name."""
    names = [name for name in dir(owner) if name == "__init__" or not name.startswith("_")]
    return {name: parameters_of(owner, name) for name in names if callable(getattr(owner, name))}


def parameters_of(owner: type, name: str) -> list[Parameter]:
    """Return name, kind and, where there is one, default of each parameter, without `self`."""
    parameters = list(inspect.signature(getattr(owner, name)).parameters.values())
    if not isinstance(inspect.getattr_static(owner, name), (staticmethod, classmethod)):
        parameters = parameters[1:]
    return [_described(parameter) for parameter in parameters]


def _described(parameter: inspect.Parameter) -> Parameter:
    described: Parameter = {"name": parameter.name, "kind": parameter.kind.description}
    if parameter.default is not inspect.Parameter.empty:
        described["default"] = parameter.default
    return described


def to_json(recorded: dict[str, Any]) -> str:
    """One parameter a line, so that a change of one is a change of one line."""
    text = json.dumps(recorded, indent=1)
    return PARAMETER.sub(lambda found: json.dumps(json.loads(found[0])), text) + "\n"


def main() -> int:
    recorded = {distribution: record(distribution) for distribution in CLASSES}
    if "+dropin" in importlib.metadata.version("tensorboardX"):
        sys.stderr.write("this interpreter has our tensorboardX, not the original\n")
        return 1
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(to_json(recorded), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
