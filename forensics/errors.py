"""Every error that this suite raises on purpose, in one tree.

::

    ForensicsError                  code                exit status of the command
    ├── UsageError                  usage               2
    ├── MissingExtra                missing_extra       2
    ├── RegistryError               registry            4
    ├── ModelError                  model               4   (weights are missing, changed or do not run)
    ├── MediaError                  media               3   (the file could not be read)
    │   ├── EmptyFile               empty
    │   ├── NotAFile                not_a_file
    │   ├── UnsupportedMedia        unsupported
    │   ├── CorruptMedia            corrupt
    │   │   └── TruncatedMedia      truncated
    │   ├── LimitExceeded           limit
    │   └── SourceError             source                  (a scan cannot get at the bytes: see `reason`)
    │       └── ArchiveError        archive
    ├── WatermarkError              watermark           1   (a mark does not hold what was asked of it)
    ├── CameraError                 camera              3   (a database of cameras cannot be used)
    ├── ScanError                   scan                4   (a scan cannot go on; it can be resumed)
    │   ├── ScanFull                scan_full
    │   ├── ScanLocked              scan_locked
    │   └── ScanMismatch            scan_mismatch       2   (the folder holds a scan of something else)
    └── ProvenanceError             provenance          4
        ├── TrustPolicyError        trust_policy        2
        ├── ManifestError           manifest            2   (a manifest definition of ours is wrong)
        ├── CertificateError        certificate         2
        ├── RestorationError        restoration         3   (a record of a signed file cannot be read or made)
        ├── SigningError            signing             4
        │   ├── TimestampError      timestamp
        │   └── VerificationFailed  verification        1   (credentials do not hold)
        └── StoreError              store               4   (a manifest store cannot be used)
            ├── StoreConflict       store_conflict      2   (one id, two contents)
            ├── StoreFull           store_full
            ├── StoreLocked         store_locked
            └── StoreMissing        store_missing       2   (there is none: `forensics store init` makes one)
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "ArchiveError",
    "CameraError",
    "CertificateError",
    "CorruptMedia",
    "EmptyFile",
    "ForensicsError",
    "LimitExceeded",
    "ManifestError",
    "MediaError",
    "MissingExtra",
    "ModelError",
    "NotAFile",
    "ProvenanceError",
    "RegistryError",
    "RestorationError",
    "ScanError",
    "ScanFull",
    "ScanLocked",
    "ScanMismatch",
    "SigningError",
    "SourceError",
    "StoreConflict",
    "StoreError",
    "StoreFull",
    "StoreLocked",
    "StoreMissing",
    "TimestampError",
    "TruncatedMedia",
    "TrustPolicyError",
    "UnsupportedMedia",
    "UsageError",
    "VerificationFailed",
    "WatermarkError",
]


class ForensicsError(Exception):
    """Base of all errors of the suite.

    Attributes:
        code: Stable machine-readable name of the kind of error.
        exit_code: Exit status of a command that ends with this error.
        expected: What the suite needed, where there is one thing to name.
        actual: What it was given instead.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 4

    def __init__(self, message: str, *, expected: object = None, actual: object = None) -> None:
        super().__init__(message)
        self.expected = expected
        self.actual = actual


class UsageError(ForensicsError):
    """The caller asked for something that does not exist or does not fit together."""

    code = "usage"
    exit_code = 2


class MissingExtra(ForensicsError):
    """A part of the suite needs a package that is not installed.

    Args:
        feature: What was asked for, in words.
        extra: Name of the extra that brings it.
    """

    code = "missing_extra"
    exit_code = 2

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an extra: pip install 'synthetic-media-forensics[{extra}]'")
        self.extra = extra


class RegistryError(ForensicsError):
    """A name is registered twice, or not at all."""

    code = "registry"


class ModelError(ForensicsError):
    """The weights of a model are missing, were changed, or do not run."""

    code = "model"


class MediaError(ForensicsError):
    """A file could not be read as a picture or clip."""

    code = "media"
    exit_code = 3


class EmptyFile(MediaError):
    """The file holds no bytes."""

    code = "empty"


class NotAFile(MediaError):
    """The path is missing, a folder, a device or not permitted."""

    code = "not_a_file"


class UnsupportedMedia(MediaError):
    """The content is of a type that no installed decoder reads."""

    code = "unsupported"


class CorruptMedia(MediaError):
    """The content starts like a known type but cannot be decoded."""

    code = "corrupt"


class TruncatedMedia(CorruptMedia):
    """The content ends too early."""

    code = "truncated"


class LimitExceeded(MediaError):
    """The content would take more pixels, bytes, frames or seconds than allowed."""

    code = "limit"


class SourceError(MediaError):
    """What a scan was pointed at, or one thing in it, cannot be had.

    Args:
        message: The reason in one sentence.
        reason: The reason as one stable word; docs/scan_sources.md has them all.
        expected: What was needed, where there is one thing to name.
        actual: What was there instead.
    """

    code = "source"

    def __init__(
        self, message: str, *, reason: str = "source", expected: object = None, actual: object = None
    ) -> None:
        super().__init__(message, expected=expected, actual=actual)
        self.reason = reason


class ArchiveError(SourceError):
    """An archive, or a member of one, is damaged, locked, a bomb, or of a kind that is not read."""

    code = "archive"


class WatermarkError(ForensicsError):
    """A mark does not survive what it must survive in this picture; nothing was written."""

    code = "watermark"
    exit_code = 1


class CameraError(ForensicsError):
    """A database of cameras is damaged, of a newer version, out of reach, or something else."""

    code = "camera"
    exit_code = 3


class ScanError(ForensicsError):
    """A scan cannot go on. What it did is kept, and `forensics scan --resume` goes on from there."""

    code = "scan"


class ScanFull(ScanError):
    """There is no room for what a scan found."""

    code = "scan_full"


class ScanLocked(ScanError):
    """Somebody else holds the journal of a scan."""

    code = "scan_locked"


class ScanMismatch(ScanError):
    """A folder holds a scan already, or one with other settings."""

    code = "scan_mismatch"
    exit_code = 2


class ProvenanceError(ForensicsError):
    """Something about Content Credentials went wrong."""

    code = "provenance"


class TrustPolicyError(ProvenanceError):
    """A trust policy file is wrong; the message names the key."""

    code = "trust_policy"
    exit_code = 2


class ManifestError(ProvenanceError):
    """A manifest to be signed is wrong."""

    code = "manifest"
    exit_code = 2


class CertificateError(ProvenanceError):
    """A certificate, chain or key cannot be used for signing; the message says why."""

    code = "certificate"
    exit_code = 2


class RestorationError(ProvenanceError):
    """What a signed file is to be restored from cannot be read, or cannot be made of this file."""

    code = "restoration"
    exit_code = 3


class SigningError(ProvenanceError):
    """Signing failed; the source is untouched and no output was left."""

    code = "signing"


class TimestampError(SigningError):
    """The time-stamping authority did not answer and the policy demands a time stamp."""

    code = "timestamp"


class VerificationFailed(SigningError):
    """Credentials do not hold: those of a file, or those just written, which were removed again."""

    code = "verification"
    exit_code = 1


class StoreError(ProvenanceError):
    """A manifest store is damaged, of a newer version or out of reach."""

    code = "store"


class StoreConflict(StoreError):
    """A manifest id is taken by other content; nothing was added."""

    code = "store_conflict"
    exit_code = 2


class StoreFull(StoreError):
    """There is no room for what was to be added; nothing was."""

    code = "store_full"


class StoreLocked(StoreError):
    """Somebody else wrote to the store for longer than was waited; nothing was added."""

    code = "store_locked"


class StoreMissing(StoreError):
    """There is no manifest store where one was named."""

    code = "store_missing"
    exit_code = 2
