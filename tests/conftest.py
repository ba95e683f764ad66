"""Fixtures for the whole suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.original import find_original
from support.tensorboard_server import TensorBoard


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the original as slow, before `-m` selects."""
    for item in items:
        if "original_python" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(params=["rust", "python"])
def tensorboard(request: pytest.FixtureRequest) -> Iterator[Callable[..., TensorBoard]]:
    """`serve(logdir, **options)` starts a TensorBoard with this loader; all of them end with the test."""
    with ExitStack() as servers:

        def serve(logdir: str | Path, **options: object) -> TensorBoard:
            return servers.enter_context(TensorBoard(logdir, request.param == "rust", **options))

        yield serve


@pytest.fixture(scope="session")
def original_python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the original tensorboardX, for `support.original.run_original`."""
    cache = getattr(request.config, "cache", None)  # absent under `-p no:cacheprovider`
    return find_original(cache.mkdir("originals") if cache else tmp_path_factory.mktemp("originals"))
