"""How a process of a life may end."""

from __future__ import annotations

import signal

END_STATUS: dict[str, int] = {
    "return": 0,
    "close": 0,
    "exit": 3,
    "raise": 1,
    "interrupt": -signal.SIGINT,  # sent from outside, as the next three are
    "term": -signal.SIGTERM,
    "term handled": 5,
    "kill": -signal.SIGKILL,
    "kill itself": -signal.SIGKILL,
    "_exit": 4,
    "flush, _exit": 4,
    "close, _exit": 4,
    "pooled": -signal.SIGTERM,  # by its pool, as soon as its task is done
}
"""Each end, and the exit status that it has."""

CLEAN = ("return", "close", "exit", "raise", "interrupt", "term handled")
"""The ends at which Python still runs."""
