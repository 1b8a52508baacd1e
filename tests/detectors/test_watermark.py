"""The user's own marks as evidence, and what an audit makes of them."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics import Auditor, TrustPolicy, Verdict
from forensics.datasets.procedural import camera
from forensics.detectors.watermark import Watermark
from forensics.errors import UsageError
from forensics.evidence import ClaimSource, Evidence, Grade, Origin, Question, Status
from forensics.media import open_bytes
from forensics.watermark import watermarker
from forensics.watermark.codecs import codec_named
from forensics.watermark.keyfile import save_keys
from forensics.watermark.keys import Key
from forensics.watermark.video import embed_clip
from forensics.watermark.watermarker import Watermarker

Pixels = npt.NDArray[np.uint8]

STUDIO = Key(bytes(range(32)), "studio")
CAMERA = Key(bytes(range(1, 33)), "camera", "captured")
PARTS = Key(bytes(range(2, 34)), "parts", "composite")


@pytest.fixture(autouse=True)
def _no_settings_of_the_tester(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FORENSICS_KEYS", raising=False)


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "keys.toml"
    save_keys([STUDIO, CAMERA, PARTS], path)
    monkeypatch.setenv("FORENSICS_KEYS", str(path))
    return path


@pytest.fixture(scope="module")
def scene() -> Pixels:
    return camera(1, 512, 512)


@pytest.fixture(scope="module")
def marked(scene: Pixels) -> Pixels:
    return Watermarker(STUDIO).embed(scene, "c0ffee").pixels


def png(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png", compress_level=1)
    return buffer.getvalue()


def examine(pixels: Pixels) -> Evidence:
    (evidence,) = Watermark().examine(open_bytes(png(pixels)))
    return evidence


def measured(evidence: Evidence) -> dict[str, object]:
    return {m.name: m.value for m in evidence.measurements}


def test_mark_of_the_learned_codec_proves_as_much(ring: Path, scene: Pixels) -> None:
    pytest.importorskip("onnxruntime")
    marked = Watermarker(STUDIO, codec="learned").embed(scene, "c0ffee").pixels
    (evidence,) = Watermark().examine(open_bytes(png(marked)))
    assert (evidence.code, evidence.grade, evidence.status) == ("watermark.found", Grade.PROOF, Status.SIGNAL)
    nulls = codec_named("learned").nulls
    assert nulls is not None
    assert evidence.calibration is not None
    assert evidence.calibration.name == nulls.name
    assert evidence.calibration.note.startswith(
        f"Seen by the learned front end: {nulls.lattices.pairs} pairs"
    )


def test_a_mark_of_ours_is_proof(ring: Path, marked: Pixels) -> None:
    evidence = examine(marked)
    assert (evidence.code, evidence.grade, evidence.status) == ("watermark.found", Grade.PROOF, Status.SIGNAL)
    assert evidence.question is Question.SYNTHETIC
    assert evidence.p_value is not None
    assert evidence.p_value < 1e-6
    (claim,) = evidence.claims
    assert (claim.source, claim.origin) == (ClaimSource.WATERMARK, Origin.SYNTHETIC)
    assert claim.text == "mark of key studio says 000c0ffee"
    assert "payload 000c0ffee" in evidence.summary
    values = measured(evidence)
    assert values["key"] == f"studio ({STUDIO.id})"
    assert (values["payload"], values["geometry"]) == ("000c0ffee", "as it was")
    assert evidence.calibration is not None
    assert STUDIO.secret.hex() not in evidence.model_dump_json()


def test_an_unmarked_picture_is_clear(ring: Path, scene: Pixels) -> None:
    evidence = examine(scene)
    assert (evidence.code, evidence.status, evidence.claims) == ("watermark.none", Status.CLEAR, ())
    assert evidence.p_value is not None
    assert evidence.p_value > 1e-6
    assert evidence.summary == "No mark of any of your 3 keys was found."
    assert not evidence.maps


def test_a_copied_mark_is_history_and_claims_nothing(ring: Path, scene: Pixels, marked: Pixels) -> None:
    moved = np.clip(camera(2, 512, 512).astype(int) + marked.astype(int) - scene, 0, 255).astype(np.uint8)
    evidence = examine(moved)
    assert (evidence.code, evidence.status, evidence.claims) == ("watermark.copied", Status.SIGNAL, ())
    assert evidence.question is Question.HISTORY
    assert evidence.grade is Grade.CLAIM
    assert "copied from another picture" in evidence.summary


@pytest.mark.parametrize("payload", ["read", "unread"])
def test_a_mark_that_may_be_a_copy_is_a_claim(
    ring: Path, marked: Pixels, tmp_path: Path, payload: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Watermarker(STUDIO).detect(marked)
    weak = replace(found, copied=None, payload=found.payload if payload == "read" else None)
    monkeypatch.setattr(watermarker, "detect", lambda *_, **__: weak)
    evidence = examine(marked)
    assert (evidence.grade, evidence.code) == (Grade.CLAIM, "watermark.found")
    words = "too weak to be read" if payload == "unread" else "whether it was copied here cannot be told"
    assert words in evidence.summary
    (tmp_path / "weak.png").write_bytes(png(marked))
    report = Auditor(trust=TrustPolicy.default(), only=["watermark"]).audit(tmp_path / "weak.png")
    assert (report.verdict, report.rule) == (Verdict.LIKELY_SYNTHETIC, "declared")


def test_a_small_crop_is_a_claim_too(ring: Path, marked: Pixels) -> None:
    evidence = examine(np.ascontiguousarray(marked[130:258, 120:260]))
    assert (evidence.status, evidence.grade) == (Status.SIGNAL, Grade.CLAIM)
    assert len(evidence.claims) == 1


def test_where_the_mark_is_missing_is_a_map(ring: Path, scene: Pixels) -> None:
    large = camera(3, 768, 768)
    changed = Watermarker(STUDIO).embed(large, "1").pixels.copy()
    changed[128:384, 256:512] = camera(4, 256, 256)
    evidence = examine(changed)
    (missing,) = evidence.maps
    values = np.asarray(missing.values, float)
    rows, columns = (n / 768 for n in values.shape)
    inside = values[int(160 * rows) : int(352 * rows), int(288 * columns) : int(480 * columns)]
    assert inside.mean() > 0.8
    assert values.sum() < 2 * inside.size
    assert evidence.status is Status.SIGNAL


def test_marks_of_cameras_are_no_sign_of_models(ring: Path, scene: Pixels, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(png(Watermarker(CAMERA).embed(scene).pixels))
    report = Auditor(trust=TrustPolicy.default(), only=["watermark"]).audit(path)
    (evidence,) = (e for e in report.evidence if e.detector == "watermark")
    assert (evidence.status, evidence.question) == (Status.SIGNAL, Question.HISTORY)
    assert [claim.origin for claim in evidence.claims] == [Origin.CAPTURED]
    assert report.verdict is Verdict.INCONCLUSIVE
    assert not report.contradictions


def test_marks_of_clips_are_found(ring: Path, tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="clips need PyAV")
    scene = camera(7, 280, 460)
    for name, marks in (("marked", True), ("plain", False)):
        path = tmp_path / f"{name}.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("h264", rate=24, options={"crf": "18"})
            stream.width, stream.height, stream.pix_fmt = 384, 256, "yuv420p"
            for number in range(20):
                pixels = np.ascontiguousarray(scene[number : number + 256, 3 * number : 3 * number + 384])
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode())
        if marks:
            embed_clip(path, tmp_path / "out.mp4", Watermarker(STUDIO), "beef")
            path = tmp_path / "out.mp4"
        report = Auditor(trust=TrustPolicy.default(), only=["watermark"]).audit(path)
        (evidence,) = (e for e in report.evidence if e.detector == "watermark")
        assert evidence.status is (Status.SIGNAL if marks else Status.CLEAR)
        assert ("payload 00000beef" in evidence.summary) == marks
        assert (report.verdict in (Verdict.SYNTHETIC, Verdict.LIKELY_SYNTHETIC)) == marks


def test_without_keys_no_pixel_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    class Untouchable:
        def __getattr__(self, name: str) -> object:
            raise AssertionError(f"{name} was read")

    for module in ("forensics.watermark.watermarker", "forensics.watermark.video"):
        monkeypatch.setitem(sys.modules, module, None)  # importing it fails
    (evidence,) = Watermark().examine(Untouchable())  # type: ignore[arg-type]
    assert evidence.status is Status.NOT_APPLICABLE
    assert "keygen" in evidence.summary


def test_keys_are_read_once_for_many_files(ring: Path, scene: Pixels) -> None:
    detector = Watermark()
    first = detector.examine(open_bytes(png(scene)))
    ring.unlink()
    assert detector.examine(open_bytes(png(scene))) == first
    with pytest.raises(UsageError):
        Watermark().examine(open_bytes(png(scene)))


def test_a_broken_key_file_costs_nothing_else(ring: Path, marked: Pixels, tmp_path: Path) -> None:
    ring.write_text(f"[[keys]]\nsecret = {STUDIO.secret.hex()}\n", encoding="utf-8")
    path = tmp_path / "picture.png"
    path.write_bytes(png(marked))
    report = Auditor(trust=TrustPolicy.default()).audit(path)
    (problem,) = report.errors
    assert (problem.code, problem.where) == ("usage", "watermark")
    found = {e.detector: e for e in report.evidence}
    assert found["watermark"].status is Status.ERROR
    assert {"credentials", "metadata", "jpeg", "periodicity", "copy_move"} <= found.keys()
    assert all(e.status is not Status.ERROR for name, e in found.items() if name != "watermark")
    assert report.verdict is Verdict.INCONCLUSIVE
    assert STUDIO.secret.hex() not in report.model_dump_json()


def test_an_audit_with_the_ring_says_synthetic(ring: Path, marked: Pixels, tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    Image.fromarray(marked).save(path, quality=80)
    report = Auditor(trust=TrustPolicy.default()).audit(path)
    assert (report.verdict, report.rule) == (Verdict.SYNTHETIC, "watermark")
    assert "key studio" in report.reasons[0]
    assert not report.errors
