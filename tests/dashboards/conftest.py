"""The script that calls every method, run once, and served by stock TensorBoard.

What is expected is computed in the tests from the arguments of the calls, with nothing of this project.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
from recorded import EXAMPLE, SEED, Recorded
from support.recording import load_example, recording
from support.tensorboard_server import TensorBoard


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    logdir, module = tmp_path_factory.mktemp("in_process"), load_example(EXAMPLE)
    with recording() as calls, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
        module.main(["--logdir", str(logdir), "--seed", str(SEED)])
    return Recorded(logdir, module, calls)


@pytest.fixture(scope="session", params=["rust", "python"])
def tb(request: pytest.FixtureRequest, recorded: Recorded) -> Iterator[TensorBoard]:
    """One server for all tests: they only read."""
    with TensorBoard(recorded.logdir, request.param == "rust") as server:
        yield server
