"""The adapter: every refusal of the SDK has a type, and no error of a disk is swallowed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from forensics.errors import (
    CertificateError,
    CorruptMedia,
    ForensicsError,
    ManifestError,
    SigningError,
    UnsupportedMedia,
)
from forensics.provenance._sdk_sign import Credential, Job, embed
from forensics.provenance.keys import SigningAlgorithm
from forensics.provenance.manifest_json import definition
from forensics.provenance.manifests import made_by_model
from forensics.provenance.reading import read
from forensics.provenance.report import CredentialState
from forensics.provenance.trust import TrustPolicy

RIGHT = definition(made_by_model("m"), "title", ())


def lost_ingredient() -> str:
    document = json.loads(RIGHT)
    document["assertions"][0]["data"]["actions"][0]["parameters"] = {"ingredientIds": ["nowhere"]}
    return json.dumps(document)


class Disk(io.BytesIO):
    """A disk that fails at one kind of call."""

    def __init__(self, failing: str) -> None:
        super().__init__()
        self.failing = failing

    def write(self, data: Any) -> int:
        if self.failing == "write":
            raise OSError(28, "No space left on device")
        return super().write(data)

    def flush(self) -> None:
        if self.failing == "flush":
            raise OSError(5, "Input/output error")
        super().flush()


def signed(picture: Path, issued: Any, job: Job, disk: Any = None) -> bytes:
    credential = Credential(issued.chain, SigningAlgorithm.ES256, key_pem=issued.key_pem)
    return embed(job, io.BytesIO(picture.read_bytes()), disk or io.BytesIO(), credential, TrustPolicy())


@pytest.mark.parametrize(
    ("text", "mime", "wishes", "kind"),
    [
        ("{", "image/jpeg", {}, ManifestError),
        (lost_ingredient(), "image/jpeg", {}, ManifestError),
        (RIGHT, "image/bmp", {}, UnsupportedMedia),
        (RIGHT, "image/png", {}, CorruptMedia),
        (RIGHT, "image/jpeg", {"eku": None}, CertificateError),
        (RIGHT, "image/jpeg", {"start": -9, "end": -1}, CertificateError),
        (RIGHT, "image/jpeg", {"key": "p384"}, CertificateError),
    ],
)
def test_refusals_have_types(
    text: str, mime: str, wishes: dict[str, Any], kind: type[ForensicsError], picture: Path, pki: Any
) -> None:
    with pytest.raises(kind) as caught:
        signed(picture, pki.leaf(**wishes), Job(text, mime, ()))
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(("failing", "words"), [("write", "No space left"), ("flush", "Input/output error")])
def test_the_disk_is_heard(failing: str, words: str, picture: Path, pki: Any) -> None:
    with pytest.raises(SigningError, match=f"cannot write the signed file: {words}") as caught:
        signed(picture, pki.leaf(), Job(RIGHT, "image/jpeg", ()), Disk(failing))
    assert isinstance(caught.value.__cause__, OSError)


def test_neither_key_nor_callback(picture: Path, pki: Any) -> None:
    credential = Credential(pki.leaf().chain, SigningAlgorithm.ES256)
    job = Job(RIGHT, "image/jpeg", ())
    with pytest.raises(SigningError, match="neither a key nor a callback"):
        embed(job, io.BytesIO(picture.read_bytes()), io.BytesIO(), credential, TrustPolicy())


FORKED = """
import os, sys
from pathlib import Path
from forensics.provenance import manifests, signers, signing, trust
folder = Path(sys.argv[1])
signer = signers.PemSigner(folder / "chain.pem", folder / "key.pem")
def work(name):
    manifest, policy = manifests.made_by_model("m"), trust.TrustPolicy()
    signing.sign(folder / "picture.jpg", folder / name, manifest, signer, policy=policy)
work("parent.jpg")
child = os.fork()
if child == 0:
    work("child.jpg")
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_child_signs_too(picture: Path, tmp_path: Path, pki: Any) -> None:
    issued = pki.leaf()
    (tmp_path / "chain.pem").write_bytes(issued.chain)
    (tmp_path / "key.pem").write_bytes(issued.key_pem)
    done = subprocess.run(
        [sys.executable, "-c", FORKED, tmp_path], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert read(tmp_path / "child.jpg", TrustPolicy()).state is CredentialState.VALID_UNTRUSTED
