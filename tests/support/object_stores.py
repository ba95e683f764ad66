"""Servers that speak the protocols of S3 and of Google Cloud Storage, on loopback, and clients for them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from pathlib import Path

from .environments import build, run_python

REQUIREMENTS = (
    # The extra names the boto3 that goes with it; pip would take minutes to find that out.
    *("s3fs>=2025.5", "aiobotocore[boto3]", "gcsfs>=2025.5"),
    *("moto[s3]>=5", "flask>=2.2", "flask-cors>=4", "gcp-storage-emulator>=2024.8"),
)
_S3 = ("-m", "moto.server", "-H", "127.0.0.1", "-p")
_GCS = ("-m", "gcp_storage_emulator", "start", "--host", "127.0.0.1", "--in-memory", "-q", "--port")
_KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
_ANYWHERE = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "NO_GCE_CHECK": "true"}
_DO = """
import json, os, sys
os.environ.update(json.loads(sys.argv[1]))
import fsspec
store, name = fsspec.core.url_to_fs(sys.argv[2])
"""
_MAKE = "store.mkdir(name)"
_REMOVE = "store.rm(name, recursive=True)"
_SAVE = """
for path in store.find(name):
    target = os.path.join(sys.argv[3], os.path.relpath(path, name))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as file:
        file.write(store.cat_file(path))
"""


class ObjectServer:
    """A server with one bucket, named `bucket`; ends with the `with` block.

    Attributes:
        python: an interpreter with the clients, and with our packages behind its own.
        scheme: `s3` or `gs`.
        environment: what a client needs to find the server.
    """

    def __init__(self, cache: Path, scheme: str) -> None:
        self.python = build(cache, REQUIREMENTS)
        self.scheme = scheme
        with contextlib.closing(socket.socket()) as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        # By name, not by number: a client has to look it up, as it does that of a real server.
        self.url = f"http://localhost:{self.port}"
        variable = "AWS_ENDPOINT_URL" if scheme == "s3" else "STORAGE_EMULATOR_HOST"
        self.environment = _ANYWHERE | _KEYS | {variable: self.url}
        self.start()

    def start(self) -> None:
        """Start the server, empty, and make the bucket."""
        command = [str(self.python), *(_S3 if self.scheme == "s3" else _GCS), str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                break
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"{command} did not start")
            time.sleep(0.05)
        self.make("bucket")

    def stop(self) -> None:
        """End the server."""
        self._process.kill()
        self._process.wait()

    def make(self, bucket: str) -> None:
        self._do(_MAKE, bucket)

    def remove(self, bucket: str) -> None:
        """Remove a bucket and what is in it."""
        self._do(_REMOVE, bucket)

    def save(self, name: str, directory: Path) -> Path:
        """Copy the objects below `bucket/name` to a directory."""
        self._do(_SAVE, f"bucket/{name}", str(directory))
        return directory

    def _do(self, script: str, name: str, *arguments: str) -> None:
        import json

        environment = json.dumps(self.environment)
        run_python(self.python, _DO + script, environment, f"{self.scheme}://{name}", *arguments)

    def __enter__(self) -> ObjectServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def without_endpoints() -> dict[str, str]:
    """This process's environment, less what would lead a client elsewhere."""
    names = ("S3_ENDPOINT", "STORAGE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS", "NO_GCE_CHECK")
    return {name: value for name, value in os.environ.items() if name not in names and not name.startswith("AWS_")}
