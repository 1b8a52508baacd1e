"""What a run says of itself, signed: what was scanned, with which settings, and counts that add up."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import Field

from forensics import __version__
from forensics.errors import ScanError, UsageError, VerificationFailed
from forensics.evidence import Model
from forensics.files import atomic_write
from forensics.scan.row import ROW_VERSION

__all__ = ["MANIFEST", "SIGNATURE", "PartRecord", "RunManifest", "own_key", "sign", "verify"]

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig.json"


class PartRecord(Model):
    """A file of rows."""

    name: str
    rows: int
    sha256: str


class RunManifest(Model):
    """What a run says of itself."""

    suite_version: str = __version__
    row_version: str = ROW_VERSION
    sources: tuple[str, ...] = Field(description="As given.")
    listing: dict[str, Any] = Field(description="How they were listed.")
    settings: dict[str, Any] = Field(description="How files were looked at.")
    settings_sha256: str = Field(description="Over all that decides over rows.")
    rule: str = Field(description="The rule of the cascade.")
    stages: tuple[tuple[str, ...], ...] = Field(description="Detectors and versions, by stage.")
    models: str = Field(description="Digest of the weights that come with the suite.")
    trust: str = Field(description="Digest of the trust policy.")
    keys: tuple[str, ...] = Field(default=(), description="Public ids of the keys whose marks were sought.")
    began: str
    ended: str
    sessions: int = Field(description="How many times it was begun or resumed.")
    listed: int
    states: dict[str, int]
    verdicts: dict[str, int]
    reasons: dict[str, int]
    left_out: dict[str, int] = Field(description="Seen while listing and left out by a rule, by reason.")
    bytes: int
    clusters: int = Field(default=0, description="Clusters of near-duplicates.")
    parts: tuple[PartRecord, ...]

    @property
    def adds_up(self) -> bool:
        """Whether every item listed has exactly one row, in every way of counting."""
        rows = sum(part.rows for part in self.parts)
        return self.listed == sum(self.states.values()) == sum(self.verdicts.values()) == rows


def own_key() -> Path:
    """Return where the user's own key for manifests is; the first run makes it."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "forensics" / "scan-key.pem"


def sign(manifest: RunManifest, folder: Path, key: Path | None = None) -> None:
    """Write a manifest and its signature.

    Args:
        manifest: What to sign.
        folder: Where to.
        key: An Ed25519 private key in PEM; the user's own if None, which is made if there is none.

    Raises:
        UsageError: That is no such key.
        ScanError: The counts do not add up, which is a fault of ours.
    """
    if not manifest.adds_up:
        raise ScanError(
            "the counts of the scan do not add up: please report it", actual=manifest.model_dump()
        )
    private = _private(key)
    data = json.dumps(manifest.model_dump(mode="json"), indent=2, sort_keys=True).encode()
    record = {
        "algorithm": "ed25519",
        "of": MANIFEST,
        "public_key": _public_pem(private.public_key()),
        "signature": base64.b64encode(private.sign(data)).decode("ascii"),
    }
    atomic_write(folder / MANIFEST, data)
    atomic_write(folder / SIGNATURE, json.dumps(record, indent=2).encode())


def verify(folder: Path, key: Path | None = None) -> RunManifest:
    """Return the manifest of a run whose signature and files of rows hold.

    Args:
        folder: Of the run.
        key: The public key that it must be signed with, in PEM; any if None, which shows that nothing was
            changed by accident, and not who made it.

    Raises:
        ScanError: There is none, or it cannot be read.
        UsageError: The key is none.
        VerificationFailed: The signature does not hold, or a file of rows is missing, was changed or added.
    """
    try:
        data = (folder / MANIFEST).read_bytes()
        record = json.loads((folder / SIGNATURE).read_bytes())
        public = load_pem_public_key(record["public_key"].encode())
        signature = base64.b64decode(record["signature"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScanError(f"{folder} has no manifest with a signature: {error}") from error
    wanted = _public(key) if key else public
    if not isinstance(wanted, Ed25519PublicKey):
        raise UsageError("manifests are signed with Ed25519 keys", actual=type(wanted).__name__)
    try:
        wanted.verify(signature, data)
    except InvalidSignature:
        raise VerificationFailed(f"the signature of {folder / MANIFEST} does not hold") from None
    manifest = RunManifest.model_validate_json(data)
    _check_parts(folder / "rows", manifest.parts)
    return manifest


def _check_parts(rows: Path, parts: tuple[PartRecord, ...]) -> None:
    """Make sure that the files of rows are those that were signed, and no others."""
    for part in parts:
        path = rows / part.name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != part.sha256:
            raise VerificationFailed(f"{path} is missing or was changed")
    known = {part.name for part in parts}
    for path in rows.glob("part-*"):
        if path.name not in known:
            raise VerificationFailed(f"{path} is not among the files of rows that were signed")


def _private(path: Path | None) -> Ed25519PrivateKey:
    place = path or own_key()
    if path is None and not place.exists():
        key = Ed25519PrivateKey.generate()
        place.parent.mkdir(parents=True, exist_ok=True)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        atomic_write(place, pem, mode=0o600)
        return key
    try:
        key_or_other = load_pem_private_key(place.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"{place} is no private key that can be used: {error}") from error
    if not isinstance(key_or_other, Ed25519PrivateKey):
        raise UsageError(f"{place} is no Ed25519 key", actual=type(key_or_other).__name__)
    return key_or_other


def _public(path: Path) -> object:
    try:
        return load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is no public key: {error}") from error


def _public_pem(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
