"""Changing a trust policy file: lists are added and removed, and the file is replaced in one step."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pydantic import ValidationError

from forensics.errors import TrustPolicyError
from forensics.files import atomic_write
from forensics.provenance.certificates import normalise_pem
from forensics.provenance.trust import (
    DEFAULT_EKUS,
    MAX_FILE_BYTES,
    ListKind,
    TrustList,
    TrustPolicy,
    read_policy_text,
)

__all__ = ["add_list", "list_name", "remove_list", "to_toml", "write_policy"]


def add_list(
    policy: TrustPolicy, source: Path, *, name: str, kind: ListKind, replace: bool = False
) -> TrustPolicy:
    """Return the policy with the certificates of a PEM file as a further list.

    Args:
        policy: The policy so far.
        source: PEM file, such as the official C2PA trust list; text between the certificates is ignored.
        name: Name of the list.
        kind: What the list may vouch for.
        replace: Take the place of a list of that name.

    Raises:
        TrustPolicyError: There is such a list already, the name is not allowed, or the file is unreadable.
        CertificateError: The file holds no certificate, a broken one, or a private key.
    """
    pem = normalise_pem(read_policy_text(source), where=str(source))
    if not replace and any(entry.name == name for entry in policy.lists):
        raise TrustPolicyError(f"there is a list {name!r} already; name another, or replace it")
    try:
        added = TrustList(name=name, kind=kind, pem=pem)
    except ValidationError as error:
        raise TrustPolicyError(f"a list cannot be called {name!r}: letters, digits and .-_ only") from error
    kept = tuple(entry for entry in policy.lists if entry.name != name)
    return policy.model_copy(update={"lists": (*kept, added)})


def remove_list(policy: TrustPolicy, name: str) -> TrustPolicy:
    """Return the policy without one list.

    Raises:
        TrustPolicyError: There is no such list.
    """
    kept = tuple(entry for entry in policy.lists if entry.name != name)
    if len(kept) == len(policy.lists):
        known = ", ".join(entry.name for entry in policy.lists) or "none"
        raise TrustPolicyError(f"there is no list {name!r}; there are: {known}")
    return policy.model_copy(update={"lists": kept})


def list_name(path: Path) -> str:
    """Return a name for the list in a file.

    Example:
        >>> list_name(Path("C2PA TRUST-LIST.pem"))
        'c2pa-trust-list'
    """
    return re.sub(r"[^a-z0-9._-]+", "-", path.stem.lower()).strip("-._")[:64] or "imported"


def to_toml(policy: TrustPolicy) -> str:
    """Return a policy as TOML that `TrustPolicy.load` reads back the same, certificates inline."""
    lines = [
        f"version = {policy.version}",
        f"require_timestamp = {_plain(policy.require_timestamp)}",
        f"allow_network = {_plain(policy.allow_network)}",
    ]
    if policy.allowed_hosts:
        lines.append(f"allowed_hosts = {_plain(list(policy.allowed_hosts))}")
    if policy.ekus != DEFAULT_EKUS:
        lines.append(f"ekus = {_plain(list(policy.ekus))}")
    for entry in policy.lists:
        lines += [
            "",
            "[[list]]",
            f"name = {_plain(entry.name)}",
            f"kind = {_plain(entry.kind.value)}",
            f"trusted = {_plain(entry.trusted)}",
            f"pem = '''\n{entry.pem}'''",
        ]
    return "\n".join(lines) + "\n"


def write_policy(policy: TrustPolicy, path: Path) -> None:
    """Write a policy file in one step; what was there stays until the new one is complete.

    Comments of an existing file are not kept.

    Raises:
        TrustPolicyError: The file cannot be written, or the policy is larger than may be read.
    """
    target = path.resolve()
    text = to_toml(policy)
    data = text.encode("utf-8")
    if len(data) > MAX_FILE_BYTES or TrustPolicy.parse(text, target) != policy:
        raise TrustPolicyError(f"{path}: this policy would not read back the same")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(target, data)
    except OSError as error:
        raise TrustPolicyError(f"{path}: cannot be written: {error}") from error


def _plain(value: bool | str | list[str]) -> str:
    """Write a value as TOML, which for these kinds of values is written like JSON."""
    return json.dumps(value)
