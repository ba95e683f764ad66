"""Files in memory, for tests and for programs that hand the bytes on themselves."""

from __future__ import annotations


class MemoryFile:
    """A file that is a bytearray."""

    def __init__(self, path: str, content: bytearray) -> None:
        self.path = path
        self._content = content

    def write(self, data: bytes) -> int:
        self._content += data
        return len(data)

    def flush(self) -> None:
        """Nothing to do: there is no buffer."""

    def close(self) -> None:
        """Nothing to do: the content stays in the store."""


class MemoryStore:
    """A writer factory whose files stay in `files`, a dict from path to content.

    store = MemoryStore()
    register_writer_factory("memory", store)
    writer = SummaryWriter("memory://run")
    """

    def __init__(self) -> None:
        self.files: dict[str, bytearray] = {}

    def open(self, path: str) -> MemoryFile:
        """Make a new empty file. Raises FileExistsError if `path` is taken."""
        if path in self.files:
            raise FileExistsError(f"{path} exists in this store")
        return MemoryFile(path, self.files.setdefault(path, bytearray()))

    def directory_check(self, path: str) -> None:
        """Nothing to make: this store has no directories."""
