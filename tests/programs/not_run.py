"""Programs that are not run, and why."""

NOT_RUN: dict[str, str] = {}
