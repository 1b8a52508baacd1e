"""Files with everything that files carry, signed by a development CA."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.manifests import made_by_model
from forensics.provenance.signers import PemSigner
from forensics.provenance.signing import sign
from forensics.provenance.trust import TrustPolicy

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"/></x:xmpmeta>'
RICH = ("rich.jpg", "rich.png", "rich.webp", "lossless.webp", "rich.tif")


def _pixels(seed: int = 3) -> Image.Image:
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 200, 80)[None, :, None] * np.ones((56, 1, 3))
    return Image.fromarray(np.clip(ramp + rng.normal(20, 6, ramp.shape), 0, 255).astype(np.uint8))


def exif_with_thumbnail() -> bytes:
    """A TIFF block of two directories; the second one names a small JPEG (CIPA DC-008, 4.5.5)."""
    small = io.BytesIO()
    _pixels().resize((16, 12)).save(small, "JPEG")
    maker = b"Example\x00"
    first = struct.pack("<HHHII", 1, 271, 2, len(maker), 68) + struct.pack("<I", 26)
    second = struct.pack("<H", 3) + struct.pack("<HHII", 259, 3, 1, 6)
    second += struct.pack("<HHII", 513, 4, 1, 76) + struct.pack("<HHII", 514, 4, 1, len(small.getvalue()))
    block = b"II*\x00" + struct.pack("<I", 8) + first + second + struct.pack("<I", 0)
    return block + maker + small.getvalue()


def rich(name: str) -> bytes:
    """A picture with EXIF, thumbnail, profile, XMP and a comment, as far as its format takes them."""
    exif = exif_with_thumbnail()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    out = io.BytesIO()
    if name.endswith("jpg"):
        options = {"exif": b"Exif\x00\x00" + exif, "icc_profile": profile, "xmp": XMP, "comment": b"hello"}
        _pixels().save(out, "JPEG", quality=88, **options)
    elif name.endswith("png"):
        text = PngInfo()
        text.add_text("parameters", "a lighthouse, 20 steps")
        text.add_itxt("XML:com.adobe.xmp", XMP.decode())
        _pixels().save(out, "PNG", pnginfo=text, exif=exif, icc_profile=profile, dpi=(300, 300))
    elif name.endswith("webp"):
        lossless = name.startswith("lossless")
        _pixels().save(out, "WEBP", lossless=lossless, exif=exif, icc_profile=profile, xmp=XMP)
    else:
        _pixels().save(out, "TIFF", compression="raw", icc_profile=profile, software="example")
    return out.getvalue()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[PemSigner, TrustPolicy]:
    folder = tmp_path_factory.mktemp("authority") / "ca"
    made = create_dev_ca(folder)
    return PemSigner(made.chain.read_bytes(), made.key.read_bytes()), TrustPolicy.load(made.trust)


@pytest.fixture(scope="session")
def trusting(authority: tuple[PemSigner, TrustPolicy]) -> TrustPolicy:
    return authority[1]


@pytest.fixture(scope="session")
def signed(
    authority: tuple[PemSigner, TrustPolicy], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[bytes, str], bytes]:
    """Sign bytes; the name gives the suffix."""
    folder = tmp_path_factory.mktemp("signed")
    made: dict[tuple[bytes, str], bytes] = {}

    def run(data: bytes, name: str) -> bytes:
        if (data, name) not in made:
            source, target = folder / name, folder / f"signed-{name}"
            source.write_bytes(data)
            manifest = made_by_model("model")
            signer, policy = authority
            sign(source, target, manifest, signer, policy=policy, overwrite=True, discard_credentials=True)
            made[data, name] = target.read_bytes()
        return made[data, name]

    return run


@pytest.fixture(scope="session")
def signed_rich(signed: Callable[[bytes, str], bytes]) -> Callable[[str], bytes]:
    made: dict[str, bytes] = {}

    def run(name: str) -> bytes:
        if name not in made:
            made[name] = signed(rich(name), name)
        return made[name]

    return run


def store_in(data: bytes) -> bytes:
    """The manifest store as the SDK itself reads it, not as our walk finds it."""
    from forensics.provenance._sdk import read_store
    from forensics.provenance.formats import content_type

    return read_store(io.BytesIO(data), content_type(data), TrustPolicy.default()).store


@pytest.fixture(scope="session")
def store_of() -> Callable[[bytes], bytes]:
    return store_in


@pytest.fixture
def on_disk(tmp_path: Path) -> Callable[[bytes, str], Path]:
    def run(data: bytes, name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return run
