"""Putting a manifest store back where it was, and proving what came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from forensics.errors import MediaError, RestorationError
from forensics.provenance.reading import read_bytes
from forensics.provenance.report import CredentialReport, CredentialState
from forensics.provenance.restoring.coded import family_of
from forensics.provenance.restoring.lodging import find
from forensics.provenance.restoring.placement import Placement, inserted
from forensics.provenance.restoring.skeleton import Skeleton
from forensics.provenance.trust import TrustPolicy

__all__ = ["Outcome", "Restoration", "restored"]

_GOOD = (CredentialState.TRUSTED, CredentialState.VALID_UNTRUSTED)


class Outcome(StrEnum):
    """What is proven of a restored file."""

    IDENTICAL = "byte-identical"  # its SHA-256 is that of the signed file
    VALID = "valid but not identical"  # its credentials verify, but it is not known to be the signed file
    IMPOSSIBLE = "not restorable"


@dataclass(frozen=True)
class Restoration:
    """A file with its credentials again, as far as that can be proven.

    Attributes:
        outcome: What is proven.
        data: The file; None where nothing is proven.
        report: What reading its credentials gave; None without a file. A file that was broken when it was
            recorded is byte-identical and broken.
        reason: A sentence: what the proof is, or why there is none.
    """

    outcome: Outcome
    data: bytes | None = field(default=None, repr=False)
    report: CredentialReport | None = field(default=None, repr=False)
    reason: str = ""


def restored(
    stripped: bytes,
    store: bytes,
    placement: Placement | None,
    *,
    skeleton: bytes = b"",
    policy: TrustPolicy | None = None,
) -> Restoration:
    """Give a stripped copy its credentials back, and prove it.

    First the manifest store alone is put back. Where that does not give the signed file, because more than
    the store was taken, the skeleton is tried.

    Args:
        stripped: The copy.
        store: The manifest store of the signed file; b"" to use the skeleton alone.
        placement: Where the store was: `placed` of the signed file, or `placement_from` the store itself.
        skeleton: What `skeleton_of` gave for the signed file; b"" for none.
        policy: Whom to trust; `TrustPolicy.resolve()` if None.

    Returns:
        The restored file only where its SHA-256 is the recorded one, or its credentials verify.

    Raises:
        RestorationError: The skeleton is broken or hostile.
        TrustPolicyError: The user's own policy file is wrong.
    """
    frame = Skeleton.unpack(skeleton) if skeleton else None
    wanted = {placement.sha256 if placement else "", frame.sha256.hex() if frame else ""} - {""}
    if hashlib.sha256(stripped).hexdigest() in wanted:
        return _identical(stripped, policy, "nothing was missing: the copy is the signed file")
    reason, tries = _tries(stripped, store, placement)
    for found in tries:
        if hashlib.sha256(found).hexdigest() in wanted:
            return _identical(
                found, policy, "with the manifest store in its place, the SHA-256 is the recorded one"
            )
    whole = frame.around(stripped) if frame else None
    if whole is not None:
        return _identical(whole, policy, "the coded picture and the skeleton give the recorded SHA-256")
    return _valid(tries, policy, known=bool(wanted)) or Restoration(Outcome.IMPOSSIBLE, reason=reason)


def _identical(data: bytes, policy: TrustPolicy | None, reason: str) -> Restoration:
    return Restoration(Outcome.IDENTICAL, data, read_bytes(data, policy), reason)


def _valid(tries: Iterable[bytes], policy: TrustPolicy | None, *, known: bool) -> Restoration | None:
    for found in tries:
        report = read_bytes(found, policy)
        if report.state in _GOOD:
            other = (
                "its bytes are not those recorded" if known else "no record says that it is the signed file"
            )
            reason = f"the credentials verify in their place, but {other}"
            return Restoration(Outcome.VALID, found, report, reason)
    return None


def _tries(stripped: bytes, store: bytes, placement: Placement | None) -> tuple[str, list[bytes]]:
    """Return the sentence for the case that nothing comes of it, and what the file may have been."""
    if placement is None or not store:
        return "there is no record of where a manifest store was, and the coded picture is another one", []
    try:
        family = family_of(stripped)
        if family is not placement.family:
            return f"the signed file was built as {placement.family}, the copy as {family}", []
        if find(stripped, family) is not None:
            return "the copy carries a manifest store of its own", []
        tries = list(_unique(inserted(stripped, store, placement)))
    except (MediaError, RestorationError) as error:
        return str(error), []
    if not tries:
        return "the copy ends before the place of the manifest store", []
    return "more than the manifest store was taken or changed: its hard binding does not hold", tries


def _unique(found: Iterable[bytes]) -> Iterator[bytes]:
    seen: set[bytes] = set()
    for data in found:
        if data not in seen:
            seen.add(data)
            yield data
