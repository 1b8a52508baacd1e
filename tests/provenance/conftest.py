"""A certificate authority that makes any certificate, good or wrong, and small files of every format."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import socket
import struct
import wave
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import c2pa
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from PIL import Image

from forensics.provenance import CredentialReport, read
from forensics.provenance._sdk import safe_settings
from forensics.provenance.signers import PemSigner
from forensics.provenance.trust import TrustList, TrustPolicy

EMAIL = "1.3.6.1.5.5.7.3.4"


@dataclass(frozen=True)
class Issued:
    """A chain with the key of its leaf."""

    certificates: tuple[x509.Certificate, ...]
    key: Any

    @property
    def chain(self) -> bytes:
        return b"".join(c.public_bytes(Encoding.PEM) for c in self.certificates)

    @property
    def key_pem(self) -> bytes:
        return self.private(PrivateFormat.PKCS8)

    def private(self, form: PrivateFormat, encryption: Any = None) -> bytes:
        return self.key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())


@dataclass(frozen=True)
class Wish:
    """How the leaf should be; the defaults are right."""

    eku: tuple[str, ...] | None = (EMAIL,)
    eku_critical: bool = False
    key_usage: frozenset[str] | None = frozenset({"digital_signature"})
    aki: bool = True
    ski: bool = True
    constraints: bool | None = False  # the CA flag; None for no such extension
    organisation: bool = True
    start: float = -1  # days from now
    end: float = 200
    digest: Any = field(default_factory=hashes.SHA256)
    key: str = "p256"
    self_signed: bool = False
    ocsp: str = ""  # address of the OCSP responder


def new_key(kind: str) -> Any:
    curves = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1, "secp256k1": ec.SECP256K1}
    if kind in curves:
        return ec.generate_private_key(curves[kind]())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))


def usage(names: frozenset[str]) -> x509.KeyUsage:
    every = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: name in names for name in every.split()})


class Pki:
    """A root and an issuing CA that sign whatever they are asked to."""

    def __init__(self, issuing_end: float = 3000) -> None:
        ca = Wish(
            eku=None,
            key_usage=frozenset({"key_cert_sign", "crl_sign"}),
            constraints=True,
            start=-100,
            end=3000,
        )
        self.root_key, self.issuing_key = new_key("p256"), new_key("p256")
        self.root = self._certificate("Test root", ca, self.root_key, None, self.root_key)
        lower = replace(ca, end=issuing_end)
        self.issuing = self._certificate("Test issuing CA", lower, self.issuing_key, self.root, self.root_key)

    @property
    def root_pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)

    @property
    def policy(self) -> TrustPolicy:
        return TrustPolicy(lists=(TrustList(name="test", pem=self.root_pem.decode()),))

    def leaf(self, **wishes: Any) -> Issued:
        wish = Wish(**wishes)
        key = new_key(wish.key)
        if wish.self_signed:
            return Issued((self._certificate("Alone", wish, key, None, key),), key)
        return Issued(
            (self._certificate("Test signer", wish, key, self.issuing, self.issuing_key), self.issuing), key
        )

    @staticmethod
    def _certificate(
        name: str, wish: Wish, key: Any, issuer: x509.Certificate | None, issuer_key: Any
    ) -> x509.Certificate:
        names = [(NameOID.COUNTRY_NAME, "ZZ"), (NameOID.COMMON_NAME, name)]
        if wish.organisation:
            names.insert(1, (NameOID.ORGANIZATION_NAME, "Test organisation"))
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + dt.timedelta(days=wish.start))
            .not_valid_after(now + dt.timedelta(days=wish.end))
        )
        extensions: list[tuple[x509.ExtensionType, bool]] = []
        if wish.constraints is not None:
            extensions.append((x509.BasicConstraints(wish.constraints, None), True))
        if wish.key_usage is not None:
            extensions.append((usage(wish.key_usage), True))
        if wish.eku is not None:
            oids = [x509.ObjectIdentifier(oid) for oid in wish.eku]
            extensions.append((x509.ExtendedKeyUsage(oids), wish.eku_critical))
        if wish.ski:
            extensions.append((x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False))
        if wish.aki:
            identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
            extensions.append((identifier, False))
        if wish.ocsp:
            place = x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(wish.ocsp)
            )
            extensions.append((x509.AuthorityInformationAccess([place]), False))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        digest = None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else wish.digest
        return builder.sign(issuer_key, digest)


@pytest.fixture(scope="session")
def pki() -> Pki:
    return Pki()


@pytest.fixture(scope="session")
def stale_pki() -> Pki:
    """Return an authority whose issuing certificate expired."""
    return Pki(issuing_end=-2)


@pytest.fixture
def signer(pki: Pki) -> PemSigner:
    issued = pki.leaf()
    return PemSigner(issued.chain, issued.key_pem)


@pytest.fixture
def policy(pki: Pki) -> TrustPolicy:
    return pki.policy


@pytest.fixture
def nothing_changes() -> Callable[[Path], AbstractContextManager[None]]:
    """Return a check that no file below a folder is changed, added or removed."""

    def listing(folder: Path) -> dict[str, str]:
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    @contextmanager
    def check(folder: Path) -> Iterator[None]:
        before = listing(folder)
        yield
        assert listing(folder) == before

    return check


@pytest.fixture
def closed_port() -> int:
    """Return a loopback port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def small_picture(form: str, seed: int = 1) -> bytes:
    """Return a 48x32 picture: smooth, with a little noise, the same for the same seed."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 200, 48, dtype=np.float32)[None, :, None] * np.ones((32, 1, 3), np.float32)
    pixels = np.clip(ramp + rng.normal(20, 5, ramp.shape), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    return buffer.getvalue()


def small_wav() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\x01\x00" * 400)
    return buffer.getvalue()


def small_avi() -> bytes:
    """Return a clip of one uncompressed 4x4 frame (Microsoft AVI RIFF reference)."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    head = struct.pack("<14I", 40000, 0, 0, 16, 1, 0, 1, 48, 4, 4, 0, 0, 0, 0)
    stream = b"vidsDIB " + struct.pack("<12I", 0, 0, 0, 1, 25, 0, 1, 48, 0, 0, 0, 0)
    bitmap = struct.pack("<IiiHHIIiiII", 40, 4, 4, 1, 24, 0, 48, 0, 0, 0, 0)
    lists = chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", bitmap))
    header = chunk(b"LIST", b"hdrl" + chunk(b"avih", head) + lists)
    movie = chunk(b"LIST", b"movi" + chunk(b"00db", bytes(48)))
    return chunk(b"RIFF", b"AVI " + header + movie)


def small_mp4(brand: bytes = b"isom") -> bytes:
    """Return a movie without tracks: the boxes that the container needs (ISO/IEC 14496-12)."""

    def box(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body) + 8) + name + body

    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    header = struct.pack(">5IIH10x", 0, 0, 0, 1000, 1000, 0x10000, 0x100) + matrix + bytes(24)
    movie = box(b"moov", box(b"mvhd", header + struct.pack(">I", 1)))
    return box(b"ftyp", brand + struct.pack(">I", 512) + brand + b"mp41") + movie + box(b"mdat", bytes(64))


SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"></svg>\n'
SMALL_FILES: dict[str, Callable[[], bytes]] = {
    "a.jpg": lambda: small_picture("JPEG"),
    "a.png": lambda: small_picture("PNG"),
    "a.webp": lambda: small_picture("WEBP"),
    "a.gif": lambda: small_picture("GIF"),
    "a.tif": lambda: small_picture("TIFF"),
    "a.avif": lambda: small_picture("AVIF"),
    "a.svg": lambda: SVG,
    "a.wav": small_wav,
    "a.avi": small_avi,
    "a.mp4": small_mp4,
    "a.mov": lambda: small_mp4(b"qt  "),
    "a.m4a": lambda: small_mp4(b"M4A "),
    "a.flac": lambda: b"fLaC\x80\0\0\x22\x10\0\x10\0" + bytes(6) + b"\x0a\xc4\x42\xf0" + bytes(20),
    "a.mp3": lambda: b"ID3\x03\0\0\0\0\0\0" + (b"\xff\xfb\x90\x00" + bytes(413)) * 4,
}


@pytest.fixture
def small_files(tmp_path: Path) -> dict[str, Path]:
    """Write one small file of every format that can be signed."""
    folder = tmp_path / "small"
    folder.mkdir()
    for name, make in SMALL_FILES.items():
        (folder / name).write_bytes(make())
    return {name: folder / name for name in SMALL_FILES}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Write a small JPEG."""
    path = tmp_path / "picture.jpg"
    path.write_bytes(small_picture("JPEG"))
    return path


CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


@dataclass(frozen=True)
class Forge:
    """Signs bytes with the SDK alone, rightly or wrongly, so that reading is tested without our signing."""

    signer: Issued

    def sign(
        self,
        data: bytes,
        actions: list[dict[str, Any]] | None = None,
        *,
        ingredient: bytes | None = None,
        relationship: str = "parentOf",
        policy: TrustPolicy | None = None,
        created: bool = True,
        assertions: tuple[dict[str, Any], ...] = (),
        tsa_url: str | None = None,
        remote: str | None = None,
        embed: bool = True,
        store: list[bytes] | None = None,
    ) -> bytes:
        """Return the JPEG with a manifest; `store` receives the manifest store."""
        settings = safe_settings(policy)
        settings["builder"]["created_assertion_labels"] = ["c2pa.actions"] if created else []
        if actions is None:
            parent = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["i1"]}}
            actions = [parent if ingredient else {"action": "c2pa.created", "digitalSourceType": CAPTURE}]
        manifest = {
            "claim_generator_info": [{"name": "forge", "version": "1"}],
            "assertions": [{"label": "c2pa.actions", "data": {"actions": actions}}, *assertions],
        }
        out = io.BytesIO()
        with c2pa.Builder(manifest, c2pa.Context.from_dict(settings)) as builder:
            if ingredient is not None:
                described = {"title": "ingredient", "relationship": relationship, "label": "i1"}
                builder.add_ingredient(described, "image/jpeg", io.BytesIO(ingredient))
            if remote:
                builder.set_remote_url(remote)
            if not embed:
                builder.set_no_embed()
            made = builder.sign(self._signer(tsa_url), "image/jpeg", io.BytesIO(data), out)
        if store is not None:
            store.append(made)
        return out.getvalue()

    def _signer(self, tsa_url: str | None) -> c2pa.Signer:
        es256 = c2pa.C2paSigningAlg.ES256
        info = c2pa.C2paSignerInfo(es256, self.signer.chain, self.signer.key_pem, tsa_url)
        return c2pa.Signer.from_info(info)


@pytest.fixture(scope="session")
def forge(pki: Pki) -> Forge:
    return Forge(pki.leaf())


@pytest.fixture(scope="session")
def stranger() -> Forge:
    """A signer whom nobody knows."""
    return Forge(Pki().leaf())


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    return small_picture("JPEG")


@pytest.fixture(scope="session")
def reference() -> Path:
    return Path(__file__).parents[1] / "data" / "c2pa"


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., CredentialReport]:
    def run(data: bytes, policy: TrustPolicy | None = None, name: str = "file.jpg") -> CredentialReport:
        path = tmp_path / name
        path.write_bytes(data)
        return read(path, policy or TrustPolicy.default())

    return run
