"""Fixtures for tests of ranks."""

from __future__ import annotations

import os

import pytest
from support.ranks import LAUNCHERS


@pytest.fixture(autouse=True)
def launched(monkeypatch):
    """`launched(rank, world_size)` makes this process one rank of several; before, it is alone."""
    for name in list(os.environ):
        if name.startswith(LAUNCHERS):
            monkeypatch.delenv(name)

    def launch(rank: int, world_size: int) -> None:
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("WORLD_SIZE", str(world_size))

    return launch
