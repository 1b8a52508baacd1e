"""What is audited, a file or bytes in memory, and the record of one audit on its way."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from forensics.audit_report import Problem, Timing
from forensics.errors import ForensicsError, UsageError
from forensics.files import encodable
from forensics.fusion.reasons import REASONS
from forensics.media import Limits, Media, open_bytes, open_media
from forensics.media.hashing import file_sha256
from forensics.provenance import TrustPolicy, read, read_bytes
from forensics.provenance.report import CredentialReport

__all__ = ["Run", "Subject"]

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Subject:
    """A file, or bytes with a name.

    Attributes:
        path: Where the file is; of bytes, the name alone, which is only shown.
        data: The whole file where it is in memory; None for a file on disk.
    """

    path: Path
    data: bytes | None = field(default=None, repr=False)

    @classmethod
    def of_path(cls, path: str | os.PathLike[str]) -> Subject:
        """Return the subject of a path.

        Raises:
            UsageError: It is none: neither text, bytes nor a path object.
        """
        try:
            return cls(Path(os.fsdecode(path)))  # bytes as well, which is what some systems' listings give
        except TypeError as error:
            raise UsageError(f"not a path: {path!r}", expected="str or PathLike", actual=path) from error

    def credentials(self, trust: TrustPolicy, media: Media | None = None) -> CredentialReport:
        """Read and verify its Content Credentials.

        Args:
            trust: Whom to trust.
            media: The same file where it was opened already; a picture is not read again then.
        """
        if self.data is not None:
            return read_bytes(self.data, trust)
        return read(self.path, trust, data=media.data if media else b"")

    def opened(self, limits: Limits) -> Media:
        """Open and identify it."""
        if self.data is None:
            return open_media(self.path, limits)
        return open_bytes(self.data, self.path.name, limits)

    def sha256(self) -> str:
        """Return the SHA-256 of its bytes, whatever they are."""
        return file_sha256(self.path) if self.data is None else hashlib.sha256(self.data).hexdigest()

    def size(self) -> int:
        """Return its bytes; 0 for a file that cannot be looked at."""
        if self.data is not None:
            return len(self.data)
        try:
            return self.path.stat().st_size
        except (OSError, ValueError):  # the latter for a zero byte in the name
            return 0


class Run:
    """One audit on its way: what each step cost and what went wrong."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.problems: list[Problem] = []
        self.timings: list[Timing] = []
        self.stage = 1

    def step(self, name: str, work: Callable[[], T]) -> T | None:
        """Run one step; a failure becomes a problem of the report and None."""
        start = time.perf_counter()
        try:
            return work()
        except ForensicsError as error:
            self._note(error.code, name, str(error))
        except MemoryError:
            self._note("limit", name, "out of memory")
        except Exception as error:
            log.debug("%s failed on %r", name, self.subject.path, exc_info=True)
            self._note("internal", name, f"{type(error).__name__}: {error}")
        finally:
            self.timings.append(Timing(step=name, seconds=round(time.perf_counter() - start, 4)))
        return None

    def failures(self) -> tuple[str, ...]:
        """Return what went wrong first."""
        return tuple(f"{p.where}: {p.message}" for p in self.problems)[:REASONS]

    def _note(self, code: str, where: str, message: str) -> None:
        """Keep a problem; messages quote file names, which need not be UTF-8."""
        self.problems.append(Problem(code=code, where=where, message=encodable(message)))
