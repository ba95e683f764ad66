"""A decoder-only transformer over bytes, written out so that each formula of the page has its line."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

VOCABULARY = 256  # a token is a byte


@dataclass(frozen=True)
class Shape:
    """The size of a model."""

    layers: int = 4
    width: int = 128
    heads: int = 4
    context: int = 128  # the most bytes that the model sees at once


class Attention(nn.Module):
    """Causal self-attention with several heads."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query = nn.Linear(shape.width, shape.width, bias=False)
        self.key = nn.Linear(shape.width, shape.width, bias=False)
        self.value = nn.Linear(shape.width, shape.width, bias=False)
        self.output = nn.Linear(shape.width, shape.width, bias=False)
        self.register_buffer("bias", attention_bias(shape), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Take and return shape (N, T, width)."""
        mixed = self.weights(x) @ self._split(self.value(x))
        return self.output(mixed.transpose(1, 2).flatten(2))

    def weights(self, x: Tensor) -> Tensor:
        """Return how much each byte looks at each byte before it: shape (N, heads, T, T), rows add up to 1."""
        queries, keys = self._split(self.query(x)), self._split(self.key(x))
        scores = queries @ keys.transpose(2, 3) / math.sqrt(queries.shape[-1])
        length = x.shape[1]
        return (scores + self.bias[:, :length, :length]).softmax(-1)

    def _split(self, x: Tensor) -> Tensor:
        """Give each head its part of the numbers: (N, T, width) to (N, heads, T, width / heads)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def attention_bias(shape: Shape) -> Tensor:
    """Return what is added to the scores, shape (heads, context, context): minus infinity for bytes that come later,
    and for those before a penalty that grows with the distance, by another slope in each head.

    This is ALiBi (Press et al. 2021, https://arxiv.org/abs/2108.12409). It is all that the model knows of places.
    """
    places = torch.arange(shape.context)
    distances = places[:, None] - places
    slopes = 2.0 ** (-8 * torch.arange(1, shape.heads + 1) / shape.heads)
    return (-slopes[:, None, None] * distances).masked_fill(distances < 0, -math.inf)


class Block(nn.Module):
    """Attention, then two linear layers at each place; each adds to its input."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(shape.width)
        self.attention = Attention(shape)
        self.norm2 = nn.LayerNorm(shape.width)
        self.expand = nn.Linear(shape.width, 4 * shape.width)
        self.contract = nn.Linear(4 * shape.width, shape.width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.contract(functional.gelu(self.expand(self.norm2(x))))


class LanguageModel(nn.Module):
    """Gives a score to each byte that may come next."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.bytes = nn.Embedding(VOCABULARY, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width)
        self.scores = nn.Linear(shape.width, VOCABULARY, bias=False)
        self.apply(start_small)

    def forward(self, tokens: Tensor) -> Tensor:
        """Take bytes of shape (N, T), T at most the context; return scores of shape (N, T, 256)."""
        x = self.bytes(tokens)
        for block in self.blocks:
            x = block(x)
        return self.scores(self.norm(x))

    @torch.no_grad()
    def attention(self, tokens: Tensor) -> list[Tensor]:
        """Return the attention weights of each layer for one text of shape (T,): shape (heads, T, T) each."""
        maps, x = [], self.bytes(tokens[None])
        for block in self.blocks:
            maps.append(block.attention.weights(block.norm1(x))[0])
            x = block(x)
        return maps

    @torch.no_grad()
    def generate(self, prompts: Tensor, length: int, temperature: float, generator: torch.Generator) -> Tensor:
        """Append `length` bytes to prompts of shape (N, T), drawn one after the other; return the new ones."""
        tokens = prompts
        for _ in range(length):
            scores = self(tokens[:, -self.shape.context :])[:, -1]
            chances = (scores / temperature).softmax(-1)
            tokens = torch.cat([tokens, torch.multinomial(chances, 1, generator=generator)], dim=1)
        return tokens[:, prompts.shape[1] :]


def start_small(layer: nn.Module) -> None:
    """Draw the first weights from a narrow normal distribution, so that the first scores are nearly equal."""
    if isinstance(layer, nn.Linear | nn.Embedding):
        nn.init.normal_(layer.weight, std=0.02)
    if isinstance(layer, nn.Linear) and layer.bias is not None:
        nn.init.zeros_(layer.bias)


def loss_of(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy over all bytes of a batch, in nats."""
    return functional.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())


def save(model: LanguageModel, path: Path) -> None:
    torch.save({"shape": asdict(model.shape), "weights": model.state_dict()}, path)


def load(path: Path) -> LanguageModel:
    saved = torch.load(path, weights_only=True)
    model = LanguageModel(Shape(**saved["shape"]))
    model.load_state_dict(saved["weights"])
    return model
