"""Fixtures for summaries that are computed on a device."""

from __future__ import annotations

import pytest
from support.devices import take_cpu_for_device


@pytest.fixture
def cpu_counts(monkeypatch):
    """Take the CPU for an accelerator."""
    take_cpu_for_device(monkeypatch)
