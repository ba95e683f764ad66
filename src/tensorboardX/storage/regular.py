"""Opens the files that this package keeps beside event files, in directories that others may write too."""

from __future__ import annotations

import errno
import os
import stat

from ..errors import LogdirError
from .descriptors import open_descriptor

_FLAGS = 0
for _name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):  # some systems lack some of them
    _FLAGS |= getattr(os, _name, 0)

_NOT_REGULAR = {errno.EISDIR: "a directory", errno.ENXIO: "a socket or a pipe"}
_LINK = "a symbolic link, which is not followed"


def open_regular(path: str, flags: int) -> int:
    """Open the regular file `path`; return its descriptor, which programs that are started do not inherit.

    Another user of the directory must not be able to make this process write elsewhere, or hang. So symbolic links are
    not followed, and nothing but a regular file is opened. In a world-writable directory, the file must also belong
    to this user or to the owner of the directory, as with fs.protected_regular
    (https://docs.kernel.org/admin-guide/sysctl/fs.html). Elsewhere users share files as their permissions allow.

    Raises LogdirError where the file is refused, OSError where the system refuses it.
    """
    if not hasattr(os, "O_NOFOLLOW") and os.path.islink(path):
        raise _refused(path, errno.ELOOP, _LINK)
    try:
        descriptor = open_descriptor(path, flags | _FLAGS)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):  # what systems say to O_NOFOLLOW
            raise _refused(path, errno.ELOOP, _LINK) from None
        if error.errno in _NOT_REGULAR:
            raise _refused(path, error.errno, f"{_NOT_REGULAR[error.errno]}, not a regular file") from None
        raise OSError(error.errno, f"{os.path.basename(path)}: {error.strerror}", path) from error
    try:
        _check(path, os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _refused(path, errno.EINVAL, "not a regular file")
    if not hasattr(os, "geteuid") or found.st_uid == os.geteuid():
        return
    directory = os.stat(os.path.dirname(path) or ".")
    if directory.st_mode & stat.S_IWOTH and found.st_uid != directory.st_uid:
        owner = f"the file of another user (uid {found.st_uid}), in a directory that everybody may write"
        raise _refused(path, errno.EACCES, owner)


def _refused(path: str, code: int, what: str) -> LogdirError:
    return LogdirError(code, f"{os.path.basename(path)} is {what}", path)
