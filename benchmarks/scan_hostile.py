"""The hostile files of a scan's corpus, each with what a scan must say of it."""

from __future__ import annotations

import io
import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from hostile_files import bombs, seeds

__all__ = ["hostile_files"]

# Workers are brought down by `scan_hooks`; how many of six hundred, the reason, and the attempts it takes.
CRASHES = {
    "segfault": (60, "crash"),
    "abort": (30, "crash"),
    "exit": (30, "crash"),
    "killed": (10, "memory"),
    "hang": (4, "timeout"),
    "spin": (2, "timeout"),
    "greedy": (10, "memory"),
}
ONCE = 30
NAMES = (
    "line\nbreak.jpg",
    "right\u202egpj.to-left.jpg",
    "<img src=x onerror=alert(1)>.jpg",
    "'; DROP TABLE rows; --.jpg",
    "=cmd|'calc'!A0.jpg",
    "{{ 7 * 7 }}.jpg",
    "back\\slash.jpg",
    "no-ending",
    "\x1b[31mred.jpg",
    "x" * 240 + ".jpg",
)

Record = dict[str, Any]


def hostile_files(folder: Path, count: int, seed: int) -> Iterator[Record]:
    """Write hostile files and yield what a scan must say of each, as `scan_corpus.Expected` takes it.

    Args:
        folder: Of the corpus.
        count: How many there are at least.
        seed: Of all that is drawn.
    """
    place = folder / "hostile"
    place.mkdir()
    good = next(one.data for one in seeds() if one.name == "a.jpg")
    found = [
        *_crashing(place, good, count),
        *_bombs(place),
        *_named(place, good),
        *_archives(place, good),
        *_special(place),
    ]
    found += _broken(place, count - len(found), np.random.default_rng(seed))
    for record in found:
        yield {**record, "id": f"hostile/{record['id']}"}


def _crashing(place: Path, good: bytes, count: int) -> Iterator[Record]:
    for kind, (of_600, reason) in CRASHES.items():
        for number in range(max(1, of_600 * count // 600)):
            name = f"{kind}-{number:03d}.jpg"
            (place / name).write_bytes(good)
            yield {"id": name, "state": "quarantined", "reasons": [reason], "kind": kind}
    for number in range(max(1, ONCE * count // 600)):
        name = f"once-{number:03d}.jpg"
        (place / name).write_bytes(good)
        yield {"id": name, "state": "ok", "kind": "once"}


def _bombs(place: Path) -> Iterator[Record]:
    """What they are made of lets some be read and some not; none may take a worker with it."""
    for one in bombs():
        (place / f"bomb-{one.name}").write_bytes(one.data)
        yield {"id": f"bomb-{one.name}", "state": "any", "kind": "bomb"}


def _named(place: Path, good: bytes) -> Iterator[Record]:
    from forensics.files import encodable

    names = [os.fsencode(name) for name in NAMES] + [b"caf\xe9.jpg"]
    for name in names:
        with open(os.fsencode(place) + b"/" + name, "wb") as stream:
            stream.write(good)
        yield {"id": encodable(os.fsdecode(name)), "state": "ok", "kind": "name"}


def _archives(place: Path, good: bytes) -> Iterator[Record]:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep.jpg", good)
    with zipfile.ZipFile(place / "mixed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fine.jpg", good)
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("bomb.png", bytes(200 << 20))
        archive.writestr("../../outside.jpg", good)
    yield {"id": "mixed.zip!/fine.jpg", "state": "ok", "kind": "member"}
    yield {"id": "mixed.zip!/../../outside.jpg", "state": "ok", "kind": "member"}
    yield _unreadable("mixed.zip!/inner.zip", "archive_nested", kind="archive")
    yield _unreadable("mixed.zip!/bomb.png", "archive_ratio", kind="archive")
    locked = bytearray((place / "mixed.zip").read_bytes())
    for at in _positions(locked, b"PK\x01\x02"):
        locked[at + 8] |= 1  # the flag that says that a member is encrypted
    (place / "locked.zip").write_bytes(locked)
    for name in ("fine.jpg", "../../outside.jpg"):
        yield _unreadable(f"locked.zip!/{name}", "archive_encrypted", kind="archive")
    yield _unreadable("locked.zip!/inner.zip", "archive_encrypted", "archive_nested", kind="archive")
    yield _unreadable("locked.zip!/bomb.png", "archive_encrypted", "archive_ratio", kind="archive")


def _special(place: Path) -> Iterator[Record]:
    """What stands in folders and is no file."""
    os.mkfifo(place / "pipe.jpg")
    yield _unreadable("pipe.jpg", "special_file", kind="special")


def _broken(place: Path, count: int, rng: np.random.Generator) -> Iterator[Record]:
    """Yield broken files in turn, as many as are asked for."""
    whole = {one.name.rsplit(".")[-1]: one.data for one in seeds() if one.name.startswith("a.")}

    def cut(kind: str) -> bytes:
        data = whole[kind]
        return data[: int(len(data) * rng.uniform(0.2, 0.7))]

    makers: dict[str, tuple[str, Callable[[], bytes], tuple[str, ...]]] = {
        "cut-jpg": ("jpg", lambda: cut("jpg"), ("truncated", "corrupt")),
        "cut-png": ("png", lambda: cut("png"), ("truncated", "corrupt")),
        "cut-webp": ("webp", lambda: cut("webp"), ("truncated", "corrupt")),
        "cut-bmp": ("bmp", lambda: cut("bmp"), ("truncated", "corrupt")),
        "empty": ("jpg", lambda: b"", ("empty",)),
        "text": ("png", lambda: b"no picture at all\n" * int(rng.integers(1, 99)), ("unsupported",)),
        "noise": ("jpg", lambda: b"\xff\xd8\xff\xe0" + rng.bytes(3000), ("corrupt", "truncated")),
        "zeros": ("gif", lambda: bytes(int(rng.integers(1, 9999))), ("unsupported",)),
        "huge": (
            "png",
            lambda: _declared(whole["png"], int(rng.integers(50_000, 2**31))),
            ("limit", "corrupt"),
        ),
    }
    for number in range(count):
        kind, (ending, make, reasons) = list(makers.items())[number % len(makers)]
        name = f"{kind}-{number:04d}.{ending}"
        (place / name).write_bytes(make())
        yield _unreadable(name, *reasons, kind=kind)


def _declared(png: bytes, side: int) -> bytes:
    """Return a PNG that says it is far larger than it is, with a checksum that fits."""
    import struct
    import zlib

    head = b"IHDR" + struct.pack(">II", side, side) + png[24:29]
    return png[:12] + head + struct.pack(">I", zlib.crc32(head)) + png[33:]


def _unreadable(name: str, *reasons: str, kind: str) -> Record:
    return {"id": name, "state": "unreadable", "reasons": list(reasons), "kind": kind}


def _positions(data: bytes | bytearray, what: bytes) -> Iterator[int]:
    at = data.find(what)
    while at >= 0:
        yield at
        at = data.find(what, at + 1)
