"""The traps of c2pa-python on the signing side, one by one: what the SDK does, and what we make of it.

Each test first shows the trap in the bare SDK, so that a version without it is noticed and the
workaround can go.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import c2pa
import pytest
from PIL import Image

from forensics.errors import (
    CertificateError,
    TimestampError,
    UsageError,
    VerificationFailed,
)
from forensics.provenance import _sdk_sign
from forensics.provenance._sdk import make_context, safe_settings
from forensics.provenance.manifests import Assertion, SoftBinding, edited_by_model, made_by_model
from forensics.provenance.reading import read
from forensics.provenance.report import CredentialState
from forensics.provenance.signers import CallbackSigner, PemSigner
from forensics.provenance.signing import TimestampPolicy, sign

MODEL = made_by_model("test-model", "1")
BARE = {
    "claim_generator_info": [{"name": "bare"}],
    "assertions": [
        {
            "label": "c2pa.actions",
            "data": {
                "actions": [
                    {"action": "c2pa.created", "digitalSourceType": "http://c2pa.org/digitalsourcetype/empty"}
                ]
            },
        }
    ],
}


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def issued(pki: Any) -> Any:
    return pki.leaf()


@pytest.fixture
def signer(issued: Any) -> PemSigner:
    return PemSigner(issued.chain, issued.key_pem)


def bare_signer(issued: Any) -> c2pa.Signer:
    info = c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, issued.chain, issued.key_pem, None)
    return c2pa.Signer.from_info(info)


def bare_sign(issued: Any, context: c2pa.Context, source: bytes, mime: str = "image/jpeg") -> bytes:
    """Sign with nothing but the SDK."""
    signed = io.BytesIO()
    with c2pa.Builder(BARE, context) as builder:
        builder.sign(bare_signer(issued), mime, io.BytesIO(source), signed)
    return signed.getvalue()


def claim_of(path: Path, policy: Any) -> dict[str, Any]:
    """Return the claim as the SDK wrote it."""
    with path.open("rb") as stream, c2pa.Reader("image/jpeg", stream, context=make_context(policy)) as reader:
        claim: dict[str, Any] = json.loads(reader.crjson())["manifests"][0]["claim.v2"]
    return claim


def labels(references: list[dict[str, Any]]) -> set[str]:
    return {reference["url"].split("/")[-1].split(".v")[0] for reference in references}


class TestP2InPlace:
    """The SDK empties a file that is source and destination at once."""

    def test_trap(self, issued: Any, picture: Path, pki: Any) -> None:
        with suppress(c2pa.C2paError), c2pa.Builder(BARE, make_context(pki.policy)) as builder:
            builder.sign_file(str(picture), str(picture), bare_signer(issued))
        assert picture.stat().st_size == 0

    @pytest.mark.parametrize("alias", ["itself", "relative", "symbolic", "hard"])
    def test_refused_unless_asked(
        self, alias: str, picture: Path, tmp_path: Path, signer: PemSigner, pki: Any, monkeypatch: Any
    ) -> None:
        monkeypatch.chdir(tmp_path)
        link = tmp_path / "link.jpg"
        if alias == "symbolic":
            link.symlink_to(picture)
        elif alias == "hard":
            os.link(picture, link)
        target = {"itself": picture, "relative": Path("../") / tmp_path.name / picture.name}.get(alias, link)
        before = sha(picture)
        for overwrite in (False, True):
            with pytest.raises(UsageError, match="in_place"):
                sign(picture, target, MODEL, signer, policy=pki.policy, overwrite=overwrite)
            with pytest.raises(UsageError, match="in_place"):
                sign(target, picture, MODEL, signer, policy=pki.policy, overwrite=overwrite)
        assert sha(picture) == before

    def test_safe_when_asked(self, picture: Path, tmp_path: Path, signer: PemSigner, pki: Any) -> None:
        link = tmp_path / "link.jpg"
        link.symlink_to(picture)
        result = sign(link, link, MODEL, signer, policy=pki.policy, in_place=True)
        assert result.state is CredentialState.TRUSTED
        assert link.is_symlink()
        assert result.path == picture
        assert read(picture, pki.policy).state is CredentialState.TRUSTED
        assert sorted(p.name for p in tmp_path.iterdir()) == ["link.jpg", "picture.jpg"]

    def test_the_other_name_of_a_hard_link_keeps_its_content(
        self, picture: Path, tmp_path: Path, signer: PemSigner, pki: Any
    ) -> None:
        other, before = tmp_path / "other.jpg", sha(picture)
        os.link(picture, other)
        sign(picture, picture, MODEL, signer, policy=pki.policy, in_place=True)
        assert sha(other) == before
        assert read(picture, pki.policy).state is CredentialState.TRUSTED

    def test_a_failure_in_place_keeps_the_file(self, picture: Path, issued: Any, pki: Any) -> None:
        before = sha(picture)
        wrong = CallbackSigner(lambda _: bytes(64), "es256", issued.chain)
        with pytest.raises(VerificationFailed):
            sign(picture, picture, MODEL, wrong, policy=pki.policy, in_place=True)
        assert sha(picture) == before
        assert list(picture.parent.iterdir()) == [picture]


class TestP3PartialOutput:
    """A signature that fails its verification leaves a whole file with an invalid manifest behind."""

    def test_trap(self, picture: Path, tmp_path: Path, pki: Any) -> None:
        issued, target = pki.leaf(eku=("1.3.6.1.5.5.7.3.36",)), tmp_path / "out.jpg"
        settings = safe_settings(pki.policy)
        del settings["trust"]["trust_config"]
        with (
            picture.open("rb") as source,
            target.open("w+b") as output,
            c2pa.Builder(BARE, c2pa.Context.from_dict(settings)) as builder,
            pytest.raises(c2pa.C2paError),
        ):
            builder.sign(bare_signer(issued), "image/jpeg", source, output)
        assert target.stat().st_size > picture.stat().st_size

    def test_nothing_is_left(
        self, picture: Path, tmp_path: Path, signer: PemSigner, pki: Any, monkeypatch: Any
    ) -> None:
        real = _sdk_sign.embed

        def spoiled(job: Any, source: Any, destination: Any, *rest: Any) -> bytes:
            manifest = real(job, source, destination, *rest)
            destination.seek(-40, os.SEEK_END)
            byte = destination.read(1)[0]
            destination.seek(-1, os.SEEK_CUR)
            destination.write(bytes([byte ^ 1]))
            return manifest

        monkeypatch.setattr("forensics.provenance.signing.embed", spoiled)
        (tmp_path / "old.jpg").write_bytes(b"old")
        before = {p.name: sha(p) for p in tmp_path.iterdir()}
        for target in ("new.jpg", "old.jpg", "picture.jpg"):
            with pytest.raises(VerificationFailed, match=r"assertion\.dataHash\.mismatch"):
                sign(
                    picture, tmp_path / target, MODEL, signer,
                    policy=pki.policy, overwrite=True, in_place=True,
                )  # fmt: skip
        assert {p.name: sha(p) for p in tmp_path.iterdir()} == before


class TestP4GatheredAssertions:
    """By default the SDK vouches for nothing: actions are "gathered", and readers call them ambiguous."""

    def test_trap(self, issued: Any, picture: Path, tmp_path: Path, pki: Any) -> None:
        settings = safe_settings(pki.policy)
        del settings["builder"]["created_assertion_labels"]
        target = tmp_path / "bare.jpg"
        target.write_bytes(bare_sign(issued, c2pa.Context.from_dict(settings), picture.read_bytes()))
        assert "c2pa.actions" in labels(claim_of(target, pki.policy)["gathered_assertions"])

    def test_everything_is_created(self, picture: Path, tmp_path: Path, signer: PemSigner, pki: Any) -> None:
        manifest = edited_by_model(
            "m",
            soft_bindings=(SoftBinding(alg="com.adobe.trustmark.P", value="2*10"),),
            assertions=(
                Assertion(label="org.example.run", data={"id": 1}),
                Assertion(label="stds.exif", data={"x": "y"}),
            ),
        )
        result = sign(picture, tmp_path / "out.jpg", manifest, signer, policy=pki.policy)
        claim = claim_of(result.path, pki.policy)
        assert labels(claim["created_assertions"]) == {
            "c2pa.actions", "c2pa.hash.data", "c2pa.ingredient", "c2pa.soft-binding", "org.example.run",
            "stds.exif",
        }  # fmt: skip
        assert not claim.get("gathered_assertions")


class TestP5KeyPurposes:
    """Out of the box the SDK refuses the key purposes that real C2PA certificates have."""

    @pytest.mark.parametrize(
        "purpose", ["1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1", "1.3.6.1.4.1.311.76.59.1.9"]
    )
    def test_trap_and_cure(self, purpose: str, picture: Path, tmp_path: Path, pki: Any) -> None:
        issued = pki.leaf(eku=(purpose,))
        settings = safe_settings(pki.policy)
        del settings["trust"]["trust_config"]
        with pytest.raises(c2pa.C2paError):
            bare_sign(issued, c2pa.Context.from_dict(settings), picture.read_bytes())

        own = PemSigner(issued.chain, issued.key_pem)
        result = sign(picture, tmp_path / "out.jpg", MODEL, own, policy=pki.policy)
        assert result.state is CredentialState.TRUSTED

    def test_a_purpose_that_is_not_listed_is_explained(self, picture: Path, tmp_path: Path, pki: Any) -> None:
        issued = pki.leaf(eku=("1.3.6.1.5.5.7.3.1",))
        own = PemSigner(issued.chain, issued.key_pem)
        with pytest.raises(CertificateError, match=r"serverAuth.*emailProtection"):
            sign(picture, tmp_path / "out.jpg", MODEL, own, policy=pki.policy)


class TestP10Thumbnails:
    """By default a copy of the picture goes into the manifest: large, and it outlives what is cropped."""

    @pytest.fixture
    def large(self, tmp_path: Path) -> Path:
        path = tmp_path / "large.jpg"
        Image.effect_noise((1200, 900), 60).convert("RGB").save(path)
        return path

    def test_trap(self, issued: Any, large: Path) -> None:
        signed = bare_sign(issued, c2pa.Context.from_dict({"version": 1}), large.read_bytes())
        assert len(signed) > large.stat().st_size + 50_000

    def test_off(self, large: Path, tmp_path: Path, signer: PemSigner, pki: Any) -> None:
        first = sign(large, tmp_path / "1.jpg", MODEL, signer, policy=pki.policy)
        second = sign(first.path, tmp_path / "2.jpg", edited_by_model("m"), signer, policy=pki.policy)
        assert first.manifest_bytes < 6_000
        assert second.manifest_bytes < 12_000
        report = read(second.path, pki.policy)
        assert not [a for m in report.manifests for a in m.assertions if "thumbnail" in a]


class TestP11TimestampOutage:
    """When the time-stamping authority is down, the SDK signs nothing at all."""

    def test_trap(self, issued: Any, picture: Path, pki: Any, closed_port: int) -> None:
        url = f"http://127.0.0.1:{closed_port}/"
        info = c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, issued.chain, issued.key_pem, url)
        with (
            c2pa.Builder(BARE, make_context(pki.policy)) as builder,
            pytest.raises(c2pa.C2paError, match="http resolver"),
        ):
            builder.sign(
                c2pa.Signer.from_info(info), "image/jpeg", io.BytesIO(picture.read_bytes()), io.BytesIO()
            )

    def test_required(
        self, picture: Path, tmp_path: Path, signer: PemSigner, pki: Any, closed_port: int
    ) -> None:
        timestamp = TimestampPolicy(f"http://127.0.0.1:{closed_port}/")
        with pytest.raises(TimestampError, match=f"127.0.0.1:{closed_port}"):
            sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=pki.policy, timestamp=timestamp)
        assert list(tmp_path.iterdir()) == [picture]

    def test_optional(
        self, picture: Path, tmp_path: Path, signer: PemSigner, pki: Any, closed_port: int, caplog: Any
    ) -> None:
        timestamp = TimestampPolicy(f"http://127.0.0.1:{closed_port}/", required=False)
        result = sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=pki.policy, timestamp=timestamp)
        assert result.state is CredentialState.TRUSTED
        assert not result.timestamped
        assert f"127.0.0.1:{closed_port}" in result.timestamp_problem
        assert [r.levelno for r in caplog.records if "without a time stamp" in r.message] == [logging.WARNING]


class TestP13DestinationThatIsNoFile:
    """A destination in which one cannot move back and forth is an "UntrackedPointer" to the SDK."""

    def test_trap(self, issued: Any, picture: Path, pki: Any) -> None:
        reading, writing = os.pipe()
        with (
            os.fdopen(reading, "rb"),
            os.fdopen(writing, "wb") as output,
            c2pa.Builder(BARE, make_context(pki.policy)) as builder,
            pytest.raises(c2pa.C2paError, match="UntrackedPointer"),
        ):
            builder.sign(bare_signer(issued), "image/jpeg", io.BytesIO(picture.read_bytes()), output)

    def test_pipes_are_refused_and_stay(
        self, picture: Path, tmp_path: Path, signer: PemSigner, pki: Any
    ) -> None:
        pipe, link = tmp_path / "pipe.jpg", tmp_path / "link.jpg"
        os.mkfifo(pipe)
        link.symlink_to(pipe)
        for target in (pipe, link):
            with pytest.raises(UsageError, match="device"):
                sign(picture, target, MODEL, signer, policy=pki.policy, overwrite=True)
        assert pipe.is_fifo()

    def test_a_write_only_file_is_replaced(
        self, picture: Path, tmp_path: Path, signer: PemSigner, pki: Any
    ) -> None:
        target = tmp_path / "out.jpg"
        target.write_bytes(b"old")
        target.chmod(0o200)
        result = sign(picture, target, MODEL, signer, policy=pki.policy, overwrite=True)
        assert result.state is CredentialState.TRUSTED


class TestP14MediaType:
    """The SDK believes the media type that it is told."""

    def test_trap(self, issued: Any, picture: Path, pki: Any) -> None:
        with pytest.raises(c2pa.C2paError, match="could not be parsed"):
            bare_sign(issued, make_context(pki.policy), picture.read_bytes(), "image/png")

    def test_names_do_not_matter(
        self, small_files: dict[str, Path], tmp_path: Path, signer: PemSigner, pki: Any
    ) -> None:
        for name, path in small_files.items():
            lying = tmp_path / f"{name}.pdf"
            path.rename(lying)
            result = sign(lying, tmp_path / f"{name}.bin", MODEL, signer, policy=pki.policy)
            assert result.state is CredentialState.TRUSTED, name


class TestP15LibraryStamp:
    """The SDK adds its own version to the claim generator; the name and version stay ours."""

    def test_stamp(self, picture: Path, tmp_path: Path, signer: PemSigner, pki: Any) -> None:
        result = sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=pki.policy)
        generator = claim_of(result.path, pki.policy)["claim_generator_info"]
        assert generator.pop("org.contentauth.c2pa_rs") == c2pa.sdk_version()
        assert generator == MODEL.generator.model_dump()
        assert read(result.path, pki.policy).manifests[0].generator.startswith("forensics")
