"""How an event queue behaves, and what became of its events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Stats:
    """What became of the events of a writer so far.

    `written` events are with the operating system; `dropped` ones were given up because the store failed or was
    too slow; `failed` ones could not be encoded. `errors` counts the errors of the store. What is in none of the
    first three is pending.
    """

    written: int = 0
    dropped: int = 0
    failed: int = 0
    errors: int = 0


@dataclass(frozen=True)
class QueueOptions:
    """How a writer behaves when its store does not keep up, or fails.

    Attributes:
        flush_secs: seconds between two fsyncs of the file. (What is pending is written within a second anyway.)
        on_full: "block" waits for room, `PATIENCE` seconds without progress at most; "drop" never waits.
        on_error: "warn" logs one warning and goes on; "raise" raises WriteError at the next call.
        max_queue_bytes: bytes of memory that the pending events of a run may take, its sub-runs included.
    """

    flush_secs: float = 120.0
    on_full: str = "block"
    on_error: str = "warn"
    max_queue_bytes: int = 64 << 20

    def __post_init__(self) -> None:
        if self.on_full not in ("block", "drop"):
            raise ValueError(f"on_full: got {self.on_full!r}; accepted are 'block' and 'drop'")
        if self.on_error not in ("warn", "raise"):
            raise ValueError(f"on_error: got {self.on_error!r}; accepted are 'warn' and 'raise'")
