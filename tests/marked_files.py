"""Files in every state that marked pictures are met in: signed, registered, withdrawn, against themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from forensics.article50.scheme import algorithm
from forensics.datasets.procedural import camera
from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.manifests import Manifest, SoftBinding, captured, made_by_model
from forensics.provenance.signers import PemSigner
from forensics.provenance.signing import TimestampPolicy, sign
from forensics.provenance.store import ManifestStore, Mark, recorded
from forensics.provenance.trust import TrustPolicy
from forensics.watermark.keyfile import save_keys
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker

__all__ = ["KEY", "PAYLOAD", "Workshop", "binding", "xmp"]

KEY = Key(bytes(range(32)), "studio")
STRANGER = Key(bytes(range(1, 33)), "somebody")
PAYLOAD = "000c0ffee"
SIDE = 320
Pixels = npt.NDArray[np.uint8]


def binding(value: str = f"{KEY.id}/standard/{PAYLOAD}", alg: str = algorithm("spread")) -> SoftBinding:
    return SoftBinding(alg=alg, value=value)


def xmp(term: str) -> bytes:
    """A packet that gives an IPTC digital source type."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        f'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/{term}"/>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


@dataclass
class Workshop:
    """Files, and what is needed to make and to judge them.

    Attributes:
        folder: The files.
        beside: Keys, certificates and the manifest store.
    """

    folder: Path
    beside: Path
    signer: PemSigner = field(init=False)
    trust: TrustPolicy = field(init=False)
    plain: Pixels = field(init=False, repr=False)
    marked: Pixels = field(init=False, repr=False)

    def __post_init__(self) -> None:
        made = create_dev_ca(self.beside / "ca")
        self.signer = PemSigner(made.chain.read_bytes(), made.key.read_bytes())
        self.trust = TrustPolicy.load(self.trust_file)
        self.plain = camera(1, SIDE, SIDE)
        self.marked = Watermarker(KEY).embed(self.plain, PAYLOAD).pixels
        save_keys([KEY], self.key_file)
        ManifestStore(self.place, create=True).close()

    def __getitem__(self, name: str) -> Path:
        return self.folder / name

    @property
    def key_file(self) -> Path:
        return self.beside / "keys.toml"

    @property
    def trust_file(self) -> Path:
        return self.beside / "ca" / "trust.toml"

    @property
    def place(self) -> Path:
        return self.beside / "store.sqlite"

    def save(self, name: str, pixels: Pixels, manifest: Manifest | None = None, **extras: bytes) -> Path:
        """Write a picture, with credentials where a manifest is given; extras go to Pillow."""
        target = self[name]
        source = self.beside / f"plain{target.suffix}" if manifest else target
        Image.fromarray(pixels).save(source, **extras)  # type: ignore[arg-type]
        if manifest:
            sign(source, target, manifest, self.signer, policy=self.trust)
        return target

    def register(self, name: str) -> str:
        """Enter a file into the store, and return the name of its manifest."""
        record = recorded(self[name], mark=Mark("spread", KEY.id, PAYLOAD))
        with ManifestStore(self.place) as store:
            store.add(record)
        return record.manifest_id

    def furnish(self) -> None:
        """Write a file of every state."""
        plain, marked, model = self.plain, self.marked, made_by_model("sketch")
        bound = made_by_model("sketch", soft_bindings=(binding(),))
        self.save("unsigned.png", plain)
        self.save("signed.png", plain, model)
        self.save("whole.png", marked, bound)
        self.save("short.jpg", marked, made_by_model("sketch", soft_bindings=(binding("c0ffee"),)))
        self.save("withdrawn.png", marked[1:], bound)
        self.save("stripped.png", marked)
        self.save("unnamed.png", marked, model)
        self.save("misnamed.png", marked, made_by_model("sketch", soft_bindings=(binding("badbee"),)))
        self.save("named only.png", plain, bound)
        foreign = made_by_model("sketch", soft_bindings=(binding("1", "com.adobe.trustmark.P"),))
        self.save("foreign.png", plain, foreign)
        self.save("other key.png", Watermarker(STRANGER).embed(plain, PAYLOAD).pixels, bound)
        self.save("camera.jpg", plain, captured("camera"))
        self.save("contradicting.jpg", plain, model, xmp=xmp("digitalCapture"))
        self.save("only says so.jpg", plain, None, xmp=xmp("trainedAlgorithmicMedia"))
        self.save("small.png", plain[:96, :96], model)
        self["unreadable.png"].write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
        self.register("whole.png")
        name = self.register("withdrawn.png")
        with ManifestStore(self.place) as store:
            store.revoke(name, "signed by mistake")

    def stamp(self, name: str, url: str, authority: bytes) -> Path:
        """Write a marked picture whose signature is time-stamped, and have the policy trust the authority."""
        (self.beside / "ca" / "tsa.pem").write_bytes(authority)
        with self.trust_file.open("a") as file:
            file.write('\n[[list]]\nname = "times"\nkind = "tsa"\nfiles = ["tsa.pem"]\n')
        self.trust = TrustPolicy.load(self.trust_file)
        source = self.beside / "plain.png"
        Image.fromarray(self.marked).save(source)
        manifest = made_by_model("sketch", soft_bindings=(binding(),))
        sign(source, self[name], manifest, self.signer, policy=self.trust, timestamp=TimestampPolicy(url))
        self.register(name)
        return self[name]
