"""Fixtures for summaries that are computed on a device."""

from __future__ import annotations

import pytest

from tensorboardX.summary import device_counting


@pytest.fixture
def cpu_counts(monkeypatch):
    """Take the CPU for an accelerator."""
    monkeypatch.setattr(device_counting, "_is_accelerator", lambda device: device.type == "cpu")
