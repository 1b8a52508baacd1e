"""Which list vouches for whom, and what state follows for the active manifest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from forensics.provenance._json import text
from forensics.provenance._sdk import StoreReading
from forensics.provenance._statuses import TRUSTED, UNTRUSTED, Statuses
from forensics.provenance.report import CredentialState, StatusCode
from forensics.provenance.trust import ListKind, TrustList, TrustPolicy

__all__ = ["Judgement", "Trusting", "judge"]


@dataclass(frozen=True)
class Trusting:
    """Answers whom the policy trusts.

    The SDK does not keep the kinds of lists apart: an anchor for time stamps also vouches for signers. So
    the list it names is looked up in the policy. Where it names a list of another kind, or none because a
    signer had recorded the same, a second reading decides, which was given the lists of one kind only.

    Attributes:
        policy: The policy.
        statuses: The log of the reading with all lists.
        again: Makes the log of a reading with the lists of one kind that count.
    """

    policy: TrustPolicy
    statuses: Statuses
    again: Callable[[ListKind], Statuses]

    def signer_list(self, label: str) -> str | None:
        """Return the address of the list for signers that vouches for the signer of a manifest.

        Returns:
            The address; "" if there is one but the SDK does not say which; None if there is none.
        """
        uri = self.statuses.signer_list(label)
        if uri is None or self.list_of(uri, ListKind.SIGNER) is not None:
            return uri
        return self.again(ListKind.SIGNER).signer_list(label) if self._has(ListKind.SIGNER) else None

    def time(self, label: str) -> bool:
        """Return whether a list for time-stamping authorities vouches for the time of a manifest."""
        uri = self.statuses.time_list(label)
        if uri is None or self.list_of(uri, ListKind.TSA) is not None:
            return uri is not None
        return self._has(ListKind.TSA) and self.again(ListKind.TSA).time_list(label) is not None

    def _has(self, kind: ListKind) -> bool:
        return any(entry.trusted for entry in self.policy.of_kind(kind))

    def list_of(self, uri: str | None, kind: ListKind) -> TrustList | None:
        """Return the list at an address if it may vouch for this kind of thing and counts."""
        found = self.policy.by_uri(uri) if uri else None
        return found if found is not None and found.kind is kind and found.trusted else None


@dataclass(frozen=True)
class Judgement:
    """State of the active manifest, and what it rests on.

    Attributes:
        state: The state.
        trust_list: Name of the list of the policy that matched, whether it counts or not.
        note: Codes of our own.
    """

    state: CredentialState
    trust_list: str = ""
    note: tuple[StatusCode, ...] = ()


def judge(reading: StoreReading, trusting: Trusting) -> Judgement:
    """Return the state that the claim signature of the active manifest deserves.

    Two differences from the SDK: a list that is not for signers does not count, and an identity (CAWG)
    that nobody vouches for does not take anything away. Like the SDK, an ingredient whose signer is
    unknown takes the trust away unless the signer had recorded just that.
    """
    document, statuses = reading.document, trusting.statuses
    label = text(document.get("active_manifest"))
    if document.get("validation_state") not in ("Valid", "Trusted"):
        return Judgement(CredentialState.INVALID)
    uri = trusting.signer_list(label)
    if uri is None:
        return _without_list(label, trusting)
    matched = trusting.policy.by_uri(uri)
    doubts = any(e.failure and not e.unknown_identity for e in statuses.current) or _leaks(trusting)
    timely = trusting.time(label) or not trusting.policy.require_timestamp
    trusted = not doubts and timely
    return Judgement(
        CredentialState.TRUSTED if trusted else CredentialState.VALID_UNTRUSTED,
        matched.name if matched else "",
    )


def _leaks(trusting: Trusting) -> bool:
    """Whether only a list of another kind keeps the SDK from calling an ingredient's signer unknown."""
    statuses = trusting.statuses
    settled = {e.manifest for e in statuses.recorded if e.code == UNTRUSTED}
    vouched = {e.manifest for e in statuses.every if e.code == TRUSTED}
    return any(trusting.signer_list(label) is None for label in vouched - settled)


def _without_list(label: str, trusting: Trusting) -> Judgement:
    """Return the judgement where no list for signers matched; another list may have."""
    uri = trusting.statuses.signer_list(label)
    other = trusting.policy.by_uri(uri) if uri else None
    if other is None:
        return Judgement(CredentialState.VALID_UNTRUSTED)
    reason = f"only the list {other.name!r} matched, which does not vouch for signers of claims"
    note = StatusCode(code=UNTRUSTED, manifest=label, failure=True, explanation=reason)
    return Judgement(CredentialState.VALID_UNTRUSTED, other.name, (note,))
