"""Reading records back: whole, torn, corrupt, and while they are written."""

from __future__ import annotations

import os
import re
import struct
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import stock
from tensorboard.compat.tensorflow_stub import errors as stub_errors

from tensorboardX import SummaryWriter
from tensorboardX.errors import CorruptRecordError, RecordError, TensorBoardXError, TruncatedRecordError
from tensorboardX.records.framing import frame, frame_batch, masked_crc32c
from tensorboardX.records.reader import RecordReader, read_records
from tensorboardX.testing import read_events

RECORDS = [b"", b"a", b"bc" * 20, bytes(300)]
CONTENT = frame_batch(RECORDS)
ENDS = {len(frame_batch(RECORDS[:count])): count for count in range(len(RECORDS) + 1)}


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "records"


@pytest.fixture(scope="module")
def event_file(tmp_path_factory) -> bytes:
    """A real event file."""
    logdir = tmp_path_factory.mktemp("run")
    with SummaryWriter(str(logdir)) as writer:
        for step in range(5):
            writer.add_scalar("loss", step / 2, step)
        writer.add_text("note", "text", 5)
    [file] = logdir.iterdir()
    return file.read_bytes()


def test_what_is_read_is_what_stock_tensorboard_reads(path, event_file):
    path.write_bytes(event_file)
    records = list(read_records(path))
    assert records == stock.records(path)
    assert len(records) == 7


def test_an_empty_file_has_no_records(path):
    path.touch()
    assert list(read_records(path)) == []
    with RecordReader(path) as reader:
        assert reader.read() is None


@pytest.mark.parametrize("offset", [len(CONTENT), len(CONTENT) + 1, 2**40, 2**62, 2**63 - 1])
def test_beyond_the_end_there_is_nothing(path, offset):
    path.write_bytes(CONTENT)
    with RecordReader(path, offset) as reader:
        assert reader.read() is None
        assert list(reader) == []
        assert reader.offset == offset


@pytest.mark.parametrize("offset", [-1, -(2**70), 2**63, 2**70])
def test_an_offset_that_no_file_has_is_refused(path, offset):
    path.write_bytes(CONTENT)
    with pytest.raises(ValueError, match=r"offset: got int .*; accepted is a byte of a file"):
        RecordReader(path, offset)


@pytest.mark.parametrize("offset", [1.5, "1", None])
def test_an_offset_is_an_integer(path, offset):
    path.write_bytes(CONTENT)
    with pytest.raises(TypeError, match=r"offset: got .*; accepted is an integer"):
        RecordReader(path, offset)


def test_a_record_that_is_no_event_is_named(tmp_path, event_file):
    """Its checksum is right: another program wrote it, or it was cut before it was framed."""
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(event_file + frame(b"\xff" * 5) + event_file)
    message = f"^{re.escape(str(path))}, byte {len(event_file)}: the record is no Event$"
    with pytest.raises(CorruptRecordError, match=message) as caught:
        read_events(tmp_path)
    assert isinstance(caught.value, ValueError)


def test_a_missing_file_raises(path):
    with pytest.raises(FileNotFoundError):
        RecordReader(path)


@pytest.mark.parametrize("end", range(len(CONTENT)))
def test_a_file_cut_anywhere_is_truncated_until_the_rest_is_there(path, end):
    path.write_bytes(CONTENT[:end])
    before = max(count for byte, count in ENDS.items() if byte <= end)
    with RecordReader(path) as reader:
        assert [reader.read() for _ in range(before)] == RECORDS[:before]
        if end in ENDS:
            assert reader.read() is None
        else:
            with pytest.raises(TruncatedRecordError, match="records, byte"):
                reader.read()
        assert ENDS[reader.offset] == before
        with path.open("ab") as file:
            file.write(CONTENT[end:])
        assert list(reader) == RECORDS[before:]
        assert reader.offset == len(CONTENT)


def test_iteration_ends_at_a_torn_tail_and_goes_on_byte_by_byte(path):
    path.touch()
    seen: list[bytes] = []
    with RecordReader(path) as reader, path.open("ab", buffering=0) as file:
        for byte in CONTENT:
            file.write(bytes([byte]))
            seen += reader
    assert seen == RECORDS


@pytest.mark.parametrize("offset", ENDS)
def test_a_new_reader_starts_at_a_remembered_offset(path, offset):
    path.write_bytes(CONTENT)
    with RecordReader(path, offset) as reader:
        assert list(reader) == RECORDS[ENDS[offset] :]


@pytest.mark.parametrize("position", range(len(frame(b"data"))))
@pytest.mark.parametrize("bit", [0, 7])
def test_a_wrong_bit_anywhere_is_corrupt_and_never_truncated(path, position, bit):
    damaged = bytearray(frame(b"first") + frame(b"data") + frame(b"last"))
    damaged[len(frame(b"first")) + position] ^= 1 << bit
    path.write_bytes(damaged)
    with RecordReader(path) as reader:
        assert reader.read() == b"first"
        for _ in range(2):  # and so it stays
            with pytest.raises(CorruptRecordError, match=r"checksum of the (length|data)"):
                reader.read()
    with pytest.raises(CorruptRecordError):
        list(read_records(path))
    with pytest.raises(stub_errors.DataLossError):
        stock.records(path)


def test_a_tail_of_zeros_as_a_crash_of_the_machine_leaves_it_is_corrupt(path):
    path.write_bytes(CONTENT + bytes(4096))
    with RecordReader(path) as reader:
        assert [reader.read() for _ in RECORDS] == RECORDS
        with pytest.raises(CorruptRecordError):
            reader.read()
        assert reader.offset == len(CONTENT)


@pytest.mark.parametrize("length", [10**9, 2**32, 2**62, 2**63, 2**64 - 1, 2**64 - 4])
@pytest.mark.parametrize("signed", [False, True], ids=["wrong checksum", "right checksum"])
def test_an_absurd_length_is_refused_without_memory(path, length, signed):
    packed = struct.pack("<Q", length)
    path.write_bytes(packed + struct.pack("<I", masked_crc32c(packed) if signed else 0) + bytes(1000))
    expected = TruncatedRecordError if signed else CorruptRecordError
    with RecordReader(path) as reader:
        tracemalloc.start()
        try:
            with pytest.raises(expected):
                reader.read()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 100_000


def test_a_record_larger_than_the_most_is_corrupt_and_takes_no_memory(path):
    """A file may claim to be as long as its first record says, without taking the space (a sparse file)."""
    packed = struct.pack("<Q", 2**40)
    path.write_bytes(CONTENT + packed + struct.pack("<I", masked_crc32c(packed)))
    os.truncate(path, 2**41)
    with RecordReader(path, most=max(map(len, RECORDS))) as reader:
        assert [reader.read() for _ in RECORDS] == RECORDS
        with pytest.raises(CorruptRecordError, match="1099511627776 bytes"):
            reader.read()


def test_an_open_file_is_read_from_any_offset_and_stays_open(path):
    path.write_bytes(CONTENT)
    descriptor = os.open(path, os.O_RDWR)
    path.unlink()
    for _ in range(2):
        with RecordReader(path, len(frame(RECORDS[0])), descriptor=descriptor) as reader:
            assert list(reader) == RECORDS[1:]
    os.close(descriptor)


def test_the_errors_are_builtins_too():
    assert issubclass(TruncatedRecordError, EOFError)
    assert not issubclass(CorruptRecordError, TruncatedRecordError)
    assert not issubclass(TruncatedRecordError, CorruptRecordError)
    for error in (TruncatedRecordError, CorruptRecordError):
        assert issubclass(error, (RecordError, ValueError))
        assert issubclass(error, TensorBoardXError)


def _read_all(content: bytes) -> tuple[list[bytes], RecordError | None]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "f")
        path.write_bytes(content)
        records: list[bytes] = []
        with RecordReader(path) as reader:
            try:
                while (data := reader.read()) is not None:
                    records.append(data)
            except RecordError as error:
                return records, error
        return records, None


@given(st.binary(max_size=200))
@example(b"")
@example(bytes(12))
@example(b"\xff" * 12)
def test_any_bytes_give_records_or_our_errors(content):
    records, error = _read_all(content)
    whole = frame_batch(records)
    assert content.startswith(whole)
    assert (error is None) == (whole == content)


@settings(deadline=None)
@given(data=st.data())
def test_a_mutated_event_file_gives_its_records_up_to_the_damage(event_file, data):
    position = data.draw(st.integers(0, len(event_file) - 1))
    kind = data.draw(st.sampled_from(["flip", "insert", "delete", "cut", "zero"]))
    junk = data.draw(st.binary(min_size=1, max_size=20))
    mutated = {
        "flip": event_file[:position] + bytes([event_file[position] ^ (junk[0] or 1)]) + event_file[position + 1 :],
        "insert": event_file[:position] + junk + event_file[position:],
        "delete": event_file[:position] + event_file[position + len(junk) :],
        "cut": event_file[:position],
        "zero": event_file[:position] + bytes(len(event_file) - position),
    }[kind]
    whole, _ = _read_all(event_file)
    records, error = _read_all(mutated)
    untouched = [record for count, record in enumerate(whole, 1) if len(frame_batch(whole[:count])) <= position]
    assert records[: len(untouched)] == untouched
    assert frame_batch(records) == mutated[: len(frame_batch(records))]
    if kind == "flip":
        assert isinstance(error, CorruptRecordError)
