"""Shared fixtures: a picture like a photo, the folder of test pictures, a time-stamping authority."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import settings

# How long an example takes is the machine's affair.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def photo() -> npt.NDArray[np.uint8]:
    """A deterministic (192, 256, 3) picture with a natural spectrum (amplitude 1/f) and related channels."""
    rng = np.random.default_rng(20240501)
    height, width = 192, 256
    down, across = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :]
    falling = 1 / np.maximum(np.hypot(down, across), 1 / width)

    def plane() -> npt.NDArray[np.float64]:
        spectrum = np.fft.fft2(rng.standard_normal((height, width))) * falling
        field = np.real(np.fft.ifft2(spectrum))
        return (field - field.mean()) / field.std()

    shared = plane()
    channels = [120 + 45 * (0.9 * shared + 0.3 * plane()) for _ in range(3)]
    noisy = np.stack(channels, axis=2) + rng.normal(0, 1.5, (height, width, 3))
    pixels = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    pixels.flags.writeable = False
    return pixels


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of test pictures that FORENSICS_DATA names; the test is skipped without it."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("FORENSICS_DATA", default))
    if not folder.is_dir():
        pytest.skip("needs a folder of test pictures: set FORENSICS_DATA")
    return folder


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
