"""Content Credentials (C2PA): read, verify, trust and sign.

Reading opens no connection and trusts nobody unless a policy says so. What signs is imported only when it
is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from forensics.provenance.reading import claim_thumbnail, read, read_bytes, verify
from forensics.provenance.report import (
    Action,
    AiSignal,
    AiSignalKind,
    Chain,
    CredentialReport,
    CredentialState,
    Ingredient,
    ManifestReport,
    SignedTime,
    Signer,
    SourceType,
    StatusCode,
)
from forensics.provenance.trust import ListKind, TrustList, TrustPolicy

if TYPE_CHECKING:
    from forensics.provenance.signing import IngredientFile, SignResult, TimestampPolicy, sign

__all__ = [
    "Action",
    "AiSignal",
    "AiSignalKind",
    "Chain",
    "CredentialReport",
    "CredentialState",
    "Ingredient",
    "IngredientFile",
    "ListKind",
    "ManifestReport",
    "SignResult",
    "SignedTime",
    "Signer",
    "SourceType",
    "StatusCode",
    "TimestampPolicy",
    "TrustList",
    "TrustPolicy",
    "claim_thumbnail",
    "read",
    "read_bytes",
    "sign",
    "verify",
]

_SIGNING = {"IngredientFile", "SignResult", "TimestampPolicy", "sign"}


def __getattr__(name: str) -> Any:
    if name in _SIGNING:
        return getattr(import_module("forensics.provenance.signing"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
