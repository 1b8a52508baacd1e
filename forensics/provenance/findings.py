"""What the doctor looks at and what it finds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import Field

from forensics.evidence import Model
from forensics.provenance.keys import SigningAlgorithm
from forensics.provenance.trust import TrustPolicy

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

__all__ = ["Case", "Finding", "Severity", "ok"]


class Severity(StrEnum):
    """What a finding means for signing."""

    REFUSED = "refused"  # signing fails, or validators call the result invalid
    WARNING = "warning"  # it works here, but not everywhere or not for long
    OK = "ok"


class Finding(Model):
    """One thing that was looked at."""

    code: str = Field(description="Stable machine-readable name, such as 'eku.refused'.")
    severity: Severity
    explanation: str = Field(description="What is so, in a sentence.")
    remedy: str = Field(default="", description="How to mend it.")


@dataclass(frozen=True)
class Case:
    """What the rules look at.

    Attributes:
        chain: Certificates in the order of the file.
        policy: Key purposes that are allowed, and anchors.
        now: Moment of signing.
        public_key: Public half of the key that will sign, if known.
        algorithm: Algorithm that will sign, if known.
    """

    chain: tuple[x509.Certificate, ...]
    policy: TrustPolicy
    now: dt.datetime
    public_key: PublicKeyTypes | None
    algorithm: SigningAlgorithm | None

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate that signs."""
        return self.chain[0]


def ok(code: str, explanation: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(code=code, severity=Severity.OK, explanation=explanation)
