"""The adapter around c2pa-python: contexts, readers and its errors.

This module and `_sdk_sign` are the only ones that import `c2pa`. Everything here is set so that reading a
file opens no connection, and every failure of the SDK becomes an outcome with a name.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

from forensics.provenance._rationed import Rationed
from forensics.provenance._traces import bare, has_store
from forensics.provenance.trust import ListKind, TrustList, TrustPolicy

if TYPE_CHECKING:
    import c2pa

__all__ = [
    "HardBinding",
    "Outcome",
    "StoreReading",
    "hard_binding",
    "make_context",
    "read_store",
    "read_thumbnail",
    "safe_settings",
]

_log = logging.getLogger(__name__)

_REMOTE = re.compile(r"\b(?:must fetch remote manifests from url|could not fetch the remote manifest)\b")
_URL = re.compile(r"https?://[^\s\"'<>]+")
_PROVENANCE = re.compile(rb"""provenance(?:\s*=\s*["']|>\s*)(https?://[^\s"'<>]{1,2048})""")
_XMP_WINDOW = 4 << 20

_SDK_KINDS = {ListKind.SIGNER: "manifest", ListKind.TSA: "tsa", ListKind.IDENTITY: "cawg"}

# The SDK names one of the lists that matched, mostly the first: signers are what is asked for most.
_ORDER = (ListKind.SIGNER, ListKind.TSA, ListKind.IDENTITY)


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


class Outcome(StrEnum):
    """What came of asking the SDK for the manifest store of a file."""

    FOUND = "found"
    ABSENT = "absent"  # no credentials
    UNSUPPORTED = "unsupported"  # a type of file that the SDK cannot look into
    REMOTE = "remote"  # only an address
    MALFORMED = "malformed"  # credentials that cannot be read


@dataclass(frozen=True)
class StoreReading:
    """What the SDK says about one file.

    Attributes:
        outcome: What was found.
        document: The SDK's report as parsed JSON; empty unless something was found.
        embedded: Whether the manifest store stands in the file.
        remote_url: Address that the file names, "" for none.
        store: The manifest store, as it is embedded.
        detail: The SDK's own words where it failed.
    """

    outcome: Outcome
    document: dict[str, Any] = field(default_factory=dict, repr=False)
    embedded: bool = False
    remote_url: str = ""
    store: bytes = field(default=b"", repr=False)
    detail: str = ""


def read_store(
    stream: BinaryIO, mime: str | None, policy: TrustPolicy, sidecar: bytes | None = None
) -> StoreReading:
    """Read and verify the manifest store of a file.

    Args:
        stream: The file, opened for reading.
        mime: Media type as a hint; the SDK looks at the content first.
        policy: Whom to trust.
        sidecar: A manifest store that belongs to the file but stands elsewhere.

    Raises:
        LimitExceeded: The file would take the SDK for ever.
    """
    if sidecar is None and bare(stream):
        return StoreReading(Outcome.ABSENT)
    import c2pa

    stream.seek(0)
    context = make_context(policy)
    rationed = Rationed(stream, mime)
    try:
        with c2pa.Reader(mime, rationed, sidecar, context=context) as reader:
            return _found(reader)
    except c2pa.C2paError.ManifestNotFound:
        rationed.check()
        return StoreReading(Outcome.ABSENT)
    except c2pa.C2paError.NotSupported as error:
        rationed.check()
        return StoreReading(Outcome.UNSUPPORTED, detail=str(error))
    except (c2pa.C2paError, ValueError, RecursionError) as error:
        _log.debug("the SDK refused the file: %s", error)
        rationed.check()
        return _failed(stream, str(error), sidecar is not None)


def _found(reader: c2pa.Reader) -> StoreReading:
    document = json.loads(reader.json())
    label = document.get("active_manifest") or ""
    return StoreReading(
        Outcome.FOUND,
        document=document,
        embedded=bool(reader.is_embedded()),
        remote_url=reader.get_remote_url() or "",
        store=_store_bytes(reader, label),
    )


def _store_bytes(reader: c2pa.Reader, label: str) -> bytes:
    """Return the manifest store: the SDK gives it as the resource named like a manifest."""
    import c2pa

    target = io.BytesIO()
    try:
        reader.resource_to_stream(label, target)
    except c2pa.C2paError as error:
        _log.debug("no manifest store for %s: %s", label, error)
    return target.getvalue()


def read_thumbnail(stream: BinaryIO, mime: str | None) -> bytes:
    """Return the picture of the content that its signer put into the active manifest; b"" for none.

    Args:
        stream: The file, opened for reading, at its start.
        mime: Media type as a hint.
    """
    import c2pa

    target = io.BytesIO()
    try:
        with c2pa.Reader(mime, Rationed(stream, mime), context=make_context()) as reader:
            document = json.loads(reader.json())
            manifest = document.get("manifests", {}).get(document.get("active_manifest"), {})
            identifier = (manifest.get("thumbnail") or {}).get("identifier")
            if identifier:
                reader.resource_to_stream(identifier, target)
    except (c2pa.C2paError, ValueError, RecursionError, AttributeError) as error:
        _log.debug("no claim thumbnail: %s", error)
    return target.getvalue()


@dataclass(frozen=True)
class HardBinding:
    """What binds the active manifest to the bytes of its file.

    Attributes:
        label: Label of the assertion, such as "c2pa.hash.data"; "" for none.
        excluded: Start and length of the ranges that are not hashed; none where boxes are named instead.
    """

    label: str = ""
    excluded: tuple[tuple[int, int], ...] = ()


def hard_binding(stream: BinaryIO, mime: str | None, sidecar: bytes | None = None) -> HardBinding:
    """Return the hard binding of the active manifest (C2PA 2.2, 9.2), the empty one where none is found.

    Args:
        stream: The file, opened for reading, at its start.
        mime: Media type as a hint.
        sidecar: A manifest store that belongs to the file but stands elsewhere.
    """
    import c2pa

    try:
        with c2pa.Reader(mime, Rationed(stream, mime), sidecar, context=make_context()) as reader:
            document = json.loads(reader.detailed_json())
        manifest = document["manifests"][document["active_manifest"]]
        assertions = manifest["assertion_store"]
        label = next((name for name in assertions if name.startswith("c2pa.hash.")), "")
        ranges = assertions[label].get("exclusions") or () if label else ()
        pairs = tuple((r["start"], r["length"]) for r in ranges if "start" in r and "length" in r)
        sound = all(isinstance(n, int) and n >= 0 for pair in pairs for n in pair)
        return HardBinding(label, pairs if sound else ())
    except (c2pa.C2paError, ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        _log.debug("no hard binding: %s", error)
        return HardBinding()


def _failed(stream: BinaryIO, text: str, sidecar: bool) -> StoreReading:
    """Name a failure: the SDK has one class for many, and dozens of texts.

    A file that it cannot parse holds malformed credentials only if it holds a trace of credentials at all.
    """
    if _REMOTE.search(text):
        url = _URL.search(text)
        return StoreReading(
            Outcome.REMOTE, remote_url=url.group() if url else _declared_url(stream), detail=text
        )
    if sidecar or has_store(stream):
        return StoreReading(Outcome.MALFORMED, detail=text)
    return StoreReading(Outcome.UNSUPPORTED, detail=text)


def _declared_url(stream: BinaryIO) -> str:
    stream.seek(0)
    found = _PROVENANCE.search(stream.read(_XMP_WINDOW))
    return found.group(1).decode("utf-8", "replace") if found else ""


def _anchor(entry: TrustList) -> dict[str, str]:
    return {"trust_kind": _SDK_KINDS[entry.kind], "trust_uri": entry.uri, "trust_anchors": entry.pem}
