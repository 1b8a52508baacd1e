"""Decompression in steps, so that no declared size and no clever file decides how much memory it takes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zlib
from typing import BinaryIO, Protocol

from forensics.errors import ArchiveError
from forensics.scan.reading.limits import RATIO_FROM, ArchiveLimits

__all__ = ["DAMAGE", "Unpacker", "check_ratio", "deflate", "lzma_of_zip", "stream", "unpacked"]

DAMAGE = (zlib.error, lzma.LZMAError, EOFError, OSError, OverflowError, ValueError, struct.error)
"""What decompressors raise for bytes that are none of theirs."""

_STEP = 1 << 20
_FED = 1 << 16
_MEMORY = 128 << 20  # of LZMA: the largest window that its own presets have, and some


class Unpacker(Protocol):
    """A decompressor that gives no more than it is asked for, as in `bz2` and `lzma`."""

    @property
    def eof(self) -> bool:
        """Whether the end of the packed data was met."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether nothing comes out before more goes in."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the end."""
        ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Take more, and return at most so many bytes."""
        ...


class _Deflate:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(-15)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        out = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self.needs_input = not self._inner.unconsumed_tail and len(out) < max_length
        return out


def deflate() -> Unpacker:
    """Return a decompressor of bare deflate, as ZIP has it."""
    return _Deflate()


def lzma_of_zip(file: BinaryIO) -> Unpacker:
    """Return a decompressor of LZMA as ZIP has it, whose properties are read from the file.

    Raises:
        ArchiveError: It wants too much memory, or its properties are broken.
    """
    _, count, packing, window = struct.unpack("<HHBL", file.read(9))
    if count != 5 or packing >= 9 * 5 * 5:
        raise ArchiveError("the properties of LZMA are broken", reason="archive_damaged")
    if window > _MEMORY:
        raise ArchiveError("unpacking this member takes too much memory", reason="archive_memory")
    terms = {"dict_size": window, "lc": packing % 9, "lp": packing // 9 % 5, "pb": packing // 45}
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, **terms}])


def unpacked(file: BinaryIO, unpacker: Unpacker, length: int, limits: ArchiveLimits) -> bytes:
    """Return what a file holds from here on, unpacked; the file stands behind the packed bytes then.

    Args:
        file: Stands where the packed bytes begin.
        unpacker: A new one.
        length: How many bytes there should be; one more ends the reading.
        limits: The ratio that ends it earlier.

    Raises:
        ArchiveError: There are more bytes, or fewer, or the ratio is too large.
    """
    pieces, total, fed = [], 0, 0
    while not unpacker.eof and total <= length:
        data = file.read(_FED) if unpacker.needs_input else b""
        if unpacker.needs_input and not data:
            break
        fed += len(data)
        pieces.append(unpacker.decompress(data, min(_STEP, length + 1 - total)))
        total += len(pieces[-1])
        check_ratio(total, fed, limits)
        if total == length and isinstance(unpacker, lzma.LZMADecompressor):
            break  # in a ZIP it may have no mark at its end
    if total != length:
        said = f"the member has {'more' if total > length else 'fewer'} bytes than its archive says"
        raise ArchiveError(said, reason="archive_damaged", expected=length, actual=total)
    file.seek(-len(unpacker.unused_data), io.SEEK_CUR)
    return b"".join(pieces)


def check_ratio(out: int, packed: int, limits: ArchiveLimits) -> None:
    """Refuse what expands like a bomb.

    Raises:
        ArchiveError: It does.
    """
    if out > RATIO_FROM and out > limits.ratio * max(packed, 1):
        raise ArchiveError(
            f"this expands more than {limits.ratio:g} times",
            reason="archive_ratio",
            expected=f"<= {limits.ratio:g}",
            actual=round(out / max(packed, 1)),
        )


def stream(file: BinaryIO, magic: bytes) -> BinaryIO | None:
    """Return the unpacked content of a compressed file to be read forward, None where it is not compressed.

    Args:
        file: Stands at its beginning.
        magic: Its first bytes, at least six where it has them.

    Raises:
        ArchiveError: It is compressed with Zstandard, and nothing here unpacks that.
    """
    if magic.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file, mode="rb")  # type: ignore[return-value]
    if magic.startswith(b"BZh"):
        return bz2.BZ2File(file)  # type: ignore[return-value]
    if magic.startswith(b"\xfd7zXZ\x00"):
        return io.BufferedReader(_Xz(file), _FED)
    return _zstandard(file) if magic.startswith(b"\x28\xb5\x2f\xfd") else None


class _Xz(io.RawIOBase):
    """As `lzma.LZMAFile`, which has no bound on memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inner = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while True:
            data = b""
            if self._inner.eof:
                data = self._inner.unused_data.lstrip(b"\0") or self._file.read(_FED).lstrip(b"\0")
                if not data:
                    return 0
                self._inner = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
            elif self._inner.needs_input:
                data = self._file.read(_FED)
                if not data:
                    raise EOFError("the compressed data end too early")
            out = self._inner.decompress(data, len(buffer))
            if out:
                buffer[: len(out)] = out
                return len(out)


def _zstandard(file: BinaryIO) -> BinaryIO:
    try:
        import pyarrow
    except ImportError:
        message = "unpacking Zstandard needs an extra: pip install 'synthetic-media-forensics[scan]'"
        raise ArchiveError(message, reason="archive_method") from None
    unpacking: BinaryIO = pyarrow.CompressedInputStream(pyarrow.PythonFile(file, mode="r"), "zstd")
    return unpacking
