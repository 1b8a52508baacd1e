"""Signing: what is written is right, and whatever fails leaves everything as it was."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, PrivateFormat
from PIL import Image

from forensics.errors import (
    CertificateError,
    CorruptMedia,
    EmptyFile,
    ForensicsError,
    ManifestError,
    NotAFile,
    SigningError,
    TimestampError,
    TruncatedMedia,
    UnsupportedMedia,
    UsageError,
    VerificationFailed,
)
from forensics.provenance.formats import ingredient_type
from forensics.provenance.keys import SigningAlgorithm
from forensics.provenance.manifest_json import Relationship
from forensics.provenance.manifests import Assertion, SoftBinding, captured, edited_by_model, made_by_model
from forensics.provenance.reading import read
from forensics.provenance.report import AiSignalKind, Chain, CredentialState
from forensics.provenance.signers import CallbackSigner, PemSigner
from forensics.provenance.signing import IngredientFile, TimestampPolicy, sign
from forensics.provenance.trust import ListKind, TrustList, TrustPolicy

MODEL = made_by_model("test-model", "1")


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def listing(folder: Path) -> dict[str, str]:
    """Return every file below a folder with its hash."""
    return {str(p.relative_to(folder)): sha(p) for p in sorted(folder.rglob("*")) if p.is_file()}


@contextmanager
def nothing_changes(folder: Path) -> Iterator[None]:
    """Check that no file below a folder is changed, added or removed."""
    before = listing(folder)
    yield
    assert listing(folder) == before


@pytest.fixture
def signer(pki: Any) -> PemSigner:
    issued = pki.leaf()
    return PemSigner(issued.chain, issued.key_pem)


@pytest.fixture
def policy(pki: Any) -> TrustPolicy:
    trusted: TrustPolicy = pki.policy
    return trusted


# --- what is written -------------------------------------------------------------------------------------


def test_a_signed_file_says_what_was_claimed(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy
) -> None:
    manifest = made_by_model(
        "sd", "2",
        title="Sunset",
        soft_bindings=(SoftBinding(alg="com.adobe.trustmark.P", value="2*1010"),),
        assertions=(Assertion(label="org.example.run", data={"id": 7}),),
    )  # fmt: skip
    before = sha(picture)
    result = sign(picture, tmp_path / "out.jpg", manifest, signer, policy=policy)

    assert sha(picture) == before
    assert result.path == tmp_path / "out.jpg"
    assert (result.state, result.chain) == (CredentialState.TRUSTED, Chain.SINGLE)
    assert (result.sidecar, result.timestamped, result.timestamp_problem) == (None, False, "")
    assert result.path.stat().st_size == pytest.approx(
        picture.stat().st_size + result.manifest_bytes, abs=100
    )
    report = read(result.path, policy)
    (active,) = report.manifests
    assert report.ai_signal.kind is AiSignalKind.FULLY
    assert active.title == "Sunset"
    assert [(a.name, a.software, a.created) for a in active.actions] == [
        ("c2pa.created", "sd 2", True), ("c2pa.watermarked", "", True),
    ]  # fmt: skip
    assert {"c2pa.soft-binding", "org.example.run"} <= set(active.assertions)
    assert active.signer is not None
    assert active.signer.subject == "Test signer"


def test_an_edit_chain_keeps_its_history(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, small_files: dict[str, Path]
) -> None:
    first = sign(picture, tmp_path / "1.jpg", captured("cam"), signer, policy=policy)
    edited = sign(first.path, tmp_path / "2.jpg", edited_by_model("m"), signer, policy=policy)
    other = sign(
        small_files["a.png"],
        tmp_path / "3.png",
        edited_by_model("m"),
        signer,
        parent=edited.path,
        ingredients=[
            small_files["a.webp"],
            IngredientFile(small_files["a.gif"], Relationship.INPUT, title="mask"),
        ],
        policy=policy,
    )
    report = read(other.path, policy)
    assert [first.chain, edited.chain, other.chain] == [Chain.SINGLE, Chain.INTACT, Chain.INTACT]
    assert len(report.manifests) == 3
    active = next(m for m in report.manifests if m.active)
    assert [(i.title, i.relationship) for i in active.ingredients] == [
        ("2.jpg", "parentOf"), ("a.webp", "componentOf"), ("mask", "inputTo"),
    ]  # fmt: skip
    assert [a.name for a in active.actions] == ["c2pa.opened", "c2pa.edited", "c2pa.placed"]
    assert active.ingredients[0].manifest
    assert report.ai_signal.kind is AiSignalKind.PARTLY


def test_an_ingredient_may_be_anything(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy
) -> None:
    (tmp_path / "prompt.txt").write_text("a red fox")
    (tmp_path / "lying.jpg").write_text("no picture at all")
    (tmp_path / "bitmap").write_bytes(b"BM" + bytes(12) + b"\x28" + bytes(60))
    given = [IngredientFile(tmp_path / n, Relationship.INPUT) for n in ("prompt.txt", "lying.jpg", "bitmap")]
    result = sign(picture, tmp_path / "out.jpg", MODEL, signer, ingredients=given, policy=policy)
    (active,) = read(result.path, policy).manifests
    assert [i.title for i in active.ingredients] == ["prompt.txt", "lying.jpg", "bitmap"]
    assert [ingredient_type(i.path) for i in given] == ["text/plain", "application/octet-stream", "image/bmp"]


def test_a_sidecar_leaves_the_file_as_it_is(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy
) -> None:
    copied = sign(picture, tmp_path / "copy.jpg", MODEL, signer, sidecar=True, policy=policy)
    assert copied.sidecar == tmp_path / "copy.c2pa"
    assert sha(tmp_path / "copy.jpg") == sha(picture)
    assert copied.sidecar.stat().st_size == copied.manifest_bytes

    before = (sha(picture), picture.stat().st_ino)
    beside = sign(picture, picture, MODEL, signer, sidecar=True, policy=policy)
    assert (sha(picture), picture.stat().st_ino) == before
    assert beside.sidecar is not None
    assert read(picture, policy, sidecar=beside.sidecar).state is CredentialState.TRUSTED
    with nothing_changes(tmp_path), pytest.raises(UsageError, match=r"picture\.c2pa exists"):
        sign(picture, picture, MODEL, signer, sidecar=True, policy=policy, discard_credentials=True)


def test_a_remote_address_alone_or_beside_the_manifest(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy
) -> None:
    url = "https://example.org/m.c2pa"
    both = sign(picture, tmp_path / "both.jpg", MODEL, signer, remote_url=url, policy=policy)
    assert read(both.path, policy).state is CredentialState.TRUSTED
    assert f'provenance="{url}"'.encode() in both.path.read_bytes()

    far = sign(picture, tmp_path / "far.jpg", MODEL, signer, remote_url=url, sidecar=True, policy=policy)
    assert sha(far.path) != sha(picture)
    assert far.sidecar is not None
    assert read(far.path, policy, sidecar=far.sidecar).state is CredentialState.TRUSTED
    far.sidecar.unlink()
    alone = read(far.path, policy)
    assert (alone.state, alone.remote_url) == (CredentialState.REMOTE_DECLARED, url)


def test_an_untrusted_signer_is_still_a_valid_one(picture: Path, tmp_path: Path, signer: PemSigner) -> None:
    result = sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=TrustPolicy())
    assert result.state is CredentialState.VALID_UNTRUSTED


def test_a_tampered_parent_is_signed_over_but_not_hidden(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, caplog: pytest.LogCaptureFixture
) -> None:
    parent = sign(picture, tmp_path / "parent.jpg", captured(), signer, policy=policy).path
    content = bytearray(parent.read_bytes())
    content[-40] ^= 1
    parent.write_bytes(content)
    result = sign(parent, tmp_path / "child.jpg", edited_by_model("m"), signer, policy=policy)
    assert result.chain is Chain.BROKEN
    assert "an ingredient does not verify" in caplog.text


# --- places ----------------------------------------------------------------------------------------------


def test_nothing_is_replaced_unasked(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy
) -> None:
    other = tmp_path / "other.jpg"
    other.write_bytes(b"precious")
    (tmp_path / "folder").mkdir()
    with nothing_changes(tmp_path):
        with pytest.raises(UsageError, match="overwrite"):
            sign(picture, other, MODEL, signer, policy=policy)
        with pytest.raises(UsageError, match="folder"):
            sign(picture, tmp_path / "folder", MODEL, signer, policy=policy, overwrite=True)
    sign(picture, other, MODEL, signer, policy=policy, overwrite=True)
    assert read(other, policy).state is CredentialState.TRUSTED


def test_the_destination_is_never_an_ingredient(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, small_files: dict[str, Path]
) -> None:
    part = small_files["a.png"]
    with nothing_changes(tmp_path), pytest.raises(UsageError, match="ingredient"):
        sign(picture, part, MODEL, signer, ingredients=[part], policy=policy, overwrite=True)
    with nothing_changes(tmp_path), pytest.raises(UsageError, match="ingredient"):
        sign(picture, part, edited_by_model("m"), signer, parent=part, policy=policy, overwrite=True)


def test_the_written_file_keeps_the_usual_modes(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy
) -> None:
    (tmp_path / "probe").touch()
    usual = stat.S_IMODE((tmp_path / "probe").stat().st_mode)
    result = sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=policy)
    assert stat.S_IMODE(result.path.stat().st_mode) == usual
    picture.chmod(0o640)
    sign(picture, picture, MODEL, signer, policy=policy, in_place=True)
    assert stat.S_IMODE(picture.stat().st_mode) == 0o640


def test_a_name_without_suffix_and_a_very_long_one(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy
) -> None:
    for name in ("noending", "x" * 240 + ".jpg", "Grüße 日本.jpg", "-rf"):
        assert sign(picture, tmp_path / name, MODEL, signer, policy=policy).state is CredentialState.TRUSTED


# --- what may go wrong -----------------------------------------------------------------------------------


def test_wrong_certificates_are_named(picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy) -> None:
    good, other, late = pki.leaf(), pki.leaf(), pki.leaf(start=-10, end=-1)
    reversed_ = (
        good.chain[good.chain.index(b"-----BEGIN", 5) :] + good.chain[: good.chain.index(b"-----BEGIN", 5)]
    )
    cases = {
        "key.mismatch": PemSigner(good.chain, other.key_pem),
        "validity.expired": PemSigner(late.chain, late.key_pem),
        "chain.order": PemSigner(reversed_, good.key_pem),
        "key.algorithm": PemSigner(good.chain, good.key_pem, algorithm="es384"),
    }
    with nothing_changes(tmp_path):
        for code, wrong in cases.items():
            with pytest.raises(CertificateError) as caught:
                sign(picture, tmp_path / "out.jpg", MODEL, wrong, policy=policy)
            assert code in str(caught.value.actual)


def test_a_purpose_that_the_policy_does_not_allow(picture: Path, tmp_path: Path, pki: Any) -> None:
    issued = pki.leaf(eku=("1.2.3.4",))
    own = PemSigner(issued.chain, issued.key_pem)
    with nothing_changes(tmp_path), pytest.raises(CertificateError, match=r"1\.2\.3\.4"):
        sign(picture, tmp_path / "out.jpg", MODEL, own, policy=pki.policy)
    allowed = pki.policy.model_copy(update={"ekus": ("1.2.3.4",)})
    assert sign(picture, tmp_path / "out.jpg", MODEL, own, policy=allowed).state is CredentialState.TRUSTED


def test_sources_that_cannot_be_signed(
    tmp_path: Path, picture: Path, signer: PemSigner, policy: TrustPolicy
) -> None:
    whole = picture.read_bytes()
    bad: dict[str, tuple[bytes, type[ForensicsError]]] = {
        "empty.jpg": (b"", EmptyFile),
        "text.jpg": (b"hello, world", UnsupportedMedia),
        "bitmap.jpg": (b"BM" + bytes(12) + b"\x28" + bytes(60), UnsupportedMedia),
        "clip.mkv": (b"\x1a\x45\xdf\xa3" + bytes(60), UnsupportedMedia),
        "naked.jxl": (b"\xff\x0a" + bytes(60), UnsupportedMedia),
        "half.jpg": (whole[: len(whole) // 2], TruncatedMedia),
        "nearly.jpg": (whole[:-2], TruncatedMedia),
        "head.jpg": (whole[:30], TruncatedMedia),
        "garbage.png": (b"\x89PNG\r\n\x1a\n" + bytes(50), CorruptMedia),
    }
    for name, (content, _) in bad.items():
        (tmp_path / name).write_bytes(content)
    os.mkfifo(tmp_path / "pipe.jpg")
    with nothing_changes(tmp_path):
        for name, (_, kind) in bad.items():
            with pytest.raises(kind):
                sign(tmp_path / name, tmp_path / "out", MODEL, signer, policy=policy)
            if kind in (EmptyFile, TruncatedMedia):
                with pytest.raises(kind):
                    sign(
                        picture, tmp_path / "out", MODEL, signer, ingredients=[tmp_path / name], policy=policy
                    )
        for name in ("missing.jpg", "pipe.jpg", "."):
            with pytest.raises(NotAFile):
                sign(tmp_path / name, tmp_path / "out", MODEL, signer, policy=policy)


def test_credentials_are_not_dropped_unasked(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy
) -> None:
    signed = sign(picture, tmp_path / "1.jpg", captured(), signer, policy=policy).path
    with nothing_changes(tmp_path):
        with pytest.raises(ManifestError, match="discard_credentials"):
            sign(signed, tmp_path / "2.jpg", MODEL, signer, policy=policy)
        with pytest.raises(ManifestError, match="discard_credentials"):
            sign(signed, tmp_path / "2.jpg", edited_by_model("m"), signer, parent=picture, policy=policy)
    again = sign(signed, tmp_path / "2.jpg", MODEL, signer, policy=policy, discard_credentials=True)
    assert len(read(again.path, policy).manifests) == 1


def test_manifest_and_ingredients_must_fit(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, small_files: dict[str, Path]
) -> None:
    part = small_files["a.png"]
    wrong = IngredientFile(part, Relationship.PARENT)
    with nothing_changes(tmp_path):
        with pytest.raises(ManifestError, match="no parent"):
            sign(picture, tmp_path / "out.jpg", MODEL, signer, parent=part, policy=policy)
        with pytest.raises(ManifestError, match="given as `parent`"):
            sign(picture, tmp_path / "out.jpg", MODEL, signer, ingredients=[wrong], policy=policy)


@pytest.mark.parametrize("folder", ["missing", "/proc/self"])
def test_folders_that_cannot_be_written(
    folder: str, picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy
) -> None:
    with nothing_changes(tmp_path), pytest.raises(SigningError, match="cannot write in"):
        sign(picture, tmp_path / folder / "out.jpg", MODEL, signer, policy=policy)


FULL_DISK = """
import resource, sys
from pathlib import Path
from forensics.errors import SigningError
from forensics.provenance import manifests, signers, signing, trust
folder = Path(sys.argv[1])
signer = signers.PemSigner(folder / "chain.pem", folder / "key.pem")
source, target, sidecar = folder / "picture.jpg", folder / sys.argv[2], sys.argv[3] == "sidecar"
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), resource.RLIM_INFINITY))
try:
    signing.sign(source, target, manifests.made_by_model("m"), signer, policy=trust.TrustPolicy(),
                 in_place=True, sidecar=sidecar)
except SigningError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("target", "sidecar", "limit"),
    [
        ("out.jpg", "", 0),
        ("out.jpg", "", 700),
        ("out.jpg", "", 20_000),
        ("picture.jpg", "", 2500),
        ("picture.jpg", "sidecar", 2500),
    ],
)
def test_a_full_disk_leaves_everything_as_it_was(
    target: str, sidecar: str, limit: int, picture: Path, tmp_path: Path, pki: Any
) -> None:
    issued = pki.leaf()
    (tmp_path / "chain.pem").write_bytes(issued.chain)
    (tmp_path / "key.pem").write_bytes(issued.key_pem)
    if limit > 2500:  # beyond the buffer of the file, so that writing fails and not flushing
        Image.effect_noise((300, 300), 80).save(picture)
    assert limit < picture.stat().st_size + 3000
    with nothing_changes(tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", FULL_DISK, tmp_path, target, sidecar, str(limit)],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
    assert done.stdout.startswith("SigningError cannot write the signed file: File too large"), done.stderr


def test_a_failing_move_leaves_everything_as_it_was(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves: list[object] = []
    real = os.replace

    def second_fails(source: Path, target: Path) -> None:
        moves.append(target)
        if len(moves) == 2:
            raise OSError(5, "Input/output error")
        real(source, target)

    monkeypatch.setattr("forensics.provenance.signing.os.replace", second_fails)
    with nothing_changes(tmp_path), pytest.raises(SigningError, match="Input/output error"):
        sign(picture, tmp_path / "out.jpg", MODEL, signer, sidecar=True, policy=policy)
    assert len(moves) == 2


def test_an_interrupt_leaves_nothing(picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy) -> None:
    def interrupted(_: bytes) -> bytes:
        raise KeyboardInterrupt

    with nothing_changes(tmp_path), pytest.raises(KeyboardInterrupt):
        sign(
            picture, tmp_path / "out.jpg", MODEL, CallbackSigner(interrupted, "es256", pki.leaf().chain),
            policy=policy,
        )  # fmt: skip


# --- signers ---------------------------------------------------------------------------------------------

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
    picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy, caplog: pytest.LogCaptureFixture
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
    name: str, picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy
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


def test_a_callback_must_return_bytes(picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy) -> None:
    signer = CallbackSigner(lambda _: "text", "es256", pki.leaf().chain)  # type: ignore[arg-type,return-value]
    with nothing_changes(tmp_path), pytest.raises(SigningError, match="returned str"):
        sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=policy)


def test_reading_back_catches_what_the_check_of_signatures_lets_through(
    picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy, monkeypatch: pytest.MonkeyPatch
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


# --- time stamps -----------------------------------------------------------------------------------------


def test_a_time_stamp_is_got_and_vouched_for(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, tsa: Any
) -> None:
    anchors = TrustList(name="tsa", kind=ListKind.TSA, pem=tsa.root_pem.decode())
    both = policy.model_copy(update={"lists": (*policy.lists, anchors)})
    served = len(tsa.served)
    result = sign(
        picture, tmp_path / "out.jpg", MODEL, signer, policy=both, timestamp=TimestampPolicy(tsa.url)
    )
    assert (result.timestamped, result.timestamp_problem) == (True, "")
    assert len(tsa.served) == served + 1
    signed = read(result.path, both).signed_time
    assert signed is not None
    assert signed.trusted


def test_nobody_is_asked_for_a_time_unasked(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, tsa: Any
) -> None:
    served = len(tsa.served)
    assert not sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=policy).timestamped
    assert len(tsa.served) == served


@pytest.mark.parametrize("kind", ["stale", "forged"])
def test_a_time_stamp_of_something_else_or_by_nobody_is_none(
    kind: str, picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, tsa: Any
) -> None:
    sign(picture, tmp_path / "1.jpg", MODEL, signer, policy=policy, timestamp=TimestampPolicy(tsa.url))
    wrong = tsa.url + kind
    with nothing_changes(tmp_path), pytest.raises(TimestampError):
        sign(picture, tmp_path / "2.jpg", MODEL, signer, policy=policy, timestamp=TimestampPolicy(wrong))
    result = sign(
        picture, tmp_path / "2.jpg", MODEL, signer, policy=policy,
        timestamp=TimestampPolicy(wrong, required=False),
    )  # fmt: skip
    assert not result.timestamped
    assert result.timestamp_problem
    assert result.state is CredentialState.TRUSTED


@pytest.mark.parametrize("url", ["ftp://x/", "x", "", "http://a b/", "http://a\n/"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(UsageError):
        TimestampPolicy(url)


def test_another_fault_is_not_blamed_on_the_authority(
    picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy, closed_port: int
) -> None:
    def kms(_: bytes) -> bytes:
        raise RuntimeError("no access")

    signer = CallbackSigner(kms, "es256", pki.leaf().chain)
    timestamp = TimestampPolicy(f"http://127.0.0.1:{closed_port}/")
    with nothing_changes(tmp_path), pytest.raises(SigningError, match="no access") as caught:
        sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=policy, timestamp=timestamp)
    assert not isinstance(caught.value, TimestampError)
