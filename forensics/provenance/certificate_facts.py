"""Single facts about an X.509 certificate, each as a small question."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from cryptography import x509

_E = TypeVar("_E", bound="x509.ExtensionType")

__all__ = ["extension", "is_authority", "is_self_signed", "issued_by", "purposes"]


def is_authority(certificate: x509.Certificate) -> bool:
    """Return whether it is that of a CA, by its basic constraints."""
    from cryptography import x509

    constraints = extension(certificate, x509.BasicConstraints)
    return bool(constraints and constraints.ca)


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Return whether its own key signed it."""
    return certificate.issuer == certificate.subject and issued_by(certificate, certificate)


def issued_by(lower: x509.Certificate, upper: x509.Certificate) -> bool:
    """Return whether the second certificate names and signed the first."""
    from cryptography.exceptions import InvalidSignature

    try:
        lower.verify_directly_issued_by(upper)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


def purposes(certificate: x509.Certificate) -> list[str]:
    """Return the OIDs of its extended key usage, none if it has none."""
    from cryptography import x509

    usage = extension(certificate, x509.ExtendedKeyUsage)
    return [] if usage is None else [purpose.dotted_string for purpose in usage]


def extension(certificate: x509.Certificate, kind: type[_E]) -> _E | None:
    """Return the extension of a class, None where it is missing or cannot be parsed."""
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return None
