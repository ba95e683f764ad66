"""English text that Python and NumPy ship, as bytes: nothing is downloaded."""

from __future__ import annotations

import inspect
import random
from collections.abc import Iterable
from pydoc_data.topics import topics
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

LONG_PARAGRAPH = 100
"""A paragraph of at least as many characters is left out if it came before. Headings, which are shorter, stay."""

VALIDATION_SHARE = 0.1


class Corpus(NamedTuple):
    """Two parts of a text, each a vector of bytes, dtype int64."""

    train: Tensor
    validation: Tensor


def python_reference() -> Corpus:
    """Return the language reference of Python that `help("if")` shows."""
    return split(topics[name] for name in sorted(topics))


def numpy_docstrings() -> Corpus:
    """Return the docstrings of what `import numpy` offers."""
    things = {id(thing): thing for thing in (getattr(np, name) for name in sorted(dir(np)))}.values()
    return split(inspect.getdoc(thing) or "" for thing in things if inspect.isclass(thing) or callable(thing))


def split(documents: Iterable[str], seed: int = 0) -> Corpus:
    """Join documents in a random order, and hold out the end of the text for validation.

    The order depends on `seed` alone, so that pretraining and fine-tuning never train on what they are measured with.
    """
    shuffled = without_repetitions(documents)
    random.Random(seed).shuffle(shuffled)
    text = encode("\n\n\n".join(shuffled))
    end = int(len(text) * (1 - VALIDATION_SHARE))
    return Corpus(text[:end], text[end:])


def without_repetitions(documents: Iterable[str]) -> list[str]:
    """Leave out long paragraphs that came before: the validation loss would measure how well they are remembered."""
    seen: set[str] = set()
    kept = []
    for document in documents:
        paragraphs = []
        for paragraph in document.split("\n\n"):
            words = " ".join(paragraph.split())  # the same, whatever the indentation
            if words not in seen:
                paragraphs.append(paragraph)
            if len(words) >= LONG_PARAGRAPH:
                seen.add(words)
        if paragraphs:
            kept.append("\n\n".join(paragraphs))
    return kept


def encode(text: str) -> Tensor:
    """Return the bytes of a text: the tokens of the model, from 0 to 255."""
    return torch.from_numpy(np.frombuffer(text.encode(), np.uint8).astype(np.int64))


def decode(tokens: Tensor) -> str:
    return bytes(tokens.tolist()).decode(errors="replace")


def random_batch(text: Tensor, size: int, context: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return windows at random places of a text, and the byte after each of their bytes: shape (size, context) each."""
    starts = torch.randint(len(text) - context, (size,), generator=generator)
    return windows(text, starts, context)


def even_batch(text: Tensor, size: int, context: int) -> tuple[Tensor, Tensor]:
    """As `random_batch`, but always the same windows, spread over the whole text."""
    return windows(text, torch.linspace(0, len(text) - context - 1, size).long(), context)


def windows(text: Tensor, starts: Tensor, context: int) -> tuple[Tensor, Tensor]:
    places = starts[:, None] + torch.arange(context)
    return text[places], text[places + 1]
