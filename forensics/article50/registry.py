"""The measure of the third layer: is the file in the manifest store, and not withdrawn?"""

from __future__ import annotations

from collections.abc import Iterator

from forensics.article50.records import Finding, Outcome
from forensics.article50.scheme import algorithm, same_payload
from forensics.article50.subject import Subject
from forensics.evidence import Measurement
from forensics.provenance.store import Entry, ManifestStore, search

__all__ = ["registered"]


def registered(subject: Subject) -> Finding:
    """Say whether the file, or what it is a copy of, is registered and not revoked."""
    store = subject.settings.store
    if store is None:
        reason = "No manifest store was named (--store): registration is optional, and was not looked at."
        return Finding(outcome=Outcome.NOT_APPLICABLE, reason=reason)
    for by, entries in _ways(subject, store):
        if entries:
            return _judged(subject, by, entries)
    return _by_mark(subject, store)


def _ways(subject: Subject, store: ManifestStore) -> Iterator[tuple[str, tuple[Entry, ...]]]:
    """Yield what is found by each way that knows this very file or picture, the strongest first."""
    yield "its bytes", store.by_asset(subject.media.sha256)
    if subject.active is not None:
        entry = store.get(subject.active.label)
        yield "its manifest", (entry,) if entry else ()
    if not subject.is_clip:
        yield "its pixels", store.by_pixels(subject.media.pixel_sha256)


def _by_mark(subject: Subject, store: ManifestStore) -> Finding:
    """Look for what a copy that lost its credentials came from: many files may carry one watermark."""
    kind = subject.media.container.mime.partition("/")[0]
    entries = [e for e in _of_mark(subject, store) if e.record.media_type.startswith(f"{kind}/")]
    if not entries or subject.active is not None:
        reason = "The manifest store does not know this file."
        return Finding(outcome=Outcome.FAIL, reason=reason)
    if subject.is_clip:  # clips have no fingerprints
        return _judged(subject, "its watermark", tuple(entries))
    alike = {found.entry.number for found in search(store, subject.media.data).found}
    if near := tuple(entry for entry in entries if entry.number in alike):
        return _judged(subject, "its watermark and its looks", near)
    reason = (
        "Its watermark is registered, but of a picture that does not look like it: cropped, or another one."
    )
    return Finding(outcome=Outcome.UNKNOWN, reason=reason)


def _of_mark(subject: Subject, store: ManifestStore) -> Iterator[Entry]:
    mark = subject.mark
    if mark is None or mark.payload is None:
        return
    identity = mark.payload.identity
    for scheme in (mark.codec, algorithm(mark.codec)):
        for said in dict.fromkeys((identity, identity.lstrip("0") or "0")):
            yield from store.by_payload(scheme, mark.key, said)


def _judged(subject: Subject, by: str, entries: tuple[Entry, ...]) -> Finding:
    standing = [entry for entry in entries if not entry.revoked]
    chosen = standing[-1] if standing else entries[-1]
    evidence = (
        Measurement(name="found by", value=by),
        Measurement(name="entry", value=chosen.number),
        Measurement(name="manifest", value=chosen.record.manifest_id),
        Measurement(name="registered", value=chosen.record.created.isoformat(timespec="seconds")),
    )
    if not standing:
        reason = f"It was registered and withdrawn: {chosen.revocations[-1].reason}"
        return Finding(outcome=Outcome.FAIL, reason=reason, evidence=evidence)
    if _of_another_mark(subject, chosen):
        reason = "It is registered with another watermark than the one that was found."
        return Finding(outcome=Outcome.FAIL, reason=reason, evidence=evidence)
    own = subject.active is None or subject.active.label == chosen.record.manifest_id
    under = "" if own else " under other credentials than it carries"
    return Finding(outcome=Outcome.PASS, reason=f"It is registered{under}, found by {by}.", evidence=evidence)


def _of_another_mark(subject: Subject, entry: Entry) -> bool:
    mark, noted = subject.mark, entry.record.mark
    if noted is None or mark is None or mark.payload is None:
        return False
    known = {mark.codec, algorithm(mark.codec)}
    if noted.scheme not in known:
        return False
    return noted.key not in ("", mark.key) or not same_payload(noted.payload, mark.payload.identity)
