"""Signing: what is written is right, and nothing is replaced that nobody asked to replace."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from forensics.errors import (
    UsageError,
)
from forensics.provenance.formats import ingredient_type
from forensics.provenance.manifest_json import Relationship
from forensics.provenance.manifests import Assertion, SoftBinding, captured, edited_by_model, made_by_model
from forensics.provenance.reading import read
from forensics.provenance.report import AiSignalKind, Chain, CredentialState
from forensics.provenance.signers import PemSigner
from forensics.provenance.signing import IngredientFile, sign
from forensics.provenance.trust import TrustPolicy

MODEL = made_by_model("test-model", "1")


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
        ("c2pa.created", "sd 2", True), ("c2pa.watermarked.bound", "", True),
    ]  # fmt: skip
    assert {"c2pa.soft-binding", "org.example.run"} <= set(active.assertions)
    assert active.signer is not None
    assert active.signer.subject == "Test signer"


@pytest.mark.parametrize("sidecar", [False, True])
def test_names_that_are_not_utf8(
    picture: Path, signer: PemSigner, policy: TrustPolicy, sidecar: bool
) -> None:
    before = Path(os.fsdecode(os.fsencode(picture.parent) + b"/caf\xe9.jpg"))
    after = Path(os.fsdecode(os.fsencode(picture.parent) + b"/na\xefve.jpg"))
    picture.rename(before)
    result = sign(
        before, after, edited_by_model("m"), signer, ingredients=[before], policy=policy, sidecar=sidecar
    )
    assert result.path == after
    assert json.loads(result.model_dump_json())["path"].endswith("na\\xefve.jpg")
    report = read(after, policy)
    assert (report.state, report.sidecar) == (CredentialState.TRUSTED, "na\\xefve.c2pa" if sidecar else "")
    assert report.manifests[0].title == "na\\xefve.jpg"
    assert {i.title for i in report.manifests[0].ingredients} == {"caf\\xe9.jpg"}


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
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, nothing_changes: Any
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


def test_nothing_is_replaced_unasked(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, nothing_changes: Any
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
    picture: Path,
    tmp_path: Path,
    signer: PemSigner,
    policy: TrustPolicy,
    small_files: dict[str, Path],
    nothing_changes: Any,
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
