"""What the credentials of a marked file say: where it came from, and by which watermark it is found again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from forensics.errors import UsageError
from forensics.marking.profile import Order, Profile, What
from forensics.provenance.manifests import (
    Assertion,
    Extras,
    Manifest,
    SoftBinding,
    edited_by_model,
    human_edit,
    made_by_model,
)
from forensics.watermark.payload import Payload

__all__ = ["GENERATION", "algorithm", "manifest_of", "parameters_digest", "soft_binding"]

_NAMESPACE = "synthetic-media-forensics"
GENERATION = f"{_NAMESPACE}.generation"
"""Label of the assertion that holds the digest of the parameters."""


def algorithm(codec: str) -> str:
    """Return the name of a watermark in soft bindings.

    Example:
        >>> algorithm("spread")
        'synthetic-media-forensics.spread.1'
    """
    return f"{_NAMESPACE}.{codec}.1"


def soft_binding(codec: str, key: str, payload: Payload) -> SoftBinding:
    """Return the soft binding of a watermark.

    Args:
        codec: Name of its codec.
        key: Public id of its key.
        payload: What it says.

    Example:
        >>> soft_binding("spread", "0011223344556677", Payload("standard", 2, "000c0ffee", True)).value
        '0011223344556677/standard/000c0ffee'
    """
    return SoftBinding(alg=algorithm(codec), value=f"{key}/{payload.layout}/{payload.identity}")


def parameters_digest(parameters: Mapping[str, Any]) -> str:
    """Return the SHA-256 in hex of parameters as JSON with sorted keys and without spaces, in UTF-8.

    Raises:
        UsageError: They are no JSON.
    """
    try:
        text = json.dumps(
            dict(parameters), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        return hashlib.sha256(text.encode()).hexdigest()
    except (TypeError, ValueError) as error:
        raise UsageError(f"the parameters of a generation are JSON: {error}") from None


def manifest_of(profile: Profile, order: Order, title: str, binding: SoftBinding | None) -> Manifest:
    """Return what is to be signed.

    Args:
        profile: Names the model.
        order: Says what the file is, and how it was generated.
        title: Name of the file to be.
        binding: Its watermark, None without one.

    Raises:
        ManifestError: A name is empty or too long.
        UsageError: The parameters are no JSON.
    """
    extras: Extras = {"title": title}
    if binding is not None:
        extras["soft_bindings"] = (binding,)
    if order.parameters is not None:
        data = {"parametersSha256": parameters_digest(order.parameters)}
        extras["assertions"] = (Assertion(label=GENERATION, data=data),)
    if order.what is What.MADE:
        return made_by_model(profile.model, profile.version, **extras)
    if order.what is What.EDITED:
        return edited_by_model(profile.model, profile.version, **extras)
    return human_edit(profile.model, profile.version, **extras)
