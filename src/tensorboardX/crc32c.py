"""The checksum of records (RFC 3720, B.4), under the original's names."""

from crc32c import crc32c

from .records.checksum import CRC_INIT, CRC_TABLE, crc_finalize, crc_update
from .records.checksum import checksum as _crc32c

__all__ = ["CRC_INIT", "CRC_TABLE", "_crc32c", "_crc32c_native", "crc32c", "crc_finalize", "crc_update"]

_crc32c_native = crc32c
