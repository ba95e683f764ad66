"""Files that the command writes: whole or not at all."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO


@contextmanager
def replaced(path: str) -> Iterator[IO[bytes]]:
    """Open a new file that takes the place of the one at `path` at the end, unless there was an error.

    A link at `path` is replaced, never followed. Raises OSError.
    """
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".new-", suffix=".part", dir=os.path.dirname(path) or ".")
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error
    try:
        with open(descriptor, "wb") as file:
            yield file
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


@contextmanager
def replaced_text(path: str) -> Iterator[IO[str]]:
    """The same for text, in UTF-8 and with line ends as they are."""
    with replaced(path) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="")
        yield text
        text.flush()
        text.detach()


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
