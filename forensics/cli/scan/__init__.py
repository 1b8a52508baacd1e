"""`forensics scan`: many files, each accounted for."""

from forensics.cli.scan.command import scan

__all__ = ["scan"]
