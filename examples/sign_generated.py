"""Sign the output of a generator, and audit it as somebody who trusts you, and as somebody who does not.

Run `python examples/sign_generated.py FOLDER`; FOLDER gets a development CA and the signed picture.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PIL import Image

import forensics
from forensics.datasets.procedural import dead_leaves
from forensics.provenance import TrustPolicy, sign
from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.manifests import made_by_model
from forensics.provenance.signers import PemSigner


def main(folder: Path) -> None:
    """Make a picture, sign it, audit it twice."""
    folder.mkdir(parents=True, exist_ok=True)

    # Stands in for your generator's output.
    plain = folder / "plain.png"
    Image.fromarray((dead_leaves(seed=5, height=480, width=640) * 255).astype("uint8")).save(plain)

    # For production, use a certificate of a CA on the C2PA trust list, and a key that nobody can copy.
    ca = create_dev_ca(folder / "ca", organisation="Example studio")
    signed = folder / "generated.png"
    sign(
        plain,
        signed,
        made_by_model("example model", "1.0"),
        PemSigner(ca.chain, ca.key),
        policy=TrustPolicy.load(ca.trust),
    )

    friend = forensics.audit(signed, trust=TrustPolicy.load(ca.trust))
    stranger = forensics.audit(signed, trust=TrustPolicy.default())
    sys.stdout.write(f"who trusts the studio: {friend.verdict}. {friend.because}\n")
    sys.stdout.write(f"who does not:          {stranger.verdict}. {stranger.because}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Sign the output of a generator, and audit it twice.")
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
