"""Whatever goes wrong while signing leaves every file as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from forensics.errors import (
    CertificateError,
    CorruptMedia,
    EmptyFile,
    ForensicsError,
    ManifestError,
    NotAFile,
    SigningError,
    TruncatedMedia,
    UnsupportedMedia,
)
from forensics.provenance.manifest_json import Relationship
from forensics.provenance.manifests import captured, edited_by_model, made_by_model
from forensics.provenance.reading import read
from forensics.provenance.report import CredentialState
from forensics.provenance.signers import CallbackSigner, PemSigner
from forensics.provenance.signing import IngredientFile, sign
from forensics.provenance.trust import TrustPolicy

MODEL = made_by_model("test-model", "1")


def test_wrong_certificates_are_named(
    picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy, nothing_changes: Any
) -> None:
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


def test_a_purpose_that_the_policy_does_not_allow(
    picture: Path, tmp_path: Path, pki: Any, nothing_changes: Any
) -> None:
    issued = pki.leaf(eku=("1.2.3.4",))
    own = PemSigner(issued.chain, issued.key_pem)
    with nothing_changes(tmp_path), pytest.raises(CertificateError, match=r"1\.2\.3\.4"):
        sign(picture, tmp_path / "out.jpg", MODEL, own, policy=pki.policy)
    allowed = pki.policy.model_copy(update={"ekus": ("1.2.3.4",)})
    assert sign(picture, tmp_path / "out.jpg", MODEL, own, policy=allowed).state is CredentialState.TRUSTED


def test_sources_that_cannot_be_signed(
    tmp_path: Path, picture: Path, signer: PemSigner, policy: TrustPolicy, nothing_changes: Any
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
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, nothing_changes: Any
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
    picture: Path,
    tmp_path: Path,
    signer: PemSigner,
    policy: TrustPolicy,
    small_files: dict[str, Path],
    nothing_changes: Any,
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
    folder: str, picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, nothing_changes: Any
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
    target: str, sidecar: str, limit: int, picture: Path, tmp_path: Path, pki: Any, nothing_changes: Any
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
    picture: Path,
    tmp_path: Path,
    signer: PemSigner,
    policy: TrustPolicy,
    monkeypatch: pytest.MonkeyPatch,
    nothing_changes: Any,
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


def test_an_interrupt_leaves_nothing(
    picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy, nothing_changes: Any
) -> None:
    def interrupted(_: bytes) -> bytes:
        raise KeyboardInterrupt

    with nothing_changes(tmp_path), pytest.raises(KeyboardInterrupt):
        sign(
            picture, tmp_path / "out.jpg", MODEL, CallbackSigner(interrupted, "es256", pki.leaf().chain),
            policy=policy,
        )  # fmt: skip
