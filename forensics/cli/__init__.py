"""The `forensics` command: one file per command, each imported only when it is called."""

from forensics.cli.main import main

__all__ = ["main"]
