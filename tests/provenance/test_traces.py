"""Pictures without a trace of credentials are not given to the SDK, and nothing is missed by that."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import pytest
from PIL import Image

from forensics.provenance import CredentialState, TrustPolicy, _sdk, read_bytes
from forensics.provenance._sdk import Outcome, read_store
from forensics.provenance._traces import bare, has_store
from forensics.provenance.manifests import made_by_model
from forensics.provenance.signers import PemSigner
from forensics.provenance.signing import sign

POLICY = TrustPolicy.default()
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:dcterms="http://purl.org/dc/terms/" '
    'dcterms:provenance="https://example.org/a.c2pa"/></rdf:RDF></x:xmpmeta>'
)


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_the_sdk_is_not_asked_about_a_picture_without_a_trace(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = picture(kind)
    asked = read_store_by_sdk(data)
    monkeypatch.setattr(_sdk, "make_context", lambda policy: pytest.fail("the SDK was asked"))
    assert bare(io.BytesIO(data))
    assert read_bytes(data, POLICY).state is CredentialState.NONE
    assert asked is Outcome.ABSENT


def read_store_by_sdk(data: bytes) -> Outcome:
    """What the SDK says of the file by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_sdk, "bare", lambda stream: False)
        return read_store(io.BytesIO(data), None, POLICY).outcome


@pytest.mark.parametrize("kind", ["TIFF", "BMP"])
def test_other_formats_are_left_to_the_sdk(kind: str) -> None:
    assert not bare(io.BytesIO(picture(kind)))


@pytest.mark.parametrize("data", [b"", b"x", b"jumb", b"%PDF-1.7", b"\xff\xd8"])
def test_what_is_no_picture_is_left_to_the_sdk(data: bytes) -> None:
    assert bare(io.BytesIO(data)) == data.startswith(b"\xff\xd8\xff")


def test_what_is_signed_has_a_trace(
    small_files: dict[str, Path], tmp_path: Path, signer: PemSigner, policy: TrustPolicy
) -> None:
    for name, path in small_files.items():
        made = sign(path, tmp_path / name, made_by_model("m"), signer, policy=policy)
        with made.path.open("rb") as stream:
            assert not bare(stream), name
            assert has_store(stream) or path.suffix == ".svg", name


def test_an_address_in_compressed_text_is_left_to_the_sdk() -> None:
    body = b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + zlib.compress(XMP.encode())
    chunk = b"iTXt" + body
    packed = len(body).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    plain = picture("PNG")
    data = plain[:33] + packed + plain[33:]
    assert b"provenance" not in data
    assert not bare(io.BytesIO(data))


def test_an_address_in_two_pieces_is_left_to_the_sdk() -> None:
    plain = picture("JPEG")
    pieces = (b"http://ns.adobe.com/xap/1.0/\x00<a prov", b"http://ns.adobe.com/xmp/extension/\x00enance")
    inside = b"".join(b"\xff\xe1" + (len(p) + 2).to_bytes(2, "big") + p for p in pieces)
    assert not bare(io.BytesIO(plain[:2] + inside + plain[2:]))


def test_an_address_in_a_jpeg_is_found() -> None:
    body = b"http://ns.adobe.com/xap/1.0/\x00" + XMP.encode()
    plain = picture("JPEG")
    data = plain[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + plain[2:]
    assert read_bytes(data, POLICY).state is CredentialState.REMOTE_DECLARED


def test_a_file_longer_than_is_searched_is_left_to_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    from forensics.provenance import _traces

    data = picture("PNG")
    monkeypatch.setattr(_traces, "_MOST", len(data))
    assert bare(io.BytesIO(data))
    monkeypatch.setattr(_traces, "_MOST", len(data) - 1)
    assert not bare(io.BytesIO(data))
