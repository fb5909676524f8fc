"""A little gzip of very much."""

import functools
import struct
import zlib

_PIECE = b" " * (1 << 20)


@functools.cache
def gzipped_spaces(count: int) -> bytes:
    """The gzip of so many spaces, put together of one piece's bytes: compressing them all takes seconds."""
    pieces, rest = divmod(count, len(_PIECE))
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    piece = deflate.compress(_PIECE) + deflate.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    end = last.compress(_PIECE[:rest]) + last.flush()
    checksum = zlib.crc32(
        _PIECE[:rest], functools.reduce(lambda crc, _: zlib.crc32(_PIECE, crc), range(pieces), 0)
    )
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    return head + piece * pieces + end + struct.pack("<II", checksum, count & 0xFFFFFFFF)
