"""Files of our own in directories that others may write."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from tensorboardX.errors import LogdirError
from tensorboardX.storage.regular import open_regular, open_trusted

pytestmark = pytest.mark.skipif(os.name == "nt", reason="file types and users of POSIX")

needs_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to change owners")


def test_a_regular_file_is_opened_and_made_where_it_is_missing(tmp_path):
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDWR):
        descriptor = open_regular(str(tmp_path / "f"), flags)
        assert not os.get_inheritable(descriptor)
        os.close(descriptor)
    with pytest.raises(FileNotFoundError, match="missing"):
        open_regular(str(tmp_path / "missing"), os.O_RDWR)


@pytest.mark.parametrize("there", [True, False])
def test_a_symbolic_link_is_refused_and_its_target_untouched(tmp_path, there):
    target = tmp_path / "target"
    if there:
        target.write_bytes(b"kept")
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(LogdirError, match="link is a symbolic link") as caught:
        open_regular(str(tmp_path / "link"), os.O_RDWR | os.O_CREAT)
    assert caught.value.errno == errno.ELOOP
    assert target.exists() == there
    assert not there or target.read_bytes() == b"kept"


def test_other_than_regular_files_are_refused_without_blocking(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    os.mkfifo("pipe")
    os.mkdir("directory")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("socket")
    for name in ("pipe", "directory", "socket", os.path.relpath("/dev/null")):
        for flags in (os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_RDONLY):
            with pytest.raises(LogdirError, match=os.path.basename(name)):
                open_regular(name, flags)
    listener.close()


@needs_root
@pytest.mark.parametrize(
    ("mode", "directory_owner", "accepted"),
    [(0o777, 0, False), (0o1777, 0, False), (0o777, 1234, True), (0o775, 0, True), (0o700, 0, True)],
)
def test_a_file_of_another_user_is_refused_where_everybody_could_have_put_it(tmp_path, mode, directory_owner, accepted):
    directory = tmp_path / "shared"
    directory.mkdir()
    (directory / "f").touch()
    os.chown(directory / "f", 1234, 1234)
    os.chown(directory, directory_owner, -1)
    directory.chmod(mode)
    os.close(open_regular(str(directory / "f"), os.O_RDONLY))  # to read it is no harm
    if accepted:
        os.close(open_trusted(str(directory / "f"), os.O_RDWR))
    else:
        with pytest.raises(LogdirError, match=r"f is the file of another user \(uid 1234\)"):
            open_trusted(str(directory / "f"), os.O_RDWR)


def test_what_the_system_refuses_names_the_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="below: "):
        open_regular(str(tmp_path / "file" / "below"), os.O_RDWR)
