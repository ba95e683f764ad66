"""Fixtures for values that a device still computes."""

from __future__ import annotations

import pytest
from support.devices import BusyDevice, take_cpu_for_device


@pytest.fixture
def cpu_device(monkeypatch):
    """Take the CPU for an accelerator."""
    take_cpu_for_device(monkeypatch)


@pytest.fixture
def busy_device(monkeypatch, cpu_device):
    """The same, with work to do before it copies anything."""
    device = BusyDevice(monkeypatch)
    yield device
    device.finish()
