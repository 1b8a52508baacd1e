"""The adapter around c2pa-python: contexts, readers and its errors.

This module and `_sdk_sign` are the only ones that import `c2pa`. Everything here is set so that reading a
file opens no connection, and every failure of the SDK becomes an outcome with a name.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from forensics.provenance.trust import ListKind, TrustList, TrustPolicy

if TYPE_CHECKING:
    import c2pa

__all__ = ["make_context", "safe_settings"]

_SDK_KINDS = {ListKind.SIGNER: "manifest", ListKind.TSA: "tsa", ListKind.IDENTITY: "cawg"}

# The SDK names the last list that matched, whatever its kind; with the signer lists last, an anchor that
# stands in two lists is counted for the kind that claims need.
_ORDER = (ListKind.IDENTITY, ListKind.TSA, ListKind.SIGNER)


def safe_settings(policy: TrustPolicy | None = None) -> dict[str, Any]:
    """Return the settings of the SDK for a policy, as its `Context.from_dict` takes them.

    Unlike its defaults they fetch no remote manifest and no OCSP answer, follow no redirect, put no
    picture of the picture into manifests, and accept the key purposes that C2PA certificates really have.

    Args:
        policy: Whom to trust; nobody if None.
    """
    policy = policy or TrustPolicy.default()
    hosts = list(policy.allowed_hosts) if policy.allow_network else []
    lists = [entry for kind in _ORDER for entry in policy.of_kind(kind)]
    return {
        "version": 1,
        "verify": {"remote_manifest_fetch": policy.allow_network, "ocsp_fetch": False},
        "core": {"allowed_network_hosts": hosts, "allow_redirects": False},
        "builder": {
            "thumbnail": {"enabled": False},
            "created_assertion_labels": ["c2pa.actions", "c2pa.soft-binding"],
        },
        "trust": {
            "trust_config": "".join(f"{eku}\n" for eku in policy.ekus),
            "anchors": [_anchor(entry) for entry in lists],
        },
    }


def make_context(policy: TrustPolicy | None = None) -> c2pa.Context:
    """Return the context for a policy, made once per process.

    A context may be shared by threads, but it dies in a forked child; there a new one is made.

    Args:
        policy: Whom to trust; nobody if None.
    """
    return _context(os.getpid(), policy or TrustPolicy.default())


@lru_cache(maxsize=16)
def _context(process: int, policy: TrustPolicy) -> c2pa.Context:
    import c2pa

    return c2pa.Context.from_dict(safe_settings(policy))


def _anchor(entry: TrustList) -> dict[str, str]:
    return {"trust_kind": _SDK_KINDS[entry.kind], "trust_uri": entry.uri, "trust_anchors": entry.pem}
