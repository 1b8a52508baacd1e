"""Signed and marked pictures in a store, and copies of them of every kind."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.datasets.procedural import camera
from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.manifests import made_by_model
from forensics.provenance.signers import PemSigner
from forensics.provenance.signing import sign
from forensics.provenance.store import ManifestStore, Mark, recorded
from forensics.provenance.trust import TrustPolicy
from forensics.watermark.decoders import signature
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker

Pixels = npt.NDArray[np.uint8]

sys.modules["recovery_helpers"] = sys.modules[__name__]  # tests are no package

KEY = Key(bytes(range(32)), "studio")


@dataclass(frozen=True)
class World:
    """A store with what is registered in it, by name."""

    place: Path
    folder: Path
    store: ManifestStore
    policy: TrustPolicy
    signer: PemSigner
    key: Key
    plain: dict[str, Pixels]  # before they were marked
    shown: dict[str, Pixels]  # as registered
    files: dict[str, bytes]
    numbers: dict[str, int]

    def signed(self, pixels: Pixels, name: str) -> bytes:
        source, target = self.folder / name, self.folder / f"signed-{name}"
        Image.fromarray(pixels).save(source, **({} if name.endswith("png") else {"quality": 92}))
        sign(source, target, made_by_model("sketch"), self.signer, policy=self.policy, overwrite=True)
        return target.read_bytes()

    def moved(self, name: str, target: Pixels) -> Pixels:
        """Lay the mark of a picture onto another one, exactly."""
        mark = self.shown[name].astype(int) - self.plain[name]
        return np.clip(target + mark, 0, 255).astype(np.uint8)


def encoded(pixels: Pixels, form: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form, **options)
    return out.getvalue()


def scene(seed: int, height: int = 384, width: int = 448) -> Pixels:
    return camera(seed, height, width)


def of_decoder(pixels: Pixels, identity: str = "5eed") -> Pixels:
    """Put in what a decoder that signs puts into its pictures."""
    height, width = pixels.shape[:2]
    tile = np.tile(signature(KEY, identity).tile, (-(-height // 64), -(-width // 64)))[:height, :width]
    return np.clip(np.rint(pixels + 3.0 * tile[..., None]), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    made = create_dev_ca(folder / "ca")
    signer = PemSigner(made.chain.read_bytes(), made.key.read_bytes())
    marker = Watermarker(KEY)
    plain = {"marked": scene(1), "decoded": scene(2, 256, 256), "unmarked": scene(3)}
    shown = {
        "marked": marker.embed(plain["marked"], "a1").pixels,
        "decoded": of_decoder(plain["decoded"]),
        "unmarked": plain["unmarked"],
    }
    names = {"marked": "marked.png", "decoded": "decoded.jpg", "unmarked": "unmarked.webp"}
    marks = {"marked": "0000000a1", "decoded": "000005eed", "unmarked": ""}
    place = folder / "store.sqlite"
    with ManifestStore(place, create=True) as store:
        policy = TrustPolicy.load(made.trust)
        world = World(place, folder, store, policy, signer, KEY, plain, shown, {}, {})
        for name, file in names.items():
            world.files[name] = world.signed(shown[name], file)
            mark = Mark("spread", KEY.id, marks[name]) if marks[name] else None
            record = recorded(world.files[name], mark=mark, model="sketch")
            store.add(record)
            entry = store.get(record.manifest_id)
            assert entry is not None
            world.numbers[name] = entry.number
        yield world
