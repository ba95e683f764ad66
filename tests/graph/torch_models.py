"""Models whose graphs are compared with PyTorch's own writer: name -> (module, args, strict)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class Residual(nn.Module):
    """Convolutions with batch norm and a skip, as in ResNet; `inner` nests them."""

    def __init__(self, inner: nn.Module | None = None, channels: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.inner = inner

    def forward(self, x):
        y = functional.relu(self.norm(self.conv(x)))
        if self.inner is not None:
            y = self.inner(y)
        return functional.relu(y + x)


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Linear(4, 3)
        self.right = nn.Linear(5, 3)

    def forward(self, x, y, unused=None):
        return self.left(x) * self.right(y), y


class DictOutput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.BatchNorm1d(4)))

    def forward(self, x):
        return {"logits": self.layers(x), "sum": x.sum()}


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.again = self.linear
        self.chain = nn.Sequential(self.linear, nn.ReLU(), self.linear)

    def forward(self, x):
        return self.again(self.linear(x)) + self.chain(x)


class Constants(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("offset", torch.arange(4.0))
        self.weight = nn.Parameter(torch.ones(4))
        self.more = nn.ParameterList([nn.Parameter(torch.zeros(4))])
        self.table = torch.full((2, 4), 3.0)  # neither parameter nor buffer: a constant of the trace

    def forward(self, x):
        x = x * self.weight + self.offset + self.more[0] + self.table
        x[0] = 3
        low, high = x.chunk(2, -1)
        return [low, high, x.shape[0] * torch.ones(1)]


class Containers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([nn.ModuleDict({"fc": nn.Linear(4, 4), "drop": nn.Dropout()}) for _ in range(2)])

    def forward(self, x):
        for block in self.blocks:
            x = block["drop"](block["fc"](x))
        return x


class HalfScripted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.ReLU()))

    def forward(self, x):
        return self.head(x) + 1


class Reassigned(nn.Module):
    """A variable `output` given two values: PyTorch calls the first one `output.1`, as it calls the graph's output."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        output = self.linear(x)
        output = torch.relu(output)
        return output * 2


def mlp() -> nn.Module:
    inner = nn.Sequential(nn.Linear(8, 8), nn.Dropout(), nn.Sequential(nn.Linear(8, 2)))
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), inner)


ROWS = torch.zeros(2, 4)
IMAGE = torch.zeros(1, 3, 4, 4)

MODELS: dict[str, tuple[Callable[[], nn.Module], Any, bool]] = {
    "mlp": (mlp, ROWS, True),
    "residual": (lambda: nn.Sequential(Residual(Residual()), nn.Flatten(), nn.Linear(48, 2)), IMAGE, True),
    "two inputs, tuple": (TwoInputs, (ROWS, torch.zeros(2, 5)), True),
    "two inputs, list": (TwoInputs, [ROWS, torch.zeros(2, 5)], True),
    "dict output": (DictOutput, ROWS, False),
    "shared submodule": (Shared, ROWS, True),
    "buffers and constants": (Constants, ROWS, False),
    "containers": (Containers, ROWS, True),
    "lstm": (lambda: nn.LSTM(3, 4, 2, bidirectional=True), torch.zeros(2, 2, 3), True),
    "transformer layer": (lambda: nn.TransformerEncoderLayer(8, 2, 16), torch.zeros(2, 2, 8), True),
    "embedding": (
        lambda: nn.Sequential(nn.Embedding(7, 3), nn.LayerNorm(3)),
        torch.zeros(2, 2, dtype=torch.long),
        True,
    ),
    "identity": (nn.Identity, ROWS, True),
    "half scripted": (HalfScripted, ROWS, True),
}
