"""Whom we trust: a policy of named certificate lists, kept as a validated TOML file.

::

    version = 1
    ekus = ["1.3.6.1.5.5.7.3.4", "1.3.6.1.4.1.62558.2.1"]   # key purposes a signer may have, beside e-mail
    require_timestamp = false         # true: without a vouched-for time nothing counts as trusted

    [[list]]
    name = "c2pa"
    kind = "signer"                   # signer | tsa | identity
    files = ["C2PA-TRUST-LIST.pem"]   # relative to this file

    [[list]]
    name = "our-cameras"
    kind = "signer"
    trusted = true                    # false: a match is named, but does not count as trusted
    pem = '''
    -----BEGIN CERTIFICATE-----
    ...
    '''

The default policy has no lists: nobody is trusted, and no bytes leave the machine.
"""

from __future__ import annotations

import os
import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from forensics.errors import CertificateError, TrustPolicyError
from forensics.evidence import Model
from forensics.provenance.certificates import normalise_pem

__all__ = [
    "DEFAULT_EKUS",
    "ListKind",
    "TrustList",
    "TrustPolicy",
    "policy_path",
    "read_policy_text",
    "user_policy_path",
]

DEFAULT_EKUS = (
    "1.3.6.1.5.5.7.3.4",  # emailProtection
    "1.3.6.1.5.5.7.3.36",  # documentSigning
    "1.3.6.1.4.1.62558.2.1",  # C2PA claim signing
    "1.3.6.1.4.1.311.76.59.1.9",  # Microsoft C2PA signing
)
"""Extended key usages of claim signers. Out of the box the SDK takes the first only, and it always does."""

MAX_FILE_BYTES = 16 << 20

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Oid = Annotated[str, StringConstraints(pattern=r"^[0-2](\.[0-9]+)+$")]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.*:\[\]-]+$")]


class ListKind(StrEnum):
    """What a list may vouch for."""

    SIGNER = "signer"  # signers of claims
    TSA = "tsa"  # time-stamping authorities
    IDENTITY = "identity"  # CAWG identities


class TrustList(Model):
    """A named set of anchor certificates."""

    name: Name
    kind: ListKind = ListKind.SIGNER
    trusted: bool = Field(default=True, description="Whether a match counts as trusted.")
    pem: str = Field(description="The anchors: certificates in PEM, nothing else.")

    @field_validator("pem")
    @classmethod
    def _certificates_only(cls, value: str) -> str:
        try:
            return normalise_pem(value, where="pem")
        except CertificateError as error:
            raise ValueError(str(error)) from error

    @property
    def uri(self) -> str:
        """Address by which the validator names this list."""
        return f"urn:forensics:{self.kind.value}:{self.name}"


class TrustPolicy(Model):
    """Whom we trust, for what, and whether the network may be used."""

    version: int = Field(default=1, ge=1, le=1)
    lists: tuple[TrustList, ...] = ()
    ekus: tuple[Oid, ...] = DEFAULT_EKUS
    require_timestamp: bool = Field(
        default=False, description="Trusted only with a time that a TSA list vouches for."
    )
    allow_network: bool = Field(default=False, description="Fetch remote manifests from `allowed_hosts`.")
    allowed_hosts: tuple[Host, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [entry.name for entry in self.lists]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"list {twice[0]!r} is named twice")
        if self.allow_network and not self.allowed_hosts:
            raise ValueError("allow_network needs allowed_hosts: any host at all is never allowed")
        return self

    @classmethod
    def default(cls) -> TrustPolicy:
        """Return the policy that trusts nobody and never uses the network."""
        return cls()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TrustPolicy:
        """Read a policy file.

        Args:
            path: The TOML file; the PEM files it names are relative to it.

        Raises:
            TrustPolicyError: The file is missing, is not TOML, has an unknown key, or a list is wrong;
                the message names the key.
        """
        return cls.parse(read_policy_text(Path(path)), Path(path))

    @classmethod
    def parse(cls, text: str, source: Path) -> TrustPolicy:
        """Read the text of a policy file.

        Args:
            text: TOML.
            source: Where it stands, for messages and for the PEM files it names.

        Raises:
            TrustPolicyError: See `load`.
        """
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise TrustPolicyError(f"{source}: not TOML: {error}") from error
        entries = document.pop("list", [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise TrustPolicyError(f"{source}: list: write every list as a [[list]] table")
        document["list"] = [_with_files(entry, source, number) for number, entry in enumerate(entries)]
        return cls._validated(document, source)

    @classmethod
    def resolve(cls, path: str | os.PathLike[str] | None = None) -> TrustPolicy:
        """Return the policy in force.

        That is the file given; else the one that $FORENSICS_TRUST names; else the user's own, if there
        is one; else the default, which trusts nobody.

        Raises:
            TrustPolicyError: The file is missing or wrong.
        """
        found = policy_path(path)
        return cls.default() if found is None else cls.load(found)

    def of_kind(self, kind: ListKind) -> tuple[TrustList, ...]:
        """Return the lists of one kind."""
        return tuple(entry for entry in self.lists if entry.kind is kind)

    def by_uri(self, uri: str) -> TrustList | None:
        """Return the list that the validator named, None where it is not ours."""
        return next((entry for entry in self.lists if entry.uri == uri), None)

    @classmethod
    def _validated(cls, document: dict[str, Any], source: Path) -> TrustPolicy:
        fields = {("lists" if key == "list" else key): value for key, value in document.items()}
        if "lists" in document:
            raise TrustPolicyError(f"{source}: lists: unknown key; write every list as a [[list]] table")
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise TrustPolicyError(f"{source}: {_explain(error)}") from error


def user_policy_path() -> Path:
    """Return where the user's own policy file stands, whether it exists or not."""
    import click

    return Path(click.get_app_dir("forensics")) / "trust.toml"


def policy_path(path: str | os.PathLike[str] | None = None) -> Path | None:
    """Return the policy file in force, None where there is none; see `TrustPolicy.resolve`."""
    named = path if path is not None else os.environ.get("FORENSICS_TRUST") or None
    if named is not None:
        return Path(named)
    own = user_policy_path()
    return own if own.is_file() else None


def _with_files(entry: dict[str, Any], source: Path, number: int) -> dict[str, Any]:
    """Replace the `files` of a list by their content."""
    entry = dict(entry)
    files = entry.pop("files", [])
    if not isinstance(files, list) or not all(isinstance(name, str) for name in files):
        raise TrustPolicyError(f"{source}: list[{number}].files: a list of file names is needed")
    texts = [read_policy_text(source.parent / name) for name in files]
    if not files and "pem" not in entry:
        raise TrustPolicyError(f"{source}: list[{number}]: `files` or `pem` is needed")
    pem = entry.get("pem", "")
    if isinstance(pem, str):
        entry["pem"] = "\n".join([pem, *texts])
    return entry


def read_policy_text(path: Path) -> str:
    """Return the text of a policy or PEM file.

    Raises:
        TrustPolicyError: The file is missing, too large, unreadable or no UTF-8.
    """
    try:
        if not path.is_file():
            raise TrustPolicyError(f"{path}: no such file")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise TrustPolicyError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB")
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise TrustPolicyError(f"{path}: cannot be read: {error}") from error


def _explain(error: ValidationError) -> str:
    """Return the first thing wrong, with its key written as in the file."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]).replace("lists.", "list.", 1)
    key = re.sub(r"\.(\d+)", r"[\1]", key)
    text = "unknown key" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
    return f"{key}: {text}" if key else text
