"""The checksum of records (RFC 3720, B.4), under the original's name."""

from crc32c import crc32c

__all__ = ["crc32c"]
