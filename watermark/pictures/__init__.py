"""Picture files in and out of marking: what is read is written back, only marked."""

from forensics.watermark.pictures.loading import load_bytes_for_marking, load_for_marking
from forensics.watermark.pictures.source import Source
from forensics.watermark.pictures.writing import Encoded, Written, encode_marked, target_format, write_marked

__all__ = [
    "Encoded",
    "Source",
    "Written",
    "encode_marked",
    "load_bytes_for_marking",
    "load_for_marking",
    "target_format",
    "write_marked",
]
