"""Every store of ours keeps the contract, and the check of it finds the ones that do not."""

import os
from pathlib import Path

import pytest

from tensorboardX import SummaryWriter
from tensorboardX.record_writer import directory_check, open_file
from tensorboardX.storage.memory import MemoryFile, MemoryStore
from tensorboardX.testing import FaultyStore, StoreContractError, check_store, read_events, short


class Local:
    """What paths without a registered prefix get."""

    open = staticmethod(open_file)
    directory_check = staticmethod(directory_check)


def test_local_files(tmp_path):
    check_store(Local(), str(tmp_path / "new" / "run"), lambda path: Path(path).read_bytes())


@pytest.mark.parametrize("make", [MemoryStore, FaultyStore])
def test_memory(make):
    store = make()
    check_store(store, "run", lambda path: bytes(store.files[path]))


def test_short_writes_are_within_the_contract():
    store = FaultyStore()
    store.always = short(1000)
    check_store(store, "run", lambda path: bytes(store.files[path]))


class Overwriting(MemoryStore):
    def open(self, path):
        self.files.pop(path, None)
        return super().open(path)


class Forgetful(MemoryFile):
    def write(self, data):
        super().write(data[:100])
        return len(data)


class Truncating(MemoryFile):
    def abandon(self):
        self._content.clear()


class Lying(MemoryFile):
    def write(self, data):
        return super().write(data) + 1


class Lost(MemoryFile):
    def is_lost(self):
        return True


class Keeping(MemoryFile):
    buffered = 1


class Of(MemoryStore):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def open(self, path):
        super().open(path)
        return self.kind(path, self.files[path])


@pytest.mark.parametrize(
    ("store", "promise"),
    [
        (Overwriting(), "opening a file that exists"),
        (Of(Forgetful), "after flush a reader finds every byte"),
        (Of(Truncating), "what was flushed stays"),
        (Of(Lying), "how many bytes it took"),
        (Of(Lost), "is not lost"),
        (Of(Keeping), "after flush nothing is buffered"),
    ],
)
def test_what_a_store_does_not_do_is_named(store, promise):
    with pytest.raises(StoreContractError, match=promise):
        check_store(store, "run", lambda path: bytes(store.files.get(path, b"")))


def test_read_events_gives_one_run_in_order_without_versions_and_torn_tails(tmp_path):
    writer = SummaryWriter(tmp_path)
    for step in range(3):
        writer.add_scalar("a", 1.0, step)
        writer.add_scalars("sub", {"x": 1.0}, step)
        writer.close()
    last = sorted(tmp_path.glob("*tfevents*"))[-1]
    os.truncate(last, last.stat().st_size - 1)
    assert [event.step for event in read_events(tmp_path)] == [0, 1]
    assert [event.step for event in read_events(tmp_path / "sub" / "x")] == [0, 1, 2]
    with pytest.raises(FileNotFoundError):
        read_events(tmp_path / "nothing")
