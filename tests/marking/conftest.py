"""An identity of nobody, a marker of it, a picture, and what is left in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from forensics.datasets.procedural import camera
from forensics.marking import Marker, Profile
from forensics.provenance.dev_ca import DevCa, create_dev_ca
from forensics.provenance.signers import PemSigner
from forensics.provenance.store import ManifestStore
from forensics.provenance.trust import TrustPolicy
from forensics.watermark.keys import Key

from ..provenance.conftest import Pki


@pytest.fixture(scope="session")
def scene() -> npt.NDArray[np.uint8]:
    pixels = camera(3, 256, 320)
    pixels.flags.writeable = False
    return pixels


@pytest.fixture(scope="session")
def pki() -> Pki:
    return Pki()


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> DevCa:
    return create_dev_ca(tmp_path_factory.mktemp("identity") / "ca")


@dataclass
class Bench:
    """A marker with its store, and a folder that it writes to."""

    marker: Marker
    store: ManifestStore
    profile: Profile
    folder: Path

    def again(self, **changes: Any) -> Marker:
        return Marker(replace(self.profile, **changes))

    @property
    def left(self) -> list[str]:
        return sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*"))

    @property
    def entries(self) -> int:
        return self.store.stats().entries


@pytest.fixture
def bench(tmp_path: Path, ca: DevCa) -> Iterator[Bench]:
    store = ManifestStore(tmp_path / "store.sqlite", create=True)
    folder = tmp_path / "out"
    folder.mkdir()
    profile = Profile(
        Key(bytes(range(32)), "studio"),
        PemSigner(ca.chain, ca.key),
        tmp_path / "store.sqlite",
        "sketch",
        "1.5",
        TrustPolicy.load(ca.trust),
    )
    with store, Marker(profile) as marker:
        yield Bench(marker, store, profile, folder)
