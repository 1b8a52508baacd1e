"""Sign with a key that never leaves a key management service (KMS) or hardware module (HSM).

Run `python examples/sign_with_kms.py FOLDER`; FOLDER gets a development CA and the signed picture.

Only `sign_with_service` is what you write; put the call of your service there. With AWS, for example:

    answer = boto3.client("kms").sign(
        KeyId=key_id, Message=digest, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256"
    )
    return answer["Signature"]

The answer may be DER, as cloud services give it, or the raw r and s of PKCS#11 modules.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from forensics.errors import SigningError
from forensics.provenance import TrustPolicy, sign
from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.keys import load_key
from forensics.provenance.manifests import made_by_model
from forensics.provenance.signers import CallbackSigner

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey


class AccessDenied(Exception):
    """What a service raises when it refuses."""


class StandInService:
    """Stands in for a KMS: it holds the key, signs digests by name, and never gives the key out."""

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        self._keys = {"content-credentials": key}
        self.calls = 0

    def sign_digest(self, key_id: str, digest: bytes) -> bytes:
        """Return an ECDSA signature over a SHA-256 digest, in DER."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

        self.calls += 1
        if key_id not in self._keys:
            raise AccessDenied(f"no key called {key_id!r}")
        return self._keys[key_id].sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))


def sign_with_service(service: StandInService, key_id: str, data: bytes) -> bytes:
    """Sign what a manifest claims: only its digest travels to the service."""
    return service.sign_digest(key_id, sha256(data).digest())


def main(folder: Path) -> None:
    """Sign one picture through the service, and show what a refusal of the service looks like."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = folder / "plain.png"
    Image.linear_gradient("L").save(plain)

    ca = create_dev_ca(folder / "ca", organisation="Example studio")
    trust = TrustPolicy.load(ca.trust)
    service = StandInService(load_key(ca.key))  # type: ignore[arg-type] # the development CA makes EC keys
    manifest = made_by_model("example model", "1.0")

    # The chain is public: give it as a file or bytes. The key is named only inside the callback.
    signer = CallbackSigner(partial(sign_with_service, service, "content-credentials"), "es256", ca.chain)
    result = sign(plain, folder / "signed.png", manifest, signer, policy=trust)
    sys.stdout.write(f"signed through the service: {result.state}, {service.calls} call\n")

    refused = CallbackSigner(partial(sign_with_service, service, "no such key"), "es256", ca.chain)
    try:
        sign(plain, folder / "refused.png", manifest, refused, policy=trust)
    except SigningError as error:
        sys.stdout.write(f"the service refused: {error.__cause__!r}; nothing was written\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Sign with a key that never leaves its service.")
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
