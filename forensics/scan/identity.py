"""What rows depend on beside the settings: versions, weights, trust, keys, lists."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from forensics import __version__
from forensics.errors import UsageError
from forensics.provenance import TrustPolicy
from forensics.scan.row import ROW_VERSION
from forensics.scan.settings import WorkSettings
from forensics.scan.worker import models_digest, stages_for
from forensics.watermark.keyfile import key_ring

__all__ = ["identity_of"]


def identity_of(settings: WorkSettings) -> dict[str, Any]:
    """Return digests and versions of all that decides over rows; two runs that differ in one do not mix.

    Args:
        settings: How files are looked at.

    Raises:
        TrustPolicyError: The trust policy is wrong.
        UsageError: A list of hashes cannot be read, or there is no detector of a name.
        ForensicsError: A detector of the user's own cannot be opened.
    """
    trust = TrustPolicy.resolve(Path(settings.trust) if settings.trust else None)
    stages = [[f"{d.info.name} {d.info.version}" for d in stage] for stage in stages_for(settings)]
    return {
        "settings": settings.digest,
        "suite": __version__,
        "rows": ROW_VERSION,
        "stages": stages,
        "models": models_digest(),
        "trust": hashlib.sha256(trust.model_dump_json().encode()).hexdigest(),
        "keys": sorted(key.id for key in key_ring()),
        "hash_lists": [_digest(path) for path in settings.hash_lists],
    }


def _digest(path: str) -> str:
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"the list of hashes {path} cannot be read: {error.strerror}") from error
