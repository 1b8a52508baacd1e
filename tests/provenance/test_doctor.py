"""The doctor against the SDK: for every way a certificate can be wrong, the two must agree."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import c2pa
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from forensics.cli.credentials.doctor import doctor
from forensics.errors import CertificateError
from forensics.provenance._sdk import safe_settings
from forensics.provenance.doctor import Diagnosis, diagnose
from forensics.provenance.findings import Severity
from forensics.provenance.report import CredentialState
from forensics.provenance.trust import TrustList, TrustPolicy

EMAIL, SERVER, CODE = "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3"
DOCUMENT, STAMP, OCSP = "1.3.6.1.5.5.7.3.36", "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"
C2PA, MICROSOFT, ANY = "1.3.6.1.4.1.62558.2.1", "1.3.6.1.4.1.311.76.59.1.9", "2.5.29.37.0"
SIGN, CERT_SIGN = "digital_signature", "key_cert_sign"


@dataclass(frozen=True)
class Row:
    """One kind of certificate: how to make it, and what the doctor should say about it."""

    name: str
    code: str = ""
    wishes: dict[str, Any] = field(default_factory=dict)


ROWS = [
    Row("right"),
    Row("document signing", "eku.needs_configuration", {"eku": (DOCUMENT,)}),
    Row("c2pa", "eku.needs_configuration", {"eku": (C2PA,)}),
    Row("microsoft", "eku.needs_configuration", {"eku": (MICROSOFT,)}),
    Row("c2pa and mail", "", {"eku": (C2PA, EMAIL)}),
    Row("mail and server", "", {"eku": (EMAIL, SERVER)}),
    Row("no purpose", "eku.refused", {"eku": None}),
    Row("any purpose", "eku.refused", {"eku": (ANY,)}),
    Row("any and mail", "eku.refused", {"eku": (EMAIL, ANY)}),
    Row("server", "eku.refused", {"eku": (SERVER,)}),
    Row("code", "eku.refused", {"eku": (CODE,)}),
    Row("private purpose", "eku.refused", {"eku": ("1.2.3.4",)}),
    Row("mail and stamping", "eku.refused", {"eku": (EMAIL, STAMP)}),
    Row("mail and ocsp", "eku.refused", {"eku": (EMAIL, OCSP)}),
    Row("stamping", "eku.other_purpose", {"eku": (STAMP,)}),
    Row("no aki", "aki.missing", {"aki": False}),
    Row("no ski", "ski.missing", {"ski": False}),
    Row("no usage", "key_usage.no_signature", {"key_usage": None}),
    Row("wrong usage", "key_usage.no_signature", {"key_usage": frozenset({"key_encipherment"})}),
    Row("usage of a ca", "key_usage.cert_sign", {"key_usage": frozenset({SIGN, CERT_SIGN})}),
    Row("non-repudiation", "", {"key_usage": frozenset({SIGN, "content_commitment"})}),
    Row("no constraints", "", {"constraints": None}),
    Row("no organisation", "subject.organisation", {"organisation": False}),
    Row("expired", "validity.expired", {"start": -10, "end": -1}),
    Row("not yet valid", "validity.not_yet", {"start": 1}),
    Row("expires soon", "validity.soon", {"end": 3}),
    Row("long", "validity.long", {"end": 800}),
    Row("sha-224", "signature.hash", {"digest": hashes.SHA224()}),
    Row("sha-384", "", {"digest": hashes.SHA384()}),
    Row("sha-512", "", {"digest": hashes.SHA512()}),
    Row("sha3", "signature.hash", {"digest": hashes.SHA3_256()}),
    Row("rsa 1024", "key.size", {"key": "rsa1024"}),
    Row("rsa 2048", "", {"key": "rsa2048"}),
    Row("p-384", "", {"key": "p384"}),
    Row("p-521", "", {"key": "p521"}),
    Row("ed25519", "", {"key": "ed25519"}),
    Row("secp256k1", "key.kind", {"key": "secp256k1"}),
    Row("ca", "leaf.ca", {"constraints": True, "key_usage": frozenset({SIGN, CERT_SIGN})}),
    Row("self-signed", "leaf.self_signed", {"self_signed": True}),
    Row(
        "self-signed ca",
        "leaf.self_signed",
        {"self_signed": True, "constraints": True, "key_usage": frozenset({SIGN, CERT_SIGN})},
    ),
]
ALGORITHMS = {"rsa": "PS256", "p384": "ES384", "p521": "ES512", "ed25519": "ED25519"}


def sdk_says(chain: bytes, key: bytes, algorithm: str, policy: TrustPolicy, picture: bytes) -> str:
    """Sign and read with the bare SDK: "refused", or the state that it reads back."""
    context = c2pa.Context.from_dict(safe_settings(policy))
    action = {"action": "c2pa.created", "digitalSourceType": "http://c2pa.org/digitalsourcetype/empty"}
    manifest = {
        "claim_generator_info": [{"name": "test"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    signed = io.BytesIO()
    try:
        signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(c2pa.C2paSigningAlg[algorithm], chain, key, None))
        with c2pa.Builder(manifest, context) as builder:
            builder.sign(signer, "image/jpeg", io.BytesIO(picture), signed)
    except c2pa.C2paError:
        return "refused"
    return str(c2pa.Reader("image/jpeg", signed, context=context).get_validation_state())


def told(diagnosis: Diagnosis) -> str:
    """Return the verdict of the rules alone, the trial left out, in the words of the SDK."""
    rules = [f for f in diagnosis.findings if not f.code.startswith("trial.")]
    if any(f.severity is Severity.REFUSED for f in rules):
        return "refused"
    return "Valid" if any(f.code == "trust.unanchored" for f in rules) else "Trusted"


def state_of(diagnosis: Diagnosis) -> str:
    states = {CredentialState.TRUSTED: "Trusted", CredentialState.VALID_UNTRUSTED: "Valid", None: "refused"}
    return states[diagnosis.state]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_doctor_and_the_sdk_agree(row: Row, pki: Any, picture: Path) -> None:
    issued = pki.leaf(**row.wishes)
    algorithm = next((a for k, a in ALGORITHMS.items() if row.wishes.get("key", "").startswith(k)), "ES256")
    key = None if row.name == "secp256k1" else issued.key_pem

    diagnosis = diagnose(issued.chain, key, policy=pki.policy)
    expected = sdk_says(issued.chain, issued.key_pem, algorithm, pki.policy, picture.read_bytes())

    assert told(diagnosis) == expected
    assert state_of(diagnosis) == expected
    assert diagnosis.refused == (expected == "refused")
    notable = {f.code for f in diagnosis.findings if f.severity is not Severity.OK} - {"trust.unanchored"}
    notable -= {"trial.refused", "trial.invalid"}
    assert notable == ({row.code} if row.code else set())
    assert all(f.remedy for f in diagnosis.findings if f.code in notable)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_without_the_key_the_certificate_alone_gets_the_same_verdict(row: Row, pki: Any) -> None:
    diagnosis = diagnose(pki.leaf(**row.wishes).chain, policy=pki.policy)
    trial = next(f for f in diagnosis.findings if f.code.startswith("trial."))
    assert (trial.severity is Severity.REFUSED) == (told(diagnosis) == "refused")


CHAINS = {
    "whole": ("", "leaf", "issuing"),
    "with the root": ("", "leaf", "issuing", "root"),
    "leaf twice": ("chain.broken", "leaf", "leaf", "issuing"),
    "leaf alone": ("chain.incomplete", "leaf"),
    "issuers in the wrong order": ("chain.broken", "leaf", "root", "issuing"),
    "stranger": ("chain.broken", "leaf", "stranger"),
    "issuer first": ("chain.order", "issuing", "leaf"),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains_in_and_out_of_order(name: str, pki: Any, picture: Path) -> None:
    code, *parts = CHAINS[name]
    issued = pki.leaf()
    stranger = pki.leaf(self_signed=True).certificates[0]
    members = {"leaf": issued.certificates[0], "issuing": pki.issuing, "root": pki.root, "stranger": stranger}
    chain = b"".join(members[part].public_bytes(Encoding.PEM) for part in parts)

    diagnosis = diagnose(chain, issued.key_pem, policy=pki.policy)

    assert told(diagnosis) == sdk_says(chain, issued.key_pem, "ES256", pki.policy, picture.read_bytes())
    assert not code or code in {f.code for f in diagnosis.findings if f.severity is not Severity.OK}


def test_an_anchor_may_be_the_issuing_ca_or_the_self_signed_certificate(pki: Any, picture: Path) -> None:
    issuing = TrustPolicy(lists=(TrustList(name="i", pem=pki.issuing.public_bytes(Encoding.PEM).decode()),))
    issued, alone = pki.leaf(), pki.leaf(self_signed=True)
    itself = TrustPolicy(lists=(TrustList(name="s", pem=alone.chain.decode()),))
    leaf_only = issued.certificates[0].public_bytes(Encoding.PEM)
    leaf_as_anchor = TrustPolicy(lists=(TrustList(name="l", pem=leaf_only.decode()),))
    for chain, key, policy, expected in (
        (issued.chain, issued.key_pem, issuing, "Trusted"),
        (leaf_only, issued.key_pem, issuing, "Trusted"),
        (alone.chain, alone.key_pem, itself, "Trusted"),
        (issued.chain, issued.key_pem, leaf_as_anchor, "Valid"),
        (issued.chain, issued.key_pem, TrustPolicy(), "Valid"),
    ):
        assert told(diagnose(chain, key, policy=policy)) == expected
        assert sdk_says(chain, key, "ES256", policy, picture.read_bytes()) == expected


def test_an_issuing_certificate_that_expired(stale_pki: Any, picture: Path) -> None:
    issued = stale_pki.leaf()
    diagnosis = diagnose(issued.chain, issued.key_pem, policy=stale_pki.policy)
    expected = sdk_says(issued.chain, issued.key_pem, "ES256", stale_pki.policy, picture.read_bytes())
    assert told(diagnosis) == state_of(diagnosis) == expected == "Valid"
    warnings = {f.code for f in diagnosis.findings if f.severity is Severity.WARNING}
    assert warnings == {"validity.issuer", "trust.unanchored"}


def test_a_key_of_another_certificate(pki: Any, picture: Path) -> None:
    mine, other = pki.leaf(), pki.leaf()
    diagnosis = diagnose(mine.chain, other.key_pem, policy=pki.policy)
    assert {f.code for f in diagnosis.findings if f.severity is Severity.REFUSED} == {
        "key.mismatch", "trial.invalid",
    }  # fmt: skip
    assert sdk_says(mine.chain, other.key_pem, "ES256", pki.policy, picture.read_bytes()) == "refused"


def test_old_key_forms_work_here_and_are_named(pki: Any, picture: Path) -> None:
    issued = pki.leaf()
    sec1 = issued.private(PrivateFormat.TraditionalOpenSSL)
    diagnosis = diagnose(issued.chain, sec1, policy=pki.policy)
    assert not diagnosis.refused
    assert "key.format" in {f.code for f in diagnosis.findings}
    assert sdk_says(issued.chain, sec1, "ES256", pki.policy, picture.read_bytes()) == "refused"


def test_a_key_that_others_may_read_and_one_among_the_certificates(pki: Any, tmp_path: Path) -> None:
    issued = pki.leaf()
    key, chain = tmp_path / "a.key", tmp_path / "chain.pem"
    key.write_bytes(issued.key_pem)
    key.chmod(0o644)
    chain.write_bytes(issued.chain + issued.key_pem)
    codes = {f.code for f in diagnose(chain, key, policy=pki.policy).findings}
    assert {"key.permissions", "chain.private_key"} <= codes

    key.chmod(0o600)
    chain.write_bytes(issued.chain)
    codes = {f.code for f in diagnose(chain, key, policy=pki.policy).findings}
    assert not {"key.permissions", "chain.private_key"} & codes


def test_files_that_cannot_be_read(pki: Any, tmp_path: Path) -> None:
    issued = pki.leaf()
    cases: list[tuple[Any, Any, str]] = [
        (tmp_path / "missing.pem", None, "No such file"),
        (b"nonsense", None, "not PEM"),
        (issued.certificates[0].public_bytes(Encoding.DER), None, "openssl"),
        (issued.key_pem, None, "private key and no certificate"),
        (issued.chain[:300], None, "cannot be read"),
        (issued.chain, issued.chain, "cannot be read"),
        (issued.chain, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cannot be read"),
        (b"-----BEGIN " + bytes(2 << 20), None, "larger"),
    ]
    for chain, key, words in cases:
        with pytest.raises(CertificateError, match=words):
            diagnose(chain, key, policy=pki.policy)


def test_the_command_explains_and_fails(pki: Any, tmp_path: Path) -> None:
    issued = pki.leaf(eku=(SERVER,), aki=False)
    (tmp_path / "chain.pem").write_bytes(issued.chain)
    (tmp_path / "a.key").write_bytes(issued.key_pem)
    arguments = [str(tmp_path / "chain.pem"), "--key", str(tmp_path / "a.key")]

    text = CliRunner().invoke(doctor, arguments, standalone_mode=False)
    assert text.return_value == 1
    assert "would be REFUSED" in text.output
    assert "REFUSED  eku.refused: The extended key usage (serverAuth)" in text.output
    assert "REFUSED  aki.missing" in text.output
    assert "-> " in text.output

    found = json.loads(CliRunner().invoke(doctor, [*arguments, "--json"], standalone_mode=False).output)
    assert found["refused"] is True
    assert {f["code"] for f in found["findings"] if f["severity"] == "refused"} == {
        "eku.refused", "aki.missing", "trial.refused",
    }  # fmt: skip


def test_the_command_is_content_with_a_good_one(pki: Any, tmp_path: Path, monkeypatch: Any) -> None:
    issued = pki.leaf()
    (tmp_path / "chain.pem").write_bytes(issued.chain)
    key = tmp_path / "a.key"
    key.write_bytes(issued.private(PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame")))
    key.chmod(0o600)
    (tmp_path / "root.pem").write_bytes(pki.root_pem)
    (tmp_path / "trust.toml").write_text('version = 1\n[[list]]\nname = "t"\nfiles = ["root.pem"]\n')
    monkeypatch.setenv("FORENSICS_KEY_PASSPHRASE", "open sesame")
    arguments = [str(tmp_path / "chain.pem"), "--key", str(key), "--trust", str(tmp_path / "trust.toml")]
    result = CliRunner().invoke(doctor, arguments, standalone_mode=False)
    assert result.return_value == 0
    assert "can sign" in result.output
    assert "reads back as trusted" in result.output
    assert "sesame" not in result.output
