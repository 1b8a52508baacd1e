"""Reading: the state of every reference file, tampering named rightly, and nothing that raises."""

from __future__ import annotations

import csv
import io
import os
import struct
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.errors import NotAFile, VerificationFailed
from forensics.provenance import (
    Chain,
    CredentialReport,
    CredentialState,
    TrustList,
    TrustPolicy,
    read,
    verify,
)

State = CredentialState
ReadBytes = Callable[..., CredentialReport]
DATA = Path(os.environ.get("FORENSICS_DATA", Path(__file__).parents[3] / "shared" / "data")) / "c2pa"
OFFICIAL = {"Trusted": State.TRUSTED, "Valid": State.VALID_UNTRUSTED, "Invalid": State.INVALID}


def policy_of(*files: Path) -> TrustPolicy:
    return TrustPolicy(lists=tuple(TrustList(name=f.stem, pem=f.read_text(encoding="utf-8")) for f in files))


# The six reference files of the repository


@pytest.mark.parametrize(
    ("name", "unknown", "known", "chain"),
    [
        ("CA.jpg", State.VALID_UNTRUSTED, State.TRUSTED, Chain.SINGLE),
        ("CACAE-uri-CA.jpg", State.VALID_UNTRUSTED, State.TRUSTED, Chain.BROKEN),
        ("CIE-sig-CA.jpg", State.INVALID, State.INVALID, Chain.BROKEN),
        ("E-sig-CA.jpg", State.INVALID, State.INVALID, Chain.SINGLE),
        ("XCA.jpg", State.INVALID, State.INVALID, Chain.SINGLE),
        ("cloud.jpg", State.REMOTE_DECLARED, State.REMOTE_DECLARED, Chain.SINGLE),
    ],
)
def test_reference_files(reference: Path, name: str, unknown: State, known: State, chain: Chain) -> None:
    without = read(reference / name, TrustPolicy.default())
    trusting = read(reference / name, policy_of(reference / "anchors.pem"))
    assert (without.state, without.chain) == (unknown, chain)
    assert (trusting.state, trusting.chain) == (known, chain)
    assert not without.proof
    assert trusting.proof == (known is State.TRUSTED and chain is not Chain.BROKEN)
    assert trusting.trust_list == ("anchors" if known is State.TRUSTED else "")


def test_what_is_known_of_the_signer(reference: Path) -> None:
    report = read(reference / "CA.jpg", TrustPolicy.default())
    signer = report.signer
    assert signer is not None
    assert (signer.subject, signer.organisation, signer.algorithm) == (
        "C2PA Signer",
        "C2PA Test Signing Cert",
        "Ps256",
    )
    # openssl x509 -serial -issuer of the first certificate of anchors.pem
    assert signer.serial == "7e3e629adccfe7d99710135b5a48056972df8199"
    assert signer.issuer.startswith("CN=Intermediate CA,")
    assert report.signed_time is not None
    assert report.signed_time.value == "2024-08-06T21:53:37+00:00"
    assert report.embedded
    assert report.manifests[0].generator.startswith("make_test_images")


def test_remote_address_is_reported(reference: Path) -> None:
    report = read(reference / "cloud.jpg", TrustPolicy.default())
    assert report.remote_url == (
        "https://cai-manifests.adobe.com/manifests/adobe-urn-uuid-5f37e182-3687-462e-a7fb-573462780391"
    )
    assert report.manifests == ()


def test_a_broken_chain_is_never_proof(reference: Path) -> None:
    report = read(reference / "CACAE-uri-CA.jpg", policy_of(reference / "anchors.pem"))
    assert report.state is State.TRUSTED
    assert not report.proof
    assert "assertion.hashedURI.mismatch" in report.failures
    failed = [i.title for m in report.manifests for i in m.ingredients if i.failed]
    assert failed == ["E-uri-CA.jpg"]
    assert not report.ai_signal.trusted


# All reference files, where they are there


def _rows() -> list[dict[str, str]]:
    table = DATA / "reference.csv"
    if not table.is_file():
        return []
    with table.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _expected(text: str) -> State:
    if text.startswith("ERR ManifestNotFound"):
        return State.NONE
    return State.REMOTE_DECLARED if text.startswith("ERR Remote") else OFFICIAL[text]


@pytest.mark.skipif(not _rows(), reason="the folder of test pictures (FORENSICS_DATA) is not there")
def test_every_reference_file_agrees() -> None:
    # Two of the files are signed by the ES256 test signer, whose root is not in anchors.pem: the table was
    # made with both test chains as anchors.
    trusting = policy_of(DATA / "trust" / "anchors.pem", DATA / "certs" / "es256_certs.pem")
    for row in _rows():
        path = DATA / "reading" / row["file"]
        without, known = read(path, TrustPolicy.default()), read(path, trusting)
        assert without.state is _expected(row["state_without_trust_list"]), row["file"]
        assert known.state is _expected(row["state_with_test_anchors"]), row["file"]
        assert set(_codes(row["failures"])) <= {c.code for c in without.codes if c.failure}, row["file"]
        if row["algorithm"]:
            assert known.signer is not None
            assert (known.signer.organisation, known.signer.algorithm) == (row["issuer"], row["algorithm"])
        ingredient_fails = any(
            part.startswith("ing:") and part != "ing:signingCredential.untrusted"
            for part in row["failures"].split(";")
        )
        # The failure inside this one was recorded by its signer, so the SDK's own list leaves it out.
        recorded = row["file"] == "CACAE-uri-CA.jpg"
        assert (without.chain is Chain.BROKEN) == (ingredient_fails or recorded), row["file"]
        assert known.chain is without.chain


def _codes(text: str) -> list[str]:
    return [part.removeprefix("ing:") for part in text.split(";") if part]


@pytest.mark.skipif(not _rows(), reason="the folder of test pictures (FORENSICS_DATA) is not there")
def test_with_the_anchors_alone_only_the_es256_files_differ() -> None:
    alone = policy_of(DATA / "trust" / "anchors.pem")
    both = policy_of(DATA / "trust" / "anchors.pem", DATA / "certs" / "es256_certs.pem")
    differ = {
        row["file"]
        for row in _rows()
        if read(DATA / "reading" / row["file"], alone).state
        is not read(DATA / "reading" / row["file"], both).state
    }
    assert differ == {"boxhash.jpg", "sample1_signed.wav"}


# Tampering


def test_signed_file_is_trusted(forge, pki, jpeg: bytes, read_bytes: ReadBytes) -> None:
    report = read_bytes(forge.sign(jpeg), pki.policy)
    assert (report.state, report.chain, report.trust_list) == (State.TRUSTED, Chain.SINGLE, "test")
    assert report.failures == ()
    assert report.signer is not None
    assert report.signer.issuer.startswith("CN=Test issuing CA")
    assert report.proof


def test_tampered_pixel(forge, pki, jpeg: bytes, read_bytes: ReadBytes) -> None:
    signed = bytearray(forge.sign(jpeg))
    signed[-40] ^= 1
    report = read_bytes(bytes(signed), pki.policy)
    assert report.state is State.INVALID
    assert report.failures == report.own_failures == ("assertion.dataHash.mismatch",)
    assert report.chain is Chain.SINGLE
    assert report.manifests[0].trusted
    assert not report.manifests[0].intact


def test_edited_assertion(forge, pki, jpeg: bytes, read_bytes: ReadBytes) -> None:
    signed = forge.sign(jpeg)
    assert signed.count(b"digitalCapture") == 1
    report = read_bytes(signed.replace(b"digitalCapture", b"digitalCrapure"), pki.policy)
    assert report.state is State.INVALID
    assert "assertion.hashedURI.mismatch" in report.failures


def test_edited_claim(forge, pki, jpeg: bytes, read_bytes: ReadBytes) -> None:
    signed = forge.sign(jpeg)
    assert signed.count(b"eforge") == 1
    report = read_bytes(signed.replace(b"eforge", b"efouge"), pki.policy)
    assert report.state is State.INVALID
    assert "claimSignature.mismatch" in report.failures


def test_transplanted_manifest(forge, pki, jpeg: bytes, read_bytes: ReadBytes) -> None:
    signed = forge.sign(jpeg)
    start, length = _app11(signed)
    other = _jpeg(seed=9)
    report = read_bytes(other[:2] + signed[start : start + length] + other[2:], pki.policy)
    assert report.state is State.INVALID
    assert report.failures == ("assertion.dataHash.mismatch",)


def test_stripped_file(forge, pki, jpeg: bytes, read_bytes: ReadBytes) -> None:
    signed = forge.sign(jpeg)
    start, length = _app11(signed)
    report = read_bytes(signed[:start] + signed[start + length :], pki.policy)
    assert (report.state, report.manifests, report.codes) == (State.NONE, (), ())


def test_laundered_parent(forge, pki, jpeg: bytes, read_bytes: ReadBytes) -> None:
    signed = bytearray(forge.sign(jpeg))
    signed[-40] ^= 1
    laundered = forge.sign(bytes(signed), ingredient=bytes(signed), policy=pki.policy)
    report = read_bytes(laundered, pki.policy)
    assert (report.state, report.chain) == (State.TRUSTED, Chain.BROKEN)
    assert report.manifests[0].ingredients[0].failed == ("assertion.dataHash.mismatch",)
    assert not report.proof
    assert report.failures == ("assertion.dataHash.mismatch",)
    assert report.own_failures == ()  # the content is what the active manifest was signed for


@pytest.mark.parametrize("keep", [2, 20, 400, 2000])
def test_header_only(forge, jpeg: bytes, read_bytes: ReadBytes, keep: int) -> None:
    report = read_bytes(forge.sign(jpeg)[:keep])
    assert report.state in (State.NONE, State.MALFORMED)
    assert report.message


def test_unparsable_without_credentials_is_not_called_malformed(read_bytes: ReadBytes) -> None:
    assert read_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF").state is State.NONE


def test_every_byte_flip_ends_in_a_state(forge, pki, jpeg: bytes, read_bytes: ReadBytes) -> None:
    signed = forge.sign(jpeg)
    start, length = _app11(signed)
    rng = np.random.default_rng(20)
    states = Counter[State]()
    for position in rng.choice(np.arange(start, start + length), size=300, replace=False):
        flipped = bytearray(signed)
        flipped[position] ^= 1 << int(rng.integers(8))
        report = read_bytes(bytes(flipped), pki.policy)
        states[report.state] += 1
        # Only the padding of the signature is not signed; whatever still verifies says the same as before.
        if report.state is State.TRUSTED:
            assert report.manifests[0].actions[0].name == "c2pa.created"
    assert {State.INVALID, State.MALFORMED, State.TRUSTED} <= set(states)
    assert State.VALID_UNTRUSTED not in states


# What carries no credentials


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.jpg", b""),
        ("a.txt", b"hello\n"),
        ("a.bmp", b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0" + bytes(40)),
        ("a.mkv", b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04"),
        ("noise.png", bytes(range(256)) * 4),
        ("noise", bytes(range(256))),
    ],
)
def test_no_credentials_to_look_for(read_bytes: ReadBytes, name: str, data: bytes) -> None:
    report = read_bytes(data, name=name)
    assert (report.state, report.chain, report.embedded) == (State.NONE, Chain.SINGLE, False)
    assert report.message


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.gif", "a.tif", "a.wav", "a.mp4"])
def test_small_files_without_credentials(small_files: dict[str, Path], name: str) -> None:
    assert read(small_files[name], TrustPolicy.default()).state is State.NONE


def test_the_name_does_not_matter(forge, pki, jpeg: bytes, read_bytes: ReadBytes) -> None:
    signed = forge.sign(jpeg)
    for name in ("a.png", "a.mp4", "a.txt", "a", "a.c2pa"):
        assert read_bytes(signed, pki.policy, name=name).state is State.TRUSTED, name


# Trouble with the path


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path / "missing.jpg", tmp_path, pipe, Path("/dev/zero")):
        with pytest.raises(NotAFile):
            read(path, TrustPolicy.default())
    with pytest.raises(NotAFile):
        read("nul\0byte.jpg", TrustPolicy.default())


def test_missing_sidecar_is_trouble_with_the_path(reference: Path, tmp_path: Path) -> None:
    with pytest.raises(NotAFile):
        read(reference / "CA.jpg", TrustPolicy.default(), sidecar=tmp_path / "missing.c2pa")


# verify


def test_verify_insists(reference: Path) -> None:
    trusting = policy_of(reference / "anchors.pem")
    assert verify(reference / "CA.jpg", trusting).state is State.TRUSTED
    with pytest.raises(VerificationFailed, match="nobody vouches for C2PA Signer"):
        verify(reference / "CA.jpg", TrustPolicy.default())
    lenient = verify(reference / "CA.jpg", TrustPolicy.default(), allow_untrusted=True)
    assert lenient.state is State.VALID_UNTRUSTED
    for name in ("CACAE-uri-CA.jpg", "XCA.jpg", "cloud.jpg"):
        with pytest.raises(VerificationFailed):
            verify(reference / name, trusting, allow_untrusted=True)


def _app11(signed: bytes) -> tuple[int, int]:
    """Return start and length of the only APP11 segment."""
    start = signed.index(b"\xff\xeb")
    return start, 2 + struct.unpack(">H", signed[start + 2 : start + 4])[0]


def _jpeg(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (32, 48, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()
