"""Time stamps: asked for only when told to, never pretended, and never a reason to lose a file."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from forensics.errors import (
    SigningError,
    TimestampError,
    UsageError,
)
from forensics.provenance.manifests import made_by_model
from forensics.provenance.reading import read
from forensics.provenance.report import CredentialState
from forensics.provenance.signers import CallbackSigner, PemSigner
from forensics.provenance.signing import TimestampPolicy, sign
from forensics.provenance.trust import ListKind, TrustList, TrustPolicy

MODEL = made_by_model("test-model", "1")


@dataclass(frozen=True)
class Tsa:
    """A time-stamping authority on the loopback interface."""

    url: str
    root_pem: bytes
    served: list[bytes]  # every answer


@pytest.fixture(scope="session")
def tsa(pki: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    """Run `openssl ts` behind a small HTTP server (RFC 3161, 3.4)."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tsa")
    authority = type(pki)()
    stamping = authority.leaf(eku=("1.3.6.1.5.5.7.3.8",), eku_critical=True)
    (folder / "tsa.pem").write_bytes(stamping.certificates[0].public_bytes(Encoding.PEM))
    (folder / "tsa.key").write_bytes(stamping.key_pem)
    (folder / "chain.pem").write_bytes(authority.issuing.public_bytes(Encoding.PEM) + authority.root_pem)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(
        "[tsa]\ndefault_tsa = here\n[here]\n"
        f"serial = {folder}/serial\ncrypto_device = builtin\nsigner_cert = {folder}/tsa.pem\n"
        f"certs = {folder}/chain.pem\nsigner_key = {folder}/tsa.key\nsigner_digest = sha256\n"
        "default_policy = 1.2.3.4.1\ndigests = sha256, sha384, sha512\naccuracy = secs:1\n"
        "ess_cert_id_chain = no\ness_cert_id_alg = sha256\n"
    )
    served: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query, reply = folder / f"{len(served)}.tsq", folder / f"{len(served)}.tsr"
            query.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            config = ["-config", folder / "tsa.cnf"]
            subprocess.run(
                [openssl, "ts", "-reply", *config, "-queryfile", query, "-out", reply],
                check=True,
                capture_output=True,
            )
            # At /stale stands an authority that answers every question with its first answer.
            answer = served[0] if self.path == "/stale" and served else reply.read_bytes()
            if self.path == "/forged":  # the last byte belongs to the signature
                answer = answer[:-1] + bytes([answer[-1] ^ 1])
            served.append(answer)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Tsa(f"http://127.0.0.1:{server.server_port}/", authority.root_pem, served)
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_time_stamp_is_got_and_vouched_for(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, tsa: Any
) -> None:
    anchors = TrustList(name="tsa", kind=ListKind.TSA, pem=tsa.root_pem.decode())
    both = policy.model_copy(update={"lists": (*policy.lists, anchors)})
    served = len(tsa.served)
    result = sign(
        picture, tmp_path / "out.jpg", MODEL, signer, policy=both, timestamp=TimestampPolicy(tsa.url)
    )
    assert (result.timestamped, result.timestamp_problem) == (True, "")
    assert len(tsa.served) == served + 1
    signed = read(result.path, both).signed_time
    assert signed is not None
    assert signed.trusted


def test_nobody_is_asked_for_a_time_unasked(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, tsa: Any
) -> None:
    served = len(tsa.served)
    assert not sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=policy).timestamped
    assert len(tsa.served) == served


@pytest.mark.parametrize("kind", ["stale", "forged"])
def test_a_time_stamp_of_something_else_or_by_nobody_is_none(
    kind: str,
    picture: Path,
    tmp_path: Path,
    signer: PemSigner,
    policy: TrustPolicy,
    tsa: Any,
    nothing_changes: Any,
) -> None:
    sign(picture, tmp_path / "1.jpg", MODEL, signer, policy=policy, timestamp=TimestampPolicy(tsa.url))
    wrong = tsa.url + kind
    with nothing_changes(tmp_path), pytest.raises(TimestampError):
        sign(picture, tmp_path / "2.jpg", MODEL, signer, policy=policy, timestamp=TimestampPolicy(wrong))
    result = sign(
        picture, tmp_path / "2.jpg", MODEL, signer, policy=policy,
        timestamp=TimestampPolicy(wrong, required=False),
    )  # fmt: skip
    assert not result.timestamped
    assert result.timestamp_problem
    assert result.state is CredentialState.TRUSTED


@pytest.mark.parametrize("url", ["ftp://x/", "x", "", "http://a b/", "http://a\n/"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(UsageError):
        TimestampPolicy(url)


def test_another_fault_is_not_blamed_on_the_authority(
    picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy, closed_port: int, nothing_changes: Any
) -> None:
    def kms(_: bytes) -> bytes:
        raise RuntimeError("no access")

    signer = CallbackSigner(kms, "es256", pki.leaf().chain)
    timestamp = TimestampPolicy(f"http://127.0.0.1:{closed_port}/")
    with nothing_changes(tmp_path), pytest.raises(SigningError, match="no access") as caught:
        sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=policy, timestamp=timestamp)
    assert not isinstance(caught.value, TimestampError)
