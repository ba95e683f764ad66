"""What both programs log, and under which tags."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

import torch
from data import decode, encode
from model import LanguageModel
from torch import Tensor
from torch.nn import functional

from tensorboardX import SummaryWriter

PROMPTS = ["The function returns a", "An object is a kind of", "Parameters\n----------\n"]  # of one length: one batch
SAMPLE_BYTES = 200  # that the model continues a prompt by
QUICK_BYTES = 8
TEMPERATURE = 0.6
ATTENTION_TEXT = 'If the argument is a string, the "string" is returned.'
ZOOM = 5  # pixels a byte
GAP = 6  # pixels between two heads


class Logs:
    """Writes what a training measures. Steps count updates of the weights."""

    def __init__(self, writer: SummaryWriter, tokens_per_step: int, sample_bytes: int = SAMPLE_BYTES) -> None:
        self.writer = writer
        self.sample_bytes = sample_bytes
        self.tokens_per_step = tokens_per_step
        self.last = time.perf_counter()

    def configuration(self, settings: Mapping[str, object]) -> None:
        self.writer.add_table("configuration", settings.items(), 0, headers=["setting", "value"])

    def step(self, loss: float, learning_rate: float, step: int) -> None:
        """Log what is known of each step, in one event. The speed includes what is logged between two steps."""
        now = time.perf_counter()
        speed = self.tokens_per_step / (now - self.last)
        self.last = now
        self.writer.log(
            {"train": {"loss": loss, "learning_rate": learning_rate, "tokens_per_second": speed}},
            step,
        )

    def validation(self, loss: float, step: int) -> None:
        self.writer.log({"validation": {"loss": loss, "bits_per_byte": loss / math.log(2)}}, step)

    def samples(self, model: LanguageModel, step: int) -> None:
        """Log how the model continues the prompts, as a table. The same random numbers are used at each step."""
        prompts = torch.stack([encode(prompt) for prompt in PROMPTS])
        generator = torch.Generator().manual_seed(0)
        texts = model.generate(prompts, self.sample_bytes, TEMPERATURE, generator)
        rows = [{"prompt": prompt, "continuation": decode(text)} for prompt, text in zip(PROMPTS, texts, strict=True)]
        self.writer.add_table("samples", rows, step)

    def attention(self, model: LanguageModel, step: int) -> None:
        """Log a picture for each head of each layer: a row for each byte, a column for each byte that it looks at."""
        text = encode(ATTENTION_TEXT)[: model.shape.context]
        for number, heads in enumerate(model.attention(text)):
            self.writer.add_images(f"attention/layer{number}", picture(heads), step)

    def pause(self) -> None:
        """Leave out of the speed what was done since the last step."""
        self.last = time.perf_counter()


def picture(heads: Tensor) -> Tensor:
    """Return heads of shape (N, T, T) as grey images of shape (N, 1, H, W), dark where a byte looks.

    The square root makes small weights visible: with 50 bytes, most are below 0.1.
    """
    pixels = 1 - heads.sqrt().repeat_interleave(ZOOM, 1).repeat_interleave(ZOOM, 2)
    return functional.pad(pixels, [GAP // 2] * 4, value=0.75)[:, None]
