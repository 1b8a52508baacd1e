"""Rows as files: Parquet, JSON Lines or CSV, in parts that are whole or not there."""

from forensics.scan.sinks.files import FORMATS, PART_ROWS, Part, read_parts, write_parts

__all__ = ["FORMATS", "PART_ROWS", "Part", "read_parts", "write_parts"]
