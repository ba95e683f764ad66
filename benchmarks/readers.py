"""One reading in a fresh process: `python -m benchmarks.readers READER LOGDIR POINTS` prints a line of JSON.

Whatever a reader imports is imported before the clock starts, and the files are in the page cache. All of them are
asked for every scalar; none may leave points out.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.memory import Peak

_FINISHED = re.compile(r"Finished load cycle \(([\d.]+)(ns|µs|us|ms|s)\)")
_SECONDS = {"ns": 1e-9, "µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0}
_SERVER_SECONDS = 120.0

Read = Callable[[], Any]
Count = Callable[[Any], int]


def _ours(logdir: str) -> tuple[Read, Count]:
    from tensorboardX.reader import open_logdir

    return lambda: open_logdir(logdir).scalars(), lambda columns: columns.rows


def _accumulator(logdir: str) -> tuple[Read, Count]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def read() -> Any:
        return EventAccumulator(str(Path(logdir) / "run"), size_guidance={"scalars": 0, "images": 1}).Reload()

    return read, lambda events: sum(len(events.Scalars(tag)) for tag in events.Tags()["scalars"])


def _tbparse(logdir: str) -> tuple[Read, Count]:
    from tbparse import SummaryReader

    return lambda: SummaryReader(logdir, pivot=False, event_types={"scalars"}).scalars, len


def _records(logdir: str) -> tuple[Read, Count]:
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_reader import read_records

    [path] = (Path(logdir) / "run").glob("*tfevents*")

    def read() -> list[Any]:
        found = []
        for data in read_records(path):
            event = Event.FromString(data)
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    found.append((value.tag, event.step, event.wall_time, value.simple_value))
        return found

    return read, len


def _measure(reader: str, logdir: str, points: int) -> dict[str, Any]:
    read, count = {"ours": _ours, "accumulator": _accumulator, "tbparse": _tbparse, "records": _records}[reader](logdir)
    peak = Peak()
    start = time.perf_counter()
    found = read()
    seconds = time.perf_counter() - start
    growth = peak.growth()
    if count(found) != points:
        raise ValueError(f"{reader} returned {count(found)} points of {points}")
    columns = sum(column.nbytes for column in found.values()) if reader == "ours" else None
    return {"seconds": seconds, "peak": growth, "columns": columns}


def _serve(logdir: str) -> dict[str, Any]:
    """The time that TensorBoard's data server says that it took; it samples, after it has read every record."""
    import tensorboard_data_server

    command = [tensorboard_data_server.server_binary(), "--logdir", logdir, "--port", "0", "--reload", "once", "-v"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        give_up = time.monotonic() + _SERVER_SECONDS
        for line in server.stderr or ():
            if (found := _FINISHED.search(line)) is not None:
                return {"seconds": float(found[1]) * _SECONDS[found[2]], "peak": None, "columns": None}
            if time.monotonic() > give_up:
                break
        raise TimeoutError("the data server never finished to load")
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    _reader, _logdir, _points = sys.argv[1:]
    print(json.dumps(_serve(_logdir) if _reader == "server" else _measure(_reader, _logdir, int(_points))))
