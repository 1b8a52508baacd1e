"""What goes to standard output: whatever its encoding, and whoever stops reading it."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

__all__ = ["console", "holds", "json_line", "settle", "tolerate"]


def tolerate() -> None:
    """Write what the encoding of a stream does not hold as an escape, in place of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def settle() -> None:
    """Drop what could not be written; else the interpreter fails over it, with a status of its own."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None or stream.closed:
            continue
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def holds(text: str) -> bool:
    """Return whether the encoding of standard output holds a text."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def console() -> Console:
    """Return a rich console for untrusted text, which raises `BrokenPipeError` where rich would exit."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Plain(highlight=False, markup=False, emoji=False)


def json_line(model: BaseModel) -> str:
    r"""Return a model as one line of JSON in ASCII, which every encoding holds unchanged.

    An escape of the stream, such as `\x81`, would not be JSON.
    """
    return json.dumps(json.loads(model.model_dump_json()))
