"""The validator's log, sorted by manifest, and what may be concluded from it.

The SDK reports the active manifest in full, but of the ingredients only what differs from what their
signers recorded. So a failure that was recorded at signing never shows again, and a trusted signer may
show nowhere; both have to be put together from the record and the difference.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from forensics.provenance._json import entries, text

__all__ = ["TRUSTED", "UNTRUSTED", "Entry", "Statuses", "is_failure"]

UNTRUSTED = "signingCredential.untrusted"
TRUSTED = "signingCredential.trusted"

_LABEL = re.compile(r"^self#jumbf=/c2pa/([^/]+)")
_SIGNER_LIST = re.compile(r"trusted, found in \[([^\]]+)\] trust anchors$")
_TIME_LIST = re.compile(r"^timestamp cert trusted: .*, trust list: (\S+)$", re.DOTALL)

_UNKNOWN = ("untrusted", "untrusted_issuer", "unavailable", "sig_type.unknown")
_SUCCESS = (".match", ".validated", ".trusted", ".insideValidity", ".notRevoked", ".well-formed")
_INFORMATION = (
    "algorithm.deprecated",
    "assertion.accessible",
    "assertion.bmffHash.additionalExclusionsPresent",
    "assertion.boxesHash.additionalExclusionsPresent",
    "assertion.dataHash.additionalExclusionsPresent",
    "ingredient.unknownProvenance",
    "signingCredential.ocsp.inaccessible",
    "signingCredential.ocsp.skipped",
)


@dataclass(frozen=True)
class Entry:
    """One status.

    Attributes:
        code: C2PA status code.
        manifest: Label of the manifest it speaks of, "" if it names none.
        url: Box it speaks of.
        explanation: The validator's words; of a recorded status, the signer's.
        failure: Whether it is a failure.
        recorded: Whether a signer wrote it down, as against the validator here and now.
        edge: Address of the ingredient assertion under which it stands, "" for the active manifest.
    """

    code: str
    manifest: str
    url: str
    explanation: str
    failure: bool
    recorded: bool
    edge: str

    @property
    def unknown_identity(self) -> bool:
        """Whether it says that a CAWG identity is unknown or cannot be looked up here.

        That takes nothing away from the signature of the claim. An identity that was forged does, and has
        other codes.
        """
        return self.code.startswith("cawg.") and self.code.endswith(_UNKNOWN)

    @property
    def damning(self) -> bool:
        """Whether it is a failure of content or signature, an unknown signer or identity aside."""
        return self.failure and not self.unknown_identity and self.code != UNTRUSTED


def is_failure(code: str) -> bool:
    """Tell a failure by its code, as records of claims before version 2 mix all kinds.

    Time stamps are never a failure of the claim: without a good one the signature is judged by today.
    """
    return not (code.endswith(_SUCCESS) or code in _INFORMATION or code.startswith("timeStamp."))


class Statuses:
    """All statuses of one manifest store.

    Args:
        document: The SDK's report.

    Attributes:
        current: What the validator found here and now.
        recorded: What signers wrote down when they took an ingredient in.
        every: The current ones, then the recorded.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        active = text(document.get("active_manifest"))
        results = document.get("validation_results")
        self.current = tuple(_results(results, active, recorded=False))
        self.recorded = tuple(_recorded(document))
        self.every = self.current + self.recorded
        self._by_manifest: dict[str, list[Entry]] = defaultdict(list)
        self._by_address: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.every:
            self._by_manifest[entry.manifest].append(entry)
            for address in {entry.edge, entry.url}:
                self._by_address[address].append(entry)

    def of(self, label: str) -> tuple[Entry, ...]:
        """Return the statuses that speak of one manifest, those found now before those recorded."""
        return tuple(self._by_manifest.get(label, ())) if label else ()

    def at(self, address: str) -> tuple[Entry, ...]:
        """Return the statuses that speak of one box, or stand under one ingredient assertion."""
        return tuple(self._by_address.get(address, ()))

    def signer_list(self, label: str) -> str | None:
        """Return the address of the list that vouches for the signer of a manifest.

        Returns:
            The address; "" if some list does but the SDK does not say which; None if none does.
        """
        speaking = self.of(label)
        for entry in speaking:
            if entry.code == TRUSTED and not entry.recorded:
                found = _SIGNER_LIST.search(entry.explanation)
                return found.group(1) if found else ""
        codes = {entry.code for entry in speaking}
        return "" if TRUSTED in codes and UNTRUSTED not in codes else None

    def time_list(self, label: str) -> str | None:
        """Return the address of the list that vouches for the time of a manifest, None for none.

        For claims of version 1 the SDK says 'trusted' without having looked at any list.
        """
        for entry in self.of(label):
            if entry.code == "timeStamp.trusted" and not entry.recorded:
                found = _TIME_LIST.match(entry.explanation)
                return found.group(1) if found else None
        return None


def _results(results: object, label: str, *, recorded: bool, edge: str = "") -> Iterator[Entry]:
    if not isinstance(results, dict):
        return
    for group, status in _grouped(results.get("activeManifest")):
        yield _entry(status, group, label, recorded, edge)
    for delta in entries(results.get("ingredientDeltas")):
        uri = text(delta.get("ingredientAssertionURI"))
        for group, status in _grouped(delta.get("validationDeltas")):
            yield _entry(status, group, _label(uri), recorded, uri)


def _recorded(document: dict[str, Any]) -> Iterator[Entry]:
    manifests = document.get("manifests")
    for holder, manifest in manifests.items() if isinstance(manifests, dict) else ():
        for ingredient in entries(manifest.get("ingredients") if isinstance(manifest, dict) else None):
            label = text(ingredient.get("active_manifest"))
            edge = f"self#jumbf=/c2pa/{holder}/c2pa.assertions/{text(ingredient.get('label'))}"
            yield from _results(ingredient.get("validation_results"), label, recorded=True, edge=edge)
            for status in entries(ingredient.get("validation_status")):
                yield _entry(status, "", label, True, edge)


def _grouped(groups: object) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(groups, dict):
        for name in ("success", "informational", "failure"):
            for status in entries(groups.get(name)):
                yield name, status


def _entry(status: dict[str, Any], group: str, label: str, recorded: bool, edge: str) -> Entry:
    code, url = text(status.get("code")), text(status.get("url"))
    return Entry(
        code=code,
        manifest=_label(url) or label,
        url=url,
        explanation=text(status.get("explanation")),
        failure=is_failure(code) if recorded else group == "failure",
        recorded=recorded,
        edge=edge,
    )


def _label(url: str) -> str:
    found = _LABEL.match(url)
    return found.group(1) if found else ""
