"""The peak of resident memory during a stretch of work, in bytes."""

from __future__ import annotations

import ctypes
import gc
from pathlib import Path


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def _release_free_pages() -> None:
    """Hand what malloc keeps back to the system, so that a warm-up hides no later use (glibc only)."""
    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        return


class Peak:
    """Counts from its creation: `growth()` is the peak of resident memory above what was resident then.

    The peak (VmHWM, which getrusage calls ru_maxrss) is reset first: see clear_refs in proc(5). Where the kernel
    refuses that, or there is no /proc, nothing is measured.
    """

    def __init__(self) -> None:
        _release_free_pages()
        self.start: int | None
        try:
            Path("/proc/self/clear_refs").write_text("5")
            self.start = _status("VmRSS")
        except OSError:
            self.start = None

    def growth(self) -> int | None:
        return None if self.start is None else max(0, _status("VmHWM") - self.start)
