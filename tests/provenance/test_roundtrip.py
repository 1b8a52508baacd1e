"""Every format there and back: signed, read, unchanged in what it shows, and noticed when touched."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from forensics.errors import TruncatedMedia, UnsupportedMedia, UsageError
from forensics.provenance.formats import SIGNABLE, check_whole, media_type
from forensics.provenance.manifests import Manifest, edited_by_model, made_by_model
from forensics.provenance.reading import read
from forensics.provenance.report import AiSignalKind, Chain, CredentialState
from forensics.provenance.signers import PemSigner
from forensics.provenance.signing import SignResult, sign

DATA = Path(os.environ.get("FORENSICS_DATA") or Path(__file__).parents[3] / "shared" / "data")
SIGNING = DATA / "c2pa" / "signing"
FORMATS = [
    "a.jpg", "a.png", "a.webp", "a.gif", "a.tif", "a.avif", "a.svg", "a.wav", "a.avi", "a.mp4", "a.mov",
    "a.m4a", "a.flac", "a.mp3",
]  # fmt: skip
PICTURES = {"image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/avif"}


TAGGED = {"audio/flac", "audio/mpeg"}  # the SDK rewrites their ID3 tag, come what may


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pixels(path: Path) -> Any:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA"))


def there_and_back(source: Path, folder: Path, pki: Any) -> None:
    """Sign a file, edit it, keep a copy with a sidecar, then touch it."""
    issued = pki.leaf()
    signer = PemSigner(issued.chain, issued.key_pem)
    before, mime = sha(source), media_type(source)

    def signed(name: str, manifest: Manifest, given: Path = source, sidecar: bool = False) -> SignResult:
        target = folder / f"{name}{source.suffix}"
        return sign(
            given, target, manifest, signer, policy=pki.policy, sidecar=sidecar, discard_credentials=True
        )

    first = signed("1", made_by_model("m"))
    second = signed("2", edited_by_model("n"), given=first.path)
    results = [(first, Chain.SINGLE), (second, Chain.INTACT)]
    if mime in TAGGED or read(source, pki.policy).state is not CredentialState.NONE:
        with pytest.raises(UsageError, match="cannot stay as it is"):
            signed("3", made_by_model("m"), sidecar=True)
        assert not list(folder.glob("3*"))
    else:
        beside = signed("3", made_by_model("m"), sidecar=True)
        assert sha(beside.path) == before
        results.append((beside, Chain.SINGLE))

    assert sha(source) == before
    assert media_type(first.path) == media_type(second.path) == mime
    check_whole(first.path, mime)
    assert [(r.state, r.chain) for r, _ in results] == [
        (CredentialState.TRUSTED, chain) for _, chain in results
    ]
    assert read(first.path, pki.policy).ai_signal.kind is AiSignalKind.FULLY
    assert len(read(second.path, pki.policy).manifests) == 2
    if mime in PICTURES:
        assert np.array_equal(pixels(first.path), pixels(source))
        assert np.array_equal(pixels(second.path), pixels(source))
    touch(first.path)
    assert read(first.path, pki.policy).state in (CredentialState.INVALID, CredentialState.MALFORMED)


def touch(path: Path) -> None:
    """Change one bit of the last byte that is not a zero."""
    content = bytearray(path.read_bytes())
    last = len(content) - len(bytes(content).rstrip(b"\0")) + 1
    content[-last] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", FORMATS)
def test_small_files(name: str, small_files: dict[str, Path], tmp_path: Path, pki: Any) -> None:
    there_and_back(small_files[name], tmp_path, pki)


def test_every_signable_format_is_among_the_small_files(small_files: dict[str, Path]) -> None:
    assert set(FORMATS) == set(small_files)
    # HEIF, JPEG XL and PDF have no small writer here; HEIF and PDF are in the folder of test pictures.
    missing = set(SIGNABLE) - {media_type(path) for path in small_files.values()}
    assert missing == {"image/heif", "image/jxl", "application/pdf"}


@pytest.mark.skipif(not SIGNING.is_dir(), reason="FORENSICS_DATA has no c2pa/signing")
@pytest.mark.parametrize(
    "source", sorted(SIGNING.glob("*")) if SIGNING.is_dir() else [], ids=lambda p: p.name
)
def test_real_files(source: Path, tmp_path: Path, pki: Any) -> None:
    there_and_back(source, tmp_path, pki)


# Text and the two sound formats below do not say how long they are.
ENDLESS = {"a.svg", "a.mp3", "a.flac"}


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ENDLESS])
def test_cut_files_are_noticed(name: str, small_files: dict[str, Path], tmp_path: Path) -> None:
    content = small_files[name].read_bytes()
    mime = media_type(small_files[name])
    check_whole(small_files[name], mime)
    for keep in (len(content) - 1, len(content) - 16, len(content) * 3 // 4, len(content) // 2, 40):
        cut = tmp_path / "cut"
        cut.write_bytes(content[:keep])
        with pytest.raises(TruncatedMedia):
            check_whole(cut, mime)


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ENDLESS])
def test_mangled_structure_never_hangs_or_crashes(
    name: str, small_files: dict[str, Path], tmp_path: Path
) -> None:
    content = bytearray(small_files[name].read_bytes())
    mime = media_type(small_files[name])
    rng = np.random.default_rng(7)
    path = tmp_path / "mangled"
    for _ in range(50):
        mangled = content.copy()
        for position in rng.integers(0, min(len(content), 400), 4):
            mangled[position] = rng.integers(0, 256)
        path.write_bytes(mangled)
        try:
            check_whole(path, mime)
        except TruncatedMedia:
            continue


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (b"%PDF-1.7\n%%EOF", "application/pdf"),
        (b"\xff\xfb\x90\x00" + bytes(413), "audio/mpeg"),
        (b"\xef\xbb\xbf  <svg xmlns='x'/>", "image/svg+xml"),
        (b"<!-- drawn -->\n<svg/>", "image/svg+xml"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(12), "image/heif"),
    ],
)
def test_media_types_by_content(content: bytes, mime: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    assert media_type(path) == mime


@pytest.mark.parametrize(
    "content", [b"<html><svg></html>", b"\xff\xff\xff", b"RIFF\0\0\0\0XXXX", b"PK\x03\x04", b"ID", b"\0"]
)
def test_contents_that_are_nothing(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(UnsupportedMedia):
        media_type(path)
