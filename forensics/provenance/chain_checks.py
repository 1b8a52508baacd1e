"""Rules about a chain as a whole: its order, whether it is complete, and whether it leads to an anchor."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from forensics.provenance.certificate_facts import is_authority, is_self_signed, issued_by
from forensics.provenance.findings import Case, Finding, Severity, ok
from forensics.provenance.trust import ListKind

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["completeness", "order", "trust"]


def order(case: Case) -> Iterator[Finding]:
    """Look whether the leaf comes first and every certificate is followed by its issuer."""
    chain = case.chain
    if len(chain) > 1 and is_authority(chain[0]) and not all(is_authority(c) for c in chain):
        yield Finding(
            code="chain.order",
            severity=Severity.REFUSED,
            explanation="The first certificate is a CA: the file is not in the order leaf, intermediates.",
            remedy="Put the certificate of the signer first, then the one that issued it, and so on.",
        )
        return
    for number, (lower, upper) in enumerate(pairwise(chain), start=1):
        if not issued_by(lower, upper):
            yield Finding(
                code="chain.broken",
                severity=Severity.WARNING,
                explanation=f"Certificate {number} was not issued by certificate {number + 1}, so verifiers "
                "find no way from the leaf to an anchor.",
                remedy="Keep only the issuers of the leaf, each after the one it issued.",
            )
            return
    yield ok("chain.order", "The leaf comes first.")


def completeness(case: Case) -> Iterator[Finding]:
    """Look whether a verifier that knows the root finds its way to the leaf."""
    last = case.chain[-1]
    if is_self_signed(last):
        yield ok("chain.complete", "The chain reaches its root; the root may be left out.")
        return
    issuer = last.issuer.rfc4514_string()
    if case.policy.lists and _anchored(case):
        yield ok("chain.complete", "The chain ends at an anchor of the trust policy.")
    elif len(case.chain) == 1:
        yield Finding(
            code="chain.incomplete",
            severity=Severity.WARNING,
            explanation=f"Only the leaf is there. It signs, but a verifier that trusts the root has no way "
            f"from it to the leaf, and reads the file as untrusted. Issuer: {issuer}.",
            remedy="Append the certificates of the intermediate CAs to the file, that of the leaf first.",
        )
    else:
        yield ok("chain.complete", f"The issuers are there up to {issuer}.")


def trust(case: Case) -> Iterator[Finding]:
    """Look whether the trust policy has an anchor for the chain."""
    if _anchored(case):
        yield ok("trust.anchored", "The trust policy has an anchor for this chain.")
    else:
        yield Finding(
            code="trust.unanchored",
            severity=Severity.WARNING,
            explanation="The trust policy has no anchor for this chain: files signed with it read as "
            "valid_untrusted here.",
            remedy="Name a policy that trusts the root of the chain (--trust), or get a certificate of a CA "
            "on the C2PA trust list.",
        )


def _anchored(case: Case) -> bool:
    """Whether the way from the leaf leads to a trusted anchor for signers."""
    from cryptography import x509

    lists = [entry for entry in case.policy.of_kind(ListKind.SIGNER) if entry.trusted]
    anchors = [a for entry in lists for a in x509.load_pem_x509_certificates(entry.pem.encode())]
    return any(issued_by(certificate, anchor) for certificate in _way(case) for anchor in anchors)


def _way(case: Case) -> list[x509.Certificate]:
    """Return the leaf and the issuers after it, up to the first one that does not fit or is not valid."""
    way = [case.leaf]
    for certificate in case.chain[1:]:
        if certificate == way[-1]:
            continue
        valid = certificate.not_valid_before_utc <= case.now <= certificate.not_valid_after_utc
        if not valid or not issued_by(way[-1], certificate):
            break
        way.append(certificate)
    return way
