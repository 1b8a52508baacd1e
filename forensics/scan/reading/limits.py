"""What getting at the bytes of one item may cost."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RATIO_FROM", "ArchiveLimits", "RemoteLimits"]

RATIO_FROM = 16 << 20
"""Up to so many bytes no expansion ratio is too large: a flat picture packs well and does no harm."""


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may be. Archives in archives are never opened.

    Attributes:
        members: Most members that are listed, and most rows of a table.
        member_bytes: Most bytes of one member or row; it is held in memory.
        ratio: Most bytes that come out for one that goes in, beyond the first 16 MiB.
    """

    members: int = 1_000_000
    member_bytes: int = 512 << 20
    ratio: float = 200.0


@dataclass(frozen=True)
class RemoteLimits:
    """How long and how often something on the network is asked for.

    Attributes:
        file_bytes: Most bytes of one file; it is held in memory.
        connect_seconds: Longest wait for a connection.
        read_seconds: Longest wait for the next bytes.
        total_seconds: Longest time for one file, in one attempt.
        attempts: How often something is tried that may go away: throttling, faults of a server or connection.
        first_wait: Seconds before the second attempt, at most; the wait doubles each time.
        longest_wait: What it does not grow beyond.
    """

    file_bytes: int = 512 << 20
    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    total_seconds: float = 300.0
    attempts: int = 6
    first_wait: float = 0.5
    longest_wait: float = 20.0
