"""`SummaryWriter.watch` imports torch for nobody, and says which torch it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from tensorboardX import SummaryWriter

PROGRAM = """
import sys
from tensorboardX import SummaryWriter
with SummaryWriter(sys.argv[1]) as writer:
    try:
        writer.watch(object(), object())
    except TypeError as error:
        print(error)
print("torch" in sys.modules)
"""


def test_torch_is_not_imported(tmp_path):
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    error, imported = done.stdout.splitlines()
    assert error.startswith("model: got object ")
    assert error.endswith("accepted is a torch.nn.Module")
    assert imported == "False"


def test_an_old_torch_is_refused_with_the_extra_that_brings_a_newer_one(tmp_path, monkeypatch):
    model = torch.nn.Linear(1, 1)
    monkeypatch.delattr(torch.Tensor, "register_post_accumulate_grad_hook")
    with SummaryWriter(tmp_path) as writer, pytest.raises(ImportError, match=r"needs torch 2\.1 or newer.*\[torch\]"):
        writer.watch(model, torch.optim.SGD(model.parameters(), lr=0.1))
