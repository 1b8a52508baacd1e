"""Signed, stripped, restored: the very bytes again, or an honest no."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.errors import RestorationError
from forensics.provenance.reading import read_bytes, verify
from forensics.provenance.report import CredentialState
from forensics.provenance.restoring import (
    Outcome,
    Placement,
    placed,
    placement_from,
    restored,
    skeleton_of,
)
from forensics.provenance.restoring.lodging import find
from forensics.provenance.restoring.stripping import STRIPPERS, bare, without_credentials, without_metadata
from forensics.provenance.trust import TrustPolicy

DATA = Path(os.environ.get("FORENSICS_DATA") or Path(__file__).parents[4] / "shared" / "data")
READING, NATIVE = DATA / "c2pa" / "reading", DATA / "photos" / "native"
ALONE = ("rich.jpg", "rich.png", "rich.webp", "lossless.webp")
SMALL = ("a.gif", "a.avif", "a.mp4", "a.mov", "a.m4a", "a.wav", "a.avi")
Signed = Callable[[str], bytes]
Store = Callable[[bytes], bytes]


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", ALONE)
def test_the_store_in_its_place_gives_the_signed_file_again(
    name: str, signed_rich: Signed, store_of: Store, trusting: TrustPolicy, on_disk: Callable[..., Path]
) -> None:
    signed = signed_rich(name)
    placement = Placement.model_validate_json(placed(signed).model_dump_json())
    stripped = without_credentials(signed)
    assert read_bytes(stripped, trusting).state is CredentialState.NONE
    found = restored(stripped, store_of(signed), placement, policy=trusting)
    assert (found.outcome, found.data) == (Outcome.IDENTICAL, signed)
    assert found.report is not None
    assert found.report.state is CredentialState.TRUSTED
    assert verify(on_disk(found.data or b"", name), trusting).proof


@pytest.mark.parametrize("name", SMALL)
def test_small_files_of_other_containers(
    name: str,
    small_files: dict[str, Path],
    signed: Callable[[bytes, str], bytes],
    store_of: Store,
    trusting: TrustPolicy,
) -> None:
    whole = signed(small_files[name].read_bytes(), name)
    found = restored(without_credentials(whole), store_of(whole), placed(whole), policy=trusting)
    assert (found.outcome, found.data) == (Outcome.IDENTICAL, whole)
    alone = placement_from(store_of(whole), without_credentials(whole))
    blind = restored(without_credentials(whole), store_of(whole), alone, policy=trusting)
    assert (blind.outcome, blind.data) == (Outcome.VALID, whole)


@pytest.mark.parametrize("name", ALONE)
def test_the_place_by_the_hard_binding_is_the_place_in_the_file(
    name: str, signed_rich: Signed, store_of: Store, trusting: TrustPolicy
) -> None:
    signed = signed_rich(name)
    store, stripped = store_of(signed), without_credentials(signed)
    seen, alone = placed(signed), placement_from(store, stripped)
    assert sha(store) == seen.store_sha256
    assert seen.excluded == alone.excluded
    assert seen.excluded[0].start == seen.start == alone.start
    padding = seen.length - seen.excluded[0].length
    assert padding == (len(store) & 1 if name.endswith("webp") else 0)
    found = restored(stripped, store, alone, policy=trusting)
    assert (found.outcome, found.data) == (Outcome.VALID, signed)
    assert "no record" in found.reason


@pytest.mark.parametrize("name", [*ALONE, "rich.tif"])
@pytest.mark.parametrize("stripper", [n for n in STRIPPERS if n != "saved anew without loss"])
def test_the_skeleton_restores_after_every_stripper(
    name: str, stripper: str, signed_rich: Signed, trusting: TrustPolicy
) -> None:
    signed = signed_rich(name)
    try:
        stripped = STRIPPERS[stripper](signed)
    except RestorationError:
        assert (name, stripper) == ("rich.tif", "credentials only")
        return
    found = restored(stripped, b"", None, skeleton=skeleton_of(signed), policy=trusting)
    assert (found.outcome, found.data) == (Outcome.IDENTICAL, signed)


def test_all_metadata_gone_needs_the_skeleton(
    signed_rich: Signed, store_of: Store, trusting: TrustPolicy
) -> None:
    signed = signed_rich("rich.jpg")
    stripped = without_metadata(signed)
    without = restored(stripped, store_of(signed), placed(signed), policy=trusting)
    assert (without.outcome, without.data, without.report) == (Outcome.IMPOSSIBLE, None, None)
    assert "more than the manifest store" in without.reason
    both = restored(stripped, store_of(signed), placed(signed), skeleton=skeleton_of(signed), policy=trusting)
    assert both.data == signed


def test_a_store_in_several_segments(
    signed_rich: Signed, forge: object, jpeg: bytes, store_of: Store
) -> None:
    large = ({"label": "org.example.large", "data": {"text": "x" * 200_000}},)
    stores: list[bytes] = []
    whole = forge.sign(jpeg, assertions=large, store=stores)  # type: ignore[attr-defined]
    assert whole.count(b"\xff\xeb") >= 4
    stripped = without_credentials(whole)
    assert b"jumb" not in stripped
    assert restored(stripped, stores[0], placed(whole)).data == whole
    assert restored(stripped, stores[0], placement_from(stores[0], stripped)).data == whole
    assert store_of(whole) == stores[0]


def test_offsets_of_a_clip_moved_or_not(
    small_files: dict[str, Path],
    signed: Callable[[bytes, str], bytes],
    store_of: Store,
    trusting: TrustPolicy,
) -> None:
    whole = signed(small_files["a.avif"].read_bytes(), "a.avif")
    placement = placed(whole)
    torn = whole[: placement.start] + whole[placement.start + placement.length :]
    right = without_credentials(whole)
    assert torn != right
    for stripped in (torn, right):
        assert restored(stripped, store_of(whole), placement, policy=trusting).data == whole


def test_a_free_box_more_is_valid_but_not_identical(
    small_files: dict[str, Path],
    signed: Callable[[bytes, str], bytes],
    store_of: Store,
    trusting: TrustPolicy,
) -> None:
    whole = signed(small_files["a.mp4"].read_bytes(), "a.mp4")
    changed = without_credentials(whole) + struct.pack(">I4s", 16, b"free") + bytes(8)
    found = restored(changed, store_of(whole), placed(whole), policy=trusting)
    assert found.outcome is Outcome.VALID
    assert found.data == whole + struct.pack(">I4s", 16, b"free") + bytes(8)
    assert "not those recorded" in found.reason


@pytest.mark.parametrize("name", ALONE)
def test_a_changed_picture_is_not_restored(
    name: str, signed_rich: Signed, store_of: Store, trusting: TrustPolicy
) -> None:
    signed = signed_rich(name)
    for strip in (without_credentials, bare):
        changed = bytearray(strip(signed))
        changed[len(changed) // 2] ^= 1
        found = restored(
            bytes(changed), store_of(signed), placed(signed), skeleton=skeleton_of(signed), policy=trusting
        )
        assert (found.outcome, found.data) == (Outcome.IMPOSSIBLE, None)


def test_reasons_name_what_is_wrong(signed_rich: Signed, store_of: Store) -> None:
    jpeg, png = signed_rich("rich.jpg"), signed_rich("rich.png")
    store, placement = store_of(jpeg), placed(jpeg)
    stripped = without_credentials(jpeg)
    cases = {
        "nothing was missing": restored(jpeg, store, placement),
        "built as jpeg, the copy as png": restored(without_credentials(png), store, placement),
        "a manifest store of its own": restored(jpeg + b"\x00", store, placement),
        "ends before": restored(stripped[:20], store, placement.model_copy(update={"start": 5000})),
        "no record": restored(stripped, b"", None),
        "does not fill its place": restored(stripped, store, placement.model_copy(update={"length": 9})),
        "not taken apart": restored(b"%PDF-1.7", store, placement),
    }
    for words, found in cases.items():
        assert words in found.reason, found.reason
        assert (found.data is None) is (found.outcome is Outcome.IMPOSSIBLE)


def test_files_without_a_store_or_a_place_for_it_are_refused(signed_rich: Signed, jpeg: bytes) -> None:
    with pytest.raises(RestorationError, match="carries no manifest"):
        placed(jpeg)
    with pytest.raises(RestorationError, match="TIFF"):
        placed(signed_rich("rich.tif"))
    with pytest.raises(RestorationError, match="no C2PA manifest store"):
        placement_from(b"nothing", jpeg)
    twice = signed_rich("rich.png")
    seen = placed(twice)
    block = twice[seen.start : seen.start + seen.length]
    with pytest.raises(RestorationError, match="several"):
        placed(twice[: seen.start] + block + twice[seen.start :])


def test_a_placement_says_what_it_was_taken_from(signed_rich: Signed, on_disk: Callable[..., Path]) -> None:
    signed = signed_rich("rich.webp")
    placement = placed(on_disk(signed, "a.webp"))
    assert placement == placed(signed)
    assert (placement.size, placement.sha256) == (len(signed), sha(signed))
    assert placement.head == signed[:12]
    assert len(placement.model_dump_json()) < 600


@pytest.mark.skipif(not READING.is_dir(), reason="FORENSICS_DATA has no c2pa/reading")
@pytest.mark.parametrize(
    "path", sorted(READING.glob("*")) if READING.is_dir() else [], ids=lambda path: path.name
)
def test_files_of_other_signers(path: Path) -> None:
    data = path.read_bytes()
    state = read_bytes(data).state
    if state in (CredentialState.NONE, CredentialState.REMOTE_DECLARED):
        with pytest.raises(RestorationError, match="carries no manifest"):
            placed(data)
        return
    placement = placed(data)
    stripped = without_credentials(data)
    assert len(stripped) == len(data) - placement.length
    lodging = find(data, placement.family)
    assert lodging is not None
    found = restored(stripped, lodging.store(data), placement)
    assert (found.outcome, found.data) == (Outcome.IDENTICAL, data)
    assert found.report is not None
    assert found.report.state is state


@pytest.mark.skipif(not NATIVE.is_dir(), reason="FORENSICS_DATA has no photos/native")
def test_an_original_of_a_camera(
    signed: Callable[[bytes, str], bytes], trusting: TrustPolicy, store_of: Store
) -> None:
    path = min(NATIVE.glob("*.[jJ]*"), key=lambda p: p.stat().st_size)
    whole = signed(path.read_bytes(), "camera.jpg")
    skeleton = skeleton_of(whole)
    assert restored(without_credentials(whole), store_of(whole), placed(whole), policy=trusting).data == whole
    for strip in (without_metadata, bare):
        assert restored(strip(whole), b"", None, skeleton=skeleton, policy=trusting).data == whole
    assert len(skeleton) < len(whole) // 4
