"""Pixels and files become marked files: watermark, credentials and entry, each read back by other means."""

from __future__ import annotations

import hashlib
import json
import wave
from dataclasses import replace
from pathlib import Path

import c2pa
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.errors import ManifestError, MediaError, UsageError, WatermarkError
from forensics.marking import Order, What
from forensics.marking.binding import GENERATION, parameters_digest
from forensics.media import open_media
from forensics.provenance import CredentialState, read
from forensics.provenance._sdk import safe_settings
from forensics.provenance.manifests import captured
from forensics.provenance.signing import sign
from forensics.provenance.store import FoundBy, search
from forensics.watermark.decoders import signature
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker, detect

from .conftest import Bench

Pixels = npt.NDArray[np.uint8]


def manifest_json(bench: Bench, path: Path) -> dict:  # type: ignore[type-arg]
    """Return the active manifest as the SDK reads it, without this suite."""
    context = c2pa.Context.from_dict(safe_settings(bench.profile.policy))
    with c2pa.Reader(str(path), context=context) as reader:
        results = reader.get_validation_results()
        assert results["activeManifest"]["failure"] == []
        return reader.get_active_manifest()


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif"])
def test_pixels_become_a_marked_file(bench: Bench, scene: Pixels, ending: str) -> None:
    target = bench.folder / f"made.{ending}"
    done = bench.marker.save(scene, target, Order(parameters={"seed": 7}))
    assert bench.left == [target.name]
    # the mark, from the pixels of the file
    found = detect(open_media(target).pixels, [bench.profile.key])
    assert found.payload is not None
    assert (found.payload.identity, found.copied) == (done.payload, False)
    # the credentials
    report = read(target, bench.profile.policy)
    assert (report.state, done.state) == (CredentialState.TRUSTED, CredentialState.TRUSTED)
    (manifest,) = report.manifests
    assert manifest.label == done.manifest_id
    binding = f"{bench.profile.key.id}/standard/{done.payload}"
    assert manifest.soft_bindings == (f"synthetic-media-forensics.spread.1:{binding}",)
    assert manifest.title == target.name
    # the entry
    (entry,) = bench.store.by_payload("spread", bench.profile.key.id, done.payload)
    record = entry.record
    assert record.asset_sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert (record.manifest_id, record.model) == (done.manifest_id, "sketch")
    assert record.fingerprints
    assert record.skeleton
    assert not entry.revoked


def test_what_is_signed(bench: Bench, scene: Pixels) -> None:
    parameters = {"seed": 7, "prompt": "a lighthouse"}
    done = bench.marker.save(scene, bench.folder / "made.png", Order(parameters=parameters))
    manifest = manifest_json(bench, done.path)
    said = {a["label"]: a for a in manifest["assertions"]}
    actions = said["c2pa.actions.v2"]["data"]
    created, marked = actions["actions"]
    assert actions["allActionsIncluded"] is True
    assert created["digitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert created["softwareAgent"] == {"name": "sketch", "version": "1.5"}
    binding = said["c2pa.soft-binding"]["data"]
    named = marked["parameters"]["synthetic-media-forensics.soft-binding"]
    assert marked["action"] == "c2pa.watermarked.bound"
    assert (named["alg"], named["value"]) == (binding["alg"], binding["blocks"][0]["value"])
    assert named["label"] == "c2pa.soft-binding"
    canonical = '{"prompt":"a lighthouse","seed":7}'
    assert said[GENERATION]["data"] == {"parametersSha256": hashlib.sha256(canonical.encode()).hexdigest()}
    assert b"lighthouse" not in done.path.read_bytes()
    assert all(a.get("created") for a in manifest["assertions"])


def test_digest_of_parameters_is_that_of_their_content() -> None:
    assert parameters_digest({"b": 1, "a": 2}) == parameters_digest({"a": 2, "b": 1})
    assert parameters_digest({"a": 1}) != parameters_digest({"a": 2})
    with pytest.raises(UsageError, match="JSON"):
        parameters_digest({"a": object()})
    with pytest.raises(UsageError, match="JSON"):
        parameters_digest({"a": float("nan")})


def test_every_picture_gets_an_identity_of_its_own(bench: Bench, scene: Pixels) -> None:
    targets = [bench.folder / f"{n}.png" for n in range(3)]
    done = list(bench.marker.mark_many((scene, target) for target in targets))
    assert len({d.payload for d in done}) == 3
    assert bench.store.stats().records == 3


def test_a_drawn_identity_that_is_taken_is_drawn_again(
    bench: Bench, scene: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([5, 5, 6])
    monkeypatch.setattr("forensics.marking.marker.secrets.randbits", lambda bits: next(drawn))
    done = [bench.marker.save(scene, bench.folder / f"{n}.png").payload for n in range(2)]
    assert done == ["000000005", "000000006"]


def test_payloads_that_are_given(bench: Bench, scene: Pixels) -> None:
    assert bench.marker.save(scene, bench.folder / "a.png", Order(payload="C0FFEE")).payload == "000c0ffee"
    with bench.again(payload=lambda: "abc", layout="short") as marker:
        done = marker.save(scene, bench.folder / "b.png")
    assert (done.payload, done.layout) == ("0abc", "short")
    with pytest.raises(UsageError, match="payload"):
        bench.marker.save(scene, bench.folder / "c.png", Order(payload="no number"))
    assert bench.left == ["a.png", "b.png"]


def test_metadata_of_a_file_are_kept(bench: Bench, scene: Pixels, tmp_path: Path) -> None:
    source = tmp_path / "before.jpg"
    exif = Image.Exif()
    exif[271] = "Maker of pens"
    Image.fromarray(scene).save(source, quality=95, exif=exif)
    before = source.read_bytes()
    done = bench.marker.mark_file(source, bench.folder / "after.jpg")
    assert source.read_bytes() == before
    assert done.state is CredentialState.TRUSTED
    with Image.open(done.path) as picture:
        assert picture.getexif()[271] == "Maker of pens"


def test_an_edited_file_has_a_parent(bench: Bench, scene: Pixels, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    Image.fromarray(scene).save(tmp_path / "plain.jpg", quality=95)
    camera = captured("pinhole")
    sign(tmp_path / "plain.jpg", photo, camera, bench.profile.signer, policy=bench.profile.policy)
    with pytest.raises(ManifestError, match="edited"):
        bench.marker.mark_file(photo, bench.folder / "no.jpg")
    assert bench.left == []
    done = bench.marker.mark_file(photo, bench.folder / "edited.jpg", Order(what=What.EDITED))
    report = read(done.path, bench.profile.policy)
    assert (report.state, len(report.manifests)) == (CredentialState.TRUSTED, 2)
    names = [action.name for action in report.manifests[0].actions]
    assert names == ["c2pa.opened", "c2pa.edited", "c2pa.watermarked.bound"]
    dropped = bench.marker.mark_file(photo, bench.folder / "new.jpg", Order(discard_credentials=True))
    assert len(read(dropped.path, bench.profile.policy).manifests) == 1


def test_edited_pixels_name_their_parent(bench: Bench, scene: Pixels, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="parent"):
        bench.marker.save(scene, bench.folder / "a.png", Order(what=What.EDITED))
    parent = tmp_path / "before.png"
    Image.fromarray(scene).save(parent)
    with pytest.raises(ManifestError, match="no parent"):
        bench.marker.save(scene, bench.folder / "a.png", Order(parent=parent))
    done = bench.marker.save(scene, bench.folder / "a.png", Order(what=What.HUMAN, parent=parent))
    assert manifest_json(bench, done.path)["ingredients"][0]["title"] == "before.png"


def test_small_pictures_are_refused_or_go_without_a_mark(bench: Bench, scene: Pixels) -> None:
    small = np.ascontiguousarray(scene[:100, :140])
    with pytest.raises(UsageError, match="140x100 pixels are too few"):
        bench.marker.save(small, bench.folder / "small.png")
    assert (bench.left, bench.entries) == ([], 0)
    done = bench.marker.save(small, bench.folder / "small.png", Order(watermark=False))
    assert (done.payload, done.key, done.log10_p) == ("", "", None)
    assert "no watermark" in done.notes[0]
    labels = {a["label"] for a in manifest_json(bench, done.path)["assertions"]}
    assert "c2pa.soft-binding" not in labels
    (entry,) = bench.store.by_asset(hashlib.sha256(done.path.read_bytes()).hexdigest())
    assert entry.record.mark is None
    assert np.array_equal(open_media(done.path).pixels, small)


def test_without_a_watermark_a_file_stays_as_it_is_but_for_credentials(
    bench: Bench, scene: Pixels, tmp_path: Path
) -> None:
    source = tmp_path / "picture.gif"  # which no mark would survive in
    Image.fromarray(scene).quantize(64).save(source)
    done = bench.marker.mark_file(source, bench.folder / "picture.gif", Order(watermark=False))
    assert done.state is CredentialState.TRUSTED
    assert np.array_equal(open_media(done.path).pixels, open_media(source).pixels)
    with pytest.raises(UsageError, match="nothing is encoded anew"):
        bench.marker.mark_file(source, bench.folder / "picture.png", Order(watermark=False))


def carrying(bench: Bench, scene: Pixels) -> tuple[Pixels, Order]:
    """Return pixels as a decoder that signs would make them, and what they carry."""
    signed = signature(bench.profile.key, "feed")
    height, width = scene.shape[:2]
    tile = np.tile(signed.tile, (-(-height // 64), -(-width // 64)))[:height, :width, None]
    pixels = np.clip(np.rint(scene + 3.0 * tile), 0, 255).astype(np.uint8)
    return pixels, Order(carried=signed.payload)


def test_a_mark_that_the_pixels_carry_takes_the_same_way(bench: Bench, scene: Pixels) -> None:
    pixels, order = carrying(bench, scene)
    done = bench.marker.save(pixels, bench.folder / "made.png", order)
    assert np.array_equal(open_media(done.path).pixels, pixels)
    assert (done.payload, done.psnr) == ("00000feed", None)
    (entry,) = bench.store.by_payload("spread", bench.profile.key.id, "00000feed")
    assert entry.record.manifest_id == done.manifest_id


def test_a_file_that_carries_a_mark_is_signed_as_it_is(bench: Bench, scene: Pixels, tmp_path: Path) -> None:
    pixels, order = carrying(bench, scene)
    Image.fromarray(pixels).save(tmp_path / "drawn.png")
    done = bench.marker.mark_file(tmp_path / "drawn.png", bench.folder / "made.png", order)
    assert (done.payload, done.state) == ("00000feed", CredentialState.TRUSTED)
    for other in (Order(payload="1"), Order(watermark=False)):
        with pytest.raises(UsageError, match="no other one"):
            bench.marker.save(pixels, bench.folder / "b.png", replace(other, carried=order.carried))


def test_sounds_get_credentials_and_an_entry(bench: Bench, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "tone.wav"), "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(8000)
        tone.writeframes(bytes(8000))
    done = bench.marker.mark_file(tmp_path / "tone.wav", bench.folder / "a.wav", Order(watermark=False))
    assert done.state is CredentialState.TRUSTED
    assert bench.entries == 1
    with pytest.raises(MediaError):
        bench.marker.mark_file(tmp_path / "tone.wav", bench.folder / "b.wav")


def test_a_mark_that_the_pixels_do_not_carry_is_not_signed(bench: Bench, scene: Pixels) -> None:
    pixels, order = carrying(bench, scene)
    wrong = Order(carried=signature(bench.profile.key, "fade").payload)
    for given, asked in ((scene, order), (pixels, wrong)):
        with pytest.raises(WatermarkError, match="cannot be read back"):
            bench.marker.save(given, bench.folder / "made.png", asked)
    assert (bench.left, bench.entries) == ([], 0)


def test_the_store_leads_back(bench: Bench, scene: Pixels, tmp_path: Path) -> None:
    done = bench.marker.save(scene, bench.folder / "made.png")
    with Image.open(done.path) as picture:
        picture.save(tmp_path / "stripped.jpg", quality=80)
    found = search(bench.store, tmp_path / "stripped.jpg").found
    assert [f.entry.record.manifest_id for f in found] == [done.manifest_id]
    assert found[0].by is FoundBy.FINGERPRINT


def test_existing_files_are_replaced_when_asked(bench: Bench, scene: Pixels) -> None:
    target = bench.folder / "made.png"
    first = bench.marker.save(scene, target)
    with pytest.raises(UsageError, match="overwrite"):
        bench.marker.save(scene, target)
    target.chmod(0o600)
    again = bench.marker.save(scene, target, Order(overwrite=True))
    assert again.payload != first.payload
    assert target.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="source itself"):
        bench.marker.mark_file(target, target, Order(overwrite=True, discard_credentials=True))
    with bench.again(key=Key(bytes(32))) as other:
        done = other.mark_file(target, target, Order(in_place=True, what=What.EDITED))
    assert done.path == target
    assert bench.left == ["made.png"]
    assert len(read(target, bench.profile.policy).manifests) == 2


def test_wrong_pixels_and_targets(bench: Bench, scene: Pixels, tmp_path: Path) -> None:
    for wrong in (scene.astype(np.float32), scene[..., :2], scene[:, :, 0], "no pixels", scene[:0]):
        with pytest.raises(UsageError, match="pixels are uint8"):
            bench.marker.save(wrong, bench.folder / "a.png")  # type: ignore[arg-type]
    for name in ("a.bmp", "a.gif", "a.txt", "a"):
        with pytest.raises(UsageError):
            bench.marker.save(scene, bench.folder / name)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        bench.marker.save(scene, tmp_path / "folder.png")
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    for bad in ("bad.png", "none.png"):
        with pytest.raises(MediaError):
            bench.marker.mark_file(tmp_path / bad, bench.folder / "a.png")
    assert (bench.left, bench.entries) == ([], 0)


def test_the_mark_of_another_key_is_no_obstacle(bench: Bench, scene: Pixels) -> None:
    others = Watermarker(Key(bytes(32))).embed(scene, "1").pixels
    assert bench.marker.save(others, bench.folder / "made.png").state is CredentialState.TRUSTED


def test_result_is_json(bench: Bench, scene: Pixels) -> None:
    done = bench.marker.save(scene, bench.folder / "made.png")
    shown = json.loads(done.model_dump_json())
    assert shown["path"] == str(done.path)
    assert set(shown["seconds"]) == {"watermark", "encode", "sign", "read back", "record", "store"}
