"""Why C2PA validators would refuse a certificate for signing claims: each rule with its remedy.

The rules are those of the C2PA certificate profile (C2PA 2.x, section 14.5.1) as the SDK enforces them; a
test makes a certificate for every rule and compares the verdict with what the SDK does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from forensics.errors import CertificateError
from forensics.provenance import chain_checks
from forensics.provenance.certificate_facts import (
    extension,
    is_authority,
    is_self_signed,
    purposes,
)
from forensics.provenance.findings import Case, Finding, Severity, ok
from forensics.provenance.keys import SigningAlgorithm, algorithm_of, same_public_key
from forensics.provenance.trust import TrustPolicy

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

__all__ = ["examine"]

EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
ANY_PURPOSE = "2.5.29.37.0"
# Purposes that must stand alone: a key for these may do nothing else.
EXCLUSIVE = {"1.3.6.1.5.5.7.3.8": "timeStamping", "1.3.6.1.5.5.7.3.9": "OCSPSigning"}
PURPOSES = {
    ANY_PURPOSE: "any",
    EMAIL_PROTECTION: "emailProtection",
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.36": "documentSigning",
    "1.3.6.1.4.1.62558.2.1": "C2PA claim signing",
    "1.3.6.1.4.1.311.76.59.1.9": "Microsoft C2PA signing",
    **EXCLUSIVE,
}
SHA2 = {"sha256", "sha384", "sha512"}
SOON = dt.timedelta(days=14)
LONGEST = dt.timedelta(days=367)  # 366 days, and the usual hour of backdating


def examine(
    chain: tuple[x509.Certificate, ...],
    *,
    policy: TrustPolicy | None = None,
    public_key: PublicKeyTypes | None = None,
    algorithm: SigningAlgorithm | None = None,
    now: dt.datetime | None = None,
) -> tuple[Finding, ...]:
    """Hold a chain against every rule.

    Args:
        chain: Certificates in the order in which they will be signed with; not empty.
        policy: Key purposes that are allowed, and anchors; the default policy if None.
        public_key: Public half of the key that will sign, if known.
        algorithm: Algorithm that will sign, if known.
        now: Moment of signing, with time zone; the present if None.
    """
    case = Case(chain, policy or TrustPolicy.default(), now or dt.datetime.now(dt.UTC), public_key, algorithm)
    return tuple(finding for rule in _RULES for finding in rule(case))


def _kind(case: Case) -> Iterator[Finding]:
    alone = is_self_signed(case.leaf)
    remedy = "Make a chain with `forensics credentials dev-ca DIR`, or buy a certificate from a CA."
    if is_authority(case.leaf):
        yield Finding(
            code="leaf.self_signed" if alone else "leaf.ca",
            severity=Severity.REFUSED,
            explanation="The certificate is that of a CA (basicConstraints CA:TRUE), not of a signer"
            + (", and it is self-signed." if alone else "."),
            remedy=remedy if alone else "Sign with an end-entity certificate (CA:FALSE).",
        )
    elif alone:
        yield Finding(
            code="leaf.self_signed",
            severity=Severity.WARNING,
            explanation="The certificate is self-signed. C2PA wants one that a CA issued; only a policy that "
            "has this very certificate as an anchor trusts it.",
            remedy=remedy,
        )
    else:
        yield ok("leaf.kind", "An end-entity certificate that a CA issued.")


def _purposes(case: Case) -> Iterator[Finding]:
    found = set(purposes(case.leaf))
    names = ", ".join(PURPOSES.get(oid, oid) for oid in sorted(found))
    allowed = found & set(case.policy.ekus)
    remedy = "Ask for the extended key usage emailProtection, together with C2PA claim signing if the CA can."
    if problem := _purpose_problem(found, bool(allowed), names):
        yield Finding(code="eku.refused", severity=Severity.REFUSED, explanation=problem, remedy=remedy)
    elif not allowed:
        yield Finding(
            code="eku.other_purpose",
            severity=Severity.WARNING,
            explanation=f"The only extended key usage is {names}. The SDK lets it pass, but a certificate "
            "for that is not one for signing claims.",
            remedy=remedy,
        )
    elif EMAIL_PROTECTION not in found:
        yield Finding(
            code="eku.needs_configuration",
            severity=Severity.WARNING,
            explanation=f"The extended key usage ({names}) is allowed by this trust policy, but a validator "
            "that was not told so (trust_config) calls the signature invalid.",
            remedy="Add emailProtection, or give every validator a trust_config that lists the purpose.",
        )
    else:
        yield ok("eku", f"Extended key usage: {names}.")


def _purpose_problem(found: set[str], allowed: bool, names: str) -> str:
    """Return why validators refuse these key purposes, "" if they do not."""
    if not found:
        return "There is no extended key usage."
    if ANY_PURPOSE in found:
        return "The extended key usage is 'any', which C2PA forbids."
    if found & set(EXCLUSIVE):
        alone = len(found) == 1
        return "" if alone else f"Time stamping and OCSP signing must stand alone, but there are {names}."
    return "" if allowed else f"The extended key usage ({names}) is not one for signing claims."


def _usage(case: Case) -> Iterator[Finding]:
    from cryptography import x509

    usage = extension(case.leaf, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        yield Finding(
            code="key_usage.no_signature",
            severity=Severity.REFUSED,
            explanation="The key usage "
            + ("is missing." if usage is None else "does not include digitalSignature."),
            remedy="Ask for a certificate with the (critical) key usage digitalSignature.",
        )
    elif usage.key_cert_sign and not is_authority(case.leaf):
        yield Finding(
            code="key_usage.cert_sign",
            severity=Severity.REFUSED,
            explanation="The key usage includes keyCertSign, which only a CA may have.",
            remedy="Ask for a certificate with the key usage digitalSignature only.",
        )
    else:
        yield ok("key_usage", "The key usage includes digitalSignature.")


def _identifiers(case: Case) -> Iterator[Finding]:
    from cryptography import x509

    if extension(case.leaf, x509.AuthorityKeyIdentifier) is None:
        yield Finding(
            code="aki.missing",
            severity=Severity.REFUSED,
            explanation="The authority key identifier is missing.",
            remedy="Issue the certificate with authorityKeyIdentifier=keyid.",
        )
    else:
        yield ok("aki", "The authority key identifier is there.")
    if extension(case.leaf, x509.SubjectKeyIdentifier) is None:
        yield Finding(
            code="ski.missing",
            severity=Severity.WARNING,
            explanation="The subject key identifier is missing; the C2PA conformance profile asks for it.",
            remedy="Issue the certificate with subjectKeyIdentifier=hash.",
        )


def _validity(case: Case) -> Iterator[Finding]:
    leaf, now = case.leaf, case.now
    start, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if now > end:
        yield Finding(
            code="validity.expired",
            severity=Severity.REFUSED,
            explanation=f"The certificate expired on {end:%Y-%m-%d %H:%M} UTC.",
            remedy="Renew it. Files that carry a trusted time stamp from before stay valid; others do not.",
        )
    elif now < start:
        yield Finding(
            code="validity.not_yet",
            severity=Severity.REFUSED,
            explanation=f"The certificate is valid only from {start:%Y-%m-%d %H:%M} UTC.",
            remedy="Wait, or check the clock of this machine.",
        )
    elif end - now < SOON:
        yield Finding(
            code="validity.soon",
            severity=Severity.WARNING,
            explanation=f"The certificate expires on {end:%Y-%m-%d %H:%M} UTC; files signed with it and "
            "without a time stamp read as invalid from then on.",
            remedy="Renew it soon, and sign with a time stamp.",
        )
    else:
        yield ok("validity", f"Valid until {end:%Y-%m-%d}.")
    if end - start > LONGEST:
        yield Finding(
            code="validity.long",
            severity=Severity.WARNING,
            explanation=f"It is valid for {(end - start).days} days; C2PA conformance allows 366.",
            remedy="Nothing to do for private use.",
        )


def _issuers(case: Case) -> Iterator[Finding]:
    now = case.now
    late = [c for c in case.chain[1:] if not c.not_valid_before_utc <= now <= c.not_valid_after_utc]
    if late:
        yield Finding(
            code="validity.issuer",
            severity=Severity.WARNING,
            explanation=f"An issuing certificate is not valid now: {late[0].subject.rfc4514_string()}.",
            remedy="Get the current certificates of the CA.",
        )


def _signature(case: Case) -> Iterator[Finding]:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        digest = case.leaf.signature_hash_algorithm
        name = digest.name if digest else None  # Ed25519 has none of its own
    except UnsupportedAlgorithm:
        name = "an unknown hash"
    if name is not None and name not in SHA2:
        yield Finding(
            code="signature.hash",
            severity=Severity.REFUSED,
            explanation=f"The CA signed the certificate with {name}; C2PA allows SHA-256, -384 and -512.",
            remedy="Have it issued again with SHA-256 or better.",
        )
    else:
        yield ok("signature.hash", f"The CA signed with {name or 'Ed25519'}.")


def _key(case: Case) -> Iterator[Finding]:
    from cryptography.hazmat.primitives.asymmetric import rsa

    public = case.leaf.public_key()
    try:
        natural = algorithm_of(public)
    except CertificateError as error:
        yield Finding(
            code="key.kind",
            severity=Severity.REFUSED,
            explanation=f"{error}.",
            remedy="Make a key on P-256 (ES256), P-384 or P-521, an Ed25519 key or an RSA key of 2048 bits.",
        )
        return
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < 2048:
        yield Finding(
            code="key.size",
            severity=Severity.REFUSED,
            explanation=f"The RSA key has {public.key_size} bits; C2PA wants at least 2048.",
            remedy="Make an RSA key of 3072 bits, or better an EC key on P-256.",
        )
    else:
        yield ok("key.kind", f"A key for {natural.value}.")
    yield from _fit(case, public, natural)


def _fit(case: Case, public: PublicKeyTypes, natural: SigningAlgorithm) -> Iterator[Finding]:
    wanted = case.algorithm
    both_pss = wanted is not None and natural.value[:2] == wanted.value[:2] == "ps"
    if wanted is not None and wanted is not natural and not both_pss:
        yield Finding(
            code="key.algorithm",
            severity=Severity.REFUSED,
            explanation=f"The certificate is for {natural.value}, but {wanted.value} is to be signed with.",
            remedy=f"Sign with {natural.value}, or get a certificate for a key of the other kind.",
        )
    if case.public_key is None:
        return
    if same_public_key(public, case.public_key):
        yield ok("key.match", "Key and certificate belong together.")
    else:
        yield Finding(
            code="key.mismatch",
            severity=Severity.REFUSED,
            explanation="The private key does not belong to the first certificate of the chain.",
            remedy="Use the key that the certificate was requested with, or check the order of the chain.",
        )


def _names(case: Case) -> Iterator[Finding]:
    from cryptography.x509.oid import NameOID

    subject = case.leaf.subject
    if not subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME):
        yield Finding(
            code="subject.organisation",
            severity=Severity.WARNING,
            explanation="The subject names no organisation (O); most viewers show it as the signer, and some "
            "validators call a signature without it a mismatch.",
            remedy="Ask for a certificate with O and CN.",
        )


_RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    chain_checks.order, _kind, _key, _purposes, _usage, _identifiers, _validity, _issuers, _signature,
    _names,
    chain_checks.completeness, chain_checks.trust,
)  # fmt: skip
