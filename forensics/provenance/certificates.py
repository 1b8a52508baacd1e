"""Reading certificates out of PEM text, and saying what is in them."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from forensics.errors import CertificateError
from forensics.evidence import Model

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["CertificateInfo", "describe_certificates", "find_issuer", "normalise_pem"]

_MOST_CANDIDATES = 64

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


class CertificateInfo(Model):
    """What a certificate says of itself."""

    subject: str
    issuer: str
    serial: str
    not_before: str
    not_after: str
    sha256: str


def normalise_pem(text: str, *, where: str) -> str:
    """Keep the certificates of a PEM text and nothing else, each of them once.

    Comments between the blocks, as the official lists have them, are dropped.

    Args:
        text: PEM text.
        where: Name of the file or key, for messages.

    Returns:
        The certificate blocks, in order, each ending with a line feed.

    Raises:
        CertificateError: There is no certificate, one cannot be parsed, or there is a private key.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    blocks = [(m.group(1), m.group(0)) for m in _BLOCK.finditer(text)]
    for label, _ in blocks:
        if "PRIVATE" in label:
            raise CertificateError(f"{where} holds a private key; a trust list holds certificates only")
    certificates = [_parse(block, where) for label, block in blocks if label.endswith("CERTIFICATE")]
    if not certificates:
        raise CertificateError(f"{where} holds no PEM certificate")
    encoded = (certificate.public_bytes(Encoding.PEM).decode("ascii") for certificate in certificates)
    return "".join(dict.fromkeys(encoded))


def describe_certificates(pem: str) -> tuple[CertificateInfo, ...]:
    """Describe every certificate of a PEM text that `normalise_pem` returned."""
    return tuple(_describe(_parse(m.group(0), "certificate")) for m in _BLOCK.finditer(pem))


def find_issuer(store: bytes, serial: int) -> str:
    """Find who issued the certificate with a serial number, among the certificates of a manifest store.

    A certificate (RFC 5280) begins SEQUENCE, SEQUENCE, [0] version 3, INTEGER serial, with both lengths in
    two bytes; so the serial number leads to its start.

    Args:
        store: Bytes of the manifest store.
        serial: The serial number.

    Returns:
        Name of the issuer (RFC 4514); "" if there is no such certificate, or several that disagree, as a
        manifest may hold any bytes at all.
    """
    number = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
    needle = b"\xa0\x03\x02\x01\x02\x02" + bytes([len(number)]) + number
    found: set[bytes] = set()
    position = store.find(needle)
    while position >= 0 and len(found) <= _MOST_CANDIDATES:
        found.add(_certificate_at(store, position - 8))
        position = store.find(needle, position + 1)
    issuers = {issuer for der in found if (issuer := _issuer(der))}
    return issuers.pop() if len(issuers) == 1 else ""


def _certificate_at(store: bytes, start: int) -> bytes:
    if start < 0 or store[start : start + 2] != b"\x30\x82":
        return b""
    return store[start : start + 4 + int.from_bytes(store[start + 2 : start + 4], "big")]


def _issuer(der: bytes) -> str:
    from cryptography import x509

    try:
        return x509.load_der_x509_certificate(der).issuer.rfc4514_string()
    except (ValueError, Warning):  # where warnings are errors, an odd certificate is one
        return ""


def _parse(block: str, where: str) -> x509.Certificate:
    from cryptography import x509

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd serial numbers of old roots are not our finding
            return x509.load_pem_x509_certificate(block.encode("ascii"))
    except (ValueError, UnicodeEncodeError) as error:
        raise CertificateError(f"{where} holds a certificate that cannot be parsed: {error}") from error


def _describe(certificate: x509.Certificate) -> CertificateInfo:
    from cryptography.hazmat.primitives import hashes

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CertificateInfo(
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            serial=f"{certificate.serial_number:x}",
            not_before=certificate.not_valid_before_utc.isoformat(),
            not_after=certificate.not_valid_after_utc.isoformat(),
            sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        )
