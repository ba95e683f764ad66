"""Records found again: whole files, and files that were cut, changed, or never were event files."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from event_files import read
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tensorboardX.errors import LogdirError
from tensorboardX.reader import Damage, Records, walk
from tensorboardX.reader.damage import DamageLog
from tensorboardX.reader.source import LocalSource
from tensorboardX.reader.walk import Walker
from tensorboardX.records.framing import frame, frame_batch, masked_crc32c

RECORDS = [b"", b"a", b"bcd" * 13, bytes(300), bytes(range(256)) * 80, b"d" * 16, b"e" * 17, b"\0" * 11]
CONTENT = frame_batch(RECORDS)
STARTS = [len(frame_batch(RECORDS[:count])) for count in range(len(RECORDS) + 1)]


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "records"


def test_records_are_found_with_their_offsets(path):
    path.write_bytes(CONTENT)
    assert [(record.offset, record.data) for record in Records(path)] == list(zip(STARTS, RECORDS, strict=False))
    assert [record.end for record in Records(path)] == STARTS[1:]


@pytest.mark.parametrize("index", range(len(RECORDS) + 1))
def test_reading_begins_at_an_offset(path, index):
    path.write_bytes(CONTENT)
    assert [record.data for record in Records(path, STARTS[index])] == RECORDS[index:]


def test_many_records_of_all_lengths_in_many_reads(path, monkeypatch):
    rng = np.random.default_rng(3)
    records = [rng.bytes(int(length)) for length in rng.integers(0, 40, 3000)]
    for position in (0, 500, 501, 2999):
        records[position] = rng.bytes(walk.LARGE + position)
    for most in (4 << 10, 20 << 10, 1 << 20):
        monkeypatch.setattr(walk, "_MOST_READ", most)
        monkeypatch.setattr(walk, "_STRETCH_BYTES", most)
        assert read(path, frame_batch(records)) == (records, ())


@pytest.mark.parametrize(
    "end", [*range(200), *range(STARTS[4] - 3, STARTS[4] + 30), *range(len(CONTENT) - 60, len(CONTENT))]
)
def test_a_file_cut_anywhere_gives_all_that_is_whole(path, end):
    found, damage = read(path, CONTENT[:end])
    assert found == [data for data, stop in zip(RECORDS, STARTS[1:], strict=True) if stop <= end]
    assert len(damage) == (end not in STARTS)


@pytest.mark.parametrize(
    "position", [*range(150), STARTS[4] + 5, STARTS[4] + 10, STARTS[4] + 5000, *range(STARTS[5] - 4, len(CONTENT))]
)
@pytest.mark.parametrize("bit", [0, 6])
def test_a_wrong_bit_costs_one_record(path, position, bit):
    damaged = bytearray(CONTENT)
    damaged[position] ^= 1 << bit
    found, damage = read(path, bytes(damaged))
    [hit] = [index for index in range(len(RECORDS)) if STARTS[index] <= position < STARTS[index + 1]]
    assert found == RECORDS[:hit] + RECORDS[hit + 1 :]
    assert [(each.start, each.end) for each in damage] == [(STARTS[hit], STARTS[hit + 1])]
    assert damage[0].path == str(path)
    assert "checksum" in damage[0].reason or "the file ends within" in damage[0].reason


def test_a_hole_of_zeros_costs_what_it_touches(path):
    found, damage = read(path, CONTENT[: STARTS[2] + 3] + bytes(100_000) + CONTENT[STARTS[3] + 9 :])
    assert found == RECORDS[:2] + RECORDS[4:]
    assert len(damage) == 1


def test_zeros_at_the_end_are_told_as_such(path):
    found, damage = read(path, CONTENT + bytes(5_000_000))
    assert found == RECORDS
    assert damage == (Damage(str(path), len(CONTENT), len(CONTENT) + 5_000_000, "zeros"),)


@pytest.mark.parametrize(("first", "last"), [(2, 3), (2, 6), (0, 4), (4, 5), (3, 7)])
def test_a_middle_that_is_missing_costs_what_it_touches(path, first, last):
    found, _ = read(path, CONTENT[: STARTS[first] + 5] + CONTENT[STARTS[last] + 7 :])
    assert found == RECORDS[:first] + RECORDS[last + 1 :]


def test_what_follows_a_torn_record_is_found(path):
    for length in range(1, len(frame(RECORDS[2]))):
        found, damage = read(path, CONTENT[: STARTS[2] + length] + CONTENT)
        assert found == [*RECORDS[:2], *RECORDS]
        assert [(each.start, each.end) for each in damage] == [(STARTS[2], STARTS[2] + length)]


@pytest.mark.parametrize("length", [10, walk.LARGE])
def test_what_is_whole_within_a_corrupt_record_is_found(path, length):
    damaged = bytearray(frame(b"before") + frame(b"x" * length + frame(b"within") + b"x") + frame(b"after"))
    damaged[len(frame(b"before")) + 15] ^= 1
    found, _ = read(path, bytes(damaged))
    assert found == [b"before", b"within", b"after"]


def test_a_record_that_begins_within_a_corrupt_one_and_ends_beyond_it(path):
    for cut_off in range(13, 30):
        content = frame(b"before") + frame(bytes(range(40)))[:cut_off] + frame(b"a" * 70) + frame(b"after") * 3
        found, _ = read(path, content)
        assert found == [b"before", b"a" * 70, *[b"after"] * 3]


def test_many_corrupt_records_in_a_row(path):
    count = 5000
    content = bytearray(frame_batch([b"%06d" % index for index in range(count)]))
    for index in range(100, count - 100):
        content[index * 22 + 13] ^= 0x40
    found, damage = read(path, bytes(content))
    assert found == [b"%06d" % index for index in (*range(100), *range(count - 100, count))]
    assert [(each.start, each.end) for each in damage] == [(2200, (count - 100) * 22)]


@pytest.mark.parametrize("length", [10**9, 2**32, 2**62, 2**63, 2**64 - 1, 2**64 - 4, 2**64 - 16])
@pytest.mark.parametrize("signed", [False, True], ids=["wrong checksum", "right checksum"])
def test_an_absurd_length_takes_no_memory(path, length, signed):
    packed = struct.pack("<Q", length)
    header = packed + struct.pack("<I", masked_crc32c(packed) if signed else 0)
    path.write_bytes(CONTENT + header + b"123" + CONTENT)
    list(Records(path))
    tracemalloc.start()
    try:
        records = Records(path)
        found = [record.data for record in records]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == [*RECORDS, *RECORDS]
    assert [(each.start, each.end) for each in records.damage] == [(len(CONTENT), len(CONTENT) + 15)]
    assert peak < 3_000_000


def test_a_file_of_nothing_but_headers_ends(path):
    packed = struct.pack("<Q", 3_000_000)
    header = packed + struct.pack("<I", masked_crc32c(packed))
    found, damage = read(path, header * 400_000)  # each would be a record of 3 MB with a wrong checksum
    assert found == []
    assert len(damage) == 1


def test_a_compressed_file_says_that_it_is(path):
    content = gzip.compress(CONTENT)
    assert read(path, content)[1] == (
        Damage(str(path), 0, len(content), "compressed with gzip: decompress the file first"),
    )


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 900, b"text\n" * 10_000, b"\xff" * 3_000_000]
)
def test_a_foreign_file_has_no_records(path, content):
    found, damage = read(path, content)
    assert found == []
    assert damage == (Damage(str(path), 0, len(content), "the checksum of the length does not match"),)


def test_an_empty_file_has_no_records(path):
    assert read(path, b"") == ([], ())


def test_a_missing_file_raises(path):
    with pytest.raises(LogdirError, match="records"):
        list(Records(path))


def test_many_single_wrong_bits_are_counted_and_take_bounded_memory(path):
    content = bytearray(frame(b"") * 30_000)
    content[14::32] = bytes(byte ^ 1 for byte in content[14::32])  # of every other record
    path.write_bytes(content)
    records = Records(path)
    assert sum(1 for _ in records) == 15_000
    assert len(records.damage) == 10_000


# ---- large records


class CountingSource(LocalSource):
    """Notes which bytes are read."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.read_bytes = 0

    def read(self, offset, size):
        data = super().read(offset, size)
        self.read_bytes += len(data)
        return data


def walked(path: Path, **options: object) -> tuple[CountingSource, list, DamageLog]:
    source, damage = CountingSource(str(path)), DamageLog()
    stretches = list(Walker(source, damage, **options))
    source.close()
    return source, [large for stretch in stretches for large in stretch.large], damage


def test_large_records_are_passed_over_unread(path):
    large = np.random.default_rng(1).bytes(1_000_000)
    path.write_bytes((frame(large) + frame(b"small") * 10) * 20)
    source, found, damage = walked(path)
    assert [record.length for record in found] == [1_000_000] * 20
    assert source.read_bytes < 400_000
    assert not damage.found()


@pytest.mark.parametrize("position", [500_000, 1_000_013])
def test_a_wrong_bit_in_a_large_record_is_found_when_asked(path, position):
    content = bytearray(frame(bytes(1_000_000)) + frame(b"small"))
    content[position] ^= 1
    path.write_bytes(content)
    assert len(walked(path)[1]) == 1
    _, found, damage = walked(path, verify=True)
    assert not found
    assert [(each.start, each.end) for each in damage.found()] == [(0, 1_000_016)]


def test_what_lies_within_the_length_of_a_large_record_that_was_cut_is_found(path):
    large = np.random.default_rng(1).bytes(200_000)
    found, damage = read(path, frame(b"a") + frame(large)[:100_000] + frame(b"b") * 8000)
    assert found == [b"a", *[b"b"] * 8000]
    assert [(each.start, each.end) for each in damage] == [(17, 100_017)]


# ---- any bytes


@settings(deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=40), st.binary(max_size=40).map(frame)), max_size=8))
@example([bytes(12)])
@example([b"\xff" * 12])
def test_any_bytes_are_records_or_damage(parts):
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        read(Path(directory, "f"), b"".join(parts))
