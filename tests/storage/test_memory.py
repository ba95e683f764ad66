"""Files in memory, written to by a real writer."""

from __future__ import annotations

import pytest
from support import stock

from tensorboardX import SummaryWriter, record_writer
from tensorboardX.record_writer import register_writer_factory
from tensorboardX.storage.memory import MemoryStore


@pytest.fixture
def store(monkeypatch) -> MemoryStore:
    monkeypatch.setattr(record_writer, "REGISTERED_FACTORIES", {})
    memory = MemoryStore()
    register_writer_factory("mem", memory)
    return memory


def test_a_run_in_memory_is_what_it_would_be_on_disk(store, tmp_path):
    with SummaryWriter("mem://run") as writer:
        for step in range(3):
            writer.add_scalar("loss", step / 2, step)
        writer.flush()
        [(path, content)] = store.files.items()
        assert content.count(b"loss") == 3
        writer.add_scalars("both", {"a": 1.0}, 3)
    assert path.startswith("mem://run/events.out.tfevents.")
    assert any(name.startswith("mem://run/both/a/events.") for name in store.files)
    (tmp_path / "events.out.tfevents.1").write_bytes(content)
    events = stock.events(tmp_path)["."]
    assert [(event.step, event.summary.value[0].simple_value) for event in events[1:]] == [(0, 0), (1, 0.5), (2, 1)]


def test_a_path_is_taken_once():
    store = MemoryStore()
    store.open("a").write(b"x")
    with pytest.raises(FileExistsError, match="a exists"):
        store.open("a")
    assert store.files == {"a": bytearray(b"x")}
