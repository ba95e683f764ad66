"""The checksum that is computed in steps is the one of the package crc32c."""

import crc32c
from hypothesis import given
from hypothesis import strategies as st

from tensorboardX.crc32c import CRC_INIT, CRC_TABLE, _crc32c, _crc32c_native, crc_finalize, crc_update


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_in_one_step_and_in_two(first, second):
    expected = crc32c.crc32c(first + second)
    assert _crc32c(first + second) == _crc32c(list(first + second)) == _crc32c_native(first + second) == expected
    assert crc_finalize(crc_update(crc_update(CRC_INIT, first), second)) == expected


def test_the_value_that_the_standard_gives():
    assert _crc32c(b"123456789") == 0xE3069283
    assert (len(CRC_TABLE), CRC_TABLE[:2], CRC_TABLE[-1]) == (256, (0, 0xF26B8303), 0xAD7D5351)
