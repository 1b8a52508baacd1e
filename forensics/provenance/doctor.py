"""A doctor for signing certificates: what is wrong, why, how to mend it, and a real trial at the end."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from forensics.errors import CertificateError, ForensicsError
from forensics.evidence import Model
from forensics.provenance._sdk_sign import Credential, Job, embed
from forensics.provenance.certificate_checks import examine
from forensics.provenance.findings import Finding, Severity
from forensics.provenance.keys import (
    PathOrPem,
    SigningAlgorithm,
    algorithm_of,
    load_chain,
    load_key,
    read_pem,
)
from forensics.provenance.manifest_json import created_labels, definition
from forensics.provenance.manifests import made_by_model
from forensics.provenance.report import CredentialState
from forensics.provenance.signers import chain_pem, pem_credential
from forensics.provenance.trust import TrustPolicy

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

__all__ = ["Diagnosis", "diagnose"]

# A grey PNG of one pixel, to sign on trial.
_PICTURE = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)


class Diagnosis(Model):
    """Everything that the doctor found."""

    subject: str
    issuer: str
    algorithm: str = ""
    expires: str
    findings: tuple[Finding, ...]
    state: CredentialState | None = Field(
        default=None, description="What a picture signed on trial reads back as; None where none was signed."
    )

    @property
    def refused(self) -> bool:
        """Whether validators would refuse the certificate, or the trial failed."""
        return any(finding.severity is Severity.REFUSED for finding in self.findings)


def diagnose(
    chain: PathOrPem,
    key: PathOrPem | None = None,
    *,
    password: str | bytes | None = None,
    policy: TrustPolicy | None = None,
) -> Diagnosis:
    """Say whether files can be signed with a certificate, and what they will read back as.

    Every rule of the certificate profile is held against the chain; then a tiny picture is signed in
    memory and read back. Without the key the trial shows only whether the SDK takes the certificate.

    Args:
        chain: PEM certificates: a path, or bytes.
        key: The private key that belongs to it: a path, or bytes.
        password: Passphrase of an encrypted key.
        policy: Whom to trust; `TrustPolicy.resolve()` if None.

    Raises:
        CertificateError: A file cannot be read at all.
        TrustPolicyError: The user's own policy file is wrong.
    """
    settled = TrustPolicy.resolve() if policy is None else policy
    certificates = load_chain(chain)
    private = None if key is None else load_key(key, password)
    findings = list(
        examine(certificates, policy=settled, public_key=private.public_key() if private else None)
    )
    findings += _of_files(chain, key)
    algorithm = _algorithm(certificates[0])
    finding, state = _trial(certificates, private, algorithm, settled)
    leaf = certificates[0]
    return Diagnosis(
        subject=leaf.subject.rfc4514_string(),
        issuer=leaf.issuer.rfc4514_string(),
        algorithm=algorithm.value if algorithm else "",
        expires=leaf.not_valid_after_utc.isoformat(),
        findings=(*findings, finding),
        state=state,
    )


def _algorithm(leaf: x509.Certificate) -> SigningAlgorithm | None:
    try:
        return algorithm_of(leaf.public_key())
    except CertificateError:
        return None


def _of_files(chain: PathOrPem, key: PathOrPem | None) -> Iterator[Finding]:
    """Look at the files themselves: what else is in them, how the key is written, and who may read it."""
    if b"PRIVATE KEY-----" in read_pem(chain, "certificate chain"):
        yield Finding(
            code="chain.private_key",
            severity=Severity.WARNING,
            explanation="The file of the chain also holds a private key; chains are handed around.",
            remedy="Keep the key in a file of its own.",
        )
    if key is None:
        return
    content = read_pem(key, "private key")
    if b"BEGIN EC PRIVATE KEY" in content or b"BEGIN RSA PRIVATE KEY" in content:
        yield Finding(
            code="key.format",
            severity=Severity.WARNING,
            explanation="The key is in an old form (SEC1 or PKCS#1). It is converted here, but other C2PA "
            "tools refuse it.",
            remedy="openssl pkcs8 -topk8 -nocrypt -in OLD.key -out NEW.key",
        )
    if not isinstance(key, bytes) and os.name == "posix":
        mode = stat.S_IMODE(Path(key).stat().st_mode)
        if mode & 0o077 and b"ENCRYPTED" not in content:
            yield Finding(
                code="key.permissions",
                severity=Severity.WARNING,
                explanation=f"Others on this machine may read the key (mode {mode:04o}).",
                remedy=f"chmod 600 {Path(key).name}",
            )


def _trial(
    chain: tuple[x509.Certificate, ...],
    key: CertificateIssuerPrivateKeyTypes | None,
    algorithm: SigningAlgorithm | None,
    policy: TrustPolicy,
) -> tuple[Finding, CredentialState | None]:
    """Sign the tiny picture and read it back. No rule of ours has a say in this."""
    chosen = algorithm or SigningAlgorithm.ES256
    if key is None:
        # The SDK looks at the certificate before it asks for a signature, and takes any bytes for one.
        credential = Credential(chain_pem(chain), chosen, callback=lambda _: bytes(64))
    else:
        credential = pem_credential(chain, key, chosen)
    manifest = made_by_model("trial")
    job = Job(definition(manifest, "trial", ()), "image/png", tuple(created_labels(manifest)))
    signed = io.BytesIO()
    try:
        embed(job, io.BytesIO(_PICTURE), signed, credential, policy)
    except ForensicsError as error:
        refusal = Finding(
            code="trial.refused",
            severity=Severity.REFUSED,
            explanation=f"The SDK refused to sign a picture with it: {error.__cause__ or error}",
            remedy="See the findings above.",
        )
        return refusal, None
    if key is None:
        accepted = "The SDK takes the certificate. Without --key nothing was signed with it."
        return Finding(code="trial.certificate", severity=Severity.OK, explanation=accepted), None
    return _read_back(signed.getvalue(), policy)


def _read_back(signed: bytes, policy: TrustPolicy) -> tuple[Finding, CredentialState]:
    from forensics.provenance.reading import read

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trial.png"
        path.write_bytes(signed)
        report = read(path, policy)
    good = report.state in (CredentialState.TRUSTED, CredentialState.VALID_UNTRUSTED)
    codes = f" ({', '.join(report.failures)})" if report.failures else ""
    finding = Finding(
        code="trial.signed" if good else "trial.invalid",
        severity=Severity.OK if good else Severity.REFUSED,
        explanation=f"A picture was signed with it and reads back as {report.state.value}{codes}.",
        remedy="" if good else "See the findings above.",
    )
    return finding, report.state
