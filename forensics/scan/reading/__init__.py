"""The bytes of one item, wherever it lies: bounded, typed, and never unpacked to disk."""

from forensics.scan.reading.limits import ArchiveLimits, RemoteLimits
from forensics.scan.reading.reader import Content, Reader

__all__ = ["ArchiveLimits", "Content", "Reader", "RemoteLimits"]
