"""Checksums of records."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tensorboardX.records.framing import masked_crc32c, masked_crc32c_of


@given(st.lists(st.binary()))
def test_the_checksum_of_parts_is_that_of_all_of_them_together(parts):
    assert masked_crc32c_of(iter(parts)) == masked_crc32c(b"".join(parts))
