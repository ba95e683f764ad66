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

    Another user of the directory must not be able to make this process read or write elsewhere, or hang. So symbolic
    links are not followed, and nothing but a regular file is opened.

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
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _refused(path, errno.EINVAL, "not a regular file")
    return descriptor


def open_trusted(path: str, flags: int) -> int:
    """Open the regular file `path`, unless another user may have put it there. As `open_regular`.

    In a directory that everybody may write, the file must belong to this user or to the owner of the directory, as with
    fs.protected_regular (https://docs.kernel.org/admin-guide/sysctl/fs.html). Elsewhere users share files as their
    permissions allow.
    """
    descriptor = open_regular(path, flags)
    try:
        owner = os.fstat(descriptor).st_uid
        if hasattr(os, "geteuid") and owner != os.geteuid():
            directory = os.stat(os.path.dirname(path) or ".")
            if directory.st_mode & stat.S_IWOTH and owner != directory.st_uid:
                another = f"the file of another user (uid {owner}), in a directory that everybody may write"
                raise _refused(path, errno.EACCES, another)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refused(path: str, code: int, what: str) -> LogdirError:
    return LogdirError(code, f"{os.path.basename(path)} is {what}", path)
