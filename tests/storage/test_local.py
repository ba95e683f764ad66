"""Files of the local file system."""

from __future__ import annotations

import os

import pytest

from tensorboardX.storage.local import LocalFile


@pytest.fixture
def file(tmp_path):
    opened = LocalFile(str(tmp_path / "f"))
    yield opened
    opened.abandon()


def test_what_is_written_is_with_the_operating_system_at_once(file, tmp_path):
    assert file.write(b"ab") == 2
    assert (tmp_path / "f").read_bytes() == b"ab"
    file.write(b"c")
    file.flush()
    file.sync()
    assert (tmp_path / "f").read_bytes() == b"abc"


def test_a_file_that_exists_is_not_touched(tmp_path):
    (tmp_path / "old").write_bytes(b"kept")
    with pytest.raises(FileExistsError):
        LocalFile(str(tmp_path / "old"))
    assert (tmp_path / "old").read_bytes() == b"kept"


def test_a_link_to_nowhere_is_not_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(FileExistsError):
        LocalFile(str(tmp_path / "link"))
    assert not (tmp_path / "target").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no open file from being found, nor lets it be deleted")
def test_a_deleted_file_is_lost_and_a_renamed_one_is_not(file, tmp_path):
    assert not file.is_lost()
    (tmp_path / "f").rename(tmp_path / "g")
    assert not file.is_lost()
    (tmp_path / "g").unlink()
    assert file.is_lost()


def test_closing_twice_is_fine_and_writing_then_is_an_error(file):
    assert file.fileno() >= 0
    file.close()
    file.close()
    assert file.fileno() == -1
    assert not file.is_lost()
    with pytest.raises(OSError, match=r"(?i)bad file descriptor"):
        file.write(b"a")


def test_an_abandoned_file_keeps_silent_about_its_descriptor(file):
    os.close(file.fileno())
    file.abandon()
    assert file.fileno() == -1


def test_a_child_process_does_not_inherit_the_file(file):
    assert not os.get_inheritable(file.fileno())


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_an_error(file):
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, file.fileno())
    os.close(full)
    with pytest.raises(OSError, match="No space left"):
        file.write(b"a")
