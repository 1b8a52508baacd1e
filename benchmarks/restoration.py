"""How many signed files come back byte by byte after their metadata were taken?

    python benchmarks/restoration.py [--most 8]

Signs pictures and clips of FORENSICS_DATA by a development CA, at most so many of a folder, strips them in
every way of `forensics.provenance.restoring.stripping`, and restores them twice: by the manifest store put
back into its recorded place, and by the skeleton. A file counts as restored if it is byte-identical and reads
as trusted. Writes results/restoration.json.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import data_folder, write_result

from forensics.errors import ForensicsError, RestorationError
from forensics.provenance import CredentialState, TrustPolicy, sign
from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.formats import content_type
from forensics.provenance.manifests import made_by_model
from forensics.provenance.restoring import (
    Outcome,
    Placement,
    Restoration,
    imprint_of,
    placed,
    relation,
    restored,
    skeleton_of,
)
from forensics.provenance.restoring.lodging import find
from forensics.provenance.restoring.stripping import STRIPPERS
from forensics.provenance.signers import PemSigner

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".avif", ".heif", ".mp4", ".avi"}


@dataclass
class Tally:
    """Counts of one container and stripper."""

    files: int = 0
    store: int = 0
    skeleton: int = 0
    relations: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Signed:
    """A signed file with what a record keeps of it."""

    data: bytes
    store: bytes
    placement: Placement | None
    skeleton: bytes


def files(most: int) -> list[Path]:
    by_folder: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(data_folder().rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            by_folder[path.parent].append(path)
    return [path for folder in by_folder.values() for path in folder[:most]]


def good(found: Restoration, signed: bytes) -> bool:
    trusted = found.report is not None and found.report.state is CredentialState.TRUSTED
    return found.outcome is Outcome.IDENTICAL and found.data == signed and trusted


def kept(data: bytes) -> Signed:
    try:
        placement = placed(data)
    except RestorationError:
        return Signed(data, b"", None, skeleton_of(data))
    lodging = find(data, placement.family)
    return Signed(data, lodging.store(data) if lodging else b"", placement, skeleton_of(data))


def strip(signed: Signed, tallies: dict[str, Tally], policy: TrustPolicy) -> None:
    imprint = imprint_of(signed.data)
    for name, stripper in STRIPPERS.items():
        try:
            copy = stripper(signed.data)
        except ForensicsError:
            continue  # this stripper has no way with such a file
        if copy == signed.data:
            continue
        tally = tallies[name]
        tally.files += 1
        tally.store += good(restored(copy, signed.store, signed.placement, policy=policy), signed.data)
        tally.skeleton += good(
            restored(copy, b"", None, skeleton=signed.skeleton, policy=policy), signed.data
        )
        tally.relations[relation(copy, imprint).name.lower()] += 1


def size(signed: Signed) -> dict[str, float]:
    placement = signed.placement.model_dump_json() if signed.placement else ""
    skeleton = len(signed.skeleton)
    return {
        "skeleton": skeleton,
        "share": skeleton / len(signed.data),
        "store": len(signed.store),
        "placement": len(placement),
    }


def sizes(found: list[dict[str, float]]) -> dict[str, Any]:
    def median(name: str) -> float:
        return statistics.median(entry[name] for entry in found)

    return {
        "files": len(found),
        "skeleton_median_bytes": int(median("skeleton")),
        "skeleton_most_bytes": int(max(entry["skeleton"] for entry in found)),
        "skeleton_median_share_of_file": round(median("share"), 4),
        "store_median_bytes": int(median("store")),
        "placement_most_bytes": int(max(entry["placement"] for entry in found)),
    }


def row(kind: str, stripper: str, tally: Tally) -> dict[str, Any]:
    return {
        "container": kind,
        "stripper": stripper,
        "files": tally.files,
        "restored_by_store": tally.store,
        "restored_by_skeleton": tally.skeleton,
        "relations": dict(sorted(tally.relations.items())),
    }


def measure(most: int) -> dict[str, Any]:
    tallies: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    refused: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        made = create_dev_ca(Path(folder) / "ca")
        signer, policy = PemSigner(made.chain, made.key), TrustPolicy.load(made.trust)
        for path in files(most):
            target = Path(folder) / f"signed{path.suffix}"
            try:
                manifest = made_by_model("model")
                sign(path, target, manifest, signer, policy=policy, overwrite=True, discard_credentials=True)
            except ForensicsError as error:
                refused[error.code] += 1
                continue
            signed = kept(target.read_bytes())
            kind = content_type(signed.data) or "unknown"
            strip(signed, tallies[kind], policy)
            found[kind].append(size(signed))
    return {
        "not_signed": dict(refused),
        "sizes": {kind: sizes(entries) for kind, entries in sorted(found.items())},
        "results": [
            row(kind, name, of[name])
            for kind, of in sorted(tallies.items())
            for name in STRIPPERS
            if name in of
        ],
    }


def main() -> None:
    """Run the benchmark and write benchmarks/results/restoration.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--most", type=int, default=8, help="files of one folder")
    most = parser.parse_args().most
    write_result("restoration", f"python benchmarks/restoration.py --most {most}", measure(most))


if __name__ == "__main__":
    main()
