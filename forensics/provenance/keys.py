"""Keys, chains and signatures: the cryptography under signing, with errors that say what is wrong.

No message here carries key material or a passphrase.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.errors import CertificateError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPrivateKeyTypes,
        PrivateKeyTypes,
        PublicKeyTypes,
    )

__all__ = [
    "PathOrPem",
    "SigningAlgorithm",
    "algorithm_of",
    "digest_of",
    "is_encrypted",
    "load_chain",
    "load_key",
    "make_key",
    "read_pem",
    "same_public_key",
    "signature_matches",
]

PathOrPem = str | os.PathLike[str] | bytes
# Real chains have 2-4 certificates of 1-3 kB; anything far above is the wrong file.
MAX_PEM_BYTES = 1 << 20


class SigningAlgorithm(StrEnum):
    """Signature algorithms that C2PA allows (C2PA 2.x, section 13.2.1)."""

    ES256 = "es256"
    ES384 = "es384"
    ES512 = "es512"
    PS256 = "ps256"
    PS384 = "ps384"
    PS512 = "ps512"
    ED25519 = "ed25519"


def read_pem(source: PathOrPem, what: str) -> bytes:
    """Return PEM bytes, read from a path unless they are bytes already.

    Args:
        source: Path of a PEM file, or its content as bytes.
        what: Name of the thing for messages, such as "certificate chain".

    Raises:
        CertificateError: The file cannot be read, is too large or is not PEM.
    """
    if isinstance(source, bytes):
        content = source
    else:
        try:
            with Path(source).open("rb") as file:
                content = file.read(MAX_PEM_BYTES + 1)
        except OSError as error:
            raise CertificateError(f"cannot read the {what} {source}: {error.strerror or error}") from error
    if len(content) > MAX_PEM_BYTES:
        raise CertificateError(f"the {what} is larger than {MAX_PEM_BYTES} bytes: is it the right file?")
    if b"-----BEGIN " not in content:
        raise CertificateError(f"the {what} is not PEM (no '-----BEGIN' line); convert DER with openssl")
    return content


def load_chain(source: PathOrPem) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a PEM chain in the order of the file.

    Raises:
        CertificateError: The file cannot be read or a certificate in it cannot be parsed.
    """
    from cryptography import x509

    content = read_pem(source, "certificate chain")
    try:
        return tuple(x509.load_pem_x509_certificates(content))
    except ValueError as error:
        if b"PRIVATE KEY-----" in content:
            raise CertificateError("the certificate chain holds a private key and no certificate") from None
        raise CertificateError(f"the certificate chain cannot be read: {error}") from error


def is_encrypted(key: PathOrPem) -> bool:
    """Return whether a passphrase is needed to read a key.

    Raises:
        CertificateError: The file cannot be read or is not PEM.
    """
    content = read_pem(key, "private key")
    return b"BEGIN ENCRYPTED PRIVATE KEY" in content or b"Proc-Type: 4,ENCRYPTED" in content


def load_key(source: PathOrPem, password: str | bytes | None = None) -> CertificateIssuerPrivateKeyTypes:
    """Return a private key from PEM: PKCS#8, encrypted PKCS#8, SEC1 or PKCS#1.

    Args:
        source: Path of a PEM file, or its content as bytes.
        password: Passphrase of an encrypted key; ignored for a plain one.

    Raises:
        CertificateError: Unreadable, a wrong or missing passphrase, or a kind that C2PA does not allow.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = read_pem(source, "private key")
    secret = password.encode() if isinstance(password, str) else password
    encrypted = is_encrypted(content)
    if encrypted and not secret:
        raise CertificateError("the private key is encrypted: a passphrase is needed")
    try:
        key = load_pem_private_key(content, secret if encrypted else None)
    except Exception:
        hint = "wrong passphrase, or damaged" if encrypted else "not a PEM private key, or damaged"
        # `from None`: no traceback may show the bytes of a key.
        raise CertificateError(f"the private key cannot be read: {hint}") from None
    return _supported(key)


def _supported(key: PrivateKeyTypes) -> CertificateIssuerPrivateKeyTypes:
    algorithm_of(key.public_key())
    return key  # type: ignore[return-value] # algorithm_of refuses every kind that cannot sign


def make_key(algorithm: SigningAlgorithm) -> CertificateIssuerPrivateKeyTypes:
    """Return a new private key for an algorithm; RSA keys have 3072 bits."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    match algorithm:
        case SigningAlgorithm.ES256:
            return ec.generate_private_key(ec.SECP256R1())
        case SigningAlgorithm.ES384:
            return ec.generate_private_key(ec.SECP384R1())
        case SigningAlgorithm.ES512:
            return ec.generate_private_key(ec.SECP521R1())
        case SigningAlgorithm.ED25519:
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return rsa.generate_private_key(public_exponent=65537, key_size=3072)


def algorithm_of(public: PublicKeyTypes) -> SigningAlgorithm:
    """Return the algorithm that a public key calls for; PS256 for every RSA key.

    Raises:
        CertificateError: A curve or kind of key that C2PA does not allow.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    curves = {
        "secp256r1": SigningAlgorithm.ES256,
        "secp384r1": SigningAlgorithm.ES384,
        "secp521r1": SigningAlgorithm.ES512,
    }
    if isinstance(public, ec.EllipticCurvePublicKey):
        if public.curve.name not in curves:
            raise CertificateError(
                f"C2PA does not allow keys on the curve {public.curve.name}",
                expected=sorted(curves),
                actual=public.curve.name,
            )
        return curves[public.curve.name]
    if isinstance(public, ed25519.Ed25519PublicKey):
        return SigningAlgorithm.ED25519
    if isinstance(public, rsa.RSAPublicKey):
        return SigningAlgorithm.PS256
    kind = type(public).__name__.removesuffix("PublicKey").lstrip("_")
    raise CertificateError(f"C2PA does not allow {kind} keys", expected="EC, RSA or Ed25519", actual=kind)


def signature_matches(
    public: PublicKeyTypes, algorithm: SigningAlgorithm, signature: bytes, data: bytes
) -> bool:
    """Return whether a signature is of this data and key; ECDSA as DER or as raw r and s."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(_as_der(signature, public.key_size), data, ec.ECDSA(digest_of(algorithm)))
        elif isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, data, _pss(algorithm), digest_of(algorithm))
        elif isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, data)
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


def same_public_key(first: PublicKeyTypes, second: PublicKeyTypes) -> bool:
    """Return whether two public keys are the same key."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    def encode(key: PublicKeyTypes) -> bytes:
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    return encode(first) == encode(second)


def digest_of(algorithm: SigningAlgorithm) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    """Return the hash of an algorithm, by the number in its name."""
    from cryptography.hazmat.primitives import hashes

    if algorithm.value.endswith("256"):
        return hashes.SHA256()
    return hashes.SHA384() if algorithm.value.endswith("384") else hashes.SHA512()


def _pss(algorithm: SigningAlgorithm) -> padding.PSS:
    from cryptography.hazmat.primitives.asymmetric import padding

    digest = digest_of(algorithm)
    return padding.PSS(padding.MGF1(digest), digest.digest_size)


def _as_der(signature: bytes, key_bits: int) -> bytes:
    """Return an ECDSA signature as DER; IEEE P1363 form is r and s of equal length."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half = (key_bits + 7) // 8
    if len(signature) != 2 * half:
        return signature
    return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
