"""The exit codes of every verb. docs/command.md documents them."""

from __future__ import annotations

OK = 0
"""Done; queries found something."""

NOT_FOUND = 1
"""A query found nothing, or a check found something wrong."""

USAGE = 2
"""The arguments cannot be understood, or do not fit the data."""

FAILED = 3
"""Something cannot be read or written: there is no such directory, the disk is full."""

MISSING_EXTRA = 4
"""An optional package is not installed; stderr says how to install it."""

INTERRUPTED = 130
"""Ctrl-C."""

BROKEN_PIPE = 141
"""Nobody reads the output any more, as in `tensorboardx ls | head`; what a shell reports of other programs then."""
