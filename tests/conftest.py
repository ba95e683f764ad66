"""Fixtures for the whole suite."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.object_stores import ObjectServer
from support.original import find_original
from support.tensorboard_server import TensorBoard


def pytest_configure() -> None:
    """Let the programs that tests start take Ctrl-C: a shell lets what it starts in the background ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs an environment of its own as slow, before `-m` selects."""
    for item in items:
        if {"original_python", "object_server"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(params=["rust", "python"])
def tensorboard(request: pytest.FixtureRequest) -> Iterator[Callable[..., TensorBoard]]:
    """`serve(logdir, **options)` starts a TensorBoard with this loader; all of them end with the test."""
    with ExitStack() as servers:

        def serve(logdir: str | Path, **options: object) -> TensorBoard:
            return servers.enter_context(TensorBoard(logdir, request.param == "rust", **options))

        yield serve


@pytest.fixture
def cpu_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the CPU for an accelerator."""
    from support.devices import take_cpu_for_device  # imports torch

    take_cpu_for_device(monkeypatch)


@pytest.fixture
def busy_device(monkeypatch: pytest.MonkeyPatch, cpu_device: None) -> Iterator[object]:
    """The same, with work to do before it copies anything."""
    from support.devices import BusyDevice

    device = BusyDevice(monkeypatch)
    yield device
    device.finish()


@pytest.fixture(scope="session")
def original_python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the original tensorboardX, for `support.original.run_original`."""
    return find_original(_cache(request, tmp_path_factory, "originals"))


@pytest.fixture(scope="module", params=["s3", "gs"])
def object_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    """A server for objects of S3, and one for those of Google Cloud Storage."""
    with ObjectServer(_cache(request, tmp_path_factory, "object_stores"), request.param) as server:
        yield server


def _cache(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, name: str) -> Path:
    cache = getattr(request.config, "cache", None)  # absent under `-p no:cacheprovider`
    return cache.mkdir(name) if cache else tmp_path_factory.mktemp(name)
