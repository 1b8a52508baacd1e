"""Keys in every form, callbacks to a KMS, and secrets that stay secret."""

from __future__ import annotations

import hashlib
import logging
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, PrivateFormat

from forensics.errors import (
    CertificateError,
    SigningError,
    VerificationFailed,
)
from forensics.provenance.keys import SigningAlgorithm
from forensics.provenance.manifests import made_by_model
from forensics.provenance.reading import read
from forensics.provenance.report import CredentialState
from forensics.provenance.signers import CallbackSigner, PemSigner
from forensics.provenance.signing import sign
from forensics.provenance.trust import TrustPolicy

MODEL = made_by_model("test-model", "1")


RAW_LENGTH = {"p256": 32, "p384": 48, "p521": 66}
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


@pytest.mark.parametrize("kind", ["p256", "p384", "p521"])
@pytest.mark.parametrize("form", ["der", "raw", "prehashed"])
def test_a_kms_may_answer_in_any_usual_form(
    kind: str, form: str, picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy
) -> None:
    issued = pki.leaf(key=kind)
    algorithm = {"p256": "es256", "p384": "es384", "p521": "es512"}[kind]
    digest = HASHES[algorithm[-3:]]

    def kms(data: bytes) -> bytes:
        if form == "prehashed":
            hasher = hashes.Hash(digest)
            hasher.update(data)
            return bytes(issued.key.sign(hasher.finalize(), ec.ECDSA(Prehashed(digest))))
        der = issued.key.sign(data, ec.ECDSA(digest))
        numbers = decode_dss_signature(der)
        return b"".join(n.to_bytes(RAW_LENGTH[kind]) for n in numbers) if form == "raw" else bytes(der)

    signer = CallbackSigner(kms, algorithm, issued.chain)
    result = sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=policy)
    assert result.state is CredentialState.TRUSTED


@pytest.mark.parametrize("algorithm", ["ps256", "ps384", "ps512"])
def test_rsa_by_key_and_by_callback(
    algorithm: str, picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy
) -> None:
    issued = pki.leaf(key="rsa2048")
    digest = HASHES[algorithm[-3:]]

    def kms(data: bytes) -> bytes:
        scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)
        return bytes(issued.key.sign(data, scheme, digest))

    for number, signer in enumerate(
        (
            PemSigner(issued.chain, issued.key_pem, algorithm=algorithm),
            CallbackSigner(kms, algorithm, issued.chain),
        )
    ):
        result = sign(picture, tmp_path / f"{number}.jpg", MODEL, signer, policy=policy)
        assert result.state is CredentialState.TRUSTED
        active = read(result.path, policy).signer
        assert active is not None
        assert active.algorithm.lower() == algorithm


def test_what_a_callback_raises_reaches_the_caller(
    picture: Path,
    tmp_path: Path,
    pki: Any,
    policy: TrustPolicy,
    caplog: pytest.LogCaptureFixture,
    nothing_changes: Any,
) -> None:
    class KmsThrottled(Exception):
        pass

    def kms(_: bytes) -> bytes:
        raise KmsThrottled("slow down, token hunter2")

    caplog.set_level(logging.DEBUG)
    with nothing_changes(tmp_path), pytest.raises(SigningError, match="KmsThrottled: slow down") as caught:
        sign(
            picture,
            tmp_path / "out.jpg",
            MODEL,
            CallbackSigner(kms, "es256", pki.leaf().chain),
            policy=policy,
        )
    assert isinstance(caught.value.__cause__, KmsThrottled)
    assert "hunter2" not in caplog.text


def wrong_answers(other: Any, right: Any) -> dict[str, Any]:
    """Return callbacks that answer wrongly, by what is wrong."""
    scheme = ec.ECDSA(hashes.SHA256())
    return {
        "another key": lambda data: other.key.sign(data, scheme),
        "another digest": lambda data: right.key.sign(data, ec.ECDSA(hashes.SHA384())),
        "signed twice hashed": lambda data: right.key.sign(hashlib.sha256(data).digest(), scheme),
        "zeros": lambda _: bytes(64),
        "short": lambda _: b"x",
        "nothing": lambda _: b"",
        "cut": lambda data: right.key.sign(data, scheme)[:-1],
    }


@pytest.mark.parametrize(
    "name", ["another key", "another digest", "signed twice hashed", "zeros", "short", "nothing", "cut"]
)
def test_wrong_signatures_are_caught(
    name: str, picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy, nothing_changes: Any
) -> None:
    issued = pki.leaf()
    callback = wrong_answers(pki.leaf(), issued)[name]
    with nothing_changes(tmp_path), pytest.raises(VerificationFailed, match="does not fit"):
        sign(
            picture,
            tmp_path / "out.jpg",
            MODEL,
            CallbackSigner(callback, "es256", issued.chain),
            policy=policy,
        )


def test_a_callback_must_return_bytes(
    picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy, nothing_changes: Any
) -> None:
    signer = CallbackSigner(lambda _: "text", "es256", pki.leaf().chain)  # type: ignore[arg-type,return-value]
    with nothing_changes(tmp_path), pytest.raises(SigningError, match="returned str"):
        sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=policy)


def test_reading_back_catches_what_the_check_of_signatures_lets_through(
    picture: Path,
    tmp_path: Path,
    pki: Any,
    policy: TrustPolicy,
    monkeypatch: pytest.MonkeyPatch,
    nothing_changes: Any,
) -> None:
    monkeypatch.setattr("forensics.provenance.signers.signature_matches", lambda *_: True)
    signer = CallbackSigner(lambda _: bytes(64), "es256", pki.leaf().chain)
    with nothing_changes(tmp_path), pytest.raises(VerificationFailed, match=r"claimSignature\.mismatch"):
        sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=policy)


def test_keys_in_every_usual_form(picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy) -> None:
    issued, rsa = pki.leaf(), pki.leaf(key="rsa2048")
    locked = BestAvailableEncryption(b"open sesame")
    cases = [
        (issued, issued.private(PrivateFormat.TraditionalOpenSSL), None),
        (issued, issued.key_pem.replace(b"\n", b"\r\n"), None),
        (issued, issued.private(PrivateFormat.PKCS8, locked), "open sesame"),
        (issued, issued.private(PrivateFormat.TraditionalOpenSSL, locked), b"open sesame"),
        (issued, issued.key_pem, "not needed"),
        (rsa, rsa.private(PrivateFormat.TraditionalOpenSSL), None),
    ]
    for number, (who, key, password) in enumerate(cases):
        (tmp_path / "chain.pem").write_bytes(who.chain)
        (tmp_path / "a.key").write_bytes(key)
        signer = PemSigner(tmp_path / "chain.pem", str(tmp_path / "a.key"), password)
        result = sign(picture, tmp_path / f"{number}.jpg", MODEL, signer, policy=policy)
        assert result.state is CredentialState.TRUSTED


def test_secrets_stay_secret(pki: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    issued = pki.leaf()
    locked = issued.private(PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame"))
    signer = PemSigner(issued.chain, locked, "open sesame")
    body = issued.key_pem.splitlines()[1].decode()
    shown = [repr(signer), str(signer), repr(signer.credential(pki.policy)), repr(vars(signer))]
    for password in (None, "wrong sesame"):
        with pytest.raises(CertificateError) as caught:
            PemSigner(issued.chain, locked, password)
        shown += [
            repr(caught.value),
            str(caught.value),
            repr(caught.value.__cause__),
            repr(vars(caught.value)),
        ]
    with pytest.raises(CertificateError) as broken:
        PemSigner(issued.chain, issued.key_pem.replace(b"M", b"!", 1))
    shown += [str(broken.value), repr(broken.value.__cause__), caplog.text]
    assert not [text for text in shown if "sesame" in text or body[:20] in text or "PRIVATE KEY" in text]
    assert "es256" in repr(signer)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(signer)


def test_kinds_of_keys_that_c2pa_does_not_allow(pki: Any) -> None:
    odd = pki.leaf(key="secp256k1")
    good = pki.leaf()
    with pytest.raises(CertificateError, match="secp256k1"):
        PemSigner(good.chain, odd.key_pem)
    with pytest.raises(CertificateError, match="secp256k1"):
        PemSigner(odd.chain, odd.key_pem)
    with pytest.raises(CertificateError, match="unknown signing algorithm"):
        CallbackSigner(bytes, "rs256", good.chain)
    with pytest.raises(CertificateError, match="No such file"):
        PemSigner("/nonexistent.pem", good.key_pem)
    assert CallbackSigner(bytes, "es256", good.chain).algorithm is SigningAlgorithm.ES256


def test_many_threads_may_share_a_signer(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy
) -> None:
    states: list[CredentialState] = []

    def work(number: int) -> None:
        for turn in range(5):
            result = sign(picture, tmp_path / f"{number}-{turn}.jpg", MODEL, signer, policy=policy)
            states.append(result.state)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == [CredentialState.TRUSTED] * 20
