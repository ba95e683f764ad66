"""Warnings, and log handlers that raise."""

import logging

import numpy as np
import pytest
from support import events

from tensorboardX import SummaryWriter


class Raising(logging.Handler):
    def __init__(self, error):
        super().__init__()
        self.error = error
        self.messages = []

    def handle(self, record):
        self.messages.append(record.getMessage())
        raise self.error


@pytest.fixture
def raising(monkeypatch):
    """`raising(error)` adds a log handler that raises it."""
    logger = logging.getLogger("tensorboardX")
    added = []

    def add(error):
        handler = Raising(error)
        logger.addHandler(handler)
        added.append(handler)
        return handler

    yield add
    for handler in added:
        logger.removeHandler(handler)


def steps(directory, tag):
    return [step for found, step, _ in events.scalars(directory) if found == tag]


def test_a_handler_that_raises_does_not_reach_the_training(tmp_path, raising):
    handler = raising(ValueError("a bug of the handler"))
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("without/step", 1.0)
        writer.add_scalar("without/step", 2.0)  # the caller warns
        writer.add_scalar("nan/of/this/test", float("nan"), 1)  # the writer thread warns
        writer.add_custom_scalars({"a": {"b": ["Multiline", ["x"]]}})
    assert len(handler.messages) == 2
    assert len(steps(tmp_path, "without/step")) == 2
    assert steps(tmp_path, "nan/of/this/test") == [1]


@pytest.mark.parametrize("error", [SystemExit("from a handler"), KeyboardInterrupt()], ids=["exit", "interrupt"])
def test_what_ends_the_program_ends_no_thread(tmp_path, raising, error):
    handler = raising(error)
    with SummaryWriter(tmp_path) as writer:
        for step in range(100):
            writer.add_scalar(f"nan/{type(error).__name__}", float("nan") if step == 50 else 1.0, step)
            writer.add_image(f"range/{type(error).__name__}", np.full((1, 2, 2), 2.0), step)
        thread = writer.file_writer.queue._thread._thread
        writer.flush()
        assert handler.messages
        assert thread.is_alive()
    assert steps(tmp_path, f"nan/{type(error).__name__}") == list(range(100))
    assert writer.stats.failed == 0


def test_what_ends_the_program_comes_out_of_a_call_in_the_main_thread(tmp_path, raising):
    raising(KeyboardInterrupt())
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("interrupted", 1.0)
        with pytest.raises(KeyboardInterrupt):
            writer.add_scalar("interrupted", 2.0)
