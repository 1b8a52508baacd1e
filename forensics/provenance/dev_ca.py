"""A private certificate authority for development: the chain that C2PA validators accept, in one call.

Root and issuing CA sign a claim-signing leaf that meets the C2PA certificate profile. Nobody else
trusts it, which is the point: it is for tests and development, and its names say so.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.errors import CertificateError, NotAFile, UsageError
from forensics.files import atomic_write
from forensics.provenance.keys import (
    SigningAlgorithm,
    algorithm_of,
    digest_of,
    load_chain,
    load_key,
    make_key,
)

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

__all__ = ["DevCa", "create_dev_ca", "load_dev_ca", "renew_leaf"]

CA_DAYS = 3650
MARK = "FOR DEVELOPMENT ONLY"
# Clocks differ: a leaf that is valid from this second is "not yet valid" on the next machine.
BACKDATE = dt.timedelta(hours=1)
# C2PA certificate profile: the key purpose that every validator knows, and C2PA's own claim signing.
EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
C2PA_CLAIM_SIGNING = "1.3.6.1.4.1.62558.2.1"

README = """\
{mark}

A private certificate authority made by `forensics credentials dev-ca`. No one else trusts it, and no
one else should: sign test files with it, never anything that is published.

chain.pem     certificate to sign with: leaf first, then the issuing CA
signer.key    private key of the leaf (keep it secret)
root.pem      the anchor that verifiers have to trust
trust.toml    a trust policy that names this root, for --trust
issuing.pem   issuing CA
issuing.key   its private key: needed only to issue another leaf
root.key      private key of the root: not needed for signing, keep it offline or delete it
"""

TRUST = """\
# Trusts everything that this development CA signs. Never use it to judge files of others.
version = 1

[[list]]
name = "development-ca"
kind = "signer"
files = ["root.pem"]
"""


@dataclass(frozen=True)
class DevCa:
    """Where the files of a development CA are.

    Attributes:
        directory: Folder that holds everything, readable by its owner alone.
        chain: Leaf and issuing certificate, to sign with.
        key: Private key of the leaf, PKCS#8.
        root: The anchor to trust.
        trust: Trust policy that names the root.
        algorithm: Signature algorithm of the leaf.
        expires: Last moment at which the leaf is valid.
    """

    directory: Path
    chain: Path
    key: Path
    root: Path
    trust: Path
    algorithm: SigningAlgorithm
    expires: dt.datetime


@dataclass(frozen=True)
class _Pair:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes


def create_dev_ca(
    directory: str | os.PathLike[str],
    *,
    organisation: str = "Forensics development",
    days: int = 365,
    algorithm: SigningAlgorithm | str = SigningAlgorithm.ES256,
) -> DevCa:
    """Make root, issuing CA and leaf, and write them with a trust policy.

    Nothing is written before everything is made; an existing folder with files in it is refused.

    Args:
        directory: Folder to create, with its parents; it may exist if it is empty.
        organisation: Organisation named in the certificates, 1-64 characters.
        days: Validity of the leaf, 1 to 3650 days; real C2PA certificates have at most 366.
        algorithm: Signature algorithm of all three keys.

    Raises:
        UsageError: A folder with files in it, an unknown algorithm, a bad number of days or name.
        NotAFile: The folder cannot be written.
    """
    target = Path(directory)
    try:
        chosen = SigningAlgorithm(algorithm)
    except ValueError:
        raise UsageError(
            f"unknown signing algorithm {algorithm!r}", expected=list(SigningAlgorithm)
        ) from None
    _check_days(days)
    if not 1 <= len(organisation) <= 64 or not organisation.isprintable():
        raise UsageError("the organisation is a name of 1 to 64 characters", actual=organisation)
    _refuse_used(target)

    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    root = _issue(_name(organisation, "root"), chosen, now, CA_DAYS, issuer=None, path_length=1)
    issuing = _issue(_name(organisation, "issuing CA"), chosen, now, CA_DAYS, issuer=root, path_length=0)
    leaf = _issue(_name(organisation, "claim signer"), chosen, now, days, issuer=issuing, path_length=None)
    try:
        _write_folder(target, _contents(root, issuing, leaf))
    except OSError as error:
        raise NotAFile(f"cannot write {target}: {error.strerror or error}") from error
    return DevCa(
        directory=target,
        chain=target / "chain.pem",
        key=target / "signer.key",
        root=target / "root.pem",
        trust=target / "trust.toml",
        algorithm=chosen,
        expires=leaf.certificate.not_valid_after_utc,
    )


def load_dev_ca(directory: str | os.PathLike[str]) -> DevCa:
    """Return what stands in the folder of a development CA.

    Raises:
        CertificateError: There is no certificate to sign with.
    """
    folder = Path(directory)
    leaf = load_chain(folder / "chain.pem")[0]
    return DevCa(
        directory=folder,
        chain=folder / "chain.pem",
        key=folder / "signer.key",
        root=folder / "root.pem",
        trust=folder / "trust.toml",
        algorithm=algorithm_of(leaf.public_key()),
        expires=leaf.not_valid_after_utc,
    )


def renew_leaf(directory: str | os.PathLike[str], *, days: int = 365) -> DevCa:
    """Issue a new certificate for the key that a development CA signs with; the old one is replaced.

    The key stays, so that key and certificate fit together at every moment, whoever reads them.

    Args:
        directory: Folder of the CA.
        days: Validity, 1 to 3650 days; not beyond that of the issuing CA.

    Raises:
        CertificateError: The key of the issuing CA is not there, or its certificate has expired as well.
        UsageError: A bad number of days.
        NotAFile: The folder cannot be written.
    """
    found = load_dev_ca(directory)
    _check_days(days)
    before, issuing = load_chain(found.chain)[0], load_chain(found.directory / "issuing.pem")[0]
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    if issuing.not_valid_after_utc <= now:
        raise CertificateError(f"the CA in {found.directory} has expired itself: make another one")
    issuer = _Pair(issuing, load_key(found.directory / "issuing.key", None))
    key = load_key(found.key, None)
    leaf = _issue(before.subject, found.algorithm, now, days, issuer=issuer, path_length=None, key=key)
    try:
        atomic_write(found.chain, _pem(leaf.certificate) + _pem(issuing))
    except OSError as error:
        raise NotAFile(f"cannot write {found.chain}: {error.strerror or error}") from error
    return load_dev_ca(found.directory)


def _check_days(days: int) -> None:
    if not 1 <= days <= CA_DAYS:
        raise UsageError(f"a leaf is valid 1 to {CA_DAYS} days, not {days}", actual=days)


def _refuse_used(target: Path) -> None:
    """Refuse a path that holds anything already: keys are never overwritten."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"{target} exists and is not a folder")
    if target.is_dir() and any(target.iterdir()):
        raise UsageError(f"{target} is not empty; keys are never overwritten: name a new folder")


def _name(organisation: str, role: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ZZ"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, MARK),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Development {role}"),
        ]
    )


def _issue(
    subject: x509.Name,
    algorithm: SigningAlgorithm,
    now: dt.datetime,
    days: int,
    *,
    issuer: _Pair | None,
    path_length: int | None,
    key: CertificateIssuerPrivateKeyTypes | None = None,
) -> _Pair:
    """Make one certificate of the C2PA profile (C2PA 2.x, section 14.5.1); a CA if it has a path length.

    It is for a new key, unless one is given.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = make_key(algorithm) if key is None else key
    signing_key = issuer.key if issuer else key
    expires = now + dt.timedelta(days=days)
    if issuer:
        expires = min(expires, issuer.certificate.not_valid_after_utc)
    certificate_authority = path_length is not None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(expires)
        .add_extension(x509.BasicConstraints(certificate_authority, path_length), critical=True)
        .add_extension(_key_usage(certificate_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False
        )
    )
    if not certificate_authority:
        purposes = [x509.ObjectIdentifier(EMAIL_PROTECTION), x509.ObjectIdentifier(C2PA_CLAIM_SIGNING)]
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    digest = None if isinstance(signing_key, ed25519.Ed25519PrivateKey) else digest_of(algorithm)
    return _Pair(builder.sign(signing_key, digest), key)


def _key_usage(certificate_authority: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not certificate_authority,
        content_commitment=not certificate_authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificate_authority,
        crl_sign=certificate_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _contents(root: _Pair, issuing: _Pair, leaf: _Pair) -> dict[str, bytes]:
    """Return every file of the folder, by name."""
    return {
        "README.txt": README.format(mark=MARK).encode(),
        "chain.pem": _pem(leaf.certificate) + _pem(issuing.certificate),
        "signer.key": _private_pem(leaf.key),
        "issuing.pem": _pem(issuing.certificate),
        "issuing.key": _private_pem(issuing.key),
        "root.pem": _pem(root.certificate),
        "root.key": _private_pem(root.key),
        "trust.toml": TRUST.encode(),
    }


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _private_pem(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_folder(target: Path, contents: dict[str, bytes]) -> None:
    """Write a folder of mode 0700 in one step: it is filled beside its place and then moved there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))  # mode 0700
    try:
        for name, content in contents.items():
            mode = 0o600 if name.endswith(".key") else 0o644
            with open(os.open(staging / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
        os.replace(staging, target)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
