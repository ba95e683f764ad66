"""Fixtures for the tests of the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from tensorboardX import SummaryWriter
from tensorboardX.cli.main import main
from tensorboardX.cli.schema import schema_of


class Done(NamedTuple):
    """What a call of the command left."""

    code: int
    out: str
    err: str

    def json(self, verb: str) -> dict[str, Any]:
        """What was printed, checked against the schema of the verb."""
        content: dict[str, Any] = json.loads(self.out)
        jsonschema.validate(content, schema_of(verb), jsonschema.Draft202012Validator)
        return content


@pytest.fixture
def command(capsys) -> Callable[..., Done]:
    """`command("ls", path)` runs the command in this process; `command_line.py` has one that starts another."""

    def run(*arguments: object) -> Done:
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse
            code = int(end.code or 0)
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def runs(tmp_path) -> Path:
    """A log directory with two runs, each with values of many kinds."""
    for rate in (0.1, 0.5):
        with SummaryWriter(str(tmp_path / "runs" / f"rate{rate}")) as writer:
            for step in range(100):
                writer.add_scalar("train/loss", (1 - rate) ** step, step)
                writer.add_scalar("train/accuracy", 1 - (1 - rate) ** step, step)
            writer.add_histogram("weights", [0.1, 0.2, 0.2, 0.4], 99)
            writer.add_text("note", f"rate {rate}", 99)
            writer.add_image("picture", [[0.0, 1.0], [1.0, 0.0]], 99, dataformats="HW")
            writer.add_audio("sound", [0.0, 0.5, -0.5, 0.0], 99, 8000)
            writer.add_hparams({"rate": rate}, {"final": (1 - rate) ** 99}, name=".")
    return tmp_path / "runs"
