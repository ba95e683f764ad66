"""An example script run in this process, and what it passed to SummaryWriter."""

from __future__ import annotations

import copy
import importlib.util
import inspect
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

import tensorboardX
from tensorboardX import SummaryWriter

EXAMPLES = Path(__file__).parents[2] / "examples"


class Call(NamedTuple):
    """One call of an `add_*`, with copies of all its arguments by name, defaults included."""

    method: str
    logdir: str
    arguments: dict[str, Any]

    @property
    def tag(self) -> Any:
        """The first argument, which most methods name `tag`."""
        return next(iter(self.arguments.values()))

    @property
    def value(self) -> Any:
        """The second argument."""
        return [*self.arguments.values()][1]

    @property
    def step(self) -> Any:
        return self.arguments["global_step"]


def load_example(name: str) -> ModuleType:
    """The module examples/<name>.py."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_example(name: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
    """Run examples/<name>.py as a command."""
    path = os.pathsep.join([str(Path(tensorboardX.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments]
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


@contextmanager
def recording() -> Iterator[list[Call]]:
    """Note the arguments of every add_* of SummaryWriter, as tools do that wrap them on the class."""
    calls: list[Call] = []
    busy = []  # an add_* that is built on another one is noted once
    names = [name for name in dir(SummaryWriter) if name.startswith("add_")]
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setattr(SummaryWriter, name, _noting(getattr(SummaryWriter, name), calls, busy))
        yield calls


def _noting(method: Callable[..., None], calls: list[Call], busy: list[bool]) -> Callable[..., None]:
    signature = inspect.signature(method)

    def call_through(*args, **kwargs):
        if not busy:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            (_, writer), *arguments = bound.arguments.items()
            calls.append(Call(method.__name__, writer.logdir, {name: snapshot(value) for name, value in arguments}))
        busy.append(True)
        try:
            return method(*args, **kwargs)
        finally:
            busy.pop()

    call_through.__signature__ = signature  # the example asks which parameters there are
    return call_through


def snapshot(value: Any) -> Any:
    """What was passed, out of reach of later changes: a tensor as an array, a figure as pixels (height, width, 3)."""
    if isinstance(value, torch.Tensor):
        return value.detach().numpy().copy()
    if isinstance(value, Figure):
        return _render(value)
    return copy.deepcopy(value)


def _render(figure: Figure) -> np.ndarray:
    """Pixels as matplotlib saves them to a file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="rgba", dpi=figure.dpi)
    width, height = (round(side * figure.dpi) for side in figure.get_size_inches())
    return np.frombuffer(buffer.getvalue(), np.uint8).reshape(height, width, 4)[:, :, :3]
