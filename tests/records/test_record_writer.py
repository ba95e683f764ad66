"""Framing, and how many writes of which bytes reach a file."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import stock
from tensorboard.compat.tensorflow_stub import pywrap_tensorflow as stub

import tensorboardX.crc32c
from tensorboardX import SummaryWriter, record_writer
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import RecordWriter, masked_crc32c, register_writer_factory
from tensorboardX.records.framing import frame, frame_batch

ISCSI_READ = bytes.fromhex(
    "01c00000 00000000 00000000 00000000 14000000 00000400 00000014 00000018 28000000 00000000 02000000 00000000"
)


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
        (ISCSI_READ, 0xD9963A56),
    ],
)
def test_the_checksum_has_the_values_of_rfc_3720(data, crc):
    assert tensorboardX.crc32c.crc32c(data) == crc
    assert masked_crc32c(data) == ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32


@given(st.binary(max_size=300))
def test_the_masked_checksum_is_that_of_tensorboard(data):
    assert masked_crc32c(data) == stub.masked_crc32c(data)


def test_a_record_has_the_bytes_of_the_format():
    # Worked out with TensorBoard's own checksum, not with ours.
    data = b"brain"
    length = struct.pack("<Q", len(data))
    crcs = [struct.pack("<I", stub.masked_crc32c(part)) for part in (length, data)]
    assert frame(data) == length + crcs[0] + data + crcs[1]


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_a_batch_is_its_records_one_after_the_other(batch):
    assert frame_batch(batch) == b"".join(map(frame, batch))


@given(st.integers())
def test_u32_keeps_the_low_bits(number):
    assert record_writer.u32(number) == number % 2**32


@pytest.mark.parametrize(
    ("name", "valid"),
    [("a/b.c-d_e", "a/b.c-d_e"), ("a b", "a_b"), ("_x", "._x"), ("a::b", "a_b"), ("é", "."), ("9", "9")],
)
def test_node_names_hold_what_tensorflow_allows(name, valid):
    assert record_writer.make_valid_tf_name(name) == valid


@pytest.mark.parametrize("sizes", [[0], [1, 0, 300], [200_000, 5]])
def test_stock_tensorboard_reads_what_is_written(tmp_path, sizes):
    written = [bytes([size % 251]) * size for size in sizes]
    writer = RecordWriter(str(tmp_path / "f"))
    writer.write(written[0])
    writer.take_batch(written[1:])
    writer.write_out()
    writer.close()
    assert stock.records(tmp_path / "f") == written


def test_a_file_that_exists_is_never_touched(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"kept")
    with pytest.raises(FileExistsError):
        RecordWriter(str(path))
    assert path.read_bytes() == b"kept"


class ScriptedFile:
    """Takes as many bytes of each write as `script` says: a number, None for all, or an error to raise."""

    def __init__(self, script: list[object]) -> None:
        self.script = script
        self.writes: list[bytes] = []
        self.content = b""

    def write(self, data: bytes) -> int | None:
        self.writes.append(bytes(data))
        step = self.script.pop(0) if self.script else len(data)
        if isinstance(step, Exception):
            raise step
        self.content += data[:step]
        return step

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


class ScriptedStore:
    def __init__(self) -> None:
        self.script: list[object] = []
        self.files: list[ScriptedFile] = []
        self.directories: list[str] = []

    def open(self, path: str) -> ScriptedFile:
        self.files.append(ScriptedFile(self.script))
        return self.files[-1]

    def directory_check(self, path: str) -> None:
        self.directories.append(path)


@pytest.fixture
def store() -> Iterator[ScriptedStore]:
    scripted = ScriptedStore()
    register_writer_factory("scripted", scripted)
    yield scripted
    del record_writer.REGISTERED_FACTORIES["scripted"]


def test_a_record_is_one_write_and_so_is_a_batch(store):
    writer = RecordWriter("scripted://f")
    writer.write(b"a")
    writer.take_batch([b"b"] * 1000)
    writer.write_out()
    writer.flush()
    assert store.files[0].writes == [frame(b"a"), frame(b"b") * 1000]


def test_a_summary_writer_hands_over_whole_records_in_few_writes(store):
    with SummaryWriter("scripted://run") as writer:
        for step in range(5000):
            writer.add_scalar("loss", 0.5, step)
    [file] = store.files
    assert len(file.writes) < 100
    events = [Event.FromString(record) for written in file.writes for record in _whole_records(written)]
    assert [event.step for event in events[1:]] == list(range(5000))


def _whole_records(data: bytes) -> Iterator[bytes]:
    while data:
        (length,) = struct.unpack_from("<Q", data)
        record, rest = data[12 : 12 + length], data[16 + length :]
        assert data == frame(record) + rest
        yield record
        data = rest


@pytest.mark.parametrize("first", range(1, len(frame(b"data"))))
def test_a_short_write_goes_on_at_the_byte_where_it_stopped(store, first):
    store.script[:] = [first]
    RecordWriter("scripted://f").write(b"data")
    assert store.files[0].writes == [frame(b"data"), frame(b"data")[first:]]
    assert store.files[0].content == frame(b"data")


@pytest.mark.parametrize("taken", range(len(frame(b"data"))))
def test_an_error_part_of_the_way_tears_no_record(store, taken):
    full = OSError("no space left")
    store.script[:] = [taken, full] if taken else [full]
    writer = RecordWriter("scripted://f")
    with pytest.raises(OSError, match="no space left"):
        writer.write(b"data")
    writer.write(b"next")
    assert store.files[0].content == frame(b"data") + frame(b"next")


def test_what_an_error_left_behind_is_written_before_the_file_is_closed(store):
    store.script[:] = [OSError("busy")]
    writer = RecordWriter("scripted://f")
    with pytest.raises(OSError, match="busy"):
        writer.write(b"data")
    writer.close()
    assert store.files[0].content == frame(b"data")


def test_an_abandoned_file_gets_no_more_bytes(store):
    store.script[:] = [OSError("busy")]
    writer = RecordWriter("scripted://f")
    with pytest.raises(OSError, match="busy"):
        writer.write(b"data")
    writer.abandon()
    writer.close()
    assert store.files[0].content == b""


def test_a_file_that_answers_nothing_has_taken_everything(store):
    store.script[:] = [None]
    RecordWriter("scripted://f").write(b"data")
    assert store.files[0].writes == [frame(b"data")]


def test_a_file_that_takes_nothing_is_an_error_and_no_endless_loop(store):
    store.script[:] = [3, 0]
    writer = RecordWriter("scripted://f")
    with pytest.raises(OSError, match="takes no more"):
        writer.write(b"data")
    writer.write_out()
    assert store.files[0].content == frame(b"data")


def test_the_factory_of_a_prefix_makes_directories_too(store):
    record_writer.directory_check("scripted://bucket/run")
    assert store.directories == ["scripted://bucket/run"]


def test_a_prefix_holds_no_colon():
    with pytest.raises(ValueError, match="a:b"):
        register_writer_factory("a:b", ScriptedStore())


def test_directories_are_made_once_and_a_file_in_the_way_is_an_error(tmp_path):
    record_writer.directory_check(str(tmp_path / "a" / "b"))
    record_writer.directory_check(str(tmp_path / "a" / "b"))
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        record_writer.directory_check(str(tmp_path / "file" / "b"))
    with pytest.raises(OSError, match="null"):
        record_writer.directory_check(str(tmp_path / "a\0b"))
