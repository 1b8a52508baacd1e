"""Who signs: a key in PEM files, or a callback to a KMS or HSM that never lets its key out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from forensics.errors import CertificateError
from forensics.provenance._sdk_sign import Credential
from forensics.provenance.certificate_checks import examine
from forensics.provenance.findings import Finding, Severity
from forensics.provenance.keys import (
    PathOrPem,
    SigningAlgorithm,
    algorithm_of,
    load_chain,
    load_key,
    signature_matches,
)
from forensics.provenance.trust import TrustPolicy

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPrivateKeyTypes,
        PublicKeyTypes,
    )

__all__ = ["CallbackSigner", "PemSigner", "Signer", "chain_pem", "pem_credential"]


class Signer(Protocol):
    """What `sign` needs of a signer."""

    @property
    def algorithm(self) -> SigningAlgorithm:
        """Signature algorithm."""
        ...

    def credential(self, policy: TrustPolicy) -> Credential:
        """Return what the SDK signs with, after holding the certificate against the rules.

        Raises:
            CertificateError: Validators would refuse it.
        """
        ...


class _ChainSigner:
    """A chain with its algorithm; its subclasses know how to sign."""

    def __init__(self, chain: PathOrPem, algorithm: SigningAlgorithm | str | None) -> None:
        self._chain = load_chain(chain)
        natural = algorithm_of(self._chain[0].public_key())
        try:
            self._algorithm = natural if algorithm is None else SigningAlgorithm(algorithm)
        except ValueError:
            raise CertificateError(
                f"unknown signing algorithm {algorithm!r}", expected=", ".join(SigningAlgorithm)
            ) from None

    @property
    def algorithm(self) -> SigningAlgorithm:
        """Signature algorithm."""
        return self._algorithm

    @property
    def subject(self) -> str:
        """Whom the certificate names."""
        return self._chain[0].subject.rfc4514_string()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._algorithm.value}, {self.subject!r})"

    def __reduce__(self) -> str:
        raise TypeError(f"{type(self).__name__} is not pickled: it would carry a key; make one per process")

    def _check(self, policy: TrustPolicy, public_key: PublicKeyTypes | None) -> None:
        findings = examine(self._chain, policy=policy, public_key=public_key, algorithm=self._algorithm)
        refused = [finding for finding in findings if finding.severity is Severity.REFUSED]
        if refused:
            raise CertificateError(_told(refused), actual=", ".join(f.code for f in refused))


class PemSigner(_ChainSigner):
    """Signs with a private key.

    Args:
        chain: PEM certificates, leaf first: a path, or bytes.
        key: PEM private key: a path, or bytes. PKCS#8, plain or encrypted; the SEC1 and PKCS#1 forms that
            openssl writes too, and that other C2PA tools refuse.
        password: Passphrase of an encrypted key.
        algorithm: For RSA, PS384 or PS512 in place of PS256; otherwise it follows from the key.

    Raises:
        CertificateError: A file cannot be read, or the passphrase is wrong.
    """

    def __init__(
        self,
        chain: PathOrPem,
        key: PathOrPem,
        password: str | bytes | None = None,
        *,
        algorithm: SigningAlgorithm | str | None = None,
    ) -> None:
        super().__init__(chain, algorithm)
        self._key = load_key(key, password)

    def credential(self, policy: TrustPolicy) -> Credential:
        """Return what the SDK signs with; see `Signer`."""
        self._check(policy, self._key.public_key())
        return pem_credential(self._chain, self._key, self._algorithm)


class CallbackSigner(_ChainSigner):
    """Signs through a function, for keys that never leave a KMS or HSM.

    Args:
        sign: Takes the bytes to be signed (about 2 kB) and returns the signature over them, hashing them
            itself: ECDSA as DER or as raw r and s, RSA-PSS with a salt as long as the digest, or Ed25519.
            What it raises reaches the caller of `sign` as the cause of a `SigningError`.
        algorithm: Algorithm of the key.
        chain: PEM certificates, leaf first: a path, or bytes.

    Raises:
        CertificateError: The chain cannot be read, or there is no such algorithm.
    """

    def __init__(
        self, sign: Callable[[bytes], bytes], algorithm: SigningAlgorithm | str, chain: PathOrPem
    ) -> None:
        super().__init__(chain, algorithm)
        self._sign = sign

    def credential(self, policy: TrustPolicy) -> Credential:
        """Return what the SDK signs with; see `Signer`."""
        public = self._chain[0].public_key()

        def accepts(signature: bytes, data: bytes) -> bool:
            return signature_matches(public, self._algorithm, signature, data)

        self._check(policy, None)
        return Credential(chain_pem(self._chain), self._algorithm, callback=self._sign, accepts=accepts)


def pem_credential(
    chain: tuple[x509.Certificate, ...], key: CertificateIssuerPrivateKeyTypes, algorithm: SigningAlgorithm
) -> Credential:
    """Return what the SDK signs with, unchecked: it wants the key as plain PKCS#8."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Credential(chain_pem(chain), algorithm, key_pem=pem)


def _told(refused: list[Finding]) -> str:
    first = refused[0]
    more = f" ({len(refused) - 1} more: see `forensics credentials doctor`)" if len(refused) > 1 else ""
    return f"{first.explanation} {first.remedy}{more}"


def chain_pem(chain: tuple[x509.Certificate, ...]) -> bytes:
    """Return certificates as PEM, without anything else that stood in their file."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
