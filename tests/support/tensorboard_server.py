"""Runs stock TensorBoard on a free loopback port and asks it over HTTP.

    with TensorBoard(logdir, load_fast=True) as tb:
        tb.get_json("/data/runs")

`load_fast=True` reads with the Rust data server, `load_fast=False` with the Python loader.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
URL = re.compile(r"TensorBoard \S+ at (http://127\.0\.0\.1:\d+)/")
RUST_LOADED = "Finished load cycle"
# What a process needs from its surroundings. Proxies, PYTHONPATH and RUST_LOG are left behind on purpose.
KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LANG", "LC_ALL", "LD_LIBRARY_PATH")


class TensorBoardError(RuntimeError):
    """TensorBoard did not start, died, or answered with an error; `status` is the HTTP status, if there is one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def clean_environment() -> dict[str, str]:
    """The environment for a child process that must not see this project or a proxy."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1"}


class TensorBoard:
    """One TensorBoard process.

    With `reload_interval=0` the log directory is read once, and entering returns when all of it is loaded.
    With a positive one (seconds) it is read again and again; use `wait_until` to see what arrives.
    `flags` are further command line flags. Entering raises TensorBoardError with the log if the server
    is not ready within `start_timeout` seconds.
    """

    def __init__(
        self,
        logdir: str | os.PathLike[str],
        load_fast: bool,
        reload_interval: int = 0,
        flags: Sequence[str] = (),
        start_timeout: float = 120,
    ) -> None:
        self.logdir = Path(logdir).resolve()
        self.load_fast = load_fast
        self.reload_interval = reload_interval
        self.flags = list(flags)
        self.start_timeout = start_timeout
        self.url = ""

    def __enter__(self) -> TensorBoard:
        # A file, not a pipe: nobody has to drain it.
        self._log_file = tempfile.NamedTemporaryFile(prefix="tensorboard-", suffix=".log")
        try:
            self.process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=self._log_file,
                stderr=subprocess.STDOUT,
                env=clean_environment(),
                start_new_session=True,  # so that close() reaches the data server, and nothing else
            )
        except BaseException:
            self._log_file.close()
            raise
        try:
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and its data server; a second call does nothing."""
        if self._log_file.closed:
            return
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self._signal(signal.SIGKILL)
        self.process.wait(10)
        self._log_file.close()

    @property
    def log(self) -> str:
        """Everything the server and its data server have printed so far."""
        return Path(self._log_file.name).read_text(encoding="utf-8", errors="replace")

    def get_bytes(self, route: str, /, **query: object) -> bytes:
        """The body of a GET; raises TensorBoardError on any status but 200."""
        return self._request(route, query)

    def get_json(self, route: str, /, **query: object) -> Any:
        """The decoded JSON of a GET."""
        return json.loads(self._request(route, query))

    def post_json(self, route: str, body: object, /) -> Any:
        """The decoded JSON that answers a POST of `body` as JSON."""
        return json.loads(self._request(route, {}, json.dumps(body).encode()))

    def wait_until(self, predicate: Callable[[], T], timeout: float = 60, pause: float = 0.2) -> T:
        """Call `predicate` until its result is true, and return that.

        An HTTP error counts as "not yet": a run that is not loaded answers 404. Raises TimeoutError with the
        last result or error, and TensorBoardError at once if the server has died.
        """
        deadline = time.monotonic() + timeout
        while True:
            last: object
            try:
                last = result = predicate()
                if result:
                    return result
            except TensorBoardError as error:
                if error.status is None:
                    raise
                last = error
            if time.monotonic() > deadline:
                raise TimeoutError(f"not served within {timeout} s; last: {last!r}\n{self._log_tail()}")
            time.sleep(pause)

    def _command(self) -> list[str]:
        once = self.reload_interval == 0
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(self.logdir)]
        command += ["--host", "127.0.0.1", "--port", "0", "--reload_interval", str(self.reload_interval)]
        command += ["--load_fast", "true" if self.load_fast else "false"]
        if self.load_fast:
            command += ["--extra_data_server_flags=--verbose"]  # makes it tell when a load is complete
        elif once:
            command += ["--reload_task", "blocking"]  # load first, serve then
        return command + self.flags

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.start_timeout
        while True:
            log = self.log
            address = URL.search(log)
            if address and (not self.load_fast or RUST_LOADED in log):
                self.url = address[1]
                return
            if self.process.poll() is not None:
                raise TensorBoardError(f"TensorBoard ended with {self.process.returncode}\n{self._log_tail()}")
            if time.monotonic() > deadline:
                raise TensorBoardError(f"TensorBoard not ready after {self.start_timeout} s\n{self._log_tail()}")
            time.sleep(0.05)

    def _request(self, route: str, query: dict[str, object], body: bytes | None = None) -> bytes:
        url = self.url + route + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {} if body is None else {"Content-Type": "application/json"}
        request = urllib.request.Request(url, data=body, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as response:
                answered: bytes = response.read()
                return answered
        except urllib.error.HTTPError as error:
            with error:
                answer = error.read(500).decode("utf-8", "replace")
            raise TensorBoardError(f"{error.code} for {url}: {answer}\n{self._log_tail()}", error.code) from None
        except OSError as error:
            raise TensorBoardError(f"no answer for {url}: {error}\n{self._log_tail()}") from error

    def _log_tail(self) -> str:
        return "TensorBoard's log ends with:\n" + "\n".join(self.log.splitlines()[-30:])

    def _signal(self, number: signal.Signals) -> None:
        # The process leads a session of its own, so its pid names the group of it and its data server.
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
