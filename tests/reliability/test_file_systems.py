"""Real file systems that are full, read-only, limited, removed or mounted again under a running writer."""

import contextlib
import errno
import os
import shutil
import subprocess
import time

import pytest
from actions import log, until, warnings
from judge import event_files, events, scalars, steps, torn_bytes
from processes import run

from tensorboardX import SummaryWriter
from tensorboardX.storage.local import LocalFile


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if not mount_tmpfs(disk):
        pytest.skip("mounting a file system is not allowed here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=False)


def mount_tmpfs(directory) -> bool:
    try:
        command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(directory)]
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def test_full_disk(small_disk, caplog):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(200 << 10))
    writer = SummaryWriter(small_disk / "run")
    log(writer, range(5000))  # 250 kB
    until(lambda: writer.stats.errors)
    (path,) = event_files(small_disk)
    found = len(events(path)) - 1
    assert steps(small_disk) == list(range(found))
    assert len(warnings(caplog)) == 1
    ballast.unlink()
    log(writer, range(5000, 5010))
    writer.flush()
    found = steps(small_disk)
    assert found == list(range(5010))[: len(found)]
    assert len(found) > 4000
    writer.close()


def test_full_disk_that_stays_full_ends_with_a_readable_file(small_disk, patience):
    writer = SummaryWriter(small_disk / "run")
    log(writer, range(20_000))
    begin = time.monotonic()
    writer.close()
    assert time.monotonic() - begin < patience + 5
    found = steps(small_disk)
    assert found == list(range(len(found)))
    assert writer.stats.written + writer.stats.dropped == 20_000
    assert writer.stats.written == len(found)


def test_full_disk_at_construction_raises(small_disk):
    (small_disk / "ballast").write_bytes(bytes(256 << 10))
    with pytest.raises(OSError, match="No space left"):
        SummaryWriter(small_disk / "run")
    assert not event_files(small_disk)


def test_file_system_that_is_mounted_again(small_disk):
    """The descriptor leads to the old mount for ever; the path to the new one."""
    writer = SummaryWriter(small_disk / "run")
    log(writer, range(10))
    writer.flush()
    with open(small_disk / "ballast", "wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while ballast.write(bytes(4096)):
            pass
    log(writer, range(10, 1000))
    until(lambda: writer.stats.errors)
    before = steps(small_disk)
    subprocess.run(["umount", "-l", str(small_disk)], check=True)
    mount_tmpfs(small_disk)
    writer.flush()
    assert before + steps(small_disk) == list(range(1000))
    writer.close()
    assert (writer.stats.written, writer.stats.dropped) == (1000, 0)


def test_read_only_file_system_raises_at_construction(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(OSError, match="Read-only file system"):
        SummaryWriter(small_disk / "run")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of POSIX")
def test_directory_without_permission_raises_at_construction(tmp_path):
    script = """
        if os.geteuid() == 0: os.seteuid(65534)
        try:
            SummaryWriter(sys.argv[1])
        except PermissionError as error:
            sys.exit(7)
    """
    directory = tmp_path / "closed"
    directory.mkdir(mode=0o555)
    tmp_path.chmod(0o755)
    done = run(tmp_path, script, directory / "run")
    assert done.returncode in (1, 7)
    assert "Permission denied" in done.stderr or done.returncode == 7


def test_largest_file_size_starts_a_new_file(tmp_path):
    script = """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        writer = SummaryWriter(sys.argv[1])
        for step in range(10_000):
            writer.add_scalar("a", float(step), step)
        writer.add_scalars("b", {"x": 1.0}, 1)
        writer.close()
        print(writer.stats.written, writer.stats.dropped)
    """
    done = run(tmp_path, script, tmp_path / "run")
    assert done.stdout.split() == ["10001", "0"], done.stderr
    assert [scalar.step for scalar in scalars(tmp_path / "run") if scalar.tag == "a"] == list(range(10_000))
    files = event_files(tmp_path / "run")
    assert len(files) > 4
    assert all(path.stat().st_size <= 100_000 for path in files)
    assert any(torn_bytes(path) for path in files)


def test_event_larger_than_any_file_is_left_out_and_holds_up_no_other(tmp_path):
    script = """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        writer = SummaryWriter(sys.argv[1])
        writer.add_scalar("a", 0.0, 0)
        writer.add_text("large", "x" * 200_000, 1)
        writer.add_scalar("a", 2.0, 2)
        writer.close()
        print(writer.stats.written, writer.stats.failed, writer.stats.dropped)
    """
    done = run(tmp_path, script, tmp_path / "run")
    assert done.stdout.split() == ["2", "1", "0"], done.stderr
    assert "larger than a file may be" in done.stderr
    assert [scalar.step for scalar in scalars(tmp_path / "run")] == [0, 2]
    assert sum(path.stat().st_size for path in event_files(tmp_path / "run")) < 110_000


def test_removed_directory_is_made_again(tmp_path, caplog):
    writer = SummaryWriter(tmp_path / "run")
    writer.add_scalars("sub", {"x": 0.0}, 0)
    log(writer, range(10))
    writer.flush()
    shutil.rmtree(tmp_path / "run")
    log(writer, range(10, 20))
    writer.flush()
    assert steps(tmp_path / "run") == list(range(10, 20))
    writer.add_scalars("sub", {"x": 1.0}, 1)
    writer.close()
    assert steps(tmp_path / "run", "sub") == [1]
    assert any("was deleted" in message for message in warnings(caplog))


def test_directory_that_was_moved_keeps_its_events(tmp_path):
    writer = SummaryWriter(tmp_path / "run")
    log(writer, range(10))
    writer.flush()
    (tmp_path / "run").rename(tmp_path / "moved")
    log(writer, range(10, 20))
    writer.close()
    assert steps(tmp_path / "moved") == list(range(20))


def test_file_in_place_of_the_directory_raises_at_construction_and_is_waited_out_later(tmp_path, patience):
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(OSError, match="run"):
        SummaryWriter(tmp_path / "run")
    (tmp_path / "run").unlink()
    writer = SummaryWriter(tmp_path / "run")
    (tmp_path / "run" / "sub").write_text("in the way")
    writer.add_scalars("sub", {"x": 1.0}, 1)
    until(lambda: writer.stats.errors)
    (tmp_path / "run" / "sub").unlink()
    writer.flush()
    assert steps(tmp_path / "run", "sub") == [1]
    writer.close()


def test_a_lost_file_and_lost_events_are_reported_separately(tmp_path, caplog, patience, monkeypatch):
    """Warnings of one kind come once a minute: the second must not fall silent because of the first."""
    writer = SummaryWriter(tmp_path / "run")
    shutil.rmtree(tmp_path / "run")
    log(writer, range(10))
    writer.flush()

    def full(file, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(LocalFile, "write", full)
    log(writer, range(10, 20))
    writer.close()
    assert any("was deleted" in message for message in warnings(caplog))
    until(lambda: any("10 events are lost" in message for message in warnings(caplog)))
