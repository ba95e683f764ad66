"""What a verb does to the records of a run: an Edit takes them one by one, and returns those that take their place."""

from __future__ import annotations

from collections.abc import Callable


class Edit:
    """Keeps everything. One for each run, whose files it sees in the order of their names.

    Attributes:
        values_before, values_after: counts of values, of the file that is being read.
        found: what is wrong with records that are whole.
    """

    def __init__(self) -> None:
        self.values_before = self.values_after = 0
        self.found: list[str] = []

    def begin_file(self) -> None:
        """Note that the records of another file follow."""
        self.values_before = self.values_after = 0
        self.found = []

    def edit(self, data: bytes) -> list[bytes]:
        """Return what takes the place of a record: `[data]` itself where it stays as it is."""
        return [data]

    def end_file(self) -> list[bytes]:
        """Return what was kept back of the file."""
        return []

    def end_run(self) -> None:
        """Check the whole. Raises ValueError if the change cannot be made."""


EditFactory = Callable[[str], Edit]
"""Makes the edit of a run, by its name."""
