"""What decides over the rows of a scan, as plain values that cross processes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from forensics import __version__
from forensics.errors import UsageError
from forensics.scan.profiles import profile_named
from forensics.scan.row import ROW_VERSION

__all__ = ["DETAILS", "WorkSettings"]

DETAILS = ("none", "findings", "all")
_LEAST_MEMORY = 256 << 20


@dataclass(frozen=True)
class WorkSettings:
    """How one file is looked at, whichever engine does it.

    Attributes:
        profile: A name in `PROFILES`.
        only: Names of the detectors to run, in one stage; those of the profile if there are none.
        skip: Names of detectors to leave out.
        own: Detectors of the user's own: TOML files, or folders of `forensics train detector`.
        trust: Path of a trust policy; the user's own if empty.
        store: Manifest store to look files up in; none if empty.
        calibration: Folder of `forensics calibrate`; what ships if empty.
        hash_lists: Files of hashes to match.
        prior: Prior probability that a file is synthetic (or altered).
        max_pixels: Most pixels of a frame.
        file_seconds: After which a file is given up and its worker ended.
        file_memory: Bytes of memory that a worker may have.
        previews: Whether small pictures are kept for the report.
        details: For which files the whole report is kept: "none", "findings" (those that are not
            inconclusive, carry credentials, or contradict themselves) or "all".
        hooks: Modules with a function `before(item)` that workers call before each file, for tests.
    """

    profile: str = "standard"
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    trust: str = ""
    store: str = ""
    calibration: str = ""
    hash_lists: tuple[str, ...] = ()
    prior: float = 0.5
    max_pixels: int = 200_000_000
    file_seconds: float = 120.0
    file_memory: int = 3 << 30
    previews: bool = True
    details: str = "findings"
    hooks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        profile_named(self.profile)
        if self.details not in DETAILS:
            known = ", ".join(DETAILS)
            raise UsageError(f"details are kept for {known}, not {self.details!r}", actual=self.details)
        if self.file_seconds < 1 or self.file_memory < _LEAST_MEMORY or self.max_pixels < 1:
            raise UsageError(
                "a file needs at least 1 s, 256 MiB and one pixel",
                actual=(self.file_seconds, self.file_memory, self.max_pixels),
            )

    def as_record(self) -> dict[str, Any]:
        """Return the settings as JSON takes them."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Return the settings of a record."""
        lists = {name: tuple(value) for name, value in record.items() if isinstance(value, list | tuple)}
        return cls(**(record | lists))

    @property
    def digest(self) -> str:
        """SHA-256 over all that decides over rows: settings, version of the suite and of the columns."""
        said = {"settings": self.as_record(), "suite": __version__, "rows": ROW_VERSION}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
