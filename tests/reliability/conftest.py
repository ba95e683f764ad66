"""Fixtures for tests that inject faults."""

import itertools
import threading
from collections.abc import Iterator

import pytest

from tensorboardX.background import progress
from tensorboardX.record_writer import register_writer_factory
from tensorboardX.testing import FaultyStore, block

_numbers = itertools.count()


@pytest.fixture
def patience(monkeypatch) -> float:
    """Callers lose patience after a second, so that tests need not wait five."""
    monkeypatch.setattr(progress, "PATIENCE", 1.0)
    return 1.0


class Store(FaultyStore):
    """A faulty store under a prefix of its own, so that a writer which a test leaves behind meets no other."""

    def __init__(self) -> None:
        super().__init__()
        self.prefix = f"faulty{next(_numbers)}"
        self._dead = threading.Event()

    def logdir(self, name: str = "run") -> str:
        return f"{self.prefix}:{name}"

    def die(self) -> None:
        """Let every write hang from now on."""
        self.always = block(self._dead)

    def revive(self) -> None:
        self.always = None
        self._dead.set()
        self._dead = threading.Event()


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store()
    register_writer_factory(made.prefix, made)
    yield made
    made.revive()
