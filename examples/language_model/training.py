"""The loop that pretraining and fine-tuning share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from data import Corpus, even_batch, random_batch
from logs import Logs
from lora import trainable
from model import LanguageModel, loss_of
from torch import nn
from tqdm import tqdm

VALIDATION_WINDOWS = 48


class Settings(NamedTuple):
    """What a training is set to."""

    steps: int
    learning_rate: float  # the highest
    warmup: int  # steps in which the learning rate rises to its highest
    clip: float  # the largest norm of the gradient; 0 for no limit
    batch: int = 12
    measure_every: int = 25  # steps from one measurement of norms and validation loss to the next
    sample_every: int = 100
    weight_decay: float = 0.1
    seed: int = 0


def train(model: LanguageModel, corpus: Corpus, settings: Settings, logs: Logs) -> float:
    """Train what is not frozen, log it all, and return the last validation loss."""
    generator = torch.Generator().manual_seed(settings.seed)
    optimizer = torch.optim.AdamW(
        trainable(model), settings.learning_rate, betas=(0.9, 0.95), weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share_of_peak(settings))
    watch = logs.writer.watch(model, optimizer, every=settings.measure_every, histograms=True)
    for step in tqdm(range(settings.steps), unit="step"):
        if step % settings.measure_every == 0:
            measure(model, corpus, settings, logs, step)
        inputs, targets = random_batch(corpus.train, settings.batch, model.shape.context, generator)
        loss = loss_of(model, inputs, targets)
        optimizer.zero_grad()
        loss.backward()
        if settings.clip:
            nn.utils.clip_grad_norm_(trainable(model), settings.clip)
        optimizer.step()
        logs.step(loss.item(), schedule.get_last_lr()[0], step)
        schedule.step()
    watch.remove()
    return measure(model, corpus, settings, logs, settings.steps)


def share_of_peak(settings: Settings) -> Callable[[int], float]:
    """Return the schedule: a straight line up, then half a cosine down to a tenth."""

    def share(step: int) -> float:
        if step < settings.warmup:
            return (step + 1) / settings.warmup
        done = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
        return 0.1 + 0.9 * (1 + math.cos(math.pi * done)) / 2

    return share


def measure(model: LanguageModel, corpus: Corpus, settings: Settings, logs: Logs, step: int) -> float:
    """Log and return the validation loss; from time to time, log samples and attention too."""
    loss = evaluate(model, corpus)
    logs.validation(loss, step)
    if step % settings.sample_every == 0 or step == settings.steps:
        logs.samples(model, step)
        logs.attention(model, step)
    logs.pause()
    return loss


@torch.no_grad()
def evaluate(model: LanguageModel, corpus: Corpus) -> float:
    """Return the loss on the same windows each time, so that two points of the curve can be compared."""
    return loss_of(model, *even_batch(corpus.validation, VALIDATION_WINDOWS, model.shape.context)).item()
