"""What an auditor meets: each story ends in the verdict that the rules promise."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics import Auditor, AuditReport, TrustPolicy, Verdict
from forensics.provenance import sign
from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.manifests import (
    ActionEntry,
    DigitalSource,
    Manifest,
    captured,
    edited_by_model,
    human_edit,
    made_by_model,
)
from forensics.provenance.signers import PemSigner

FILES = Path(__file__).parent / "data" / "c2pa"
AI_XMP = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    b"<rdf:Description xmlns:Iptc4xmpExt='http://iptc.org/std/Iptc4xmpExt/2008-02-29/' "
    b"Iptc4xmpExt:DigitalSourceType='http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'/>"
    b"</rdf:RDF></x:xmpmeta>"
)


@dataclass(frozen=True)
class Studio:
    """Somebody who signs, and a policy that trusts them."""

    signer: PemSigner
    policy: TrustPolicy

    def publish(self, source: Path, manifest: Manifest, name: str = "signed.jpg", **more: Path) -> Path:
        target = source.with_name(name)
        sign(source, target, manifest, self.signer, policy=self.policy, **more)  # type: ignore[arg-type]
        return target

    def audit(self, path: Path) -> AuditReport:
        return Auditor(trust=self.policy).audit(path)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    ca = create_dev_ca(tmp_path_factory.mktemp("ca") / "ca")
    return Studio(PemSigner(ca.chain, ca.key), TrustPolicy.load(ca.trust))


@pytest.fixture
def shot(photo: npt.NDArray[np.uint8], tmp_path: Path) -> Path:
    path = tmp_path / "shot.jpg"
    Image.fromarray(photo).save(path, quality=92)
    return path


def nobody(path: Path) -> AuditReport:
    return Auditor(trust=TrustPolicy.default()).audit(path)


def named(report: AuditReport) -> set[str]:
    return {c.name for c in report.contradictions}


def codes(report: AuditReport) -> set[str]:
    return {e.code for e in report.evidence}


def test_a_generator_that_signs(studio: Studio, shot: Path) -> None:
    signed = studio.publish(shot, made_by_model("toy diffusion", "1.0"))
    report = studio.audit(signed)
    assert (report.verdict, report.rule) == (Verdict.SYNTHETIC, "declared_by_trusted_signer")
    assert report.credentials.ai_signal.trusted
    stranger = nobody(signed)
    assert (stranger.verdict, stranger.rule) == (Verdict.LIKELY_SYNTHETIC, "declared")


def test_an_edit_by_a_model(studio: Studio, shot: Path) -> None:
    signed = studio.publish(shot, edited_by_model("toy inpainter"), parent=shot)
    assert studio.audit(signed).rule == "partly_declared_by_trusted_signer"
    assert nobody(signed).verdict is Verdict.LIKELY_ALTERED


def test_a_camera_that_signs(studio: Studio, shot: Path) -> None:
    signed = studio.publish(shot, captured("toy camera"))
    assert studio.audit(signed).verdict is Verdict.CAPTURED
    assert nobody(signed).verdict is Verdict.INCONCLUSIVE


def test_a_signed_montage_is_no_capture(studio: Studio, shot: Path) -> None:
    action = ActionEntry(action="c2pa.created", digital_source_type=DigitalSource.COMPOSITE_CAPTURE)
    report = studio.audit(studio.publish(shot, Manifest(actions=(action,))))
    assert report.credentials.state.value == "trusted"
    assert report.verdict is Verdict.INCONCLUSIVE


def test_a_person_who_edits_and_signs(studio: Studio, shot: Path) -> None:
    signed = studio.publish(shot, human_edit("toy editor"), parent=shot)
    assert studio.audit(signed).verdict is Verdict.INCONCLUSIVE


def test_a_tampered_pixel(studio: Studio, shot: Path) -> None:
    signed = studio.publish(shot, captured("toy camera"))
    data = bytearray(signed.read_bytes())
    data[-200] ^= 1
    signed.write_bytes(data)
    report = studio.audit(signed)
    assert (report.verdict, report.rule) == (Verdict.ALTERED, "altered_since_signing")
    assert "assertion.dataHash.mismatch" in report.credentials.failures


def test_a_namesake_of_a_picture_signed_with_a_sidecar(studio: Studio, shot: Path) -> None:
    sign(shot, shot, captured("toy camera"), studio.signer, policy=studio.policy, sidecar=True)
    report = studio.audit(shot)
    assert report.verdict is Verdict.CAPTURED
    assert "shot.c2pa" in report.evidence[0].summary
    namesake = shot.with_suffix(".png")
    Image.effect_noise((200, 150), 60).convert("RGB").save(namesake)
    for look in (studio.audit, nobody):
        report = look(namesake)
        assert (report.verdict, report.credentials.state.value) == (Verdict.INCONCLUSIVE, "none")
        assert report.contradictions == ()
        told = report.evidence[0]
        assert "shot.c2pa does not fit" in told.summary
        assert {m.name: m.value for m in told.measurements}["sidecar"] == "shot.c2pa"


def test_an_edited_assertion(studio: Studio, shot: Path) -> None:
    signed = studio.publish(shot, captured("toy camera"))
    data = signed.read_bytes()
    assert b"digitalCapture" in data
    signed.write_bytes(data.replace(b"digitalCapture", b"digitalCreatio", 1))
    report = studio.audit(signed)
    assert report.verdict is Verdict.CONTRADICTORY
    assert "credential_tampered" in named(report)


def manifest_segments(data: bytes) -> bytes:
    """Return the APP11 segments of a JPEG."""
    found, at = b"", 2
    while data[at : at + 2] != b"\xff\xda":
        length = 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        if data[at + 1] == 0xEB:
            found += data[at : at + length]
        at += length
    return found


def test_a_transplanted_manifest_is_told_from_a_change(shot: Path, tmp_path: Path) -> None:
    donor = (FILES / "CA.jpg").read_bytes()
    plain = shot.read_bytes()
    moved = tmp_path / "moved.jpg"
    moved.write_bytes(plain[:2] + manifest_segments(donor) + plain[2:])
    report = nobody(moved)
    assert report.verdict is Verdict.ALTERED
    assert "credentials.transplanted" in codes(report)
    changed = nobody(FILES / "XCA.jpg")
    assert changed.verdict is Verdict.ALTERED
    assert "credentials.retouched" in codes(changed)


def test_a_stripped_file(studio: Studio, shot: Path, tmp_path: Path) -> None:
    signed = studio.publish(shot, made_by_model("toy diffusion"))
    stripped = tmp_path / "stripped.jpg"
    Image.open(signed).save(stripped, quality=95)
    report = studio.audit(stripped)
    assert (report.credentials.state.value, report.verdict) == ("none", Verdict.INCONCLUSIVE)


def test_a_laundered_parent(studio: Studio, shot: Path, tmp_path: Path) -> None:
    signed = studio.publish(shot, captured("toy camera"))
    data = bytearray(signed.read_bytes())
    data[-200] ^= 1
    tampered = tmp_path / "tampered.jpg"
    tampered.write_bytes(data)
    laundered = studio.publish(tampered, human_edit("toy editor"), "laundered.jpg", parent=tampered)
    report = studio.audit(laundered)
    assert report.credentials.chain.value == "broken"
    assert report.verdict is Verdict.CONTRADICTORY
    assert "broken_chain" in named(report)


@pytest.mark.parametrize("name", ["CACAE-uri-CA.jpg", "CIE-sig-CA.jpg"])
def test_a_broken_ingredient_that_the_sdk_may_call_valid(name: str) -> None:
    report = nobody(FILES / name)
    assert (report.credentials.chain.value, report.verdict) == ("broken", Verdict.CONTRADICTORY)


def test_a_forged_signature() -> None:
    report = nobody(FILES / "E-sig-CA.jpg")
    assert report.verdict is Verdict.CONTRADICTORY
    assert "credential_tampered" in named(report)


def test_a_remote_manifest_is_named_and_not_fetched() -> None:
    report = nobody(FILES / "cloud.jpg")
    assert report.credentials.state.value == "remote_declared"
    assert report.credentials.remote_url.startswith("https://")
    assert report.verdict is Verdict.INCONCLUSIVE


def test_a_trusted_capture_of_something_tagged_as_generated(
    studio: Studio, photo: npt.NDArray[np.uint8], tmp_path: Path
) -> None:
    buffer = io.BytesIO()
    Image.fromarray(photo).save(buffer, "JPEG", quality=92, xmp=AI_XMP)
    tagged = tmp_path / "tagged.jpg"
    tagged.write_bytes(buffer.getvalue())
    report = studio.audit(studio.publish(tagged, captured("toy camera")))
    assert report.verdict is Verdict.CONTRADICTORY
    assert "trusted_capture_vs_ai_claim" in named(report)
    alone = nobody(tagged)
    assert alone.verdict is Verdict.LIKELY_SYNTHETIC
    assert "ai_claim_without_credentials" in named(alone)


def test_camera_exif_beside_generator_parameters(photo: npt.NDArray[np.uint8], tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    image = Image.fromarray(photo)
    exif = image.getexif()
    exif[0x010F], exif[0x0110] = "NIKON CORPORATION", "NIKON D70"
    exif.get_ifd(0x8769).update({0x829A: 0.01, 0x829D: 5.6, 0x8827: 200})
    text = PngInfo()
    text.add_text("parameters", "a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 256x192")
    path = tmp_path / "both.png"
    image.save(path, exif=exif, pnginfo=text)
    report = nobody(path)
    assert report.verdict is Verdict.LIKELY_SYNTHETIC
    assert "camera_exif_vs_generator_metadata" in named(report)


def test_an_honest_photo(shot: Path) -> None:
    report = nobody(shot)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.contradictions == ()
    assert report.errors == ()


def test_a_prior_alone_accuses_no_honest_photo(shot: Path) -> None:
    report = Auditor(trust=TrustPolicy.default(), prior=0.9999).audit(shot)
    assert all(o.log10_posterior_odds >= report.threshold for o in report.opinions)
    assert report.verdict is Verdict.INCONCLUSIVE
