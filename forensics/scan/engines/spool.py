"""Files in which workers leave what they did, one for each chunk of tasks.

What a worker finished is safe there whatever becomes of it, of its parent, or of the journal; and what was
begun and not finished when either died is named. A file is read up to the last whole frame.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self

from forensics.scan.packed import Packed

__all__ = ["Spool", "Spooled", "leftovers", "read_spool"]

_HEAD = struct.Struct("<cqqqqq")  # kind, number of the task, bytes of each part; -1 for none
_BEGUN, _DONE = b"B", b"D"
_ENDING = ".chunk"


class Spool:
    """One file, written by a worker.

    Args:
        path: Where it is; appended to.
    """

    def __init__(self, path: Path) -> None:
        self._stream: BinaryIO = path.open("ab")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def begun(self, number: int) -> None:
        """Note that work on a task begins."""
        self._write(_HEAD.pack(_BEGUN, number, -1, -1, -1, -1))

    def done(self, number: int, packed: Packed) -> None:
        """Keep what came of a task."""
        counted = json.dumps([packed.state, packed.reason, packed.verdict, packed.size]).encode()
        parts = (counted, packed.row, packed.preview, packed.detail)
        head = _HEAD.pack(_DONE, number, *(-1 if part is None else len(part) for part in parts))
        self._write(b"".join((head, *(part or b"" for part in parts))))

    def _write(self, frame: bytes) -> None:
        self._stream.write(frame)
        self._stream.flush()  # to the system, which outlives this process


@dataclass
class Spooled:
    """What a spool holds.

    Attributes:
        done: What came of tasks, by their number, in the order of the work.
        begun: Number of the task that was begun last and not finished; None if there is none.
    """

    done: dict[int, Packed] = field(default_factory=dict)
    begun: int | None = None


def read_spool(path: Path) -> Spooled:
    """Return what a spool holds; of one that is cut off, what comes before the cut."""
    found = Spooled()
    try:
        stream = path.open("rb")
    except FileNotFoundError:  # its worker died before it began
        return found
    with stream:
        left = os.fstat(stream.fileno()).st_size
        while (frame := _frame(stream, left)) is not None:
            kind, number, packed, size = frame
            left -= size
            found.begun = number if kind == _BEGUN else None
            if packed is not None:
                found.done[number] = packed
    return found


def leftovers(folder: Path) -> Iterator[Path]:
    """Yield the spools that earlier runs left behind, in a fixed order."""
    yield from sorted(folder.glob(f"*{_ENDING}"))


def _frame(stream: BinaryIO, left: int) -> tuple[bytes, int, Packed | None, int] | None:
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, number, *sizes = _HEAD.unpack(head)
    total = sum(max(size, 0) for size in sizes)
    if kind not in (_BEGUN, _DONE) or total + _HEAD.size > left:
        return None
    counted, row, preview, detail = (stream.read(size) if size >= 0 else None for size in sizes)
    if counted is None or row is None:
        return kind, number, None, total + _HEAD.size
    state, reason, verdict, size = json.loads(counted)
    packed = Packed(state, reason, verdict, size, row, preview, detail)
    return kind, number, packed, total + _HEAD.size
