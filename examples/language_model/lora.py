"""LoRA: train a product of two thin matrices beside each frozen one (Hu et al. 2021, https://arxiv.org/abs/2106.09685)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class LoraLinear(nn.Module):
    """A frozen linear layer plus `scale * B A x`, where A has shape (rank, inputs) and B shape (outputs, rank)."""

    def __init__(self, frozen: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.frozen = frozen
        self.scale = alpha / rank
        self.a = nn.Parameter(torch.empty(rank, frozen.in_features))
        self.b = nn.Parameter(torch.zeros(frozen.out_features, rank))  # so the first step starts from the frozen model
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        return self.frozen(x) + self.scale * (x @ self.a.T @ self.b.T)

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """Return one linear layer that computes the same: inference costs what it did before."""
        self.frozen.weight += self.scale * self.b @ self.a
        return self.frozen


def add_lora(model: nn.Module, rank: int, alpha: float) -> None:
    """Freeze all parameters, and put a LoraLinear in the place of each linear layer of the blocks."""
    model.requires_grad_(False)
    for layer in [layer for layer in model.blocks.modules() if not isinstance(layer, LoraLinear)]:
        for name, child in list(layer.named_children()):
            if isinstance(child, nn.Linear):
                setattr(layer, name, LoraLinear(child, rank, alpha))


def merge_lora(model: nn.Module) -> None:
    """Put plain linear layers back, with what was learned."""
    for layer in list(model.modules()):
        for name, child in list(layer.named_children()):
            if isinstance(child, LoraLinear):
                setattr(layer, name, child.merged())


def trainable(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]
