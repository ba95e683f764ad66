"""A small model that is trained with each step measured by hand, and what a watch logged of it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from support import events
from torch import nn

from tensorboardX import SummaryWriter


def network(*middle: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), *middle, nn.Linear(8, 2))


def batches(number: int) -> torch.Tensor:
    return torch.randn(number, 5, 4, generator=torch.Generator().manual_seed(1))


def by_step(logdir, prefix: str = "watch") -> dict[int, dict[str, float]]:
    """The scalars of each step, without the prefix."""
    found: dict[int, dict[str, float]] = {}
    for tag, step, value in events.scalars(logdir):
        assert tag.startswith(f"{prefix}/")
        found.setdefault(step, {})[tag.removeprefix(f"{prefix}/")] = value
    return found


def gradients_of(values: dict[str, float]) -> dict[str, float]:
    """Those of the scalars that are norms of gradients."""
    return {tag: value for tag, value in values.items() if tag.startswith("gradient")}


def norm_of(tensors) -> float:
    return torch.stack([tensor.detach().double().norm() for tensor in tensors]).norm().item()


def norms(kind: str, tensors: dict[str, torch.Tensor]) -> dict[str, float]:
    """The scalars of one kind, as a watch names them."""
    named = {f"{kind}_norm/{name}": norm_of([tensor]) for name, tensor in tensors.items()}
    return named | {f"{kind}_norm": norm_of(tensors.values())}


class Training:
    """Trains a model, and notes what a watch should log of a step.

    Args:
        backward: computes gradients of a batch; by default one pass.
        clip: the norm to which gradients are clipped.
    """

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, backward: Callable | None = None, clip=0.01):
        self.model, self.optimizer, self.clip = model, optimizer, clip
        self.backward = backward or (lambda batch: model(batch).square().mean().backward())
        self.expected: list[dict[str, float]] = []

    def step(self, batch: torch.Tensor) -> None:
        self.optimizer.zero_grad()
        self.backward(batch)
        parameters = dict(self.model.named_parameters())
        gradients = {
            name: parameter.grad.clone() for name, parameter in parameters.items() if parameter.grad is not None
        }
        before = {name: parameter.detach().clone() for name, parameter in parameters.items()}
        nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimizer.step()
        updates = {name: parameter.detach() - before[name] for name, parameter in parameters.items()}
        self.expected.append(norms("gradient", gradients) | norms("weight", parameters) | norms("update", updates))

    def run(self, logdir, steps: int = 4, every: int = 2, **options) -> None:
        with SummaryWriter(logdir) as writer:
            watch = writer.watch(self.model, self.optimizer, every=every, **options)
            for batch in batches(steps):
                self.step(batch)
            watch.remove()
