"""The thread that encodes slow values: images, videos, audio, large arrays, results that a device still computes."""

from __future__ import annotations

import collections
import threading
from time import monotonic

from .entries import Pending
from .memory import MemoryBudget
from .progress import Progress
from .signal import AutoResetEvent

LINGER_SECONDS = 5.0
"""The thread ends after this many idle seconds."""

REPORT_SECONDS = 0.005
"""While more values wait, encoded ones are reported this often: to wake a thread may take as long as to encode."""


class EncodingThread:
    """Encodes values one after the other, in the order in which they were submitted.

    Only the thread that drains a queue submits. The thread is a daemon, and starts with the first value.

    Args:
        progress: of the run; notified when encoding begins and ends.
        memory: of the run; what a value took beyond its encoded bytes is released.
        encoded: set when there are encoded values.
    """

    def __init__(self, progress: Progress, memory: MemoryBudget, encoded: AutoResetEvent) -> None:
        self._progress = progress
        self._memory = memory
        self._encoded = encoded
        self._values: collections.deque[Pending] = collections.deque()
        self._lock = threading.RLock()  # so that the thread does not end while a value is submitted
        self._submitted = AutoResetEvent()
        self._thread: threading.Thread | None = None
        self._ended = False
        self._reported_at = -REPORT_SECONDS

    def submit(self, value: Pending) -> None:
        """Have a value encoded; encodes it here where no thread can be started."""
        with self._lock:
            self._progress.encoding = True
            self._values.append(value)
            started = self._thread is not None or self._start()
        if started:
            self._submitted.set()
        else:
            self._encode_all()

    def _start(self) -> bool:
        if self._ended:
            return False
        thread = threading.Thread(target=self._run, name="tensorboardX-encoder", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # at interpreter shutdown, or there are too many threads
            return False
        self._thread = thread
        return True

    def _run(self) -> None:
        while True:
            self._encode_all()
            if not self._submitted.wait(LINGER_SECONDS) or self._ended:
                with self._lock:
                    if not self._values:
                        self._thread = None
                        return

    def end(self, seconds: float) -> None:
        """End the thread for good once everything is encoded, and wait for that, `seconds` at most."""
        self._ended = True
        self._submitted.set()
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _encode_all(self) -> None:
        while self._values:
            self._encode(self._values.popleft())
        with self._lock:
            self._progress.encoding = bool(self._values)
        self._report()

    def _encode(self, value: Pending) -> None:
        encoded = 0 if value.is_cancelled else value.run()
        with self._lock:
            self._memory.give(value.nbytes - (0 if value.is_cancelled else encoded))
            value.nbytes = encoded
            value.is_done = True
        self._progress.note_encoded()
        if not self._values or monotonic() >= self._reported_at + REPORT_SECONDS:
            self._report()

    def _report(self) -> None:
        self._reported_at = monotonic()
        self._encoded.set()

    def cancel(self, value: Pending) -> None:
        """Release the memory of a value that was submitted, now or once it is encoded."""
        with self._lock:
            value.is_cancelled = True
            if value.is_done:
                self._memory.give(value.nbytes)
