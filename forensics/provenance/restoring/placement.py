"""Where the manifest store stood in a signed file: the small record that puts it back."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import ConfigDict, Field

from forensics.errors import LimitExceeded, RestorationError
from forensics.evidence import Model
from forensics.media.boxes import boxes
from forensics.provenance._sdk import HardBinding, hard_binding
from forensics.provenance.formats import content_type, open_file
from forensics.provenance.restoring.coded import Family, Span, family_of
from forensics.provenance.restoring.delta import difference, unpack
from forensics.provenance.restoring.lodging import find, wrapped
from forensics.provenance.restoring.offsets import moved_offsets

__all__ = ["Excluded", "Placement", "content_of", "inserted", "placed", "placement_from"]

_MOST_BYTES = 1 << 31
_KEPT_HEAD = {Family.RIFF: 12, Family.GIF: 6}  # the size of the whole, the version: signing changes them


class Excluded(Model):
    """A range that the hard binding does not hash (C2PA 2.2, 18.5)."""

    start: int = Field(ge=0)
    length: int = Field(ge=0)


class Placement(Model):
    """Where the manifest store of a signed file lies.

    Attributes:
        family: How the file is built.
        start: Offset of the first byte that embedding put there.
        length: Number of these bytes.
        wrapping: How they are made from the manifest store, a packed difference; b"" for the SDK's own way.
        head: First bytes of the signed file where embedding changes them.
        excluded: Ranges that the hard binding of the active manifest leaves out; none for ISO files.
        size: Bytes of the signed file; 0 where it was never seen.
        sha256: Its SHA-256 in hex; "" where it was never seen.
        store_sha256: SHA-256 of the manifest store in hex.
    """

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    family: Family
    start: int = Field(ge=0)
    length: int = Field(gt=0)
    wrapping: bytes = Field(default=b"", repr=False)
    head: bytes = Field(default=b"", max_length=16)
    excluded: tuple[Excluded, ...] = ()
    size: int = Field(default=0, ge=0)
    sha256: str = ""
    store_sha256: str

    def wrapped(self, store: bytes) -> bytes:
        """Return the bytes that embedding put into the file.

        Raises:
            RestorationError: They cannot be made from this manifest store.
        """
        made = unpack(self.wrapping).applied(store) if self.wrapping else wrapped(store, self.family)
        if made is None or len(made) != self.length:
            raise RestorationError(
                "the manifest store does not fill its place",
                expected=self.length,
                actual=None if made is None else len(made),
            )
        return made


def placed(signed: bytes | str | os.PathLike[str]) -> Placement:
    """Return where the manifest store of a signed file lies.

    Args:
        signed: The file or its content.

    Raises:
        RestorationError: It carries no manifest store, several, or one that cannot be put back alone.
        MediaError: It cannot be read, or its structure is broken.
    """
    data = signed if isinstance(signed, bytes) else content_of(signed)
    family = family_of(data)
    lodging = find(data, family)
    if lodging is None:
        raise RestorationError("the file carries no manifest store")
    store, block = lodging.store(data), data[lodging.start : lodging.end]
    parts = [Span(p.start - lodging.start, p.end - lodging.start) for p in lodging.portions]
    binding = hard_binding(io.BytesIO(data), content_type(data))
    return Placement(
        family=family,
        start=lodging.start,
        length=len(block),
        wrapping=difference(block, parts).pack(),
        head=data[: _KEPT_HEAD.get(family, 0)],
        excluded=_ranges(binding),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        store_sha256=hashlib.sha256(store).hexdigest(),
    )


def placement_from(store: bytes, stripped: bytes) -> Placement:
    """Return where a manifest store belongs by its own hard binding, without a record of the signed file.

    Args:
        store: The manifest store.
        stripped: A copy that lost it.

    Raises:
        RestorationError: The store does not say, or was wrapped in a way that is not known here.
        MediaError: The copy is of a type that is not taken apart here.
    """
    family = family_of(stripped)
    block = wrapped(store, family)
    ranges = _ranges(hard_binding(io.BytesIO(stripped), content_type(stripped), store))
    if family in (
        Family.ISO,
        Family.JXL,
    ):  # their binding leaves boxes out by name: behind `ftyp` is the SDK's place
        start = next((box.end for box in boxes(stripped) if box.kind == b"ftyp"), 0)
    elif len(ranges) == 1 and _fits(ranges[0].length, len(block), family):
        start = ranges[0].start
    else:
        raise RestorationError(
            "the hard binding of the manifest leaves another place out than the SDK would fill",
            expected=len(block),
            actual=[r.length for r in ranges],
        )
    return Placement(
        family=family,
        start=start,
        length=len(block),
        head=_head(stripped, family, len(block)),
        excluded=ranges,
        store_sha256=hashlib.sha256(store).hexdigest(),
    )


def inserted(stripped: bytes, store: bytes, placement: Placement) -> Iterator[bytes]:
    """Yield what the signed file may have been: a copy with the manifest store in its place again.

    Nothing is proven yet. For an ISO file there are two answers: whoever took the box out has moved the
    offsets of what follows, or has left them as they were.

    Args:
        stripped: A copy that lost the manifest store and nothing else.
        store: The manifest store.
        placement: Where it was.

    Raises:
        RestorationError: The store does not fit into its place.
    """
    start, block = placement.start, placement.wrapped(store)
    if start > len(stripped):
        return
    yield _joined(stripped, placement, block)
    if placement.family is Family.ISO:
        shift = len(block)
        moved = moved_offsets(stripped, lambda offset: offset + shift if offset >= start else offset)
        yield _joined(moved, placement, block)


def _joined(stripped: bytes, placement: Placement, block: bytes) -> bytes:
    head, start = placement.head, placement.start
    return b"".join((head, stripped[len(head) : start], block, stripped[start:]))


def _head(stripped: bytes, family: Family, added: int) -> bytes:
    if family is Family.GIF:
        return b"GIF89a"
    if family is Family.RIFF:
        size = (len(stripped) + added - 8).to_bytes(4, "little")
        return stripped[:4] + size + stripped[8:12]
    return b""


def _fits(excluded: int, block: int, family: Family) -> bool:
    """Whether a range has the length of the block; of a chunk of RIFF the padding is hashed."""
    return excluded == block or (family is Family.RIFF and excluded == block - 1)


def _ranges(binding: HardBinding) -> tuple[Excluded, ...]:
    return tuple(Excluded(start=start, length=length) for start, length in binding.excluded)


def content_of(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a file that is taken apart in memory.

    Raises:
        NotAFile: Missing, a folder, a device, a pipe or not permitted.
        LimitExceeded: It has more than 2 GiB.
    """
    path = Path(path)
    with open_file(path) as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise LimitExceeded(f"{path.name} is too large to be held in memory", expected=f"<= {_MOST_BYTES}")
    return data
