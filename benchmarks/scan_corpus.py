"""Build a folder as trust-and-safety teams meet it: formats, copies, marks, signatures, and hostile files.

    python benchmarks/scan_corpus.py FOLDER [--count 20000] [--hostile 600] [--seed 11]

Pictures are those of $FORENSICS_DATA where it is there, and procedural ones else. Beside FOLDER stand
FOLDER-expected.jsonl, which says for each file what a scan must say of it, as known from how it was made,
and the keys and trust policy with which some are marked and signed.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from scan_hostile import hostile_files

ROOT = Path(__file__).resolve().parent.parent
SIDES, SHARES = (160, 256, 384, 512, 768, 1024, 1600), (0.1, 0.2, 0.2, 0.25, 0.15, 0.07, 0.03)
SIGNED, MARKED = 300, 100
MEMBERS = 500  # of an archive

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Expected:
    """What a scan must say of a file.

    Attributes:
        id: Its address, relative to the folder.
        state: One of the states; "any" where how it was made does not say.
        reasons: One of these, where the state is not ok.
        kind: How it was made.
    """

    id: str
    state: str = "ok"
    reasons: list[str] = field(default_factory=list)
    kind: str = ""


def base_pictures(seed: int) -> list[Pixels]:
    """Return pictures to cut files from."""
    from forensics.datasets.procedural import camera, dead_leaves

    data = Path(os.environ.get("FORENSICS_DATA", ROOT.parent / "shared" / "data"))
    names = [
        "photos/kodak/*.png",
        "photos/native/*.jpg",
        "generated/gan/*.png",
        "generated/sd15_grids/*.webp",
    ]
    paths = [path for name in names for path in sorted(data.glob(name))]
    found = [_opened(path) for path in paths]
    for number in range(max(12, 40 - len(found))):
        made = camera(seed + number, 1200, 1600) if number % 2 else dead_leaves(seed + number, 1200, 1600)
        found.append(made if made.dtype == np.uint8 else (made * 255).astype(np.uint8))
    return found


def _opened(path: Path) -> Pixels:
    with Image.open(path) as picture:
        picture.thumbnail((3000, 3000))
        return np.asarray(picture.convert("RGB"))


def _cut(rng: np.random.Generator, bases: list[Pixels]) -> Image.Image:
    """Return a part of a picture, scaled to one of the usual sizes."""
    base = bases[int(rng.integers(len(bases)))]
    side = int(rng.choice(SIDES, p=SHARES))
    height, width = base.shape[:2]
    share = float(rng.uniform(0.4, 1.0))
    tall, wide = int(height * share), int(width * share)
    top, left = int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1))
    size = side, max(64, round(side * tall / wide))
    part = Image.fromarray(
        cv2.resize(base[top : top + tall, left : left + wide], size, interpolation=cv2.INTER_AREA)
    )
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.2 else part


FORMS = (
    ("jpg", 0.62),
    ("png", 0.12),
    ("webp", 0.12),
    ("gif", 0.04),
    ("tif", 0.03),
    ("bmp", 0.02),
    ("avif", 0.01),
    ("jpeg", 0.04),
)


def _saved(rng: np.random.Generator, picture: Image.Image) -> tuple[bytes, str]:
    """Return a picture as a file, and its ending."""
    out = io.BytesIO()
    ending = str(rng.choice([name for name, _ in FORMS], p=[share for _, share in FORMS]))
    quality = int(rng.integers(40, 97))
    if ending in ("jpg", "jpeg"):
        picture.save(
            out, "JPEG", quality=quality, progressive=ending == "jpeg", subsampling=int(rng.integers(3))
        )
    elif ending == "gif":
        picture.quantize(64).save(out, "GIF")
    elif ending == "avif":
        picture.resize((256, 192)).save(out, "AVIF", quality=quality, speed=9)
    else:
        options = {"webp": {"quality": quality, "method": 1}, "png": {"compress_level": 3}}.get(ending, {})
        picture.save(out, {"tif": "TIFF"}.get(ending, ending.upper()), **options)
    return out.getvalue(), ending


def _plain(rng: np.random.Generator, bases: list[Pixels], count: int, folder: Path) -> Iterator[Expected]:
    """Write pictures into folders of five hundred; one of twenty is a copy of an earlier one."""
    last: list[Path] = []
    for number in range(count):
        place = folder / "plain" / f"{number // 500:03d}"
        place.mkdir(parents=True, exist_ok=True)
        if last and rng.random() < 0.05:
            source = last[int(rng.integers(len(last)))]
            path = place / f"{number:06d}{source.suffix}"
            path.write_bytes(source.read_bytes())
        else:
            data, ending = _saved(rng, _cut(rng, bases))
            path = place / f"{number:06d}.{ending}"
            path.write_bytes(data)
            last = [*last[-200:], path]
        yield Expected(path.relative_to(folder).as_posix(), kind="plain")


def _archives(rng: np.random.Generator, bases: list[Pixels], count: int, folder: Path) -> Iterator[Expected]:
    """Write archives of pictures: ZIP, TAR and compressed TAR in turn."""
    (folder / "archives").mkdir()
    for start in range(0, count, MEMBERS):
        kind = ("zip", "tar", "tar.gz")[start // MEMBERS % 3]
        name = f"archives/shard-{start // MEMBERS:03d}.{kind}"
        files = [_saved(rng, _cut(rng, bases)) for _ in range(min(MEMBERS, count - start))]
        members = [(f"{start + n:06d}.{ending}", data) for n, (data, ending) in enumerate(files)]
        if kind == "zip":
            with zipfile.ZipFile(folder / name, "w") as archive:
                for member, data in members:
                    archive.writestr(member, data)
        else:
            with tarfile.open(folder / name, "w:gz" if kind == "tar.gz" else "w") as archive:
                for member, data in members:
                    head = tarfile.TarInfo(member)
                    head.size = len(data)
                    archive.addfile(head, io.BytesIO(data))
        for member, _ in members:
            yield Expected(f"{name}!/{member}", kind="member")


def _signed(rng: np.random.Generator, bases: list[Pixels], count: int, folder: Path) -> Iterator[Expected]:
    """Write signed pictures; the content of every third is changed afterwards."""
    from forensics.provenance import TrustPolicy, sign
    from forensics.provenance.dev_ca import create_dev_ca
    from forensics.provenance.manifests import made_by_model
    from forensics.provenance.signers import PemSigner

    (folder / "signed").mkdir()
    ca = create_dev_ca(folder.parent / f"{folder.name}-ca", organisation="Example studio")
    signer, policy = PemSigner(ca.chain, ca.key), TrustPolicy.load(ca.trust)
    plain = folder.parent / f"{folder.name}-plain.jpg"
    for number in range(count):
        _cut(rng, bases).save(plain, quality=88)
        path = folder / "signed" / f"{number:04d}.jpg"
        sign(plain, path, made_by_model("example model", "1.0"), signer, policy=policy)
        if number % 3 == 0:
            path.write_bytes(_changed(path.read_bytes()))
        yield Expected(f"signed/{path.name}", kind="changed" if number % 3 == 0 else "signed")
    plain.unlink()


def _changed(data: bytes) -> bytes:
    """Return a JPEG with one bit of its content changed, so that it can still be decoded."""
    for at in range(len(data) - 200, 0, -1):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        try:
            with Image.open(io.BytesIO(changed)) as picture:
                picture.load()
        except OSError:
            continue
        return changed
    return data


def _marked(rng: np.random.Generator, bases: list[Pixels], count: int, folder: Path) -> Iterator[Expected]:
    """Write marked pictures, as they are, saved again, or scaled and saved."""
    from forensics.watermark.keyfile import save_keys
    from forensics.watermark.keys import Key
    from forensics.watermark.watermarker import Watermarker

    (folder / "marked").mkdir()
    key = Key(bytes(range(32)), "studio")
    save_keys([key], folder.parent / f"{folder.name}-keys.toml")
    marker = Watermarker(key)
    for number in range(count):
        picture = _cut(rng, bases).resize((512, 384))
        marked = Image.fromarray(marker.embed(np.asarray(picture), f"{number:x}").pixels)
        kind = ("as it is", "saved", "scaled")[number % 3]
        marked = marked.resize((400, 300), Image.Resampling.BICUBIC) if kind == "scaled" else marked
        path = folder / "marked" / f"{number:04d}.{'png' if kind == 'as it is' else 'jpg'}"
        marked.save(path, **({} if kind == "as it is" else {"quality": 80}))
        yield Expected(f"marked/{path.name}", kind=f"marked, {kind}")


def build(folder: Path, count: int, hostile: int, seed: int) -> list[Expected]:
    """Write the corpus and return what a scan must say of it.

    Args:
        folder: Empty or missing.
        count: Good files, those in archives among them.
        hostile: Hostile files, at least.
        seed: Of all that is drawn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        sys.exit(f"{folder} is not empty")
    rng = np.random.default_rng(seed)
    bases = base_pictures(seed)
    signed, marked = min(SIGNED, count // 20), min(MARKED, count // 20)
    members = (count - signed - marked) // 8
    found = [
        *_plain(rng, bases, count - signed - marked - members, folder),
        *_archives(rng, bases, members, folder),
        *_signed(rng, bases, signed, folder),
        *_marked(rng, bases, marked, folder),
    ]
    for one in hostile_files(folder, hostile, seed):
        found.append(Expected(**one))
    target = folder.parent / f"{folder.name}-expected.jsonl"
    target.write_text("".join(json.dumps(asdict(one)) + "\n" for one in found), encoding="utf-8")
    return found


def main() -> None:
    """Build a corpus."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--hostile", type=int, default=600)
    parser.add_argument("--seed", type=int, default=11)
    given = parser.parse_args()
    found = build(given.folder, given.count, given.hostile, given.seed)
    sys.stdout.write(f"{len(found)} files: {given.folder}\n")


if __name__ == "__main__":
    main()
