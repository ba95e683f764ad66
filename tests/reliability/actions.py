"""What tests of faults do to a writer, and wait for."""

import logging
import time


def log(writer, numbers, tag="a"):
    for step in numbers:
        writer.add_scalar(tag, float(step), step)


def until(condition, seconds=10.0):
    """Wait for what the writer thread does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
