"""How files are marked, what is asked of one of them, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field, field_serializer

from forensics.evidence import Model
from forensics.files import encodable
from forensics.provenance.report import CredentialState
from forensics.provenance.signers import Signer
from forensics.provenance.signing import TimestampPolicy
from forensics.provenance.trust import TrustPolicy
from forensics.watermark.keys import Key
from forensics.watermark.payload import Payload

__all__ = ["MarkedFile", "Order", "Profile", "What"]


class What(StrEnum):
    """What the credentials say of a file."""

    MADE = "made"  # a model made it as a whole
    EDITED = "edited"  # a model changed a part of a file that was there before
    HUMAN = "human"  # a person changed it, with ordinary software


@dataclass(frozen=True)
class Profile:
    """What all files of one maker have in common.

    Attributes:
        key: Secret of the watermarks; its origin should say what the files are.
        signer: Who signs.
        store: Path or address of the manifest store.
        model: Name of the model, or of the software of a person.
        version: Its version.
        policy: Whom to trust when reading back; nobody by default, so that credentials need only hold.
        payload: Returns what the next mark says, in hexadecimal digits; a fresh random identity for every
            file if None.
        timestamp: Where to get a time stamp, and whether it is required; nobody is asked if None.
        layout: Of the watermark: "short", "standard" or "long".
        psnr: Of the watermark, in dB.
        codec: Of the watermark; clips are always marked by "spread".
        skeleton: Whether the store keeps what brings a stripped file back byte by byte.
    """

    key: Key
    signer: Signer
    store: str | os.PathLike[str]
    model: str
    version: str | None = None
    policy: TrustPolicy = field(default_factory=TrustPolicy)
    payload: Callable[[], str] | None = None
    timestamp: TimestampPolicy | None = None
    layout: str = "standard"
    psnr: float = 40.0
    codec: str = "spread"
    skeleton: bool = True


@dataclass(frozen=True)
class Order:
    """What is asked for one file.

    Attributes:
        payload: What the mark says, in hexadecimal digits; as the profile says if None.
        carried: What the pixels say already, because a decoder that signs made them: nothing is put in, but
            it must be read back all the same.
        watermark: False for credentials and an entry without a watermark.
        what: What the credentials say of it.
        parameters: How it was generated, as JSON; the credentials hold a digest of it.
        parent: The file before the change; the marked file itself if None.
        quality: 1-100 for JPEG, WebP and AVIF.
        crf: Constant rate factor of clips; less is better.
        rate: Frames per second of a clip that is given as pixels.
        overwrite: Replace an existing target.
        in_place: Allow the target to be the source.
        discard_credentials: Drop credentials of a source that the new ones do not continue.
    """

    payload: str | None = None
    carried: Payload | None = None
    watermark: bool = True
    what: What = What.MADE
    parameters: Mapping[str, Any] | None = None
    parent: str | os.PathLike[str] | None = None
    quality: int | None = None
    crf: int = 18
    rate: int = 8
    overwrite: bool = False
    in_place: bool = False
    discard_credentials: bool = False


class MarkedFile(Model):
    """A file that was marked, as it was read back from the disk.

    Attributes:
        path: Where it stands.
        manifest_id: Name of its manifest, in the file and in the store.
        state: Of its credentials under the policy of the profile.
        payload: What its watermark says; "" without one.
        layout: Layout of the watermark.
        codec: Codec of the watermark.
        key: Public id of the key.
        psnr: Of the watermark, in dB; None where it was not put in here.
        log10_p: How often chance looks like the mark that was read back.
        timestamped: Whether an authority vouches for the time.
        timestamp_problem: Why none does although one was asked.
        notes: Sentences about what could not be kept, or was left out.
        seconds: What each step took.
    """

    path: Path
    manifest_id: str
    state: CredentialState
    payload: str = ""
    layout: str = ""
    codec: str = ""
    key: str = ""
    psnr: float | None = None
    log10_p: float | None = None
    timestamped: bool = False
    timestamp_problem: str = ""
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = Field(default_factory=dict)

    @field_serializer("path", when_used="json")
    def _written(self, path: Path) -> str:
        return encodable(str(path))  # JSON holds no bytes that are not UTF-8
