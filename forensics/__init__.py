"""Provenance and forensics of pictures and clips: what is this, and how do you know?

Example:
    >>> import forensics
    >>> forensics.Verdict.INCONCLUSIVE.value
    'inconclusive'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensics.audit_report import AuditReport
    from forensics.auditor import Auditor, audit
    from forensics.errors import ForensicsError
    from forensics.evidence import Evidence, Verdict
    from forensics.media import Limits, open_media
    from forensics.provenance import TrustPolicy

__version__ = "0.1.0"

__all__ = [
    "AuditReport",
    "Auditor",
    "Evidence",
    "ForensicsError",
    "Limits",
    "TrustPolicy",
    "Verdict",
    "audit",
    "open_media",
]

_HOMES = {
    "AuditReport": "forensics.audit_report",
    "Auditor": "forensics.auditor",
    "Evidence": "forensics.evidence",
    "ForensicsError": "forensics.errors",
    "Limits": "forensics.media",
    "TrustPolicy": "forensics.provenance",
    "Verdict": "forensics.evidence",
    "audit": "forensics.auditor",
    "open_media": "forensics.media",
}
_ROOMS = (
    *("datasets", "detectors", "fingerprints", "fusion", "generators", "marking", "media", "provenance"),
    *("recovery", "report", "watermark"),
)


def __getattr__(name: str) -> Any:
    """Import public names and rooms on first use, so that `import forensics` costs nothing."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _ROOMS:
        return import_module(f"forensics.{name}")
    raise AttributeError(f"module 'forensics' has no attribute {name!r}")
