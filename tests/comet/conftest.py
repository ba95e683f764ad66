"""Fixtures for tests with comet_ml."""

from __future__ import annotations

import os

import pytest
from archives import QUIET

# Read when comet_ml is imported: it patches other frameworks, and reports its own errors, unless told not to.
os.environ.setdefault("COMET_DISABLE_AUTO_LOGGING", "1")
os.environ.setdefault("COMET_ERROR_TRACKING_ENABLE", "false")


@pytest.fixture
def comet_ml():
    return pytest.importorskip("comet_ml")


@pytest.fixture
def config(comet_ml, tmp_path):
    return {"offline_directory": str(tmp_path / "comet"), **QUIET}
