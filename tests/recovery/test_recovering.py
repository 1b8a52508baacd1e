"""Copies of every kind find the way back to what was registered, and others do not."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics.errors import MediaError
from forensics.provenance.report import CredentialState
from forensics.provenance.restoring import Outcome
from forensics.provenance.restoring.stripping import bare, without_credentials
from forensics.provenance.store import ManifestStore, Mark, Record, recorded
from forensics.recovery import FOUND, Recovery, Relation, Way, recover
from forensics.watermark.attacks import parse_attack
from forensics.watermark.watermarker import Watermarker

helpers = sys.modules["recovery_helpers"]
encoded, scene, of_decoder = helpers.encoded, helpers.scene, helpers.of_decoder

NAMES = ("marked", "decoded")


@pytest.fixture
def asked(world: Any) -> Callable[..., Recovery]:
    def run(file: bytes | Path, *, keys: bool = True) -> Recovery:
        return recover(file, world.store, keys=(world.key,) if keys else (), policy=world.policy)

    return run


def attacked(pixels: np.ndarray, chain: str) -> bytes:
    return encoded(parse_attack(chain)(pixels, seed=0))


@pytest.mark.parametrize("name", ["marked", "decoded", "unmarked"])
def test_the_file_itself_and_stripped_ones_come_back_byte_by_byte(
    world: Any, asked: Callable[..., Recovery], name: str
) -> None:
    signed = world.files[name]
    same = asked(signed)
    assert (same.relation, same.candidates[0].ways) == (Relation.IDENTICAL, (Way.FILE,))
    for strip in (without_credentials, bare):
        found = asked(strip(signed), keys=False)
        assert found.relation is Relation.STRIPPED
        assert (found.entry and found.entry.number) == world.numbers[name]
        assert found.restorable
        assert found.restoration is not None
        assert found.restoration.data == signed
        assert found.restoration.report is not None
        assert found.restoration.report.state is CredentialState.TRUSTED


def test_equal_pixels_in_another_file_are_not_stripped(world: Any, asked: Callable[..., Recovery]) -> None:
    with Image.open(io.BytesIO(world.files["decoded"])) as picture:
        found = asked(encoded(np.asarray(picture)))
    assert found.relation is Relation.RECODED
    assert not found.restorable
    assert found.restoration is not None
    assert found.restoration.outcome is Outcome.IMPOSSIBLE


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("chain", ["jpeg:70", "brightness:1.2+jpeg:80"])
def test_re_encoded_copies_are_named(
    world: Any, asked: Callable[..., Recovery], name: str, chain: str
) -> None:
    found = asked(attacked(world.shown[name], chain))
    assert found.relation is Relation.REENCODED
    assert found.entry is not None
    assert found.entry.number == world.numbers[name]
    assert Way.MARK in found.candidates[0].ways
    assert not found.restorable
    comparison = found.candidates[0].comparison
    assert comparison is not None
    assert comparison.p_value < 1e-6


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("chain", "words"),
    [
        ("crop:0.7+jpeg:70", "cropped to about 7"),
        ("resize:0.75+jpeg:85", "scaled 0.75"),
        ("flip+jpeg:85", "mirrored"),
        ("rotate:8+jpeg:85", "rotated 8."),
    ],
)
def test_what_was_done_to_a_copy_is_told(
    world: Any, asked: Callable[..., Recovery], name: str, chain: str, words: str
) -> None:
    found = asked(attacked(world.shown[name], chain))
    assert (found.relation, found.entry and found.entry.number) == (
        Relation.TRANSFORMED,
        world.numbers[name],
    )
    assert words in str(found.change).replace("rotated 7.9", "rotated 8.")
    assert words.partition(" ")[0] in found.reason


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("jpeg", [False, True])
def test_a_mark_on_another_photo_is_called_copied(
    world: Any, asked: Callable[..., Recovery], name: str, jpeg: bool
) -> None:
    height, width = world.plain[name].shape[:2]
    forged = world.moved(name, scene(50, height, width))
    found = asked(encoded(forged, "JPEG", quality=85) if jpeg else encoded(forged))
    assert found.relation is Relation.COPIED
    assert not found.found
    assert found.entry is not None
    assert found.entry.number == world.numbers[name]
    assert found.restoration is None
    if name == "decoded":
        assert "unless" in found.reason  # nothing but the store says so


def test_a_mark_that_is_at_home_in_another_picture_accuses_nobody(
    world: Any, asked: Callable[..., Recovery]
) -> None:
    pixels = Watermarker(world.key).embed(scene(61), "a1").pixels
    found = asked(encoded(pixels))
    assert found.mark is not None
    assert found.mark.copied is False
    assert found.relation is Relation.ANOTHER


def test_the_negative_of_a_picture_is_a_copy_of_it(world: Any, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")  # the trained front end sees marks of negatives
    shown = Watermarker(world.key, codec="learned").embed(scene(63, 256, 256), "b2").pixels
    with ManifestStore(tmp_path / "negative.sqlite", create=True) as store:
        store.add(recorded(world.signed(shown, "learned.png"), mark=Mark("learned", world.key.id, "b2")))
        found = recover(encoded(255 - shown), store, keys=(world.key,), policy=world.policy)
    assert found.relation is Relation.REENCODED


def test_a_small_piece_is_not_compared_and_not_accused(world: Any, asked: Callable[..., Recovery]) -> None:
    piece = of_decoder(scene(62, 128, 128))  # may be a quarter of the registered picture, or another one
    found = asked(encoded(piece))
    assert found.relation is Relation.NOT_COMPARABLE


def test_without_the_size_of_the_original_nobody_is_accused(world: Any, tmp_path: Path) -> None:
    with ManifestStore(tmp_path / "old.sqlite", create=True) as old:
        record = recorded(world.files["decoded"], mark=Mark("spread", world.key.id, "5eed"))
        old.add(replace(record, width=0, height=0))
        forged = encoded(world.moved("decoded", scene(51, 256, 256)))
        found = recover(forged, old, keys=(world.key,), policy=world.policy)
        assert found.relation is Relation.NOT_COMPARABLE
        copy = encoded(world.shown["decoded"], "JPEG", quality=70)
        assert recover(copy, old, keys=(world.key,), policy=world.policy).relation is Relation.REENCODED


def test_by_looks_alone_nothing_is_proven(world: Any, asked: Callable[..., Recovery]) -> None:
    for turns, rotation in ((0, 0), (1, 90), (3, -90)):
        found = asked(encoded(np.rot90(world.shown["unmarked"], turns), "JPEG", quality=70))
        assert (found.relation, found.found) == (Relation.LOOKS_LIKE, False)
        assert found.candidates[0].chance is not None
        assert found.candidates[0].change is not None
        assert found.candidates[0].change.rotation == rotation


def test_several_pictures_with_one_payload_are_told_apart(world: Any, tmp_path: Path) -> None:
    shown = [of_decoder(scene(seed, 256, 256), "7777") for seed in (70, 71, 72)]
    with ManifestStore(tmp_path / "many.sqlite", create=True) as many:
        for number, pixels in enumerate(shown):
            data = world.signed(pixels, f"same{number}.png")
            many.add(recorded(data, mark=Mark("spread", world.key.id, "7777")))
        for number, pixels in enumerate(shown):
            copy = encoded(pixels, "JPEG", quality=75)
            found = recover(copy, many, keys=(world.key,), policy=world.policy)
            assert (found.relation, found.entry and found.entry.number) == (Relation.REENCODED, number + 1)
            assert len(found.candidates) == 3


def test_a_signed_file_that_was_changed_is_not_identical(world: Any, asked: Callable[..., Recovery]) -> None:
    pixels = world.shown["marked"].copy()
    pixels[100:180, 120:220] = scene(80)[:80, :100]
    changed = bytearray(world.files["decoded"])
    changed[-200] ^= 0x55  # in the coded picture: the credentials stay in the file
    by_mark, by_both = asked(encoded(pixels, "JPEG", quality=90)), asked(bytes(changed))
    assert by_mark.relation is Relation.REENCODED
    assert by_both.relation is Relation.REENCODED
    assert Way.CREDENTIALS in by_both.candidates[0].ways
    assert by_both.credentials is not None
    assert by_both.credentials.content_changed
    assert any("was changed since it was signed" in note for note in by_both.notes)
    assert not by_both.restorable


def test_a_broken_credential_leads_to_its_entry_without_a_mark(
    world: Any, asked: Callable[..., Recovery]
) -> None:
    changed = bytearray(world.files["decoded"])
    changed[-200] ^= 0x55
    found = asked(bytes(changed), keys=False)
    assert (found.relation, found.candidates[0].ways[0]) == (Relation.REENCODED, Way.CREDENTIALS)


def test_a_revoked_entry_is_said(world: Any, tmp_path: Path) -> None:
    with ManifestStore(tmp_path / "revoked.sqlite", create=True) as store:
        record: Record = recorded(world.files["marked"])
        store.add(record)
        store.revoke(record.manifest_id, "signed by mistake")
        found = recover(bare(world.files["marked"]), store, policy=world.policy)
    assert found.entry is not None
    assert found.entry.revoked
    assert any("signed by mistake" in note for note in found.notes)


def test_unrelated_pictures_are_unknown(world: Any, asked: Callable[..., Recovery]) -> None:
    found = asked(encoded(scene(90), "JPEG", quality=80))
    assert (found.relation, found.entry, found.candidates) == (Relation.UNKNOWN, None, ())
    flat = asked(encoded(np.full((200, 200, 3), 90, np.uint8)), keys=False)
    assert flat.relation is Relation.UNKNOWN
    assert flat.plain


@pytest.mark.slow
def test_hundreds_of_unrelated_pictures_have_no_relation(world: Any, asked: Callable[..., Recovery]) -> None:
    rng = np.random.default_rng(5)
    coarse = rng.integers(20, 235, (200, 9, 11, 3), dtype=np.uint8)
    pictures = [cv2.resize(one, (112, 96), interpolation=cv2.INTER_CUBIC) for one in coarse]
    relations = [asked(encoded(pixels, compress_level=1), keys=False) for pixels in pictures]
    assert not [found for found in relations if found.found or found.relation is Relation.COPIED]
    alike = [found for found in relations if found.relation is Relation.LOOKS_LIKE]
    assert len(alike) <= 4  # p <= 0.01 each


def test_what_is_no_picture_is_found_by_its_bytes_or_not_at_all(
    asked: Callable[..., Recovery], tmp_path: Path
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("nothing to see")
    assert asked(text).relation is asked(text.read_bytes()).relation is Relation.UNKNOWN


def test_relations_that_find_are_those_that_name_a_copy() -> None:
    assert {relation for relation in Relation if relation not in FOUND} == {
        Relation.COPIED, Relation.ANOTHER, Relation.NOT_COMPARABLE, Relation.LOOKS_LIKE, Relation.UNKNOWN,
    }  # fmt: skip


def test_what_cannot_be_read_is_an_error(world: Any, asked: Callable[..., Recovery], tmp_path: Path) -> None:
    for wrong in (tmp_path, tmp_path / "missing.png", world.files["marked"][:3000]):
        with pytest.raises(MediaError):
            asked(wrong)


def test_a_larger_canvas_around_the_picture_is_no_other_picture(
    world: Any, asked: Callable[..., Recovery]
) -> None:
    framed = cv2.copyMakeBorder(world.shown["marked"], 30, 30, 30, 30, cv2.BORDER_CONSTANT, value=(255,) * 3)
    found = asked(encoded(framed, "JPEG", quality=85))
    assert found.relation in (Relation.TRANSFORMED, Relation.REENCODED)
