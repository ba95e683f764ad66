"""Files that TensorBoard stops reading somewhere: what is wrong with them, and what is left of them."""

from __future__ import annotations

import math
import os

from google.protobuf.message import DecodeError

from ..proto.event_pb2 import Event
from ..reader.filters import Names
from ..records.events import FILE_VERSION
from ..summary.wire import walltime_of
from .change import Request, change
from .edits import Edit
from .report import Report
from .spans import with_wall_time

NOT_AN_EVENT = "the record is no Event"
NO_TIME = "the wall time is not a finite number"
NO_VERSION = "the file does not begin with the version of the format"


def verify(logdir: str | os.PathLike[str], *, runs: Names = None) -> Report:
    """Read everything, and tell what is wrong: see `damage` of the report and of its files. Writes nothing.

    Found are bytes that are no whole record (a torn tail, a wrong checksum, zeros, a file that is compressed), records
    that are no Event, wall times that are not finite, and a missing version: what makes a loader of TensorBoard stop or
    leave something out.

    Args:
        logdir: a log directory, one event file, or a URL of either that fsspec knows.
        runs: see `surgery`.

    Raises what `surgery` lists.
    """
    return change(Request("verify", logdir, runs, dry_run=True), lambda run: Repairing())


def repair(
    logdir: str | os.PathLike[str],
    *,
    runs: Names = None,
    out: str | os.PathLike[str] | None = None,
    in_place: bool = False,
    dry_run: bool = False,
) -> Report:
    """Leave out what `verify` finds, so that TensorBoard reads the rest. Every whole Event stays.

    An Event whose wall time is not finite gets that of the one before it. A version is put before a file that has
    none. A file in which nothing can be read is left as it is.

    Args:
        logdir: a log directory or one event file; see `surgery` for `runs`, `out`, `in_place` and `dry_run`.

    Raises what `surgery` lists.
    """
    return change(Request("repair", logdir, runs, out, in_place, dry_run), lambda run: Repairing())


class Repairing(Edit):
    """Leaves out what is no Event."""

    def begin_file(self) -> None:
        super().begin_file()
        self._begins = True
        self._time = 0.0

    def edit(self, data: bytes) -> list[bytes]:
        try:
            event = Event.FromString(data)
        except DecodeError:
            self.found.append(NOT_AN_EVENT)
            return []
        if not math.isfinite(event.wall_time):
            self.found.append(NO_TIME)
            data = with_wall_time(data, self._time) if data[:1] == b"\x09" else _with_time(event, self._time)
        self._time = walltime_of(data)
        begins, self._begins = self._begins, False
        if begins and not event.file_version:
            self.found.append(NO_VERSION)
            return [Event(wall_time=self._time, file_version=FILE_VERSION).SerializeToString(), data]
        return [data]


def _with_time(event: Event, seconds: float) -> bytes:
    event.wall_time = seconds
    return event.SerializeToString()
