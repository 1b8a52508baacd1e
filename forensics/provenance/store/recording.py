"""From a signed file to its record: everything by which it is found again and brought back."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from typing import Any

from forensics.errors import LimitExceeded, RestorationError, UnsupportedMedia, VerificationFailed
from forensics.fingerprints import fingerprints
from forensics.media import Kind, Pixels, open_bytes
from forensics.media.hashing import pixel_sha256
from forensics.provenance._sdk import Outcome, read_store
from forensics.provenance.formats import content_type
from forensics.provenance.reading import read_bytes
from forensics.provenance.report import CredentialState
from forensics.provenance.restoring import Placement, placed, skeleton_of
from forensics.provenance.restoring.placement import content_of
from forensics.provenance.store.record import Mark, Record
from forensics.provenance.trust import TrustPolicy

__all__ = ["content", "pixels_in", "recorded"]

_GOOD = (CredentialState.TRUSTED, CredentialState.VALID_UNTRUSTED)


def recorded(
    signed: bytes | str | os.PathLike[str],
    *,
    sidecar: bytes | str | os.PathLike[str] | None = None,
    mark: Mark | None = None,
    model: str = "",
    skeleton: bool = True,
    extra: Mapping[str, Any] | None = None,
    pixels: Pixels | None = None,
) -> Record:
    """Return the record of a signed file, for a manifest store.

    Only credentials that hold are recorded; their signer need not be trusted. A clip, a sound or a document
    has no digest of pixels and no fingerprints, and a flat picture no fingerprints: they are found again by
    their SHA-256 and by the mark alone.

    Args:
        signed: The file or its content.
        sidecar: Its manifest store, or the path of that, where it stands beside the file.
        mark: What the watermark of the file says.
        model: Name of the model that made it.
        skeleton: Whether to keep all of the file but its coded picture, which brings it back when all of its
            metadata were taken. It is as private as they are.
        extra: Anything else, as JSON.
        pixels: (H, W, 3) uint8 of the picture where it was decoded already; decoded here if None.

    Returns:
        A record without a placement where the manifest store cannot be put back alone, as in a TIFF, and
        without a skeleton where the file is not taken apart here (PDF, SVG, MP3, FLAC) or where more than
        16 MiB of it are no picture.

    Raises:
        RestorationError: The file carries no credentials.
        VerificationFailed: They do not hold.
        MediaError: The file cannot be read, or its picture is broken.
        MissingExtra: Its decoder is not installed.
        UsageError: A text is too long, or `extra` is no JSON.
    """
    data = content(signed)
    beside = None if sidecar is None else content(sidecar)
    name, store = _credentials(data, beside)
    pixels = pixels_in(data) if pixels is None else pixels
    return Record(
        manifest_id=name,
        manifest=store,
        media_type=content_type(data) or "application/octet-stream",
        asset_sha256=hashlib.sha256(data).hexdigest(),
        pixel_sha256="" if pixels is None else pixel_sha256(pixels),
        placement=_placement(data, store) if beside is None else None,
        skeleton=_skeleton(data) if skeleton else b"",
        mark=mark,
        fingerprints=() if pixels is None else fingerprints(pixels),
        model=model,
        extra=dict(extra or {}),
        width=0 if pixels is None else pixels.shape[1],
        height=0 if pixels is None else pixels.shape[0],
    )


def content(file: bytes | str | os.PathLike[str]) -> bytes:
    """Return the content of a file that is given as such or by its path.

    Raises:
        MediaError: It cannot be read.
    """
    return file if isinstance(file, bytes) else content_of(file)


def pixels_in(data: bytes) -> Pixels | None:
    """Return the (H, W, 3) uint8 pixels of a picture; None for a clip and for what is no picture.

    Raises:
        MediaError: The picture is broken or too large.
        MissingExtra: Its decoder is not installed.
    """
    try:
        media = open_bytes(data)
    except UnsupportedMedia:
        return None
    return None if media.container.kind is Kind.VIDEO else media.pixels


def _credentials(data: bytes, sidecar: bytes | None) -> tuple[str, bytes]:
    """Return the name of the active manifest and the manifest store of credentials that hold."""
    nobody = TrustPolicy()
    report = read_bytes(data, nobody, sidecar=sidecar)
    if report.state in (CredentialState.NONE, CredentialState.REMOTE_DECLARED):
        raise RestorationError(f"there is nothing to record: {report.message}")
    if report.state not in _GOOD:
        raise VerificationFailed(report.message, expected=CredentialState.TRUSTED, actual=report.state)
    found = read_store(io.BytesIO(data), content_type(data), nobody, sidecar)
    if found.outcome is not Outcome.FOUND or not found.store:
        raise RestorationError("the manifest store of the file cannot be taken out")
    return report.manifests[0].label, found.store


def _placement(data: bytes, store: bytes) -> Placement | None:
    try:
        found = placed(data)
    except (RestorationError, UnsupportedMedia):
        return None
    # What is recorded is what the SDK reads; a place that holds something else is none.
    return found if found.store_sha256 == hashlib.sha256(store).hexdigest() else None


def _skeleton(data: bytes) -> bytes:
    try:
        return skeleton_of(data)
    except (LimitExceeded, UnsupportedMedia):
        return b""
