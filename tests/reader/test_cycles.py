"""Records that repeat those before them are found and checked as any others are."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorboardX.reader.checksums import are_whole
from tensorboardX.reader.cycles import EXAMPLES, cycle_of
from tensorboardX.reader.records import Records
from tensorboardX.records.framing import frame, masked_crc32c


def steps(count: int, lengths: list[int], seed: int = 0) -> list[bytes]:
    """As many cycles of records of these lengths, no two of which are alike."""
    rng = np.random.default_rng(seed)
    return [rng.bytes(length) for _ in range(count) for length in lengths]


def read(path: Path, content: bytes) -> list[bytes]:
    path.write_bytes(content)
    return [record.data for record in Records(path)]


@pytest.mark.parametrize("lengths", [[30], [30, 40], list(range(20, 120)), [30] * 7 + [31], list(range(1, 400))])
def test_cycles_of_any_length(tmp_path, lengths):
    records = steps(2000 // len(lengths) + 5, lengths)
    assert read(tmp_path / "f", b"".join(map(frame, records))) == records


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 400), st.lists(st.integers(0, 200), min_size=1, max_size=6)), max_size=6),
    st.integers(0, 2**32),
)
def test_cycles_that_are_broken_and_begin_anew(parts, seed):
    records = [record for count, lengths in parts for record in steps(count, lengths, seed)]
    with tempfile.TemporaryDirectory() as directory:
        assert read(Path(directory, "f"), b"".join(map(frame, records))) == records


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 1), st.integers(0, 7), st.sampled_from([[30], [26, 30, 41], [30, 30, 30, 55], list(range(20, 90))]))
def test_a_wrong_bit_costs_one_record(place, bit, lengths):
    records = steps(3000 // len(lengths), lengths)
    frames = list(map(frame, records))
    content = bytearray(b"".join(frames))
    position = int(place * (len(content) - 1))
    content[position] ^= 1 << bit
    ends = np.cumsum([len(each) for each in frames])
    hit = int(ends.searchsorted(position, "right"))
    with tempfile.TemporaryDirectory() as directory:
        assert read(Path(directory, "f"), bytes(content)) == records[:hit] + records[hit + 1 :]


@pytest.mark.parametrize("cut", [1, 20, 41, 42, 43, 60])
def test_a_torn_tail_leaves_the_whole_records(tmp_path, cut):
    records = steps(2000, [26, 30])
    content = b"".join(map(frame, records))[:-cut]
    lost = 1 if cut <= 46 else 2
    assert read(tmp_path / "f", content) == records[:-lost]


def test_a_cycle_goes_on_with_the_next_record():
    headers = [bytes([kind]) * 12 for kind in (1, 2, 3)] * EXAMPLES[0]
    cycle = cycle_of(headers, [16, 17, 18] * EXAMPLES[0])
    assert cycle is not None
    chunk = b"".join(header + bytes(size - 12) for header, size in zip(headers[:3], (16, 17, 18), strict=True)) * 3
    assert cycle.follow(chunk, 0).tolist() == [0, 16, 33, 51, 67, 84, 102, 118, 135, 153]
    assert cycle.follow(chunk[:60], 0).tolist() == [0, 16, 33, 51]
    assert not cycle.is_broken
    assert cycle.follow(chunk[16:], 0).tolist() == [0]
    assert cycle.is_broken


def test_what_does_not_repeat_is_no_cycle():
    assert cycle_of([bytes([kind]) * 12 for kind in range(64)], [16] * 64) is None
    assert cycle_of([struct.pack("<QI", kind, 0) for kind in range(512)], [16] * 512) is None


@pytest.mark.parametrize("length", [0, 1, 4, 7, 8, 9, 60, 127, 128, 129, 5000])
def test_checksums_of_records_of_one_length(length):
    rng = np.random.default_rng(length)
    records = [frame(rng.bytes(length)) for _ in range(50)]
    broken = bytearray(records[17])
    broken[-5] ^= 4  # of the data, or of the header where there is none
    records[17] = bytes(broken)
    borders = np.cumsum([0, *map(len, records)])
    whole = are_whole(b"".join(records), borders[:-1], borders[1:])
    expected = [masked_crc32c(record[12:-4]) == int.from_bytes(record[-4:], "little") for record in records]
    assert whole.tolist() == expected
    assert expected.count(False) == (1 if length else 0)
